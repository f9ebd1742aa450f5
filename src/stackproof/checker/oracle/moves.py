"""What may happen in a world that is watched from outside, and the way that led there.

Whoever watches a real system also sees messages arrive that the reference ignores. To the explorers that is no event:
the message might as well be on its way for ever. Here it is one, and the message is gone afterwards.
"""

from collections.abc import Iterator
from typing import Any

from attrs import evolve, frozen

from stackproof.checker.host import CAUSES, Cause, Status
from stackproof.checker.network import Network, arriving, rank_of, taken
from stackproof.checker.scenario import Scenario
from stackproof.checker.trace import Step
from stackproof.checker.world import Event, World, happenings, with_inbox
from stackproof.reference.actor import NodeId


@frozen
class Move:
    """An event, the world after it, and whether the reference ignores what arrives in it."""

    event: Event
    world: World
    ignored: bool = False


def moves(world: World) -> Iterator[Move]:
    """Everything that may happen next, in a fixed order; what is ignored comes last."""
    for event, after in happenings(world):
        yield Move(event, after)
    for place in range(len(world.hosts)):
        yield from ignored(world, place)


def ignored(world: World, place: int) -> Iterator[Move]:
    """The messages that one node may receive and ignore, and the timers that may fire to no effect."""
    name, host, inbox = world.names[place], world.hosts[place], world.inboxes[place]
    if host.status is not Status.UP:
        return
    for one in arriving(inbox, world.scenario.links[name], rank_of):
        network = world.scenario.links[name][one.source]
        if network is not Network.FIFO and (one.source, name) not in world.cut:
            rest = with_inbox(world, place, taken(inbox, one, network))
            event = Event("deliver", one.source, name, message=one.message)
            yield from silent(world, rest, place, Cause("deliver", one.source, one.message), event)
    for message in host.armed:
        yield from silent(world, world, place, Cause("fire", name, message), Event("fire", node=name, message=message))


def silent(world: World, rest: World, place: int, cause: Cause, event: Event) -> Iterator[Move]:
    """The ways in which a step changes nothing and says nothing; `rest` is the world after it."""
    for effect in world.scenario.effects(world.hosts[place], cause):
        if effect.silent:
            yield Move(evolve(event, choose=effect.choose), rest, ignored=True)


def observed(before: World, event: Event) -> tuple[Any, ...]:
    """What monitors see when an event happens in a world."""
    name, cause = cause_of(event)
    if name is None:
        return ()
    effects = before.scenario.effects(before.hosts[before.scenario.place[name]], cause)
    return next((effect.observed for effect in effects if effect.choose == event.choose), ())


def cause_of(event: Event) -> tuple[NodeId | None, Cause]:
    """Which node takes a step in an event, and why; None where no node does."""
    match event.name:
        case "deliver":
            return event.target, Cause("deliver", event.source or "", event.message)
        case "bounce":
            return event.source, Cause("bounce", event.target or "", event.message)
        case "fire":
            return event.node, Cause("fire", event.node or "", event.message)
        case name:
            return (event.node if name in CAUSES else None), Cause(name)


@frozen(eq=False)
class Way:
    """A world, and how a run came there: the last event, and the way before it.

    line   where the line stands that tells of the event; None where nobody told of it
    """

    event: Event
    world: World
    before: "Way | None" = None
    ignored: bool = False
    line: str | None = None

    def on(self, move: Move, line: str | None = None) -> "Way":
        """The way that goes on with a move."""
        return Way(move.event, move.world, self, move.ignored, line)

    @property
    def parts(self) -> list["Way"]:
        """The way after each event, the start first."""
        parts, here = [], self
        while here.before is not None:
            parts.append(here)
            here = here.before
        return [here, *reversed(parts)]

    @property
    def steps(self) -> tuple[Step, ...]:
        """The run without what was ignored, as replay goes it: there, an ignored message stays in flight.

        It ends before an event that a rule of the scenario's forbids because of such a message.
        """
        start, *others = self.parts
        steps = [Step(start.event, start.world)]
        for part in others:
            if not part.ignored:
                found = (Step(event, world) for event, world in happenings(steps[-1].world) if event == part.event)
                step = next(found, None)
                if step is None:
                    break
                steps.append(step)
        return tuple(steps)


def started(scenario: Scenario) -> list[Way]:
    """The ways of no events: the worlds in which a scenario may start."""
    return [Way(event, world) for event, world in scenario.initial()]
