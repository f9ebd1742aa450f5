"""A world that remembers what was read of it.

A property is a function of the few things that it reads. `Glimpse` shows a property the same names as `World` and notes each read
as a component of the world (a host, an inbox, a monitor, the weather) and an aspect of it (a variable, the status, ...). The
native explorer then evaluates a property once for each combination of what it read, and never again.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from inspect import getattr_static
from typing import Any, TypeAlias, cast

import attrs
from attrs import define, field, frozen

from stackproof.checker.faults import Cut, Faults
from stackproof.checker.host import Status
from stackproof.checker.network import Envelope
from stackproof.checker.scenario import Scenario
from stackproof.checker.world import World
from stackproof.reference.actor import NodeId

Component: TypeAlias = int
Aspect: TypeAlias = str | tuple[type, ...]
Read: TypeAlias = tuple[Component, Aspect]

WHOLE = "whole"


@frozen
class Components:
    """Where each part of a world stands in a row: the weather first, then the monitors, then each node's host and inbox."""

    monitors: int
    nodes: int

    @property
    def count(self) -> int:
        """How many components a world has."""
        return 1 + self.monitors + 2 * self.nodes

    def host(self, place: int) -> Component:
        """The component of a node's variables, timers and status."""
        return 1 + self.monitors + 2 * place

    def inbox(self, place: int) -> Component:
        """The component of what is in flight to a node."""
        return 2 + self.monitors + 2 * place

    def kind(self, component: Component) -> tuple[str, int]:
        """What a component is, and of which monitor or node."""
        if component <= self.monitors:
            return ("ledger", component - 1) if component else ("weather", 0)
        place, inbox = divmod(component - 1 - self.monitors, 2)
        return ("inbox" if inbox else "host"), place


def aspect_of(kind: str, value: Any, aspect: Aspect) -> Any:
    """The part of a component's value that a read saw."""
    if isinstance(aspect, tuple):
        return tuple(envelope for envelope in value if isinstance(envelope.message, aspect))
    if aspect == WHOLE:
        return value
    if kind == "host" and aspect.startswith("."):
        return getattr(value.node, aspect[1:])
    return getattr(value, aspect)


@frozen
class Weather:
    """What is left of the faults, and what is cut."""

    left: Faults
    cuts: tuple[Cut, ...]


@define(slots=False, eq=False)
class Glimpse:
    """One world as its components' values; `reads` holds what was looked at, in order."""

    scenario: Scenario
    components: Components
    values: tuple[Any, ...]
    reads: dict[Read, None] = field(factory=dict)

    def read(self, component: Component, aspect: Aspect) -> Any:
        """Note the read, and answer it."""
        self.reads[component, aspect] = None
        return aspect_of(self.components.kind(component)[0], self.values[component], aspect)

    def read_host(self, name: NodeId, aspect: Aspect) -> Any:
        """An aspect of one node's host."""
        return self.read(self.components.host(self.scenario.place[name]), aspect)

    @property
    def names(self) -> tuple[NodeId, ...]:
        return self.scenario.names

    @cached_property
    def nodes(self) -> Mapping[NodeId, Any]:
        return Lazily(self.names, lambda name: NodeGlimpse(self, name))

    @cached_property
    def status(self) -> Mapping[NodeId, Status]:
        return Lazily(self.names, lambda name: self.read_host(name, "status"))

    @cached_property
    def timers(self) -> Mapping[NodeId, tuple[Any, ...]]:
        return Lazily(self.names, lambda name: self.read_host(name, "armed"))

    @property
    def up(self) -> tuple[NodeId, ...]:
        return tuple(name for name in self.names if self.status[name] is Status.UP)

    @property
    def in_flight(self) -> tuple[Envelope, ...]:
        return self.inboxes(WHOLE)

    def sent(self, *kinds: type) -> tuple[Envelope, ...]:
        return self.inboxes(kinds)

    def inboxes(self, aspect: Aspect) -> tuple[Envelope, ...]:
        """What is in flight to anybody, or a part of it."""
        places = range(self.components.nodes)
        return tuple(one for place in places for one in self.read(self.components.inbox(place), aspect))

    @property
    def left(self) -> Faults:
        return cast(Faults, self.read(0, "left"))

    @property
    def cuts(self) -> tuple[Cut, ...]:
        return cast("tuple[Cut, ...]", self.read(0, "cuts"))

    @property
    def cut(self) -> frozenset[tuple[NodeId, NodeId]]:
        return frozenset().union(*(cut.pairs for cut in self.cuts))

    @cached_property
    def monitors(self) -> Mapping[str, Any]:
        order = tuple(self.scenario.monitors)
        return Lazily(order, lambda name: self.read(1 + order.index(name), WHOLE))

    @property
    def raised(self) -> tuple[tuple[NodeId, str], ...]:
        errors = ((name, self.read_host(name, "error")) for name in self.names)
        return tuple((name, error) for name, error in errors if error)

    def as_world(self) -> World:
        """Itself, under the type that properties are written for."""
        return cast(World, self)


@frozen
class Lazily(Mapping[str, Any]):
    """A mapping over known names whose values are looked up when they are asked for."""

    known: tuple[str, ...]
    look: Callable[[str], Any]

    def __getitem__(self, name: str) -> Any:
        if name not in self.known:
            raise KeyError(name)
        return self.look(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self.known)

    def __len__(self) -> int:
        return len(self.known)


class NodeGlimpse:
    """A node that notes which of its variables are read, by its own methods, too."""

    __slots__ = ("_glimpse", "_name", "_type", "_variables")

    def __init__(self, glimpse: Glimpse, name: NodeId) -> None:
        node = glimpse.values[glimpse.components.host(glimpse.scenario.place[name])].node
        self._glimpse, self._name, self._type = glimpse, name, type(node)
        self._variables = variable_names(type(node))

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        return self._type

    def __getattr__(self, name: str) -> Any:
        if name in self._variables:
            return self._glimpse.read_host(self._name, f".{name}")
        found = getattr_static(self._type, name)
        return found.__get__(self, self._type) if hasattr(found, "__get__") else found

    def everything(self) -> tuple[Any, ...]:
        """All variables of the node."""
        return tuple(getattr(self, variable) for variable in self._variables)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, NodeGlimpse) or attrs.has(type(other)):
            same = other.__class__ is self._type
            return same and all(getattr(self, name) == getattr(other, name) for name in self._variables)
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self.everything())

    def __repr__(self) -> str:
        return f"{self._type.__name__}{self.everything()}"


KNOWN: dict[type, tuple[str, ...]] = {}


def variable_names(node_type: type) -> tuple[str, ...]:
    """The names of a node class's variables."""
    if node_type not in KNOWN:
        KNOWN[node_type] = tuple(variable.name for variable in attrs.fields(node_type))
    return KNOWN[node_type]
