"""A site: several nodes in one place, under one name, that live and die together.

Between steps each of them is a `Part`, a value like any other variable. In a step the site hands the message to the
part that it is for, and lets it act in its own name: what it sends, arms and observes is the site's.
"""

from collections.abc import Callable
from copy import copy
from functools import cached_property, lru_cache
from typing import Any, cast

import attrs
from attrs import evolve, frozen

from stackproof.reference.actor import Bounced, Out

REFERENCE = "stackproof.reference."


@lru_cache
def variables_of(kind: object) -> tuple[str, ...]:
    """The names of the variables of a class of nodes."""
    return tuple(variable.name for variable in attrs.fields(cast("type[Any]", kind)))


@frozen(cache_hash=True)
class Part:
    """A node between steps: its class, and what its variables hold. `part.node.x` reads one; nobody may change it."""

    kind: type
    values: tuple[Any, ...]

    @cached_property
    def node(self) -> Any:
        """The node itself, to be looked at."""
        node: Any = object.__new__(self.kind)
        for name, value in zip(variables_of(self.kind), self.values, strict=True):
            setattr(node, name, value)
        return node

    def after(self, act: Callable[[Any], None]) -> "Part":
        """The part after its node has acted."""
        node = copy(self.node)
        act(node)
        return part(node)

    def hearing(self, message: Any, source: str, out: Out) -> "Part":
        """The part after its node has received a message."""
        return self.after(lambda node: node.receive(message, source, out))

    def having(self, **values: Any) -> "Part":
        """The part with other values of some variables."""
        return part(evolve(self.node, **values))


@frozen
class Refused:
    """A site to a sender: the part that this was for is not here (any more)."""

    message: Any


def part(node: Any) -> Part:
    """A node as a value."""
    kind: Any = type(node)
    return Part(kind, tuple(getattr(node, name) for name in variables_of(kind)))


def layer(message: Any) -> str:
    """The layer that a message is of, by where its class is written; a bounce is of the layer of what bounced."""
    kind: Any = type(message.message if isinstance(message, Bounced) else message)
    return layer_of(kind)


@lru_cache
def layer_of(kind: object) -> str:
    """The folder of `reference` that a class or its base is written in; of `processing`, and here, the name below."""
    modules = (one.__module__ for one in cast("type[Any]", kind).__mro__)
    _, _, folder, *names = next(module for module in modules if module.startswith(REFERENCE)).split(".")
    return names[0] if folder in ("processing", "stack") else folder
