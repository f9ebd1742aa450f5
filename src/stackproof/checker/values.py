"""Values as data: one canonical JSON form for every message and variable, and a digest of it.

The form depends on nothing but the value: not on hash seeds, on the platform or on the version of Python. Plain JSON
values stand for themselves, tuples become arrays, a message becomes an object whose one key is its type, and what JSON
lacks is marked by a key that begins with `#`. It is written, compared and digested; nothing is ever built from it.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import fields as dataclass_fields
from dataclasses import is_dataclass
from enum import Enum
from fractions import Fraction
from typing import Any

import attrs


class Unfit(TypeError):
    """A value that a node may not hold or send."""


def plain(value: Any) -> Any:
    """The JSON form of `value`. Raises Unfit where the value, or a part of it, can change or has no such form."""
    encode = FORMS.get(type(value))
    if encode is not None:
        return encode(value)
    if isinstance(value, Enum):
        return {"#enum": f"{type(value).__name__}.{value.name}"}
    if attrs.has(type(value)):
        return attrs_form(value)
    if is_dataclass(value) and not isinstance(value, type):
        return dataclass_form(value)
    if isinstance(value, type):
        return {"#type": value.__name__}
    if isinstance(value, tuple):
        return {type(value).__name__: [plain(part) for part in value]}
    raise Unfit(f"{value!r} is a {type(value).__name__}, which can change or cannot be written down")


def attrs_form(value: Any) -> dict[str, Any]:
    """A frozen attrs value under the name of its class."""
    if not attrs.inspect(type(value)).is_frozen:
        raise Unfit(f"{type(value).__name__} can change: declare it with attrs.frozen")
    return {type(value).__name__: variables(value)}


def dataclass_form(value: Any) -> dict[str, Any]:
    """A frozen dataclass under the name of its class."""
    if not type(value).__dataclass_params__.frozen:
        raise Unfit(f"{type(value).__name__} can change: declare it with dataclass(frozen=True)")
    return {type(value).__name__: {part.name: plain(getattr(value, part.name)) for part in dataclass_fields(value)}}


def variables(node: Any) -> dict[str, Any]:
    """The variables of an attrs object, each in its JSON form."""
    return {variable.name: plain(getattr(node, variable.name)) for variable in attrs.fields(type(node))}


def same(value: Any) -> Any:
    """JSON's own values."""
    return value


FORMS: dict[type, Callable[[Any], Any]] = {
    type(None): same,
    bool: same,
    int: same,
    str: same,
    float: lambda value: {"#float": value.hex()},
    bytes: lambda value: {"#bytes": value.hex()},
    Fraction: lambda value: {"#fraction": str(value)},
    tuple: lambda value: [plain(part) for part in value],
    frozenset: lambda value: {"#set": sorted((plain(part) for part in value), key=text)},
}


def text(form: Any) -> str:
    """A JSON form as the one line that stands for it."""
    return json.dumps(form, separators=(",", ":"), ensure_ascii=True)


def canonical(value: Any) -> str:
    """The one line of text that stands for `value`."""
    return text(plain(value))


def digest(form: Any) -> str:
    """Twelve hexadecimal digits of SHA-256 over a JSON form."""
    return hashlib.sha256(text(form).encode()).hexdigest()[:12]
