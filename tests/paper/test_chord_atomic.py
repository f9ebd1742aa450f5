"""Chord in atomic steps, in the order of Zave's papers: identifiers, what was claimed, how it fails, what mends it."""

from itertools import product

import pytest

from stackproof.checker.invariants import ring as property_of
from stackproof.checker.invariants.repair import Maintenance, ideally_linked, lists_of, sound
from stackproof.checker.invariants.ring import REQUIRED, WISHED_FOR, RingView
from stackproof.checker.replay import replay
from stackproof.checker.report import Verdict
from stackproof.reference.actor import Out
from stackproof.reference.lookup.atomic_ring import NOBODY, AtomicRing, Fail, Join
from stackproof.reference.lookup.chord_2001_atomic import Flush, Notified, Reconcile, Ring2001, Stabilize, Update
from stackproof.reference.lookup.chord_atomic import (
    Rectify,
    Rectifying,
    Ring,
    StabilizeFromPredecessor,
    StabilizeFromSuccessor,
    Stabilizing,
    principals,
)
from stackproof.reference.lookup.identifiers import Arc, Circle, HalfOpen, between
from tests.paper.zave import COUNTEREXAMPLES, RING_OF_TWO, SHORTEST, Counterexample, run

FULL_RUNS = list(COUNTEREXAMPLES.values())


def rings(**lists: str) -> RingView:
    """A ring by its lists, as in n0="1 2"."""
    return RingView(tuple((int(n[1:]), tuple(map(int, list_n.split()))) for n, list_n in lists.items()))


def published(program: str = "", **options: bool) -> Ring2001:
    """The published protocol after a program of events, from 0 alone among four identifiers."""
    ring = run(Ring2001(identifiers=4, **options), program)  # type: ignore[arg-type]
    assert isinstance(ring, Ring2001)
    return ring


def corrected(*members: int, identifiers: int = 6) -> Ring:
    """An ideal ring of the corrected protocol, with lists of two."""
    ring = Ring(identifiers=identifiers, size=len(members), status=(None,) * identifiers)
    ring.begin(members)
    return ring


def after(ring: AtomicRing, *steps: object) -> AtomicRing:
    """The ring after these steps, each of which is possible."""
    for step in steps:
        assert step in ring.steps
        ring.receive(step, ring.id, Out())
    return ring


# Identifiers


def test_between_goes_clockwise_and_takes_neither_end() -> None:
    assert between(2, 3, 5)
    assert between(5, 0, 2)
    assert not between(2, 2, 5)
    assert not between(2, 5, 5)
    assert not between(2, 6, 5)


@pytest.mark.parametrize("size", range(1, 9))
def test_between_is_strictly_inside_the_arc_and_an_arc_to_itself_is_all_else(size: int) -> None:
    circle = Circle(size)
    for a, b, c in product(range(size), repeat=3):
        round_trip = circle.distance(a, c) or size
        assert between(a, b, c) == (b in Arc(a, c)) == (0 < circle.distance(a, b) < round_trip)
        assert (b in HalfOpen(a, c)) == (b == c or between(a, b, c))


def test_a_node_that_is_its_own_successor_owns_every_key() -> None:
    assert all(key in HalfOpen(3, 3) for key in range(8))


@pytest.mark.parametrize("size", range(1, 7))
def test_between_has_the_four_axioms_of_a_cyclic_order(size: int) -> None:
    for w, x, y, z in product(range(size), repeat=4):
        assert not (between(w, x, y) and between(w, y, z)) or between(w, x, z)
        assert not between(w, x, y) or not between(w, y, x)
        assert between(w, x, y) or between(w, y, x) or x in (w, y)
        assert not (between(x, y, z) and x != z) or between(y, z, x)


# Properties of rings


def test_a_ring_with_appendages_in_order_has_every_property() -> None:
    ring = rings(n0="3 5", n1="3 5", n2="3 5", n3="5 0", n5="0 3")
    for claim in (*REQUIRED, *WISHED_FOR, property_of.no_duplicates, property_of.ordered_successor_lists):
        assert list(claim(ring)) == []
    assert (ring.ring, ring.appendages) == ((0, 3, 5), (1, 2))


def test_the_best_successor_is_the_first_live_one() -> None:
    assert rings(n0="1 2", n2="0 1").best == {0: 2, 2: 0}


def test_no_ring_is_left_where_the_dead_come_first() -> None:
    assert list(property_of.at_least_one_ring(rings(n0="1"))) == ["no member reaches itself: 0: (1)"]


def test_two_that_do_not_reach_each_other_are_two_rings() -> None:
    reasons = list(property_of.at_most_one_ring(rings(n0="0 1", n2="2 3")))
    assert reasons[0] == "0 and 2 are in different rings: 0: 0 (1), 2: 2 (3)"


def test_a_ring_that_goes_round_twice_is_out_of_order() -> None:
    twice = rings(n0="4", n2="0", n4="2")
    assert next(property_of.ordered_ring(twice)).startswith("0 -> 4 skips 2")


def test_an_appendage_without_a_live_successor_is_not_connected() -> None:
    assert list(property_of.connected_appendages(rings(n0="0", n1="2"))) == ["1 does not reach the ring: 0: 0, 1: (2)"]


def test_a_list_with_somebody_twice_has_a_duplicate_its_owner_included() -> None:
    for list_0 in ("1 1", "1 0"):
        assert list(property_of.no_duplicates(rings(n0=list_0, n1="0 0")))


def test_a_list_out_of_order_is_one_that_goes_too_far_round() -> None:
    assert list(property_of.ordered_successor_lists(rings(n0="3 1", n1="3 0", n3="0 1")))


def test_a_principal_is_one_whom_no_list_skips() -> None:
    ring = rings(n0="2 3", n1="2 3", n2="3 0", n3="0 2")
    assert ring.principals == (0, 2, 3)
    assert principals(((2, 3), (2, 3), (3, 0), (0, 2))) == {0, 2, 3}
    assert list(property_of.sufficient_principals(ring)) == []


def test_a_list_in_flight_is_read_with_its_sender_before_it() -> None:
    calm = (0, (2, 3)), (2, (3, 0)), (3, (0, 2))
    assert RingView(calm).principals == (0, 2, 3)
    assert RingView(calm, in_flight=((1, (3, 0)),)).principals == (0, 3)


# Published Chord, as Zave divides it into events


def test_whoever_joins_takes_the_successor_of_the_member_before_it() -> None:
    ring = published(f"{RING_OF_TWO} J1")
    assert (ring.successors[1], ring.predecessor[1]) == ((2,), NOBODY)


def test_stabilizing_changes_the_head_of_a_list_and_not_its_tail() -> None:
    ring = published(f"{RING_OF_TWO} R0 J1 S1 N2<1")
    assert ring.successors[0] == (2, 0)
    assert after(ring, Stabilize(0)).successors[0] == (1, 0)


def test_a_notification_arrives_in_its_own_time_its_sender_being_dead_or_not() -> None:
    ring = published("J1 S1 F1")
    assert after(ring, Notified(0, 1)).predecessor[0] == 1


def test_nobody_stabilizes_while_its_last_notification_is_under_way() -> None:
    ring = published("J1 S1")
    assert Stabilize(1) not in ring.steps
    assert Stabilize(1) in after(ring, Notified(0, 1)).steps


def test_a_notifier_becomes_the_predecessor_only_if_it_is_nearer() -> None:
    assert published("J1 J2 S1 S2 N0<2 N0<1").predecessor[0] == 2


def test_reconciling_asks_the_successor_for_the_second_one() -> None:
    assert published(f"{RING_OF_TWO} J1 R1").successors[1] == (2, 0)


def test_updating_puts_the_second_successor_in_the_place_of_a_dead_one() -> None:
    ring = published(f"{RING_OF_TWO} R0 F2")
    assert Stabilize(0) not in ring.steps
    assert after(ring, Update(0)).successors[0] == (0,)


def test_flushing_forgets_a_dead_predecessor() -> None:
    ring = published(f"{RING_OF_TWO} R0 F2")
    assert after(ring, Flush(0)).predecessor[0] == NOBODY


def test_a_member_may_not_fail_if_it_is_the_last_live_successor_of_another() -> None:
    assert Fail(2) not in published(RING_OF_TWO).steps
    assert Fail(2) in published(f"{RING_OF_TWO} R0").steps


def test_whoever_failed_joins_again_only_where_identifiers_are_used_again() -> None:
    assert Join(1) not in published("J1 F1").steps
    assert Join(1) in published("J1 F1", reuse=True).steps


@pytest.mark.parametrize("fixed", [False, True])
def test_the_fixes_check_that_the_adopted_live(fixed: bool) -> None:
    dead_successor = published(f"{RING_OF_TWO} R0 F2", join_fix=fixed)
    assert (Join(1) in dead_successor.steps) == (not fixed)
    dead_predecessor = published("J1 S1 N0<1 F1", stabilize_fix=fixed)
    assert after(dead_predecessor, Stabilize(0)).successors[0] == ((0,) if fixed else (1,))


def test_published_chord_makes_a_ring_of_two_ideal() -> None:
    assert ideally_linked(published(f"{RING_OF_TWO} R0 R2"))
    assert Reconcile(0) not in published(f"{RING_OF_TWO} R0 R2").steps


# Zave's counterexamples


def test_her_runs_have_the_published_lengths() -> None:
    assert sorted(case.length for case in FULL_RUNS) == [9, 12, 13, 19, 19, 21]


@pytest.mark.parametrize("case", FULL_RUNS, ids=list(COUNTEREXAMPLES))
def test_her_run_ends_in_the_violation(
    case: Counterexample,
) -> None:
    run_of_it = replay(case.trace())
    assert (run_of_it.verdict, run_of_it.about) == (Verdict.VIOLATED, case.violated)


@pytest.mark.parametrize("case", FULL_RUNS, ids=list(COUNTEREXAMPLES))
def test_maintenance_repairs_what_was_wished_for_and_never_what_is_required(case: Counterexample) -> None:
    ring = run(start_of(case), f"{case.program} {case.afterwards}")
    required = case.violated in {claim.__name__ for claim in REQUIRED}
    assert Maintenance(ring, sound).can_reach(ring.relations) == (not required)


def start_of(case: Counterexample) -> Ring2001:
    """The ring before the run."""
    options = {name: value for name, value in case.parameters.items() if name != "repairable"}
    return Ring2001(**options)


def test_ordered_merges_two_joiners_merge_at_the_same_member_and_the_ring_takes_the_second() -> None:
    ring = run(start_of(FULL_RUNS[0]), FULL_RUNS[0].program)
    assert lists_of(ring).best == {0: 2, 1: 3, 2: 3, 3: 0}


def test_ordered_appendages_the_head_of_an_appendage_fails_and_it_closes_upon_itself() -> None:
    ring = run(start_of(FULL_RUNS[1]), FULL_RUNS[1].program)
    assert lists_of(ring).best == {1: 3, 2: 2, 3: 2}


def test_valid_successor_lists_whoever_was_skipped_stays_skipped_when_the_one_before_it_fails() -> None:
    case = FULL_RUNS[2]
    ring = run(start_of(case), f"{case.program} {case.afterwards}")
    assert lists_of(ring).best == {0: 1, 1: 0, 3: 0}
    assert between(1, 3, ring.successors[1][0])


def test_connected_appendages_a_joiner_is_given_the_dead_and_nobody_will_tell_it() -> None:
    ring = run(start_of(FULL_RUNS[3]), FULL_RUNS[3].program)
    assert lists_of(ring).best == {0: 0}
    assert [step for step in ring.maintenance() if step.member == 1] == []


def test_at_least_one_ring_a_member_trades_its_live_successor_for_a_dead_one() -> None:
    ring = run(start_of(FULL_RUNS[4]), FULL_RUNS[4].program)
    assert lists_of(ring).best == {2: 0}


def test_at_most_one_ring_each_half_forgot_the_other_for_a_joiner_that_failed() -> None:
    ring = run(start_of(FULL_RUNS[5]), FULL_RUNS[5].program)
    assert lists_of(ring).best == {0: 0, 2: 2}


# The shortest ways to lose the ring


def test_the_shortest_runs_have_five_seven_ten_and_fifteen_events() -> None:
    assert [case.length for case in SHORTEST.values()] == [5, 7, 10, 15]


@pytest.mark.parametrize("case", SHORTEST.values(), ids=list(SHORTEST))
def test_a_shortest_run_ends_beyond_repair(case: Counterexample) -> None:
    run_of_it = replay(case.trace())
    assert (run_of_it.verdict, run_of_it.about) == (Verdict.VIOLATED, case.violated)


# Chord made correct


def test_whoever_joins_takes_over_a_whole_list_and_is_its_owners_next() -> None:
    ring = after(corrected(0, 2, 4), Join(3))
    assert (ring.successors[3], ring.predecessor[3]) == ((4, 0), 2)


def test_a_member_stabilizes_from_its_successor_and_takes_over_its_list() -> None:
    ring = corrected(0, 2, 4)
    ring.successors = ((2, 3), *ring.successors[1:])
    assert after(ring, StabilizeFromSuccessor(0)).successors[0] == (2, 4)


def test_a_member_that_hears_of_no_better_successor_notifies_the_one_it_has() -> None:
    ring = corrected(0, 2, 4)
    after(ring, StabilizeFromSuccessor(0))
    assert ring.status == (None, None, Rectifying(0), None, None, None)


def test_a_joiner_is_spliced_in_by_four_steps() -> None:
    ring = corrected(0, 2, 4)
    after(ring, Join(3), StabilizeFromSuccessor(3), Rectify(4, 3), StabilizeFromSuccessor(2))
    assert (ring.predecessor[4], ring.status[2]) == (3, Stabilizing(3))
    after(ring, StabilizeFromPredecessor(2, 3))
    assert (ring.successors[2], ring.status[2], ring.status[3]) == ((3, 4), None, Rectifying(2))


def test_head_and_tail_of_a_list_change_in_one_step() -> None:
    ring = corrected(0, 2, 4)
    after(ring, Join(3), StabilizeFromSuccessor(3), Rectify(4, 3), StabilizeFromSuccessor(2), Fail(3))
    assert after(ring, StabilizeFromPredecessor(2, 3)).successors[2] == (4, 0)


def test_a_dead_head_is_dropped_and_the_list_padded_with_the_identifier_after_its_last() -> None:
    ring = after(corrected(0, 1, 3, 5), Fail(1), StabilizeFromSuccessor(0))
    assert ring.successors[0] == (3, 4)
    ring = after(corrected(0, 1, 3, 5), Fail(3), StabilizeFromSuccessor(1))
    assert ring.successors[1] == (5, 0)


def test_a_dead_predecessor_makes_room_for_any_notifier_a_live_one_for_nearer_ones_only() -> None:
    ring = after(corrected(0, 1, 3, 5), StabilizeFromSuccessor(0), Rectify(1, 0))
    assert ring.predecessor[1] == 0
    after(ring, Fail(1), StabilizeFromSuccessor(0), Rectify(3, 0))
    assert ring.predecessor[3] == 0


def test_a_notification_may_overwrite_the_status_of_the_one_notified() -> None:
    ring = corrected(0, 2, 4)
    after(ring, Join(3), StabilizeFromSuccessor(3), Rectify(4, 3), StabilizeFromSuccessor(2), StabilizeFromSuccessor(0))
    assert ring.status[2] == Rectifying(0)


def test_nobody_fails_of_r_plus_one_principals() -> None:
    assert not any(isinstance(step, Fail) for step in corrected(0, 2, 4).steps)
    assert Fail(0) in corrected(0, 1, 2, 4).steps


def test_an_appendage_that_is_no_principal_may_fail() -> None:
    ring = after(corrected(0, 2, 4), Join(3))
    assert [step for step in ring.steps if isinstance(step, Fail)] == [Fail(3)]


def test_the_counterexample_to_the_published_protocol_does_no_harm_here() -> None:
    ring = corrected(0, 2, 4)
    after(ring, Join(1), StabilizeFromSuccessor(1), Rectify(2, 1), StabilizeFromSuccessor(0))
    after(ring, StabilizeFromPredecessor(0, 1))
    assert ring.successors[0] == (1, 2)
    assert lists_of(after(ring, Fail(1))).best[0] == 2
