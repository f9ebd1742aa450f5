"""Chord's ring: all of it is proved, every step can happen, and without any one thing it fails."""

from collections.abc import Callable
from typing import Any

import pytest
from z3 import And, Exists, ForAll, Implies, Not, Or

from stackproof.spec.formulas import Formula, State, adds, keeps, removes, variables
from stackproof.spec.obligations import obligations, refuted_or_held
from stackproof.spec.ring import NODE, adopts, between, corrected, extended, principals, successors
from stackproof.spec.ring_shape import shape
from tests.proved.conscience import refuted, senseless, unproved

TWO = corrected(2)
j, n, m, q, f, pad, p0, p1, p2 = variables("j n m q f pad p0 p1 p2", NODE)


@pytest.mark.parametrize("r", [2, 3, pytest.param(4, marks=pytest.mark.slow)])
def test_everything_is_proved_for_any_number_of_nodes(r: int) -> None:
    assert unproved(corrected(r)) == {}


@pytest.mark.parametrize("r", [2, pytest.param(3, marks=pytest.mark.slow)])
def test_every_step_can_happen_and_every_invariant_excludes_something(r: int) -> None:
    assert senseless(corrected(r)) == {}


@pytest.mark.parametrize(
    ("lemma", "lost"),
    [
        ("one_live_successor", {"the invariants imply no_principal_is_passed"}),
        (
            "sufficient_principals",
            {"the invariants imply no_duplicates", "the invariants imply ordered_successor_lists"},
        ),
    ],
)
def test_without_an_invariant_a_consequence_is_lost(lemma: str, lost: set[str]) -> None:
    assert set(refuted(TWO.without(lemma), *lost)) == lost


@pytest.mark.parametrize(
    ("axiom", "lost"),
    [
        ("goes_on", "join keeps sufficient_principals"),
        ("goes_everywhere", "the invariants imply no_duplicates"),
        ("goes_round", "the invariants imply no_duplicates"),
    ],
)
def test_without_an_axiom_of_the_circle_something_is_lost(axiom: str, lost: str) -> None:
    assert refuted(TWO.without(axiom), lost)


def init_with_two(s: State) -> Formula:
    """Two members, each the other's only successor."""
    pair = [And(entry == m, s["live"](n)) for entry in successors(s, n)]
    other = [And(entry == n, s["live"](m)) for entry in successors(s, m)]
    nobody_else = ForAll([q], Implies(s["live"](q), Or(q == n, q == m)))
    return Exists([n, m], And(n != m, *pair, *other, nobody_else))


def join_anywhere(s: State, t: State) -> Formula:
    """j takes over the list of any member."""
    guard = And(Not(s["live"](j)), s["live"](n))
    return Exists([j, n], And(guard, adds(s["live"], t["live"], j), adopts(s, t, j, successors(s, n))))


def join_by_head(s: State, t: State) -> Formula:
    """j takes the first entry of a member it belongs behind for its whole list."""
    head = successors(s, n)[0]
    guard = And(Not(s["live"](j)), s["live"](n), between(n, j, head))
    return Exists([j, n], And(guard, adds(s["live"], t["live"], j), adopts(s, t, j, [head, head])))


def stabilize_with_the_dead(s: State, t: State) -> Formula:
    """n takes over the list of its first entry, which nobody asked whether it lives."""
    head = successors(s, n)[0]
    return Exists([n], And(s["live"](n), keeps(s["live"], t["live"]), adopts(s, t, n, extended(s, head))))


def adopt_the_dead(s: State, t: State) -> Formula:
    """n adopts a better successor, and nobody asked whether it lives."""
    guard = And(s["live"](n), between(n, q, successors(s, n)[0]))
    return Exists([n, q], And(guard, keeps(s["live"], t["live"]), adopts(s, t, n, extended(s, q))))


def adopt_anybody(s: State, t: State) -> Formula:
    """n adopts a live successor, however far."""
    guard = And(s["live"](n), s["live"](q), n != q)
    return Exists([n, q], And(guard, keeps(s["live"], t["live"]), adopts(s, t, n, extended(s, q))))


def adopt_with_the_old_tail(s: State, t: State) -> Formula:
    """n adopts a better successor, and keeps the rest of its list."""
    head, *tail = successors(s, n)
    guard = And(s["live"](n), s["live"](q), between(n, q, head))
    return Exists([n, q], And(guard, keeps(s["live"], t["live"]), adopts(s, t, n, [q, *tail])))


def pad_with_anything(s: State, t: State) -> Formula:
    """n drops its dead first entry, and puts any node at the end."""
    head, *tail = successors(s, n)
    guard = And(s["live"](n), Not(s["live"](head)))
    return Exists([n, pad], And(guard, keeps(s["live"], t["live"]), adopts(s, t, n, [*tail, pad])))


def drop_the_living(s: State, t: State) -> Formula:
    """n drops its first entry, which lives."""
    _, last = successors(s, n)
    guard = And(s["live"](n), s["live"](last))
    return Exists([n, pad], And(guard, keeps(s["live"], t["live"]), adopts(s, t, n, [last, pad])))


def gone(s: State, t: State) -> Formula:
    """f is a member no longer."""
    return And(s["live"](f), removes(s["live"], t["live"], f), adopts(s, t, f, []))


def fail_freely(s: State, t: State) -> Formula:
    """f fails, whomever it leaves without a successor."""
    return Exists([f], gone(s, t))


def fail_at_the_quota(s: State, t: State) -> Formula:
    """f, a principal beside r others, fails."""
    return Exists([f, p0, p1], And(principals(s, [f, p0, p1]), gone(s, t)))


@pytest.mark.parametrize(
    ("part", "mutant", "lost"),
    [
        ("init", init_with_two, "init establishes sufficient_principals"),
        ("join", join_anywhere, "join keeps sufficient_principals"),
        ("join", join_by_head, "join keeps one_live_successor"),
        ("stabilize_from_successor", stabilize_with_the_dead, "stabilize_from_successor keeps one_live_successor"),
        ("stabilize_from_predecessor", adopt_the_dead, "stabilize_from_predecessor keeps one_live_successor"),
        ("stabilize_from_predecessor", adopt_anybody, "stabilize_from_predecessor keeps sufficient_principals"),
        (
            "stabilize_from_predecessor",
            adopt_with_the_old_tail,
            "stabilize_from_predecessor keeps sufficient_principals",
        ),
        ("drop_dead_successor", pad_with_anything, "drop_dead_successor keeps sufficient_principals"),
        ("drop_dead_successor", drop_the_living, "drop_dead_successor keeps sufficient_principals"),
        ("fail", fail_freely, "fail keeps one_live_successor"),
        ("fail", fail_freely, "fail keeps sufficient_principals"),
        ("fail_as_principal", fail_at_the_quota, "fail_as_principal keeps sufficient_principals"),
    ],
)
def test_a_weaker_guard_is_refuted(part: str, mutant: Callable[..., Any], lost: str) -> None:
    assert refuted(TWO.replacing(**{part: mutant}), lost)


@pytest.mark.parametrize(("r", "most"), [(2, 4), *(pytest.param(r, 6, marks=pytest.mark.slow) for r in (2, 3))])
def test_in_all_small_rings_the_invariants_come_to_one_ordered_ring(r: int, most: int) -> None:
    assert {str(one) for one in obligations(shape(r, most)) if refuted_or_held(one) != (None, True)} == set()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("lemma", "lost"),
    [
        ("sufficient_principals", ("no_duplicates", "at_least_one_ring", "at_most_one_ring", "ordered_ring")),
        ("one_live_successor", ("principals_in_ring", "at_least_one_ring", "connected_appendages")),
    ],
)
def test_without_an_invariant_some_small_rings_are_not_one(lemma: str, lost: tuple[str, ...]) -> None:
    sentences = {f"the invariants imply {name}" for name in lost}
    assert set(refuted(shape(2, 5).without(lemma), *sentences)) == sentences
