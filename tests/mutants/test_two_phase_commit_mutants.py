"""Two-phase commit as a tired engineer might write it: every property catches the mistake it is there for."""

from attrs import define

from stackproof.checker import Faults, Network, Report, Scenario, Verdict
from stackproof.checker.explore.limits import Limits
from stackproof.checker.explore.plain import explore_plainly
from stackproof.checker.invariants.two_phase_commit import (
    agreement,
    all_that_are_up_can_decide,
    everybody_aborts,
    everybody_commits,
)
from stackproof.checker.scenarios.two_phase_commit import two_phase_commit
from stackproof.reference.actor import NodeId, Out
from stackproof.reference.coordination.two_phase_commit import (
    Coordinator,
    Decision,
    Participant,
    Phase,
    TimedOut,
    ToCoordinator,
    ToParticipant,
    Vote,
)
from stackproof.reference.coordination.two_phase_commit_tla import Prepared as SaysPrepared
from stackproof.reference.coordination.two_phase_commit_tla import (
    ResourceManager,
    ToManager,
    TransactionManager,
)

NAMES = ("p0", "p1")


def answer(coordinator: type[Coordinator], participant: type[Participant], crashes: int = 0) -> Report:
    """What the plain explorer says of two participants and their coordinator."""
    scenario = Scenario(
        nodes=(coordinator("c", NAMES), *(participant(name, "c") for name in NAMES)),
        faults=Faults(crashes=crashes),
        invariants=(agreement,),
        goals=(everybody_commits, everybody_aborts),
        always_reachable=(all_that_are_up_can_decide,),
    )
    return explore_plainly(scenario, Limits())


def violated(report: Report) -> list[str]:
    """The names of what does not hold."""
    assert report.verdict is Verdict.VIOLATED
    return [one.property for one in report.violated]


@define
class Hasty(Coordinator):
    """Commits upon the first yes."""

    def receive(self, message: ToCoordinator, source: NodeId, out: Out) -> None:
        if isinstance(message, Vote) and message.yes and self.decision is None:
            self.decide(Decision.COMMIT, out)
        else:
            Coordinator.receive(self, message, source, out)


@define
class Impatient(Participant):
    """Aborts by itself though it has prepared, since nothing came for so long."""

    def receive(self, message: ToParticipant, source: NodeId, out: Out) -> None:
        if isinstance(message, TimedOut) and self.phase is Phase.PREPARED:
            self.phase = Phase.ABORTED
        else:
            Participant.receive(self, message, source, out)


@define
class Forgetful(Coordinator):
    """Comes back after a crash and aborts, whatever it had decided."""

    def recover(self, out: Out) -> None:
        self.decide(Decision.ABORT, out)


@define
class Silent(Coordinator):
    """Comes back after a crash and says nothing."""

    def recover(self, out: Out) -> None:
        """Wait to be asked."""


@define
class Timid(Coordinator):
    """Never commits."""

    def decide(self, decision: Decision, out: Out) -> None:
        Coordinator.decide(self, Decision.ABORT, out)


@define
class Careless(TransactionManager):
    """The TLA+ manager, counting notes and not resource managers."""

    def receive(self, message: ToManager, source: NodeId, out: Out) -> None:
        if isinstance(message, SaysPrepared) and self.decision is None:
            self.decide(Decision.COMMIT, out)
        else:
            TransactionManager.receive(self, message, source, out)


@define
class Fumbling(Participant):
    """Raises an exception where it should vote."""

    def vote(self, yes: bool, out: Out) -> None:
        raise KeyError(yes)


def test_the_protocol_itself_keeps_its_word() -> None:
    assert answer(Coordinator, Participant, crashes=1).verdict is Verdict.HELD


def test_agreement_catches_a_coordinator_that_does_not_wait_for_all() -> None:
    assert violated(answer(Hasty, Participant)) == ["agreement"]


def test_agreement_catches_a_participant_that_decides_alone_after_it_has_prepared() -> None:
    assert violated(answer(Coordinator, Impatient)) == ["agreement"]


def test_agreement_catches_a_decision_that_is_not_on_stable_storage() -> None:
    assert violated(answer(Forgetful, Participant, crashes=1)) == ["agreement"]


def test_agreement_catches_the_mistake_in_the_form_of_tla_too() -> None:
    scenario = Scenario(
        nodes=(Careless("tm", NAMES), *(ResourceManager(name, "tm") for name in NAMES)),
        network=Network.REPEATING,
        invariants=(agreement,),
    )
    assert violated(explore_plainly(scenario, Limits())) == ["agreement"]


def test_what_must_stay_reachable_catches_a_coordinator_that_comes_back_and_says_nothing() -> None:
    assert violated(answer(Silent, Participant, crashes=1)) == ["all_that_are_up_can_decide"]


def test_what_must_stay_reachable_catches_that_participants_block_without_their_coordinator() -> None:
    report = explore_plainly(two_phase_commit(restarts=False), Limits())
    assert [(one.property, one.length) for one in report.violated] == [("all_that_are_up_can_decide", 2)]


def test_a_goal_catches_a_coordinator_that_never_commits() -> None:
    assert violated(answer(Timid, Participant)) == ["everybody_commits"]


def test_an_exception_in_a_handler_is_a_violation_with_a_trace() -> None:
    report = answer(Coordinator, Fumbling)
    assert violated(report) == ["no_step_raises"]
    assert "KeyError" in report.violated[0].reason
