"""The parameters of a scenario function: typed, named, checked.

They come from the command line, from Python, or from the header of a trace that a stranger wrote; the same rules hold
for all. Each is an int, a bool, a str, a float, an Enum, a Literal or a tuple[int, ...], or one of these or None.
"""

import inspect
import math
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from attrs import frozen

from stackproof.checker.host import ScenarioError

WORDS = {int: "a whole number", bool: "true or false", str: "a word", float: "a number", NoneType: "null"}
SHOWN = 40


@frozen
class Parameter:
    """One keyword parameter; `default` is `inspect.Parameter.empty` where there is none."""

    name: str
    kind: Any
    default: Any

    @property
    def required(self) -> bool:
        """Whether it must be given."""
        return self.default is inspect.Parameter.empty


def parameters_of(name: str, function: Callable[..., Any]) -> tuple[Parameter, ...]:
    """The parameters of the scenario called `name`; raises ScenarioError for one that cannot be an option."""
    try:
        signature, hints = inspect.signature(function), get_type_hints(function)
    except (NameError, TypeError, ValueError) as error:
        raise ScenarioError(f"the parameters of {name} cannot be read: {error}") from None
    return tuple(parameter(name, one, hints.get(one.name)) for one in signature.parameters.values())


def parameter(name: str, one: inspect.Parameter, kind: Any) -> Parameter:
    """One parameter of a signature."""
    if one.kind not in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY):
        raise ScenarioError(f"{name} takes *{one.name}: a scenario has keyword parameters only, such as `n: int = 3`")
    if not supported(kind):
        wanted = "int, bool, str, float, an Enum, a Literal or tuple[int, ...]"
        raise ScenarioError(f"{name}: parameter {one.name!r} needs a type: {wanted}, as in `n: int = 3`")
    return Parameter(one.name, kind, one.default)


def supported(kind: Any) -> bool:
    """Whether a value of this type can be typed at the command line and written down in a trace."""
    if get_origin(kind) is Literal:
        return all(isinstance(value, str | int) for value in get_args(kind))
    if get_origin(kind) in (Union, UnionType):
        return NoneType in get_args(kind) and not get_args(kind)[2:] and supported(inner(kind))
    if get_origin(kind) is tuple:
        return get_args(kind)[1:] == (...,) and get_args(kind)[0] in (int, str, float)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return all(isinstance(member.value, str | int) for member in kind)
    return kind in (int, bool, str, float)


def inner(kind: Any) -> Any:
    """What an optional or a tuple holds."""
    return next(part for part in get_args(kind) if part is not NoneType)


def chosen(name: str, parameters: tuple[Parameter, ...], given: Mapping[str, Any]) -> dict[str, Any]:
    """A value for each parameter: the one given, checked, or else its default."""
    names = [one.name for one in parameters]
    for stranger in given:
        if stranger not in names:
            has = f"it has {', '.join(names)}" if names else "it has none"
            raise ScenarioError(f"{name} has no parameter {brief(stranger)}; {has}. {help_for(name)}")
    values = {}
    for one in parameters:
        if one.required and one.name not in given:
            raise ScenarioError(f"{name} needs its parameter {one.name!r}. {help_for(name)}")
        values[one.name] = fitted(name, one, given.get(one.name, one.default))
    return values


def fitted(name: str, one: Parameter, value: Any) -> Any:
    """The value as its parameter wants it; raises ScenarioError where it does not fit."""
    try:
        return fit(one.kind, value)
    except ValueError:
        raise ScenarioError(
            f"{name}: {one.name} takes {described(one.kind)}, not {brief(value)}. {help_for(name)}"
        ) from None


def fit(kind: Any, value: Any) -> Any:
    """The value as a type wants it, or ValueError. Only whole numbers become floats, and lists tuples."""
    if get_origin(kind) in (Union, UnionType):
        return None if value is None else fit(inner(kind), value)
    if get_origin(kind) is tuple and isinstance(value, list | tuple):
        return tuple(fit(inner(kind), part) for part in value)
    if kind is float and type(value) in (int, float) and math.isfinite(value):
        return float(value)
    if kind in (int, bool, str) and type(value) is kind:
        return value
    for option in options(kind):
        if type(value) in (type(option), type(written(option))) and value in (option, written(option)):
            return option
    raise ValueError(value)


def options(kind: Any) -> tuple[Any, ...]:
    """The values of an Enum or a Literal."""
    if get_origin(kind) is Literal:
        return get_args(kind)
    return tuple(kind) if isinstance(kind, type) and issubclass(kind, Enum) else ()


def described(kind: Any) -> str:
    """A type in words."""
    if get_origin(kind) in (Union, UnionType):
        return f"{described(inner(kind))} or null"
    if get_origin(kind) is tuple:
        return f"a list, each {described(inner(kind))}"
    return WORDS.get(kind) or "one of " + ", ".join(str(written(option)) for option in options(kind))


def written(value: Any) -> Any:
    """A parameter's value as JSON."""
    if isinstance(value, Enum):
        return value.value
    return list(value) if isinstance(value, tuple) else value


def brief(value: Any) -> str:
    """A value that anybody may have sent, in at most SHOWN printable characters."""
    shown = ascii(value) if isinstance(value, str | int | float | bool | None) else f"a {type(value).__name__}"
    return shown if len(shown) <= SHOWN else f"{shown[: SHOWN - 3]}..."


def no_such(kind: str, name: str, known: Iterable[str], where: str) -> str:
    """What to say of a name that means nothing, and which ones are like it; `where` is the command to type."""
    alike = {one.lower(): one for one in known}
    close = get_close_matches(name.lower().replace("_", "-"), alike, 3)
    meant = f"; did you mean {' or '.join(alike[one] for one in close)}?" if close else "."
    return f"there is no {kind} {brief(name)}{meant} See: {where}"


def help_for(name: str) -> str:
    """Where the parameters of a scenario are explained."""
    return f"See: stackproof explore {name} --help"
