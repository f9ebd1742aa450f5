"""Symmetries that are none are refused, each with the difference; and mistakes are found in one world of each orbit."""

from typing import Any

import pytest
from attrs import define, evolve, frozen

from stackproof.checker import Event, Faults, Network, Report, Scenario, ScenarioError, Verdict, World, explore, replay
from stackproof.checker.conformance import refinement_of
from stackproof.checker.conformance.refinement import conform
from stackproof.checker.registry import build
from stackproof.checker.scenarios.chord_atomic import corrected
from stackproof.checker.scenarios.quorum import quorum
from stackproof.checker.scenarios.two_phase_commit import two_phase_commit, two_phase_commit_tla
from stackproof.checker.symmetry.interchangeable import interchangeable
from stackproof.reference.actor import NodeId, Out
from stackproof.reference.coordination.two_phase_commit import (
    Coordinator,
    Decision,
    Participant,
    Phase,
    ToParticipant,
)
from stackproof.reference.coordination.two_phase_commit_tla import ResourceManager, ToManager, TransactionManager
from stackproof.reference.lookup.chord_atomic import Ring
from stackproof.reference.storage.quorum_store import Replica
from tests.mutants.rings import KeepsItsTail, SparesNoPrincipals
from tests.mutants.test_quorum_mutants import Deaf, Forgetful
from tests.mutants.test_two_phase_commit_mutants import Hasty, Silent


def made(node: Any, kind: type[Any], **more: Any) -> Any:
    """A node like another, of another class."""
    variables = (one for one in type(node).__attrs_attrs__ if one.init)
    return kind(**{one.name: getattr(node, one.name) for one in variables} | more)


def with_nodes(scenario: Scenario, kind: type[Any], other: type[Any], **more: Any) -> Scenario:
    """A scenario whose nodes of one class are of another."""
    nodes = tuple(made(node, other, **more) if type(node) is kind else node for node in scenario.nodes)
    return evolve(scenario, nodes=nodes)


def refused(scenario: Scenario) -> str:
    """Why a symmetry is refused."""
    with pytest.raises(ScenarioError) as refusal:
        explore(scenario, symmetric=True)
    return str(refusal.value)


# Not symmetric


@define
class Stubborn(ResourceManager):
    """The first one never prepares."""

    def receive(self, message: Any, source: NodeId, out: Out) -> None:
        if self.id == "rm0":
            out.cancel(message)
        else:
            ResourceManager.receive(self, message, source, out)


def test_a_participant_that_is_special_by_its_name_is_found_out() -> None:
    said = refused(with_nodes(two_phase_commit_tla(), ResourceManager, Stubborn))
    assert "is not as symmetric as it says: with rm0 and rm1 in each other's place, fire rm" in said


def test_a_participant_of_another_class_is_no_participant_like_others() -> None:
    scenario = two_phase_commit_tla()
    first, second, *others = scenario.nodes
    scenario = evolve(scenario, nodes=(first, made(second, Stubborn), *others))
    assert "rm0, rm1, rm2 cannot be interchangeable: they are ResourceManager, Stubborn" in refused(scenario)


@define(kw_only=True)
class Weighted(ResourceManager):
    """With a weight, it tells the manager."""

    weight: int

    def enter(self, phase: Phase, out: Out) -> None:
        ResourceManager.enter(self, phase, out)
        if self.weight and phase is Phase.ABORTED:
            out.observe(phase)


@frozen
class Seen:
    """Whether anything was seen."""

    anything: bool = False

    def observe(self, node: NodeId, event: object) -> "Seen":
        return Seen(True)


def weighted(*weights: int) -> Scenario:
    """Resource managers with weights."""
    names = tuple(f"rm{number}" for number in range(len(weights)))
    managers = (Weighted(name, "tm", weight=weight) for name, weight in zip(names, weights, strict=True))
    return Scenario(
        nodes=(TransactionManager("tm", names), *managers),
        network=Network.REPEATING,
        symmetry=interchangeable(names),
        monitors={"seen": Seen()},
    )


def test_a_participant_that_is_configured_otherwise_is_found_out() -> None:
    assert explore(weighted(1, 1, 1), symmetric=True).verdict is Verdict.HELD
    assert "MayAbort is not the same" in refused(weighted(1, 0, 0))
    assert "MayAbort is not the same" in refused(weighted(0, 0, 1))


@define
class Counting(Participant):
    """Its configuration changes."""

    def receive(self, message: ToParticipant, source: NodeId, out: Out) -> None:
        self.coordinator = self.id
        Participant.receive(self, message, source, out)


def test_configuration_that_changes_belongs_to_no_place() -> None:
    said = refused(with_nodes(two_phase_commit(), Participant, Counting))
    assert "Counting changes its 'coordinator', which has no default and so is configuration" in said


@define
class InTurn(Coordinator):
    """It asks the first participant first."""

    def start(self, out: Out) -> None:
        out.send(self.participants[0], Decision.ABORT)


def test_an_order_that_matters_is_found_out_in_the_first_world() -> None:
    said = refused(with_nodes(two_phase_commit(), Coordinator, InTurn))
    assert "with p0 and p1 in each other's place, the start is not the same" in said


def the_first_one_commits(world: World) -> bool:
    """A claim about one participant."""
    return world.nodes["rm0"].phase is Phase.COMMITTED


def test_a_claim_about_one_participant_is_found_out() -> None:
    said = refused(evolve(two_phase_commit_tla(), goals=(the_first_one_commits,)))
    assert "the_first_one_commits is not the same" in said


def spared(world: World, event: Event) -> bool:
    """The last participant never crashes."""
    return event.node != "p1"


@pytest.mark.parametrize("faults", [Faults(crashes=1, victims=("p0",)), Faults(crashes=1, may=spared)])
def test_faults_that_strike_only_some_are_found_out(faults: Faults) -> None:
    assert "crash p" in refused(evolve(two_phase_commit(), faults=faults))


class HasAFirst(Ring):
    """Identifier 0 never joins again."""

    def contacts(self, j: int) -> tuple[int, ...]:
        return Ring.contacts(self, j) if j else ()


def test_a_ring_with_a_special_identifier_does_not_turn() -> None:
    said = refused(corrected(HasAFirst(identifiers=4, reuse=True)))
    assert "with everything one place further" in said


def test_a_ring_in_which_only_some_may_fail_declares_no_symmetry() -> None:
    assert "declares no symmetry" in refused(corrected(Ring(identifiers=4, failing=(1,))))


def test_names_that_are_no_nodes_are_refused() -> None:
    scenario = evolve(two_phase_commit_tla(), symmetry=interchangeable(("rm0", "rm9")))
    assert "'rm9' is said to be interchangeable, but is no node" in refused(scenario)


def test_a_mapping_that_remembers_more_of_some_than_of_others_is_found_out() -> None:
    scenario = build("quorum")
    refinement = refinement_of(scenario)

    def forgetful(past: Any, before: World, event: Event, after: World) -> Any:
        return past if event.target == "r0" else refinement.remember(past, before, event, after)

    with pytest.raises(ScenarioError, match="with r0 and r1 in each other's place"):
        conform(scenario, evolve(refinement, remember=forgetful), symmetric=True)


def test_a_mapping_that_does_not_rename_along_is_found_out() -> None:
    scenario = build("two-phase-commit-tla")
    refinement = refinement_of(scenario)

    def image(world: World, past: Any) -> Any:
        seen = refinement.image(world, past)
        return {**seen, "aborted": seen["aborted"] - {("rm0",)}}

    with pytest.raises(ScenarioError, match="the step of the model is not the same"):
        conform(scenario, evolve(refinement, image=image), symmetric=True)


# Symmetric, and wrong


@define
class Fumbling(Participant):
    """Raises an exception where it should vote."""

    def vote(self, yes: bool, out: Out) -> None:
        raise KeyError(self.id)


@define
class Careless(TransactionManager):
    """Commits upon the first note."""

    def receive(self, message: ToManager, source: NodeId, out: Out) -> None:
        if source != self.id and self.decision is None:
            self.decide(Decision.COMMIT, out)
        else:
            TransactionManager.receive(self, message, source, out)


WRONG = {
    "hasty": with_nodes(two_phase_commit(participants=3), Coordinator, Hasty),
    "silent": with_nodes(two_phase_commit(), Coordinator, Silent),
    "fumbling": with_nodes(two_phase_commit(participants=3), Participant, Fumbling),
    "careless": with_nodes(two_phase_commit_tla(), TransactionManager, Careless),
    "deaf": with_nodes(quorum(), Replica, Deaf),
    "forgetful": with_nodes(quorum(n=2, w=2, r=1, crashes=1), Replica, Forgetful),
    "two writers": quorum(n=2, w=1, r=1, writers=2),
    "keeps its tail": corrected(KeepsItsTail(identifiers=4)),
    "spares no principals": corrected(SparesNoPrincipals(identifiers=5)),
}


def numbers(report: Report) -> tuple[Any, ...]:
    """All that does not depend on how a scenario was explored."""
    violated = sorted((one.property, one.length) for one in report.violated)
    return report.verdict, report.distinct, report.transitions, report.depth, violated, report.goals, report.handlers


@pytest.mark.parametrize("name", WRONG)
def test_a_mistake_is_found_in_one_world_of_each_orbit_as_it_is_in_all(name: str) -> None:
    scenario = WRONG[name]
    plain, symmetric = explore(scenario, engine="plain"), explore(scenario, symmetric=True)
    assert symmetric.verdict is Verdict.VIOLATED
    assert numbers(symmetric) == numbers(plain)
    for one in symmetric.violated:
        if one.trace is not None:
            again = replay(one.trace, scenario)
            assert (again.verdict, again.reason) == (Verdict.VIOLATED, one.reason)


def test_a_departure_is_found_in_one_world_of_each_orbit_with_a_run_that_leads_to_it() -> None:
    scenario = with_nodes(build("two-phase-commit", {"participants": 3}), Coordinator, Hasty)
    refinement = refinement_of(build("two-phase-commit", {"participants": 3}))
    found, all_of_it = (conform(scenario, refinement, symmetric=one) for one in (True, False))
    assert found.departure is not None
    assert all_of_it.departure is not None
    assert len(found.departure.steps) == len(all_of_it.departure.steps)
    assert found.departure.nearest[0].name == all_of_it.departure.nearest[0].name == "decide_to_commit"
