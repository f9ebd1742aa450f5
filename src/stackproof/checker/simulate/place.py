"""What a run is made of: where each node is, what is counted, and what a link lets through."""

from collections.abc import Callable
from typing import Any, TypeAlias

from attrs import define, field

from stackproof.checker.faults import Cut
from stackproof.checker.host import Status
from stackproof.checker.network import Network
from stackproof.checker.scenario import Scenario
from stackproof.reference.actor import NodeId

Delay: TypeAlias = Callable[[NodeId, NodeId, Any], float]
Recorder: TypeAlias = Callable[[float, NodeId, Any], None]
Happening: TypeAlias = Callable[["Place", Any, Any], None]


@define(eq=False)
class Place:
    """Where a node is, with its armed timers (each with the number of its alarm) and what waits until it resumes."""

    name: NodeId
    node: Any
    status: Status = Status.ABSENT
    error: str | None = None
    timers: dict[Any, int] = field(factory=dict)
    waiting: list[tuple[Happening, Any, Any]] = field(factory=list)


@define
class Counts:
    """How often what happened: messages `dropped` by chance, `unreachable` because their target was down or gone."""

    sent: int = 0
    delivered: int = 0
    dropped: int = 0
    unreachable: int = 0
    bounced: int = 0
    fired: int = 0
    scheduled: int = 0

    @property
    def events(self) -> int:
        """All that happened."""
        return self.delivered + self.unreachable + self.bounced + self.fired + self.scheduled

    @property
    def in_flight(self) -> int:
        """Messages sent that have neither arrived nor been lost."""
        return self.sent - self.dropped - self.delivered - self.unreachable


def kind_of(scenario: Scenario, source: NodeId, target: NodeId) -> Network:
    """The kind of one link; `scenario.links` has all of them, which are too many where there are thousands of nodes."""
    network = scenario.network
    return network if isinstance(network, Network) else network.get((source, target), Network.UNORDERED)


def severs(cut: Cut, source: NodeId, target: NodeId) -> bool:
    """Whether nothing gets through a cut from `source` to `target`."""
    back = not cut.one_way and source in cut.there and target in cut.here
    return back or (source in cut.here and target in cut.there)
