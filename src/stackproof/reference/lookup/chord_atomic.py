"""Chord made correct, in atomic steps.

Zave, "Reasoning about Identifier Spaces: How to Make Chord Correct", IEEE Transactions on Software Engineering
43(12), 2017, in her names: a member has a list of exactly r successors, a predecessor, and a status. Two rules make
the protocol correct. No pointer is adopted whose owner has not just been asked; head and tail of a list change in one
step. Then two things hold for ever, and imply all that Chord promises: each member has a live successor, and r + 1
members are principals, whom no list skips.

A notification is a status, which the notifier leaves with whom it notifies, and may overwrite another: the paper
accepts that shortcut. It assumes of failures, too, that r + 1 principals remain.

Departures. When a list loses its dead head it is padded with the identifier after its last, which for the highest is 0;
the published model has none there. The dead are not notified.
"""

from collections.abc import Iterator
from functools import lru_cache
from itertools import combinations, pairwise
from typing import ClassVar, TypeAlias, assert_never

from attrs import define, frozen

from stackproof.reference.actor import NodeId, Out
from stackproof.reference.lookup.atomic_ring import MANY, AtomicRing, Fail, Join, Lists, put, the
from stackproof.reference.lookup.identifiers import Arc, Circle


@frozen
class Stabilizing:
    """The status of a member whose successor told it of a better one, p."""

    p: int


@frozen
class Rectifying:
    """The status of a member that q notified."""

    q: int


@frozen
class StabilizeFromSuccessor:
    """A step of a member without a status."""

    member: int


@frozen
class StabilizeFromPredecessor:
    """A step of a member that is stabilizing."""

    member: int
    p: int


@frozen
class Rectify:
    """A step of a member that was notified."""

    member: int
    q: int


Status: TypeAlias = Stabilizing | Rectifying | None
Maintenance: TypeAlias = StabilizeFromSuccessor | StabilizeFromPredecessor | Rectify
Message: TypeAlias = Join | Maintenance | Fail


@lru_cache(maxsize=MANY)
def principals(successors: Lists) -> frozenset[int]:
    """The members that no list skips, a list being read with its owner before it."""
    members = [n for n, list_n in enumerate(successors) if list_n]
    arcs = [Arc(x, y) for n in members for x, y in pairwise((n, *successors[n]))]
    return frozenset(p for p in members if not any(p in arc for arc in arcs))


@define(kw_only=True)
class Ring(AtomicRing):
    """All members. It begins as any ideal ring of so many."""

    RELATIONS: ClassVar = ("successors", "predecessor", "status")

    size: int = 3
    status: tuple[Status, ...] = ()

    def start(self, out: Out) -> None:
        self.status = (None,) * self.identifiers
        self.begin(out.choose(combinations(range(self.identifiers), self.size)))
        self.arm(out)

    def receive(self, message: Message, source: NodeId, out: Out) -> None:
        before = self.steps
        self.take(message, out)
        self.arm(out, before, message)

    def take(self, step: Message, out: Out) -> None:
        match step:
            case Join(j):
                self.join(j, out.choose(self.contacts(j)))
            case StabilizeFromSuccessor(t):
                self.stabilize_from_successor(t)
            case StabilizeFromPredecessor(t, p):
                self.stabilize_from_predecessor(t, p)
            case Rectify(h, q):
                self.rectify(h, q)
            case Fail(f):
                self.fail(f)
            case _:
                assert_never(step)

    def maintenance(self) -> Iterator[Maintenance]:
        for n in self.members:
            match self.status[n]:
                case None:
                    yield the(StabilizeFromSuccessor, n)
                case Stabilizing(p):
                    yield the(StabilizeFromPredecessor, n, p)
                case Rectifying(q):
                    yield the(Rectify, n, q)

    @property
    def quiescent(self) -> bool:
        """Whether nothing is pending."""
        return all(status is None for status in self.status)

    def turn(self, n: int, status: Status) -> None:
        """n has this status from now on."""
        self.status = put(self.status, n, status)

    def adopt(self, t: int, *successors: int) -> None:
        """These are t's list from now on, as far as it has room."""
        self.successors = put(self.successors, t, successors[: self.r])

    def join(self, j: int, m: int) -> None:
        """j asks m, takes over its list, and takes it for its predecessor."""
        self.adopt(j, *self.successors[m])
        self.predecessor = put(self.predecessor, j, m)

    def stabilize_from_successor(self, t: int) -> None:
        """t asks its successor s, takes over its list, and may learn of a better successor."""
        s, *tail = self.successors[t]
        if not self.live(s):
            pad = Circle(self.identifiers).after(self.successors[t][-1])
            self.adopt(t, *tail, pad)
            self.notify(self.successors[t][0], t)
            return
        self.adopt(t, s, *self.successors[s])
        p = self.predecessor[s]
        if p in Arc(t, s):
            self.turn(t, the(Stabilizing, p))
        else:
            self.notify(s, t)

    def stabilize_from_predecessor(self, t: int, p: int) -> None:
        """t asks its successor's predecessor p, and takes p for its successor if p answers."""
        self.turn(t, None)
        if self.live(p):
            self.adopt(t, p, *self.successors[p])
        self.notify(self.successors[t][0], t)

    def notify(self, h: int, t: int) -> None:
        """h learns that t takes it for its successor."""
        if self.live(h):
            self.turn(h, the(Rectifying, t))

    def rectify(self, h: int, q: int) -> None:
        """h takes q for its predecessor, if q is nearer than the one it has or that one does not answer."""
        self.turn(h, None)
        if q in Arc(self.predecessor[h], h) or not self.live(self.predecessor[h]):
            self.predecessor = put(self.predecessor, h, q)

    def fail(self, f: int) -> None:
        super().fail(f)
        self.turn(f, None)

    def may_fail(self, f: int) -> bool:
        """What is assumed of failures: as ever, and that r + 1 principals remain."""
        remain = principals(self.successors)
        return super().may_fail(f) and (f not in remain or len(remain) > self.r + 1)
