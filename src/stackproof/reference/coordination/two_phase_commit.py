"""Two-phase commit: a coordinator and its participants all commit, or all abort.

Gray, "Notes on Data Base Operating Systems", 1978, section 5.8.3.3; Gray and Lamport, "Consensus on Transaction
Commit", TODS 31(1), 2006, section 3. The coordinator asks every participant to prepare (3.1); one that can commit
writes that down and says Prepared, one that cannot says No and aborts by itself. If all are prepared the coordinator
writes its decision down and says Commit, otherwise Abort. A participant that has prepared may not decide alone: while
the coordinator is down it blocks (3.2).

Departures. The request of the client that begins it all is the coordinator's start. Timeouts are timers: a coordinator
that waits too long aborts, a participant that was never asked to prepare aborts, and one that has prepared asks the
coordinator what came of it, once: an inquiry waits in flight for a coordinator that is down. Following the presumption
of 3.1, a coordinator that comes back without a decision on its stable storage has aborted.
"""

from enum import Enum
from typing import TypeAlias, assert_never

from attrs import define, frozen

from stackproof.reference.actor import NodeId, Out, durable


class Decision(Enum):
    """What a transaction comes to."""

    COMMIT = "commit"
    ABORT = "abort"


class Phase(Enum):
    """Where a participant stands; the last two are final."""

    WORKING = "working"
    PREPARED = "prepared"
    COMMITTED = "committed"
    ABORTED = "aborted"


@frozen
class Prepare:
    """Coordinator to participant: can you commit?"""


@frozen
class Vote:
    """Participant to coordinator: yes, and I will be able to after a crash, too; or no."""

    yes: bool


@frozen
class Decided:
    """Coordinator to participant: this is the outcome."""

    decision: Decision


@frozen
class Inquire:
    """Participant to coordinator: I have prepared; what came of it?"""


@frozen
class TimedOut:
    """A timer: nothing came for too long."""


ToCoordinator: TypeAlias = Vote | Inquire | TimedOut
ToParticipant: TypeAlias = Prepare | Decided | TimedOut


@define
class Coordinator:
    """The transaction manager."""

    id: NodeId
    participants: tuple[NodeId, ...]
    prepared: frozenset[NodeId] = frozenset()
    decision: Decision | None = durable(None)

    def start(self, out: Out) -> None:
        out.broadcast(self.participants, Prepare())
        out.after(1000, TimedOut())

    def recover(self, out: Out) -> None:
        self.decide(self.decision or Decision.ABORT, out)

    def receive(self, message: ToCoordinator, source: NodeId, out: Out) -> None:
        match message:
            case Vote(yes=True) if self.decision is None:
                self.prepared |= {source}
                if self.prepared == frozenset(self.participants):
                    self.decide(Decision.COMMIT, out)
            case Vote(yes=False) | TimedOut() if self.decision is None:
                self.decide(Decision.ABORT, out)
            case Inquire() if self.decision is not None:
                out.send(source, Decided(self.decision))
            case Vote() | Inquire() | TimedOut():
                pass
            case _:
                assert_never(message)

    def decide(self, decision: Decision, out: Out) -> None:
        """Write the decision down, then tell everybody."""
        self.decision = decision
        self.prepared = frozenset()
        out.cancel(TimedOut())
        out.broadcast(self.participants, Decided(decision))


@define
class Participant:
    """A resource manager."""

    id: NodeId
    coordinator: NodeId
    phase: Phase = durable(Phase.WORKING)

    def start(self, out: Out) -> None:
        out.after(1000, TimedOut())

    def receive(self, message: ToParticipant, source: NodeId, out: Out) -> None:
        match message:
            case Prepare() if self.phase is Phase.WORKING:
                self.vote(out.choose((True, False)), out)
            case Decided(decision) if self.phase in (Phase.WORKING, Phase.PREPARED):
                self.phase = Phase.COMMITTED if decision is Decision.COMMIT else Phase.ABORTED
                out.cancel(TimedOut())
            case TimedOut() if self.phase is Phase.WORKING:
                self.phase = Phase.ABORTED
                out.send(self.coordinator, Vote(yes=False))
            case TimedOut() if self.phase is Phase.PREPARED:
                out.send(self.coordinator, Inquire())
            case Prepare() | Decided() | TimedOut():
                pass
            case _:
                assert_never(message)

    def vote(self, yes: bool, out: Out) -> None:
        """Answer the coordinator, once the answer is on stable storage."""
        self.phase = Phase.PREPARED if yes else Phase.ABORTED
        out.send(self.coordinator, Vote(yes))
        if yes:
            out.after(1000, TimedOut())
        else:
            out.cancel(TimedOut())
