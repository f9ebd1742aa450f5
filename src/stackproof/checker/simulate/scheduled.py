"""What happens to nodes from outside at times that were laid down: the events of a trace, but with a time each.

    (5_000.0, Event("crash", node="r0")), (8_000.0, Event("restart", node="r0"))

crash, restart, pause, resume, join, leave  as in a world; a node leaves politely if it can, with `choose=(0,)` never
cut, heal                                   messages that meet a cut wait until it is healed
deliver                                     a message arrives, at once; its source need not be a node that sent it

Where several states may be left by a crash, one is drawn.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from stackproof.checker.faults import TURNS
from stackproof.checker.host import ScenarioError, Status, begin
from stackproof.checker.world import Event
from stackproof.reference.actor import after_a_crash

if TYPE_CHECKING:
    from stackproof.checker.simulate.place import Place
    from stackproof.checker.simulate.run import Run

FROM = {turn.name: turn.when for turn in TURNS}


def carry_out(run: "Run", event: Event) -> None:
    """Let an event of the schedule happen."""
    if event.name not in HAPPENINGS:
        raise ScenarioError(f"{event.name!r} cannot be scheduled; these can: {', '.join(HAPPENINGS)}")
    HAPPENINGS[event.name](run, event)


def deliver(run: "Run", event: Event) -> None:
    """A message arrives that nobody here may have sent."""
    place = run.place_of(event.target, event.message)
    run.counts.sent += 1
    run.arrive(place, event.source or place.name, event.message)


def cut(run: "Run", event: Event) -> None:
    """A link, or many, carry nothing from now on."""
    if event.cut is None:
        raise ScenarioError(f"at {run.now:g} ms: write Event('{event.name}', cut=Cut((...), (...)))")
    run.cuts.append(event.cut)


def heal(run: "Run", event: Event) -> None:
    """A cut is no more, and what waited for it arrives."""
    if event.cut not in run.cuts:
        raise ScenarioError(f"at {run.now:g} ms: there is no cut {event.cut} to heal")
    run.cuts.remove(event.cut)
    waited, run.severed = run.severed, []
    for place, source, message in waited:
        run.push(run.now, run.arrival, place, source, message)


def turn(run: "Run", event: Event) -> None:
    """Something happens to one node, if it stands where that can happen."""
    place = run.places.get(event.node or "")
    if place is None or place.status not in FROM[event.name]:
        stands = "no node of this scenario" if place is None else place.status.value
        raise ScenarioError(f"at {run.now:g} ms: {event.name} {event.node!r} cannot happen: it is {stands}")
    NODE_TURNS[event.name](run, place, event)


def crash(run: "Run", place: "Place", _: Event) -> None:
    """A node goes down, with what its stable storage holds."""
    left = tuple(after_a_crash(place.node))
    place.node = left[run.pick(len(left))] if len(left) > 1 else left[0]
    forget(run, place, Status.DOWN)


def restart(run: "Run", place: "Place", _: Event) -> None:
    """A node comes back after a crash."""
    again: Callable[[Any, Any], None] | None = getattr(type(place.node), "recover", None)
    run.come_up(place, begin if again is None else again)


def pause(run: "Run", place: "Place", _: Event) -> None:
    """A node takes no steps until it resumes."""
    place.status = Status.PAUSED


def resume(run: "Run", place: "Place", _: Event) -> None:
    """A node takes steps again, first those that it missed."""
    place.status = Status.UP
    missed, place.waiting = place.waiting, []
    for happen, source, message in missed:
        run.push(run.now, happen, place, source, message)


def join(run: "Run", place: "Place", _: Event) -> None:
    """A node comes up for the first time."""
    run.come_up(place, begin)


def leave(run: "Run", place: "Place", event: Event) -> None:
    """A node leaves for good, and says so if it can and is not asked to keep silent."""
    polite: Callable[[Any, Any], None] | None = getattr(type(place.node), "leave", None)
    if polite is not None and event.choose != (0,):
        run.come_up(place, polite)
    if place.error is None:
        forget(run, place, Status.LEFT)


def forget(run: "Run", place: "Place", status: Status) -> None:
    """A node takes no more steps; its timers are disarmed, and what waited for it is lost."""
    missed = [one for one in place.waiting if one[0] is run.arrival]
    run.counts.unreachable += len(missed)
    run.stale += len(place.timers)
    place.status, place.timers, place.waiting = status, {}, []


NODE_TURNS = {"crash": crash, "restart": restart, "pause": pause, "resume": resume, "join": join, "leave": leave}
HAPPENINGS = {**dict.fromkeys(NODE_TURNS, turn), "cut": cut, "heal": heal, "deliver": deliver}
