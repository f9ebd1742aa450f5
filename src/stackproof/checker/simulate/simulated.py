"""What a simulation answers: counts, observations, and the world at its end."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, NamedTuple

import attrs
from attrs import field, frozen

from stackproof.checker.host import Host, Status
from stackproof.checker.network import Envelope, Inbox, put, rank_of
from stackproof.checker.scenario import Scenario, reason_against
from stackproof.checker.simulate.place import Counts, Place, kind_of
from stackproof.checker.simulate.run import Run
from stackproof.checker.values import digest, plain, variables
from stackproof.checker.world import World
from stackproof.reference.actor import NodeId


class Observation(NamedTuple):
    """What a node observed, and when in virtual time."""

    at_ms: float
    node: NodeId
    event: Any


@frozen(slots=False, eq=False)
class Simulated:
    """What became of a run.

    ended         quiet (nothing more can happen); until, until_ms or events (that is reached); interrupted; or raised
    observations  what nodes observed, in order; none where a recorder took them
    seconds       of real time
    """

    scenario: Scenario
    seed: int
    ended: str
    observations: tuple[Observation, ...]
    run: Run = field(repr=False)
    seconds: float
    peak_mib: int

    @property
    def now_ms(self) -> float:
        """Virtual time at the end."""
        return self.run.now

    @property
    def counts(self) -> Counts:
        """How often what happened."""
        return self.run.counts

    @property
    def monitors(self) -> Mapping[str, Any]:
        """The state of each monitor of the scenario."""
        return self.run.ledgers

    @cached_property
    def nodes(self) -> dict[NodeId, Any]:
        """Each node with its variables."""
        return {name: place.node for name, place in self.run.places.items()}

    @property
    def up(self) -> tuple[NodeId, ...]:
        """The nodes that take steps."""
        return tuple(name for name, place in self.run.places.items() if place.status is Status.UP)

    @property
    def raised(self) -> str | None:
        """Which node raised an exception, and what it said."""
        errors = (f"{name} raised {place.error}" for name, place in self.run.places.items() if place.error)
        return next(errors, None)

    @cached_property
    def world(self) -> World:
        """Everything at the end, as a world that properties can read."""
        run, names = self.run, self.scenario.names
        hosts = tuple(host_of(run.places[name]) for name in names)
        inboxes = inboxes_of(run)
        ledgers = tuple(run.ledgers[name] for name in self.scenario.monitors)
        left = tuple(inboxes[name] for name in names)
        return World(self.scenario, hosts, left, self.scenario.faults, tuple(sorted(run.cuts)), ledgers)

    def reasons(self) -> dict[str, str]:
        """Which invariants of the scenario do not hold at the end, and why."""
        answers = ((one.__name__, reason_against(one, self.world)) for one in self.scenario.invariants)
        return {name: reason for name, reason in answers if reason is not None}

    def digest(self) -> str:
        """A short fingerprint of the run: what was counted and observed, and every variable at the end."""
        seen = [[plain(one.at_ms), one.node, plain(one.event)] for one in self.observations]
        nodes = {name: variables(node) for name, node in self.nodes.items()}
        return digest([plain(self.now_ms), attrs.asdict(self.counts), seen, nodes])


def host_of(place: Place) -> Host:
    """A place as the explorers see it."""
    return Host(place.node, frozenset(place.timers), place.status, place.error)


def inboxes_of(run: Run) -> dict[NodeId, Inbox]:
    """What is in flight to each node: on the heap, behind a cut, before a paused node, or about to bounce."""
    inboxes: dict[NodeId, Inbox] = dict.fromkeys(run.scenario.names, ())
    for source, target, message in messages_of(run):
        kind = kind_of(run.scenario, source, target)
        inboxes[target] = put(inboxes[target], Envelope(source, target, message), kind, rank_of)
    return inboxes


def messages_of(run: Run) -> list[tuple[NodeId, NodeId, Any]]:
    """Every message in flight: source, target, message; those of one link in the order in which they will arrive."""
    waiting = [(place, *one) for place in run.places.values() for one in place.waiting]
    waiting += [(place, run.arrival, source, message) for place, source, message in run.severed]
    waiting += [(place, happen, source, message) for _, _, happen, place, source, message in sorted(run.heap)]
    arriving = [(source, place.name, message) for place, happen, source, message in waiting if happen is run.arrival]
    bouncing = [(place.name, target, message) for place, happen, target, message in waiting if happen is run.rebound]
    return [*arriving, *bouncing]
