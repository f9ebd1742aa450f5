"""What refuses a line of a log in a world, in a sentence.

An event has guards: a message must be in flight, its target up, the link whole, a budget not spent. The first that
does not hold is named, and the world among several in which most of them hold.
"""

from collections.abc import Callable, Iterable, Iterator

from attrs import frozen

from stackproof.checker.faults import CUTS, TURNS, Turn
from stackproof.checker.host import Status
from stackproof.checker.network import Envelope, Network
from stackproof.checker.oracle.fitting import (
    OBSERVED,
    Apart,
    against_event,
    against_message,
    against_observed,
    against_world,
    told,
)
from stackproof.checker.oracle.log_file import Entry
from stackproof.checker.oracle.moves import Move, Way, moves
from stackproof.checker.render.short import short
from stackproof.checker.values import plain
from stackproof.checker.world import World

MOST_NAMED = 4


@frozen
class Guard:
    """What refuses a line: its name, and a sentence.

    rank   how far the line is from being accepted: (which guard, how much is apart); less is nearer
    """

    name: str
    reason: str
    rank: tuple[int, int] = (0, 0)


def guard_against(entry: Entry, way: Way) -> Guard:
    """What refuses a line in one world; of the start, in the world of that start."""
    if entry.is_start:
        return differs(entry, None, Move(way.event, way.world))
    may_happen = list(moves(way.world))
    fitting = [move for move in may_happen if not any(against_event(entry, move.event))]
    if fitting:
        return min((differs(entry, way.world, move) for move in fitting), key=lambda guard: guard.rank)
    alike = [move for move in may_happen if not any(against_event(entry, move.event, choices=False))]
    if alike:
        there = "; ".join(dict.fromkeys(told(list(move.event.choose)) for move in alike))
        return Guard("choice", f"the choices {told(entry.said['choose'])} cannot be made here, only {there}", (1, 0))
    name = entry.said.get("event")
    explain = EXPLAIN.get(name) if name is not None else None
    return nothing_fits(entry, may_happen) if explain is None else explain(entry, way)


def differs(entry: Entry, before: World | None, move: Move) -> Guard:
    """The event may happen, but what follows is not what the line says; `before` is None for the start."""
    seen = () if before is None else against_observed(entry, before, move.event)
    parts = [*against_event(entry, move.event), *seen, *against_world(entry, move.world)]
    said = "; ".join(f"{where} is {told(so)}, the log says {told(says)}" for where, so, says in parts)
    names = [where for where, *_ in parts]
    if names == ["digest"]:
        said += " (perhaps it was logged with other parameters)"
    return Guard(kind_of(names), f"it may happen, but then {said}", (0, len(parts) + (OBSERVED in names)))


def kind_of(names: list[str]) -> str:
    """By what a line differs from what may follow."""
    if names == ["digest"]:
        return "digest"
    return "observed" if any(name.startswith(OBSERVED) for name in names) else "state"


def nothing_fits(entry: Entry, may_happen: Iterable[Move]) -> Guard:
    """No event is named: what comes nearest of those that may happen."""
    found = [list(against_event(entry, move.event)) for move in may_happen]
    if not found:
        return Guard("nothing", "nothing may happen here any more", (5, 0))
    parts = min(found, key=len)
    said = "; ".join(f"its {where} is {told(so)}, the log says {told(says)}" for where, so, says in parts)
    return Guard("nothing", f"no event here is like that; of the nearest, {said}", (5, len(parts)))


def of_message(entry: Entry, way: Way) -> Guard:
    """Why no message like that is delivered, lost, doubled or bounces."""
    world, name = way.world, entry.said["event"]
    there = [one for one in world.in_flight if not any(against_envelope(entry, one))]
    if not there:
        return Guard("message", no_such_message(entry, way), (4, least_apart(entry, world.in_flight)))
    guards = [guard for one in there for guard in MESSAGE[name](world, one)]
    return guards[0] if guards else Guard("ignored", f"{read(there[0])} is in flight, but nobody would mind it", (3, 0))


def against_envelope(entry: Entry, one: Envelope) -> Iterator[Apart]:
    """What of a line does not fit a message in flight."""
    said = entry.said
    for key, so in (("source", one.source), ("target", one.target)):
        if key in said and said[key] != so:
            yield key, so, said[key]
    if "message" in said:
        yield from against_message(said["message"], plain(one.message))


def least_apart(entry: Entry, messages: Iterable[Envelope]) -> int:
    """How much is apart between a line and the message in flight that is nearest to it."""
    return min((len(list(against_envelope(entry, one))) for one in messages), default=9)


def no_such_message(entry: Entry, way: Way) -> str:
    """No message like that is in flight; where it went, or what is."""
    gone = [part for part in way.parts if is_end_of(entry, part)]
    if gone:
        what = "lost" if gone[-1].event.name == "drop" else "delivered"
        where = "before, unlogged" if gone[-1].line is None else f"in {gone[-1].line}"
        return f"no such message is in flight: it was {what} {where}"
    there = dict.fromkeys(way.world.in_flight)
    nearest_ones = sorted(there, key=lambda one: len(list(against_envelope(entry, one))))
    some = ", ".join(map(read, nearest_ones[:MOST_NAMED]))
    more = len(nearest_ones) - MOST_NAMED
    others = f" and {more:,} more" if more > 0 else ""
    return f"no such message is in flight{f', only {some}{others}' if some else ': none is'}"


def is_end_of(entry: Entry, part: Way) -> bool:
    """Whether an event took a message like that out of flight."""
    event = part.event
    if event.name not in ("deliver", "drop") or event.source is None or event.target is None:
        return False
    return not any(against_envelope(entry, Envelope(event.source, event.target, event.message)))


def read(one: Envelope) -> str:
    """A message in flight in words."""
    return f"{short(one.message)} from {one.source} to {one.target}"


def undelivered(world: World, one: Envelope) -> Iterator[Guard]:
    """Why a message in flight is not delivered."""
    status = world.status[one.target]
    if status is not Status.UP:
        yield Guard("up", f"{one.target} is {status.value}, and nothing is delivered to it", (2, 0))
    if (one.source, one.target) in world.cut:
        yield Guard("cut", f"the link from {one.source} to {one.target} is cut", (2, 0))
    if world.scenario.links[one.target][one.source] is Network.FIFO:
        queue = [other for other in world.in_flight if (other.source, other.target) == (one.source, one.target)]
        if queue[0] != one:
            yield Guard("order", f"{read(queue[0])} was sent before it, and comes first", (2, 0))


def undropped(world: World, one: Envelope) -> Iterator[Guard]:
    """Why a message in flight is not lost."""
    yield spent(world, "drops", "lost")


def undoubled(world: World, one: Envelope) -> Iterator[Guard]:
    """Why a message in flight is not doubled."""
    if world.scenario.links[one.target][one.source] is Network.REPEATING:
        yield Guard("network", "on a network that repeats messages none needs to be doubled", (2, 0))
    yield spent(world, "duplicates", "doubled")


def unbounced(world: World, one: Envelope) -> Iterator[Guard]:
    """Why a message in flight does not bounce."""
    if not world.left.detection:
        yield Guard("detection", "no message bounces in this scenario: it has no failure detection", (2, 0))
    elif world.status[one.source] is not Status.UP:
        yield Guard("up", f"{one.source} is {world.status[one.source].value}, and hears of nothing", (2, 0))
    elif world.status[one.target] in (Status.UP, Status.PAUSED) and not world.left.allow("suspicions"):
        reason = f"{one.target} is {world.status[one.target].value}, and no false suspicion is left in the budget"
        yield Guard("budget", reason, (2, 0))


def spent(world: World, budget: str, what: str) -> Guard:
    """No fault of this kind may strike any more."""
    granted = getattr(world.scenario.faults, budget)
    reason = f"no message may be {what} any more: the budget of {granted} {budget} is spent"
    return Guard(
        "budget", reason if granted else f"no message is {what} in this scenario: it grants no {budget}", (2, 0)
    )


MESSAGE: dict[str, Callable[[World, Envelope], Iterator[Guard]]] = {
    "deliver": undelivered,
    "drop": undropped,
    "duplicate": undoubled,
    "bounce": unbounced,
}


def of_timer(entry: Entry, way: Way) -> Guard:
    """Why no timer like that fires."""
    said, world = entry.said, way.world
    nodes = [said["node"]] if "node" in said else list(world.names)
    asleep = [name for name in nodes if world.status[name] is not Status.UP]
    if asleep == nodes:
        return Guard("up", f"{nodes[0]} is {world.status[nodes[0]].value}, and takes no steps", (2, 0))
    there = [f"{short(message)} of {name}" for name in nodes for message in world.timers[name]]
    some = ", ".join(there[:MOST_NAMED]) + (f" and {len(there) - MOST_NAMED:,} more" if there[MOST_NAMED:] else "")
    return Guard("timer", f"no such timer is armed, only {some}" if there else "no such timer is armed", (3, 0))


def of_turn(entry: Entry, way: Way) -> Guard:
    """Why no node crashes, restarts, pauses, resumes, joins or leaves like that."""
    (turn,) = (one for one in TURNS if one.name == entry.said["event"])
    names = [entry.said["node"]] if "node" in entry.said else list(way.world.names)
    return min((unturned(turn, way.world, name) for name in names), key=lambda guard: guard.rank)


def unturned(turn: Turn, world: World, name: str) -> Guard:
    """Why one node does not do that."""
    status, left = world.status[name], world.left
    if status not in turn.when:
        wanted = " or ".join(one.value for one in turn.when)
        return Guard("status", f"{name} is {status.value}: {turn.name} is for a node that is {wanted}", (3, 0))
    if turn.harms and left.victims is not None and name not in left.victims:
        return Guard("victim", f"this scenario spares {name}: it may not {turn.name}", (2, 0))
    if turn.budget is not None and not left.allow(turn.budget):
        granted = getattr(world.scenario.faults, turn.budget)
        reason = f"the budget of {granted} {turn.budget} is spent" if granted else f"it grants no {turn.budget}"
        return Guard("budget", f"{name} may not {turn.name} in this scenario: {reason}", (2, 0))
    return Guard("rule", f"the scenario's rule of what may fail forbids that {name} should {turn.name} here", (1, 0))


def of_cut(entry: Entry, way: Way) -> Guard:
    """Why nothing is cut like that, or healed."""
    world = way.world
    if entry.said["event"] == "heal":
        there = ", ".join(told([list(cut.here), list(cut.there)]) for cut in world.cuts)
        return Guard("cut", f"no such cut is there to be healed{f', only {there}' if there else ''}", (3, 0))
    if not any(world.left.allow(name) for name in CUTS):
        granted = any(world.scenario.faults.allow(name) for name in CUTS)
        reason = "the budget of cuts is spent" if granted else "no link is cut in this scenario: it grants no cuts"
        return Guard("budget", reason, (2, 0))
    return Guard("cut", "no cut like that may be made here: it is there already, or is of a kind not granted", (3, 0))


EXPLAIN: dict[str, Callable[[Entry, Way], Guard]] = {
    **dict.fromkeys(MESSAGE, of_message),
    "fire": of_timer,
    **{turn.name: of_turn for turn in TURNS},
    "cut": of_cut,
    "heal": of_cut,
}
