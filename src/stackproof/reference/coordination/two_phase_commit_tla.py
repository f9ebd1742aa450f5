"""Two-phase commit exactly as TLA+ states it, for comparing counts with other checkers.

Gray and Lamport, "Consensus on Transaction Commit", TODS 31(1), 2006, appendix A.2 (module TwoPhase). Messages form a
set that only grows, so the network is REPEATING. A resource manager prepares or aborts by itself while it works,
silently in the second case, and obeys the outcome whatever its state. The transaction manager commits once all are
prepared and aborts whenever it likes before that. Nothing fails.

Departures: none. An action that a node takes by itself is a timer here.
"""

from typing import TypeAlias, assert_never

from attrs import define, frozen

from stackproof.reference.actor import NodeId, Out
from stackproof.reference.coordination.two_phase_commit import Decision, Phase


@frozen
class Prepared:
    """Resource manager to transaction manager, who sees from whom it comes."""


@frozen
class Outcome:
    """Transaction manager to everybody: Commit or Abort."""

    decision: Decision


@frozen
class MayPrepare:
    """The action RMPrepare is enabled."""


@frozen
class MayAbort:
    """The action RMChooseToAbort, or TMAbort, is enabled."""


@frozen
class MayCommit:
    """The action TMCommit is enabled."""


ToManager: TypeAlias = Prepared | MayCommit | MayAbort
ToResource: TypeAlias = Outcome | MayPrepare | MayAbort


@define
class TransactionManager:
    """tmState and tmPrepared."""

    id: NodeId
    resources: tuple[NodeId, ...]
    decision: Decision | None = None
    prepared: frozenset[NodeId] = frozenset()

    def start(self, out: Out) -> None:
        out.after(0, MayAbort())

    def receive(self, message: ToManager, source: NodeId, out: Out) -> None:
        match message:
            case Prepared():
                self.tm_rcv_prepared(source, out)
            case MayCommit():
                self.decide(Decision.COMMIT, out)
            case MayAbort():
                self.decide(Decision.ABORT, out)
            case _:
                assert_never(message)

    def tm_rcv_prepared(self, resource: NodeId, out: Out) -> None:
        """Note that a resource manager has prepared, while nothing is decided."""
        if self.decision is None:
            self.prepared |= {resource}
            if self.prepared == frozenset(self.resources):
                out.after(0, MayCommit())

    def decide(self, decision: Decision, out: Out) -> None:
        """TMCommit and TMAbort."""
        self.decision = decision
        out.cancel(MayCommit())
        out.cancel(MayAbort())
        out.broadcast(self.resources, Outcome(decision))


@define
class ResourceManager:
    """One entry of rmState."""

    id: NodeId
    manager: NodeId
    phase: Phase = Phase.WORKING

    def start(self, out: Out) -> None:
        out.after(0, MayPrepare())
        out.after(0, MayAbort())

    def receive(self, message: ToResource, source: NodeId, out: Out) -> None:
        match message:
            case MayPrepare():
                self.enter(Phase.PREPARED, out)
                out.send(self.manager, Prepared())
            case MayAbort() | Outcome(Decision.ABORT):
                self.enter(Phase.ABORTED, out)
            case Outcome(Decision.COMMIT):
                self.enter(Phase.COMMITTED, out)
            case Outcome():
                raise AssertionError(f"no such decision: {message.decision}")
            case _:
                assert_never(message)

    def enter(self, phase: Phase, out: Out) -> None:
        """Leave the working state, or any other, for good."""
        self.phase = phase
        out.cancel(MayPrepare())
        out.cancel(MayAbort())
