"""Chord in atomic steps, every world within stated bounds: made correct, it never fails; as published, it soon does.

The counts of the corrected protocol are those of an independent model of Zave's (TSE 2017), as are the lengths of the
shortest runs that lose a published ring. Identifiers are used again where `reuse` is true.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from attrs import evolve

from stackproof.checker.explore import Engine, explore
from stackproof.checker.host import ScenarioError
from stackproof.checker.invariants.ring import ideal
from stackproof.checker.report import Report, Verdict
from stackproof.checker.scenario import Scenario
from stackproof.checker.scenarios.chord_atomic import (
    chord_2001_atomic,
    chord_atomic,
    corrected,
    published,
    turned_state,
)
from stackproof.checker.world import World
from stackproof.reference.actor import Out
from stackproof.reference.lookup.atomic_ring import NO_STEPS, AtomicRing, State
from stackproof.reference.lookup.chord_2001_atomic import Ring2001
from stackproof.reference.lookup.chord_atomic import Ring


def explored(scenario: Scenario, engine: Engine = "plain") -> Report:
    return explore(scenario, engine=engine)


def violated(report: Report) -> dict[str, int | None]:
    """The properties that do not hold, each with the length of its shortest trace."""
    return {violation.property: violation.length for violation in report.violated}


def events(report: Report) -> list[str]:
    """The steps of the first trace, in order."""
    assert report.trace is not None
    return [type(step.event.message).__name__ for step in report.trace.steps[1:]]


# A ring that turns by itself, for the native engine, which knows no symmetry.


def state(ring: AtomicRing) -> State:
    return *ring.relations, ring.failed


def turns(one: State, places: int = 1) -> list[State]:
    """What turning by so many places, again and again, makes of a state; not all may be different."""
    turning = [one]
    while len(turning) < len(one[0]):
        turning.append(turned_state(turning[-1]))
    return turning[::places]


def settle(ring: AtomicRing, places: int) -> None:
    """Turn a ring to where its state is least: one stands for all that turning makes of it."""
    *relations, ring.failed = min(turns(state(ring), places), key=repr)
    for name, relation in zip(ring.RELATIONS, relations, strict=True):
        setattr(ring, name, relation)


class UpToTurning(Ring):
    """It is turned after each step."""

    def arm(self, out: Out, before: Mapping[Any, None] = NO_STEPS, taken: Any = None) -> None:
        settle(self, 1)
        super().arm(out, before, taken)


class UpToTurningByTwo(Ring2001):
    """As published, turned after each step, so that who was there from the start stays so."""

    def arm(self, out: Out, before: Mapping[Any, None] = NO_STEPS, taken: Any = None) -> None:
        settle(self, 2)
        super().arm(out, before, taken)


def noting(ring: Ring, states: set[State], turning: bool = True) -> Scenario:
    """All that is promised of a ring; its states are noted as they are seen, turned all ways."""

    def is_noted(world: World) -> Iterator[str]:
        seen = state(world.nodes["ring"])
        states.update(turns(seen) if turning else [seen])
        yield from ()

    scenario = corrected(ring)
    return evolve(scenario, invariants=(*scenario.invariants, is_noted))


@pytest.mark.parametrize("engine", ["plain", "native"])
def test_every_state_of_a_ring_is_held_against_the_properties(engine: Engine) -> None:
    states: set[State] = set()
    assert explored(noting(Ring(identifiers=4, reuse=True), states, turning=False), engine).distinct == 2_577
    assert len(states) == 2_577


def test_a_ring_up_to_turning_goes_through_the_states_of_the_ring() -> None:
    whole: set[State] = set()
    once: set[State] = set()
    report = explored(noting(Ring(identifiers=4, reuse=True), whole))
    turning = explored(noting(UpToTurning(identifiers=4, reuse=True), once))
    assert (report.verdict, turning.verdict) == (Verdict.HELD, Verdict.HELD)
    assert len(whole) == report.distinct == 2_577
    assert once == whole
    assert turning.distinct == explore(chord_atomic(reuse=True), symmetric=True).orbits == 647
    assert turning.depth == report.depth


# Made correct


def test_four_identifiers_used_once() -> None:
    report = explored(chord_atomic())
    assert report.verdict is Verdict.HELD
    assert (report.distinct, report.transitions, report.depth) == (375, 1_224, 10)


def test_four_identifiers_used_again() -> None:
    report = explored(chord_atomic(reuse=True))
    assert report.verdict is Verdict.HELD
    assert (report.distinct, report.transitions, report.depth) == (2_577, 10_724, 28)


@pytest.mark.slow
def test_five_identifiers_used_once() -> None:
    report = explored(chord_atomic(identifiers=5), "native")
    assert report.verdict is Verdict.HELD
    assert (report.distinct, report.transitions, report.depth) == (22_821, 104_870, 20)


@pytest.mark.slow
def test_five_identifiers_used_again() -> None:
    states: set[State] = set()
    report = explored(noting(UpToTurning(identifiers=5, reuse=True), states), "native")
    assert report.verdict is Verdict.HELD
    assert (report.distinct, report.depth) == (155_555, 44)
    assert len(states) == 777_771


def test_a_ring_from_which_nobody_may_fail_stays_ideal_until_somebody_joins() -> None:
    report = explored(evolve(chord_atomic(identifiers=3), invariants=(), always_reachable=(ideal,)))
    assert report.verdict is Verdict.HELD
    assert {one.message for one in report.handlers if one.count} == {"StabilizeFromSuccessor", "Rectify"}


def test_fewer_than_r_plus_one_members_are_no_ring_to_begin_with() -> None:
    assert violated(explored(chord_atomic(start=2))) == {"no_duplicates": 0, "sufficient_principals": 0}


def test_lists_of_one_and_of_three() -> None:
    assert explored(chord_atomic(r=1, start=2, identifiers=3, reuse=True)).verdict is Verdict.HELD
    assert explored(chord_atomic(r=3, start=4, identifiers=5)).verdict is Verdict.HELD


# As published


@pytest.mark.parametrize("join_fix", [False, True])
def test_without_the_fix_of_stabilize_two_nodes_lose_their_ring_in_five_events(join_fix: bool) -> None:
    report = explored(chord_2001_atomic(join_fix=join_fix))
    assert violated(report) == {"at_least_one_ring": 5, "connected_appendages": 5}
    assert sorted(events(report)) == ["Fail", "Join", "Notified", "Stabilize", "Stabilize"]


def test_without_the_fix_of_join_the_third_node_joins_the_dead_in_seven_events() -> None:
    assert violated(explored(chord_2001_atomic(stabilize_fix=True))) == {}
    assert violated(explored(chord_2001_atomic(identifiers=3, stabilize_fix=True))) == {"connected_appendages": 7}


def fixed(identifiers: int, ring: tuple[int, ...], *failing: int, reuse: bool = False) -> Scenario:
    return chord_2001_atomic(identifiers, ring, join_fix=True, stabilize_fix=True, failing=failing, reuse=reuse)


@pytest.mark.slow
def test_with_both_fixes_three_identifiers_used_once_are_too_few_to_lose_the_ring() -> None:
    report = explored(fixed(3, (0,)))
    assert report.verdict is Verdict.HELD
    assert (report.distinct, report.transitions, report.depth) == (5_480, 27_058, 23)


def test_with_both_fixes_a_ring_of_two_splits_in_ten_events_if_two_join_and_fail() -> None:
    report = explored(fixed(4, (0, 2), 1, 3))
    assert violated(report) == {"at_most_one_ring": 10}
    assert sorted(events(report)) == ["Fail"] * 2 + ["Join"] * 2 + ["Notified"] * 2 + ["Stabilize"] * 4


@pytest.mark.slow
def test_with_both_fixes_a_ring_of_two_splits_in_no_less_than_ten_events_whoever_fails() -> None:
    assert violated(explored(fixed(4, (0, 2)), "native")) == {"at_most_one_ring": 10}


@pytest.mark.slow
def test_with_both_fixes_a_ring_of_three_tangles_in_fifteen_events_if_three_join_and_fail() -> None:
    ring = UpToTurningByTwo(identifiers=6, ring=(0, 2, 4), failing=(1, 3, 5), join_fix=True, stabilize_fix=True)
    report = explored(published(ring), "native")
    assert violated(report) == {"ordered_ring": 15}
    assert sorted(events(report)) == ["Fail"] * 3 + ["Join"] * 3 + ["Notified"] * 3 + ["Stabilize"] * 6


@pytest.mark.parametrize(
    "bad",
    [{"start": 0}, {"start": 5}, {"r": 0}, {"identifiers": 0}, {"identifiers": 2}],
)
def test_a_ring_that_makes_no_sense_is_refused(bad: dict[str, int]) -> None:
    with pytest.raises(ScenarioError, match="start with 1 or more"):
        chord_atomic(**bad)  # type: ignore[arg-type]


@pytest.mark.parametrize("bad", [{"ring": ()}, {"ring": (2,)}, {"failing": (5,)}])
def test_a_published_ring_that_makes_no_sense_is_refused(bad: dict[str, tuple[int, ...]]) -> None:
    with pytest.raises(ScenarioError, match="among the identifiers 0 to 1"):
        chord_2001_atomic(**bad)  # type: ignore[arg-type]
