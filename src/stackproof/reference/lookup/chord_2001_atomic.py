"""Chord as published, in atomic steps; it can lose its ring.

Stoica et al., "Chord: A Scalable Peer-to-peer Lookup Service for Internet Applications", SIGCOMM 2001, figure 7, with
the list of successors of section 5.2, as Liben-Nowell, Balakrishnan and Karger, "Analysis of the Evolution of Peer-
to-Peer Systems", PODC 2002, made it precise. The events are those into which Zave divides it ("Using Lightweight
Modeling To Understand Chord", ACM SIGCOMM CCR 42(2), 2012): join, stabilize, notified, reconcile, update, flush,
fail. A list has at most two entries, which she calls succ and succ2.

Her two straightforward fixes are options: whoever joins checks that the successor that it is given lives
(`join_fix`); whoever stabilizes checks that of the better successor of which it hears (`stabilize_fix`). Neither
saves the ring, since `stabilize` goes on to change the head of a list and not its tail.

Departures. A notification is under way until it arrives, be its sender dead by then; nobody stabilizes while its last
one is. The assumption on failures is judged by the state that a failure leaves, as the paper's text has it.
"""

from collections.abc import Iterator
from typing import ClassVar, TypeAlias, assert_never

from attrs import define, frozen

from stackproof.reference.actor import NodeId, Out
from stackproof.reference.lookup.atomic_ring import NOBODY, AtomicRing, Fail, Join, put, the
from stackproof.reference.lookup.identifiers import Arc


@frozen
class Stabilize:
    """A step of a member whose successor lives."""

    member: int


@frozen
class Notified:
    """A step of a member that is told: this one takes you for its successor."""

    member: int
    notifier: int


@frozen
class Reconcile:
    """A step of a member whose successor lives."""

    member: int


@frozen
class Update:
    """A step of a member whose successor is dead."""

    member: int


@frozen
class Flush:
    """A step of a member whose predecessor is dead."""

    member: int


Maintenance: TypeAlias = Stabilize | Notified | Reconcile | Update | Flush
Message: TypeAlias = Join | Maintenance | Fail


@define(kw_only=True)
class Ring2001(AtomicRing):
    """All members, at first an ideal ring of these; one alone has not stabilized yet.

    notifying   whom the notification of each that is under way is meant for
    """

    RELATIONS: ClassVar = ("successors", "predecessor", "notifying")

    ring: tuple[int, ...] = (0,)
    join_fix: bool = False
    stabilize_fix: bool = False
    notifying: tuple[int, ...] = ()

    def start(self, out: Out) -> None:
        self.notifying = (NOBODY,) * self.identifiers
        self.begin(self.ring)
        if len(self.ring) == 1:
            self.join(*self.ring, *self.ring)
            self.flush(*self.ring)
        self.arm(out)

    def receive(self, message: Message, source: NodeId, out: Out) -> None:
        before = self.steps
        self.take(message, out)
        self.arm(out, before, message)

    def take(self, step: Message, out: Out) -> None:
        match step:
            case Join(j):
                self.join(j, out.choose(self.heads(j)))
            case Stabilize(n):
                self.stabilize(n)
            case Notified(s, n):
                self.notified(s, n)
            case Reconcile(n):
                self.reconcile(n)
            case Update(n):
                self.update(n)
            case Flush(n):
                self.flush(n)
            case Fail(n):
                self.fail(n)
            case _:
                assert_never(step)

    def maintenance(self) -> Iterator[Maintenance]:
        for n in self.members:
            s, *tail = self.successors[n]
            if self.live(s):
                if self.notifying[n] == NOBODY:
                    yield the(Stabilize, n)
                if self.second(n) not in (NOBODY, *tail):
                    yield the(Reconcile, n)
            elif tail:
                yield the(Update, n)
            if self.predecessor[n] != NOBODY and not self.live(self.predecessor[n]):
                yield the(Flush, n)
        yield from (the(Notified, s, n) for n, s in enumerate(self.notifying) if s != NOBODY)

    def contacts(self, j: int) -> tuple[int, ...]:
        """The members that j may join by; after the fix, those whose successor lives."""
        return tuple(m for m in super().contacts(j) if not self.join_fix or self.live(self.successors[m][0]))

    def heads(self, j: int) -> frozenset[int]:
        """The successors that j may be given."""
        return frozenset(self.successors[m][0] for m in self.contacts(j))

    def join(self, j: int, s: int) -> None:
        """j takes s for its successor."""
        self.successors = put(self.successors, j, (s,))

    def stabilize(self, n: int) -> None:
        """n takes its successor's predecessor for its successor, if that is nearer; and notifies whom it has then."""
        s, *tail = self.successors[n]
        p = self.predecessor[s]
        if p != NOBODY and p in Arc(n, s) and (self.live(p) or not self.stabilize_fix):
            self.successors = put(self.successors, n, (p, *tail))
        self.notifying = put(self.notifying, n, self.successors[n][0])

    def notified(self, s: int, n: int) -> None:
        """s takes n for its predecessor, if n is nearer than the one it has."""
        self.notifying = put(self.notifying, n, NOBODY)
        p = self.predecessor[s]
        if self.live(s) and (p == NOBODY or n in Arc(p, s)):
            self.predecessor = put(self.predecessor, s, n)

    def second(self, n: int) -> int:
        """n's successor's successor, unless the list would say the same twice."""
        s = self.successors[n][0]
        second = self.successors[s][0]
        return second if second != s or s == n else NOBODY

    def reconcile(self, n: int) -> None:
        """n asks its successor for its second successor."""
        self.successors = put(self.successors, n, (self.successors[n][0], self.second(n)))

    def update(self, n: int) -> None:
        """n's second successor takes the place of its dead one."""
        self.successors = put(self.successors, n, self.successors[n][1:])

    def flush(self, n: int) -> None:
        """n forgets its predecessor."""
        self.predecessor = put(self.predecessor, n, NOBODY)
