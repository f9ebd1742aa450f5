"""Which step sent each message, which ended its flight, and what each step did.

A trace names a message by what it says. Of several that say the same on the same link, the one sent first is taken to
be the one that arrives, is lost or comes back first: no run can tell them apart.
"""

from collections.abc import Sequence
from itertools import pairwise

from attrs import define, evolve, field, frozen

from stackproof.checker.host import Cause, Effect, Status
from stackproof.checker.network import Envelope, Network
from stackproof.checker.trace import Step
from stackproof.checker.world import Event, World
from stackproof.reference.actor import NodeId


@frozen
class Flight:
    """One message on its way.

    sent     the step that sent it
    doubled  of a copy that the network made, the step that made it
    ended    the step in which it arrived (`how`: deliver), was lost (drop) or came back (bounce); None: it is in flight
    stays    it arrived or came back, and is in flight nevertheless
    """

    envelope: Envelope
    sent: int
    doubled: int | None = None
    ended: int | None = None
    how: str = ""
    stays: bool = False

    @property
    def begun(self) -> int:
        """The first step after which it is in flight."""
        return self.sent if self.doubled is None else self.doubled

    def aloft(self, step: int) -> bool:
        """Whether it is in flight after this step."""
        return not self.stays and self.begun <= step and (self.ended is None or step < self.ended)


@define
class Sky:
    """The flights so far: those that ended, and those that go on, in the order of their inboxes."""

    ended: list[Flight] = field(factory=list)
    aloft: list[Flight] = field(factory=list)

    def send(self, envelope: Envelope, step: int, network: Network) -> None:
        """One more is in flight, unless the network repeats, and it already is."""
        if network is not Network.REPEATING or all(one.envelope != envelope for one in self.aloft):
            self.aloft.append(Flight(envelope, step))

    def double(self, envelope: Envelope, step: int) -> None:
        """A copy is in flight, right behind the first."""
        place = self.place(envelope)
        self.aloft.insert(place + 1, evolve(self.aloft[place], doubled=step))

    def end(self, envelope: Envelope, step: int, how: str, stays: bool) -> None:
        """The first that says so ends its flight, or stays in flight though it arrived."""
        place = self.place(envelope)
        self.ended.append(evolve(self.aloft[place], ended=step, how=how, stays=stays))
        if not stays:
            del self.aloft[place]

    def place(self, envelope: Envelope) -> int:
        """Where the first that says so is."""
        return next(place for place, one in enumerate(self.aloft) if one.envelope == envelope)


def flights(steps: Sequence[Step]) -> tuple[Flight, ...]:
    """The flight of every message of a run, by the step that sent it."""
    sky = Sky(aloft=[Flight(one, 0) for one in steps[0].world.in_flight])
    for number, (before, step) in enumerate(pairwise(steps), 1):
        fly(sky, number, before.world, step.event)
    return tuple(sorted((*sky.ended, *sky.aloft), key=lambda one: (one.sent, one.begun, one.ended or len(steps))))


def fly(sky: Sky, number: int, before: World, event: Event) -> None:
    """What one event ends, doubles and sends."""
    links = before.scenario.links
    if event.source is not None and event.target is not None:
        envelope = Envelope(event.source, event.target, event.message)
        if event.name == "duplicate":
            sky.double(envelope, number)
        else:
            repeats = links[event.target][event.source] is Network.REPEATING and event.name != "drop"
            lives = before.status[event.target] in (Status.UP, Status.PAUSED) and event.name == "bounce"
            sky.end(envelope, number, event.name, stays=repeats or lives)
    node, effect = actor(event), effect_of(before, event)
    for target, message in effect.sent if effect else ():
        sky.send(Envelope(node or "", target, message), number, links[target][node or ""])


def actor(event: Event) -> NodeId | None:
    """The node that takes the step; None where it is the network's, and at the start, when all do."""
    return {"deliver": event.target, "bounce": event.source}.get(event.name, event.node)


def effect_of(before: World, event: Event) -> Effect | None:
    """What the node that takes the step did in it."""
    node = actor(event)
    if node is None:
        return None
    source = {"deliver": event.source, "bounce": event.target, "fire": node}.get(event.name)
    cause = Cause(event.name, source or "", event.message)
    ways = before.scenario.effects(before.hosts[before.scenario.place[node]], cause)
    return next(way for way in ways if way.choose == event.choose)
