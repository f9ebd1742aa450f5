"""A world that remembers what was read of it.

A property is a function of the few things that it reads. `Glimpse` shows a property the same names as `World` and
notes each read as a component of the world (a host, an inbox, a monitor, the weather) and an aspect of it (a
variable, the status, ...). The native explorer then evaluates a property once for each combination of what it read,
and never again.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any, Protocol, TypeAlias, cast

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
    """Where each part of a world stands in a row: the weather, the monitors, then each node's host and inbox."""

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

    def place(self, component: Component) -> int:
        """The place of the node that a host or an inbox belongs to."""
        return (component - 1 - self.monitors) // 2

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        """What each component is."""
        return ("weather", *("ledger",) * self.monitors, *("host", "inbox") * self.nodes)


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


class ByComponent(Protocol):
    """The value of each component."""

    def __getitem__(self, component: Component, /) -> Any:
        """The value of one."""


@define(slots=False, eq=False)
class Glimpse:
    """One world after the other, as the values of its components; `reads` holds what was looked at, in order."""

    scenario: Scenario
    components: Components
    values: ByComponent = ()
    reads: dict[Read, None] = field(factory=dict)

    def at(self, values: ByComponent) -> World:
        """The world with these components, under the type that properties are written for."""
        self.values = values
        self.reads = {}
        return cast("World", self)

    def read(self, component: Component, aspect: Aspect) -> Any:
        """Note the read, and answer it."""
        self.reads[component, aspect] = None
        return aspect_of(self.components.kinds[component], self.values[component], aspect)

    def read_host(self, name: NodeId, aspect: Aspect) -> Any:
        """An aspect of one node's host."""
        return self.read(self.components.host(self.scenario.place[name]), aspect)

    @property
    def names(self) -> tuple[NodeId, ...]:
        return self.scenario.names

    @cached_property
    def nodes(self) -> Mapping[NodeId, Any]:
        hosts = ((name, self.components.host(place)) for name, place in self.scenario.place.items())
        return {name: node_glimpse(self, host, self.values[host].node) for name, host in hosts}

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
        return cast("Faults", self.read(0, "left"))

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


GLIMPSES: dict[type, type] = {}


def node_glimpse(glimpse: "Glimpse", component: Component, node: Any) -> Any:
    """A node that notes which of its variables are read, by its own methods, too: its class has noting properties."""
    kind = type(node)
    if kind not in GLIMPSES:
        noting = {variable.name: noting_property(variable.name) for variable in attrs.fields(kind)}
        hidden = {"__slots__": ("_glimpse", "_component"), "__module__": kind.__module__, "__doc__": kind.__doc__}
        make: Any = type(kind)
        GLIMPSES[kind] = make(kind.__name__, (kind,), hidden | noting)
    seen: Any = object.__new__(GLIMPSES[kind])
    object.__setattr__(seen, "_glimpse", glimpse)
    object.__setattr__(seen, "_component", component)
    return seen


def noting_property(variable: str) -> property:
    """A variable of a node that notes when it is read."""
    aspect = f".{variable}"

    def read(seen: Any) -> Any:
        glimpse, component = seen._glimpse, seen._component
        glimpse.reads[component, aspect] = None
        return getattr(glimpse.values[component].node, variable)

    return property(read)
