"""Values in few characters, the same on every run."""

from enum import Enum
from fractions import Fraction
from typing import Any

import attrs

from stackproof.checker.values import Unfit, canonical


def short(value: Any, within: bool = False) -> str:
    """A value as one would write it on a whiteboard: `Store(request=1, copy=Copy(1, 'a'))`, `{p0, p1}`, `1/3`.

    The parts of a message have their names, the parts of what is `within` another value have not. A class that has a
    `__str__` is printed by it.
    """
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, Fraction):
        return str(value)
    if attrs.has(type(value)):
        if "__str__" in vars(type(value)):
            return str(value)
        return called(value, [part.name for part in attrs.fields(type(value))], within)
    if isinstance(value, frozenset):
        return f"{{{', '.join(short(part, within=True) for part in sorted(value, key=rank))}}}"
    if type(value) is tuple:
        return f"({', '.join(short(part, within=True) for part in value)}{',' * (len(value) == 1)})"
    return value.__name__ if isinstance(value, type) else ascii(value)


def called(value: Any, names: list[str], within: bool = False) -> str:
    """An object as a call of its class with some of its variables."""
    parts = [("" if within else f"{name}=") + short(getattr(value, name), within=True) for name in names]
    return f"{type(value).__name__}({', '.join(parts)})" if parts else type(value).__name__


def unusual(node: Any) -> list[str]:
    """The variables of a node that differ from their defaults; its id is no variable."""
    parts = (part for part in attrs.fields(type(node)) if part.name != "id")
    return [part.name for part in parts if getattr(node, part.name) != part.default]


def rank(value: Any) -> str:
    """A fixed order for what is in a set."""
    try:
        return canonical(value)
    except Unfit:
        return ascii(value)
