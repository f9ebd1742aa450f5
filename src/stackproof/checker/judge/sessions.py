"""What one client may expect of a register that has many copies: session guarantees.

Terry, Demers, Petersen, Spreitzer, Theimer and Welch, "Session Guarantees for Weakly Consistent Replicated Data", PDIS
1994. Read your writes: a read sees all writes that its session made before it. Monotonic reads: a read sees all writes
that an earlier read of its session saw. To see a set of writes is to return the last of them, in one order for all
copies. A session is what a process does. So a history keeps a guarantee if there is an order of all writes in which

* the writes of each session stand as it made them,
* read your writes: what a read returns is not before a write that its session had completed,
* monotonic reads: what a read returns is not before what the read before it returned.

Each of these says that one write is before another, or the same: there is such an order if and only if they make no
circle. Nothing else is assumed: not that the order keeps real time between sessions, nor anything between two keys. A
write that was never answered comes after those before it, binds no later call, and may be read. The value at first is
before all that is written.

Where a value was written more than once, any write of it may be the one that was read. What is said of the other values
may still make a circle; and the order in which the writes began, or ended, may do. If neither, the answer is unknown.
"""

from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import Any

from attrs import frozen

from stackproof.checker.judge.calls import Call, shown
from stackproof.checker.judge.regular import ended
from stackproof.checker.judge.values import READS, WRITES

OWN, READ = "read-your-writes", "monotonic-reads"
BOTH = "sequential"
FEWEST, MOST_STARTS = 2, 40


@frozen(eq=False)
class Edge:
    """One value was written before another, as these two calls of a session show."""

    earlier: Hashable
    later: Hashable
    shown_by: tuple[Call, Call]

    def __str__(self) -> str:
        first, second = self.shown_by
        return f"process {first.process}: {first}, then {second}"


def sources(calls: Sequence[Call], initial: Hashable) -> Counter[Hashable]:
    """How often each value was written; the value at first counts as written once."""
    return Counter([initial, *(one.value for one in calls if one.name in WRITES)])


def sessions(calls: Sequence[Call]) -> list[list[Call]]:
    """The calls of each process, in its order; without reads that were never answered."""
    found: dict[Hashable, list[Call]] = {}
    for one in sorted(calls, key=lambda one: one.begin):
        if one.done or one.name in WRITES:
            found.setdefault(one.process, []).append(one)
    return list(found.values())


def unwritten(calls: Sequence[Call], initial: Hashable) -> Iterator[Call]:
    """Reads of a value that nobody wrote."""
    written = sources(calls, initial)
    return (one for one in calls if one.name in READS and one.done and one.result not in written)


def edges(calls: Sequence[Call], initial: Hashable, ask: str) -> Iterator[Edge]:
    """What the sessions say of the order of the writes whose value was written only once."""
    once = {value for value, count in sources(calls, initial).items() if count == 1}
    for session in sessions(calls):
        wrote: Call | None = None
        saw: Call | None = None
        for one in session:
            value = one.value if one.name in WRITES else one.result
            if value not in once:
                continue
            if wrote is not None and (one.name in WRITES or ask != READ):
                yield Edge(wrote.value, value, (wrote, one))
            if saw is not None and (ask == BOTH or (ask == READ and one.name in READS)):
                yield Edge(saw.result, value, (saw, one))
            if one.done:
                wrote, saw = (one, saw) if one.name in WRITES else (wrote, one)


def circle(calls: Sequence[Call], initial: Hashable, ask: str) -> tuple[Edge, ...]:
    """The fewest statements of sessions that contradict each other; empty where none do."""
    known = list(edges(calls, initial, ask))
    for edge in known:
        if edge.later == initial and edge.earlier != initial:
            return (edge,)
    left = in_circles(known)
    if not left:
        return ()
    began = {one.value: one.begin for one in calls if one.name in WRITES}
    ways = [edge for edge in known if edge.earlier in left and edge.later in left]
    back = (edge for edge in ways if began[edge.later] < began[edge.earlier])
    best: tuple[Edge, ...] = ()
    for tried, edge in enumerate(back):
        if best and (len(best) == FEWEST or tried >= MOST_STARTS):
            break
        way = shortest(edge, ways)
        best = min(filter(None, (best, joined((edge, *way)) if way else ())), key=len, default=())
    return best


def in_circles(known: Sequence[Edge]) -> set[Hashable]:
    """The values that are left when those that lead nowhere, or to which nothing leads, are taken away."""
    pairs = {(edge.earlier, edge.later) for edge in known if edge.earlier != edge.later}
    left = reachable(pairs)
    return reachable({(later, earlier) for earlier, later in pairs if earlier in left and later in left})


def reachable(pairs: Iterable[tuple[Hashable, Hashable]]) -> set[Hashable]:
    """The values that are left when those to which nothing leads are taken away, until there are none."""
    leads: dict[Hashable, list[Hashable]] = {}
    into: Counter[Hashable] = Counter()
    for earlier, later in pairs:
        leads.setdefault(earlier, []).append(later)
        into[later] += 1
    todo = [value for value in leads if not into[value]]
    while todo:
        for later in leads.get(todo.pop(), ()):
            into[later] -= 1
            if not into[later]:
                todo.append(later)
    return {value for value, count in into.items() if count}


def shortest(edge: Edge, ways: Sequence[Edge]) -> tuple[Edge, ...]:
    """A way from the later value of an edge to the earlier, with the fewest changes of the session; or none."""
    after: dict[Hashable, list[Edge]] = {}
    onward: dict[int, list[Edge]] = {}
    for one in ways:
        after.setdefault(one.earlier, []).append(one)
        onward.setdefault(id(one.shown_by[0]), []).append(one)
    came: dict[int, Edge | None] = {}
    todo: deque[tuple[Edge, Edge | None]] = deque((one, None) for one in after.get(edge.later, ()))
    left: set[Hashable] = {edge.later}
    while todo:
        one, before = todo.popleft()
        if id(one) in came:
            continue
        came[id(one)] = before
        if one.later == edge.earlier:
            way = [one]
            while (last := came[id(way[-1])]) is not None:
                way.append(last)
            return tuple(way[::-1])
        todo.extendleft((further, one) for further in onward.get(id(one.shown_by[1]), ()))
        if one.later not in left:
            left.add(one.later)
            todo.extend((further, one) for further in after.get(one.later, ()))
    return ()


def explained_by(order: Iterable[Call], calls: Sequence[Call], initial: Hashable, ask: str) -> bool:
    """Whether this order of the writes keeps the guarantee, each read seeing the write of its value that suits it."""
    place = {id(one): number for number, one in enumerate(order, 1)}
    of_value: dict[Any, list[int]] = {initial: [0]}
    for one in calls:
        if one.name in WRITES:
            of_value.setdefault(one.value, []).append(place[id(one)])
    for places in of_value.values():
        places.sort()
    for session in sessions(calls):
        least = wrote = 0
        for one in session:
            if one.name in WRITES:
                if place[id(one)] < wrote:
                    return False
                wrote = place[id(one)] if one.done else wrote
                least = max(least, wrote) if ask == OWN else least
                continue
            may = of_value.get(one.result, [])
            suits = bisect_left(may, least)
            if suits == len(may):
                return False
            least = may[suits] if ask == READ else least
    return True


def doubt(calls: Sequence[Call], initial: Hashable, ask: str) -> str | None:
    """Why nothing can be said though no circle was found; None where the guarantee is kept for certain."""
    many = {value for value, count in sources(calls, initial).items() if count > 1}
    reads = sum(one.done and one.name in READS and one.result in many for one in calls)
    writes = [one for one in calls if one.name in WRITES]
    orders = (sorted(writes, key=lambda one: one.begin), sorted(writes, key=ended))
    if not many or any(explained_by(order, calls, initial, ask) for order in orders):
        return None
    return f"{reads:,} reads returned a value that was written more than once"


def joined(way: tuple[Edge, ...]) -> tuple[Edge, ...]:
    """A circle, from its first call on, in which what one session shows step by step is said at once."""
    start = min(range(len(way)), key=lambda place: way[place].shown_by[0].begin)
    found: list[Edge] = []
    for one in (*way[start:], *way[:start]):
        last = found[-1] if found else None
        if last is not None and last.shown_by[1] is one.shown_by[0] and last.earlier != one.later:
            found[-1] = Edge(last.earlier, one.later, (last.shown_by[0], one.shown_by[1]))
        else:
            found.append(one)
    return tuple(one for one in found if one.earlier != one.later)


def story(found: tuple[Edge, ...]) -> tuple[str, tuple[Call, ...]]:
    """A circle in words, and the calls in it."""
    calls = tuple(dict.fromkeys(one for edge in found for one in edge.shown_by))
    said = "; ".join(f"{edge}: {shown(edge.earlier)} is before {shown(edge.later)}" for edge in found)
    at_first = ", which was there at first" if len(found) == 1 else ""
    return f"{said}{at_first}", calls
