"""What a ring owes its users: Zave's properties of Chord.

Zave, "Using Lightweight Modeling To Understand Chord", ACM SIGCOMM CCR 42(2), 2012: the properties that others had
claimed of Chord, of which the first four are needed and the next three wished for. Zave, "Reasoning about Identifier
Spaces: How to Make Chord Correct", IEEE TSE 43(12), 2017: those that make the corrected protocol correct.

They are functions of a `RingView`: who is a member, and whom each takes for its successors. There is one of every
world, be all members one node (the atomic forms) or each a node of its own. A list on its way to somebody who lives
is as good as adopted, read with its sender before it, so the last two properties hold of it, too.

A member's best successor is the first live one on its list. The ring is made of the members that reach themselves from
best successor to best successor; the others are appendages.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, lru_cache, wraps
from itertools import combinations, pairwise, permutations
from typing import TypeAlias

from attrs import frozen

from stackproof.checker.world import World
from stackproof.reference.lookup.chord import State
from stackproof.reference.lookup.identifiers import between

Lists: TypeAlias = tuple[tuple[int, tuple[int, ...]], ...]


@frozen(cache_hash=True)
class RingView:
    """Each member with its list; the lists in flight, each with its sender; and how long a list may be."""

    lists: Lists
    in_flight: Lists = ()
    r: int = 2

    @cached_property
    def successors(self) -> Mapping[int, tuple[int, ...]]:
        """The list of each member."""
        return dict(self.lists)

    @cached_property
    def best(self) -> Mapping[int, int]:
        """The best successor of each member that has one."""
        live = {n: [s for s in list_n if s in self.successors] for n, list_n in self.lists}
        return {n: some[0] for n, some in live.items() if some}

    @cached_property
    def beyond(self) -> Mapping[int, tuple[int, ...]]:
        """Whom each member reaches from best successor to best successor, the nearest first."""
        return {n: tuple(self.walk(n)) for n, _ in self.lists}

    def walk(self, n: int) -> Iterator[int]:
        """One step after the other, until one leads nowhere new."""
        seen: set[int] = set()
        while n in self.best and self.best[n] not in seen:
            n = self.best[n]
            seen.add(n)
            yield n

    @cached_property
    def ring(self) -> tuple[int, ...]:
        """The members that reach themselves."""
        return tuple(n for n, reached in self.beyond.items() if n in reached)

    @cached_property
    def appendages(self) -> tuple[int, ...]:
        """The members that do not."""
        return tuple(n for n in self.successors if n not in self.ring)

    @cached_property
    def principals(self) -> tuple[int, ...]:
        """The members that no list skips."""
        steps = [pair for n, list_n in (*self.lists, *self.in_flight) for pair in pairwise((n, *list_n))]
        return tuple(p for p in self.successors if not any(between(x, p, y) for x, y in steps))


Claim: TypeAlias = Callable[[RingView], Iterator[str]]


def of_a_ring(claim: Claim) -> Callable[[World | RingView], Iterator[str]]:
    """A claim about rings as a property of worlds."""

    @wraps(claim)
    def in_a_world(world: World | RingView) -> Iterator[str]:
        return iter(answers(claim, world if isinstance(world, RingView) else ring_of(world)))

    return in_a_world


def of_a_ring_and_its_messages(claim: Claim) -> Callable[[World | RingView], Iterator[str]]:
    """A claim about rings and the lists in flight as a property of worlds."""

    @wraps(claim)
    def in_a_world(world: World | RingView) -> Iterator[str]:
        return iter(answers(claim, world if isinstance(world, RingView) else ring_and_messages_of(world)))

    return in_a_world


@lru_cache(maxsize=1 << 18)
def answers(claim: Claim, ring: RingView) -> tuple[str, ...]:
    """The reasons against a claim, worked out once for each ring."""
    return tuple(claim(ring))


@lru_cache(maxsize=1 << 16)
def view(successors: tuple[tuple[int, ...], ...], r: int) -> RingView:
    """The ring of these lists, of which those of members are not empty."""
    return RingView(tuple((n, list_n) for n, list_n in enumerate(successors) if list_n), r=r)


def ring_of(world: World) -> RingView:
    """The ring in a world."""
    for node in world.nodes.values():
        if hasattr(node, "members"):
            return view(node.successors, node.r)
    members = [node for node in (world.nodes[name] for name in world.up) if getattr(node, "joined", False)]
    lists = sorted((node.identifier, node.successors) for node in members)
    return RingView(tuple(lists), r=max((node.r for node in members), default=0))


def ring_and_messages_of(world: World) -> RingView:
    """The ring in a world, with the lists in flight to those who live."""
    ring = ring_of(world)
    carried = {
        (world.nodes[one.source].identifier, one.message.successors)
        for one in world.sent(State)
        if one.target in world.up
    }
    return RingView(ring.lists, tuple(sorted(carried)), ring.r)


@of_a_ring
def at_least_one_ring(ring: RingView) -> Iterator[str]:
    """Some member reaches itself."""
    if ring.lists and not ring.ring:
        yield f"no member reaches itself: {told(ring)}"


@of_a_ring
def at_most_one_ring(ring: RingView) -> Iterator[str]:
    """From each ring member every other one is reached."""
    for n1, n2 in permutations(ring.ring, 2):
        if n1 not in ring.beyond[n2]:
            yield f"{n1} and {n2} are in different rings: {told(ring)}"


@of_a_ring
def ordered_ring(ring: RingView) -> Iterator[str]:
    """Between a ring member and its best successor lies no other ring member."""
    for n1, n3 in permutations(ring.ring, 2):
        n2 = ring.best[n1]
        if n2 not in (n1, n3) and between(n1, n3, n2):
            yield f"{n1} -> {n2} skips {n3}, which is in the ring, too: {told(ring)}"


@of_a_ring
def connected_appendages(ring: RingView) -> Iterator[str]:
    """From each appendage the ring is reached."""
    for a in ring.appendages:
        if not set(ring.ring) & set(ring.beyond[a]):
            yield f"{a} does not reach the ring: {told(ring)}"


@of_a_ring
def ordered_appendages(ring: RingView) -> Iterator[str]:
    """Between a member of an appendage and its best successor lies nobody up- or downstream in that appendage."""
    for n in ring.ring:
        tree = {n} | {a for a in ring.appendages if next((b for b in ring.beyond[a] if b in ring.ring), None) == n}
        for a1, a3 in permutations(sorted(tree), 2):
            a2 = ring.best.get(a1)
            if a1 == n or a2 is None or a2 == a3:
                continue
            upstream, downstream = a3 != n and a1 in ring.beyond[a3], a2 != n and a3 in ring.beyond[a2]
            if (upstream or downstream) and between(a1, a3, a2):
                yield f"{a1} -> {a2} skips {a3} of the same appendage: {told(ring)}"


@of_a_ring
def ordered_merges(ring: RingView) -> Iterator[str]:
    """An appendage merges between a ring member and that one's best successor."""
    for n1 in ring.ring:
        n3 = ring.best[n1]
        for n2 in ring.appendages:
            if ring.best.get(n2) == n3 and n1 != n3 and not between(n1, n2, n3):
                yield f"{n2} merges at {n3}, though it does not lie between {n1} and {n3}: {told(ring)}"


@of_a_ring
def valid_successor_lists(ring: RingView) -> Iterator[str]:
    """Whom a member's list skips is on no list whose first entry is that member."""
    for n, list_n in ring.lists:
        antecedents = [(q, list_q[1:]) for q, list_q in ring.lists if list_q[:1] == (n,)]
        for m in ring.successors:
            skipped = m != n and any(between(x, m, y) for x, y in pairwise(list_n))
            for q in [q for q, tail in antecedents if skipped and m in tail]:
                yield f"the list of {n} skips {m}, which {q} has after {n}: {told(ring)}"


@of_a_ring
def no_duplicates(ring: RingView) -> Iterator[str]:
    """Nobody stands twice on a list, its owner included."""
    for n, list_n in ring.lists:
        if len({n, *list_n}) <= len(list_n):
            yield f"somebody stands twice on the list of {n}: {told(ring)}"


@of_a_ring
def ordered_successor_lists(ring: RingView) -> Iterator[str]:
    """A list is in the order of the identifiers, its owner being the first."""
    for n, list_n in ring.lists:
        for x, y, z in combinations((n, *list_n), 3):
            if not between(x, y, z):
                yield f"the list of {n} goes from {x} to {z} by way of {y}: {told(ring)}"


@of_a_ring_and_its_messages
def one_live_successor(ring: RingView) -> Iterator[str]:
    """Each member has a live successor, and each list in flight a live entry."""
    for n, _ in ring.lists:
        if n not in ring.best:
            yield f"{n} has no live successor: {told(ring)}"
    for sender, list_in_flight in ring.in_flight:
        if not {sender, *list_in_flight} & set(ring.successors):
            yield f"nobody lives of {list_in_flight}, which {sender} sent: {told(ring)}"


@of_a_ring_and_its_messages
def sufficient_principals(ring: RingView) -> Iterator[str]:
    """At least r + 1 members are principals."""
    if len(ring.principals) <= ring.r:
        there = ", ".join(map(str, ring.principals)) or "nobody"
        yield f"no list skips {there}, and there must be {ring.r + 1} such members: {told(ring)}"


def told(ring: RingView) -> str:
    """Each member with its list; the dead in brackets."""
    shown = {n: [str(s) if s in ring.successors else f"({s})" for s in list_n] for n, list_n in ring.lists}
    return ", ".join(f"{n}: {' '.join(entries)}" for n, entries in shown.items())


def ideal(world: World) -> bool:
    """Every list names the members that follow its owner, and every predecessor is the member before."""
    return is_ideal(ring_of(world), lambda n: predecessor_of(world, n))


def is_ideal(ring: RingView, predecessor: Callable[[int], int | None]) -> bool:
    """Whether lists and predecessors are those of an ideal ring."""
    members = tuple(sorted(ring.successors))
    for place, n in enumerate(members):
        following = (*members[place + 1 :], *members[: place + 1]) * ring.r
        if ring.successors[n] != following[: ring.r] or predecessor(n) != members[place - 1]:
            return False
    return True


def predecessor_of(world: World, n: int) -> int | None:
    """Whom member n takes for its predecessor."""
    for node in world.nodes.values():
        if hasattr(node, "members"):
            return node.predecessor[n]  # type: ignore[no-any-return]
    return next(node.predecessor for node in world.nodes.values() if node.identifier == n)  # type: ignore[no-any-return]


REQUIRED = (at_least_one_ring, at_most_one_ring, ordered_ring, connected_appendages)
WISHED_FOR = (ordered_appendages, ordered_merges, valid_successor_lists)
CORRECT = (no_duplicates, ordered_successor_lists, one_live_successor, sufficient_principals)
