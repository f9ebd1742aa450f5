"""Rings that a tired engineer might write, each caught by the property it breaks, in as few events as is possible.

Those of the published protocol first: it is a mutant itself, and each of its two straightforward fixes undoes one more.
"""

import pytest
from attrs import define, evolve

from stackproof.checker.explore import Engine, explore
from stackproof.checker.invariants import ring as property_of
from stackproof.checker.invariants.repair import beyond_repair, ideal_within_reach
from stackproof.checker.report import Verdict
from stackproof.checker.scenario import Property, Scenario
from stackproof.checker.scenarios.chord_atomic import chord_2001_atomic, corrected
from stackproof.reference.lookup.atomic_ring import put
from stackproof.reference.lookup.chord_atomic import Ring
from stackproof.reference.lookup.identifiers import Arc
from tests.mutants.rings import KeepsItsTail, SparesNoPrincipals

AGAIN = pytest.mark.parametrize("reuse", [False, True])


def killed(scenario: Scenario, engine: Engine = "plain") -> dict[str, int | None]:
    """The properties that a scenario violates, each with the length of its shortest trace."""
    return {one.property: one.length for one in explore(scenario, engine=engine).violated}


def asked(ring: Ring, *claims: Property) -> Scenario:
    """A corrected ring under these claims alone."""
    return evolve(corrected(ring), invariants=claims, goals=())


def lost_for_good(ring: Ring) -> Scenario:
    """A corrected ring under the required properties, violated only beyond repair."""
    return asked(ring, *beyond_repair(property_of.REQUIRED, ring))


def test_stabilize_adopts_a_predecessor_that_is_dead() -> None:
    assert killed(chord_2001_atomic(identifiers=2, join_fix=True))["at_least_one_ring"] == 5


def test_join_adopts_a_successor_that_is_dead() -> None:
    assert killed(chord_2001_atomic(identifiers=3, stabilize_fix=True)) == {"connected_appendages": 7}


def test_stabilize_changes_the_head_of_a_list_and_not_its_tail() -> None:
    scenario = chord_2001_atomic(identifiers=4, ring=(0, 2), join_fix=True, stabilize_fix=True, failing=(1, 3))
    assert killed(scenario) == {"at_most_one_ring": 10}


@AGAIN
def test_stabilize_from_predecessor_changes_the_head_of_a_list_and_not_its_tail(reuse: bool) -> None:
    ring = KeepsItsTail(identifiers=4, reuse=reuse)
    assert killed(asked(ring, property_of.sufficient_principals)) == {"sufficient_principals": 5}
    assert killed(asked(ring, property_of.no_duplicates)) == {"no_duplicates": 7}


@pytest.mark.slow
def test_head_without_tail_splits_the_corrected_ring_too() -> None:
    assert killed(lost_for_good(KeepsItsTail(identifiers=5)), "native") == {"at_most_one_ring": 17}


@define(kw_only=True)
class JoinsByAnybody(Ring):
    """Copies the list of any member, be its own place there or not."""

    def contacts(self, j: int) -> tuple[int, ...]:
        return self.members


@AGAIN
def test_join_copies_the_list_of_any_member(reuse: bool) -> None:
    ring = JoinsByAnybody(identifiers=4, reuse=reuse)
    scenario = asked(ring, property_of.ordered_successor_lists, property_of.sufficient_principals)
    assert killed(scenario) == {"ordered_successor_lists": 1, "sufficient_principals": 1}


@pytest.mark.slow
def test_join_by_any_member_splits_the_ring_once_identifiers_are_used_again() -> None:
    assert killed(lost_for_good(JoinsByAnybody(identifiers=4))) == {}
    assert killed(lost_for_good(JoinsByAnybody(identifiers=4, reuse=True)), "native") == {"at_most_one_ring": 6}


@AGAIN
def test_principals_fail_until_too_few_are_left(reuse: bool) -> None:
    ring = SparesNoPrincipals(identifiers=5, reuse=reuse)
    assert killed(asked(ring, property_of.no_duplicates)) == {"no_duplicates": 2}


@pytest.mark.slow
def test_a_ring_that_begins_with_two_members_splits_if_either_may_fail() -> None:
    assert killed(lost_for_good(SparesNoPrincipals(identifiers=4, size=2, reuse=True)), "native") == {
        "at_most_one_ring": 8
    }
    assert explore(lost_for_good(Ring(identifiers=4, size=2, reuse=True))).verdict is Verdict.HELD


@define(kw_only=True)
class TrustsItsPredecessor(Ring):
    """Never asks whether its old predecessor is still there."""

    def rectify(self, h: int, q: int) -> None:
        self.turn(h, None)
        if q in Arc(self.predecessor[h], h):
            self.predecessor = put(self.predecessor, h, q)


@AGAIN
def test_rectify_keeps_a_dead_predecessor_and_the_ring_is_never_ideal_again(reuse: bool) -> None:
    ring = TrustsItsPredecessor(identifiers=4, reuse=reuse)
    assert killed(asked(ring, ideal_within_reach(ring))) == {"ideal_within_reach": 4}
