"""A reference that does not do what its model says is told so, with the step, and what is missing."""

from typing import Any

import pytest
from attrs import define, evolve

from stackproof.checker import Verdict
from stackproof.checker.conformance import refinement_of, ring
from stackproof.checker.conformance.departure import Departure
from stackproof.checker.conformance.refinement import conform
from stackproof.checker.registry import build
from stackproof.checker.scenario import Scenario
from stackproof.checker.scenarios.chord_atomic import corrected
from stackproof.reference.actor import Out
from stackproof.reference.coordination.two_phase_commit import Coordinator, Decision
from stackproof.reference.lookup.chord_atomic import Ring
from stackproof.reference.storage.quorum_store import Client, Copy, Replica
from tests.mutants.rings import KeepsItsTail, SparesNoPrincipals


def departure(scenario: Scenario) -> Departure:
    found = conform(scenario, refinement_of(scenario))
    assert found.verdict is Verdict.VIOLATED
    assert found.departure is not None
    return found.departure


def with_nodes(name: str, kind: type[Any], other: type[Any], **parameters: Any) -> Scenario:
    """A registered scenario whose nodes of one kind are of another."""
    scenario = build(name, parameters)
    nodes = tuple(
        other(**{field.name: getattr(node, field.name) for field in kind.__attrs_attrs__})
        if type(node) is kind
        else node
        for node in scenario.nodes
    )
    return evolve(scenario, nodes=nodes)


@define
class TakesAnything(Replica):
    """It keeps what came last."""

    def hold(self, copy: Copy) -> None:
        self.copy = copy


@define
class Impatient(Client):
    """It counts to one less."""

    def count(self, holders: frozenset[str], out: Out) -> None:
        self.acknowledged |= holders
        if len(self.acknowledged) >= self.quorums.w - 1:
            self.end(None, out)


@define
class Hasty(Coordinator):
    """It commits on the first yes."""

    def receive(self, message: Any, source: str, out: Out) -> None:
        super().receive(message, source, out)
        if self.prepared:
            self.decide(Decision.COMMIT, out)


def test_a_replica_that_keeps_whatever_comes_last_is_no_replica_of_the_model() -> None:
    found = departure(with_nodes("quorum", Replica, TakesAnything, puts=2))
    assert found.nearest[0].name == "store"
    assert "held" in found.nearest[0].false[0]


def test_a_put_that_waits_for_too_few_ends_before_its_write_set_acknowledged() -> None:
    found = departure(with_nodes("quorum", Client, Impatient))
    assert found.nearest[0].name == "end_put"
    assert "in_write_set(r, writers)" in found.nearest[0].false[0]


def test_quorums_that_need_not_meet_are_none_of_the_model() -> None:
    found = departure(build("quorum", {"w": 1, "r": 1}))
    assert found.nearest[0].name == "sets_meet"
    assert found.nearest[0].false[0].endswith("(not so for writers = r0, readers = r1)")


def test_a_coordinator_that_commits_on_the_first_yes_departs_in_the_step_in_which_it_does() -> None:
    found = departure(with_nodes("two-phase-commit", Coordinator, Hasty))
    assert found.nearest[0].name == "decide_to_commit"
    assert "s.counted(q)" in found.nearest[0].false[0]


@pytest.mark.parametrize(
    ("kind", "length", "step", "lacks"),
    [
        (KeepsItsTail, 5, "stabilize_from_predecessor", "s.successor1(q) == t.successor2(n)"),
        (SparesNoPrincipals, 1, "fail_as_principal", "Distinct(f, p0, p1, p2)"),
    ],
)
def test_a_ring_that_departs_from_the_corrected_one_does_so_in_the_step_that_is_wrong(
    kind: type[Ring], length: int, step: str, lacks: str
) -> None:
    scenario = corrected(kind(identifiers=4, r=2, size=3, reuse=True))
    found = conform(scenario, ring.refinement(scenario)).departure
    assert found is not None
    assert len(found.steps) - 1 == length
    assert (found.nearest[0].name, found.nearest[0].false) == (step, (lacks,))


def test_chord_as_published_begins_with_too_few_principals() -> None:
    assert departure(build("chord-2001-atomic")).nearest[0].false == ("Distinct(p0, p1, p2)",)


@pytest.mark.parametrize(
    ("bug", "length", "nearest", "lacks"),
    [
        ("A12", 9, "register", "s.fresh(agent)"),
        ("A13", 11, "dismiss", "t.reporting(a)"),
        ("S1", 7, "compute", "makes(b, i)"),
    ],
)
def test_a_published_bug_departs_from_the_model_and_its_remedy_does_not(
    bug: str, length: int, nearest: str, lacks: str
) -> None:
    found = departure(build(bug))
    assert len(found.steps) - 1 == length
    assert found.nearest[0].name == nearest
    assert lacks in found.nearest[0].false[0]
    fixed = build(bug, {"fixed": True})
    assert conform(fixed, refinement_of(fixed)).verdict is Verdict.HELD
