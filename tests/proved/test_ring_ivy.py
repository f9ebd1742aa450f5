"""The ring with an origin: all of it is proved, every step can happen, and without any one thing it fails."""

from collections.abc import Callable
from typing import Any

import pytest
from z3 import And, Exists, ForAll, Implies, Not

from stackproof.spec.formulas import Formula, adds, keeps_all_but, removes, sets, variables
from stackproof.spec.ring import NODE, between
from stackproof.spec.ring_ivy import RING_IVY, Ring, another_live, origin
from stackproof.spec.vacuity import needed
from tests.proved.conscience import refuted, senseless, unproved

n, m, f = variables("n m f", NODE)


def test_everything_is_proved_for_any_number_of_nodes() -> None:
    assert unproved(RING_IVY) == {}


def test_every_step_can_happen_and_every_invariant_excludes_something() -> None:
    assert senseless(RING_IVY) == {}


@pytest.mark.slow
def test_all_four_invariants_are_needed() -> None:
    assert needed(RING_IVY) == {one.__name__ for one in RING_IVY.invariants}


@pytest.mark.parametrize(
    ("lemma", "lost"),
    [
        ("origin_lives", "remove keeps successor_is_not_beyond"),
        ("one_live_successor", "the invariants imply origin_is_nearer"),
        ("successor_is_not_beyond", "the invariants imply origin_is_nearer"),
        ("second_is_not_beyond", "the invariants imply origin_is_nearer"),
        ("goes_on", "stabilize keeps successor_is_not_beyond"),
    ],
)
def test_without_a_lemma_something_is_lost(lemma: str, lost: str) -> None:
    assert refuted(RING_IVY.without(lemma), lost)


def joined(s: Ring, t: Ring, guard: Formula) -> Formula:
    """n joins, m being its successor, where a guard allows it."""
    pointers = And(sets(s.successor, t.successor, n, to=m), removes(s.has_second, t.has_second, n))
    effect = And(adds(s.live, t.live, n), pointers, keeps_all_but(s, t, "live", "successor", "has_second"))
    return Exists([n, m], And(Not(s.live(n)), guard, effect))


def join_the_dead(s: Ring, t: Ring) -> Formula:
    """n joins a node that may be dead."""
    return joined(s, t, Not(between(n, origin, m)))


def join_beyond(s: Ring, t: Ring) -> Formula:
    """n joins a member beyond the origin."""
    return joined(s, t, s.live(m))


def stabilized(s: Ring, t: Ring, *, check: bool, keep: bool) -> Formula:
    """n adopts its successor's predecessor m: if it is between them, or anyhow; the old one is kept, or not."""
    old = s.successor(n)
    heard = And(s.live(n), s.live(old), s.has_predecessor(old), s.predecessor(old) == m)
    guard = And(heard, between(n, m, old)) if check else heard
    effect = And(sets(s.successor, t.successor, n, to=m), keeps_all_but(s, t, "successor"))
    if keep:
        second = And(adds(s.has_second, t.has_second, n), sets(s.second, t.second, n, to=old))
        first = sets(s.successor, t.successor, n, to=m)
        effect = And(first, second, keeps_all_but(s, t, "successor", "has_second", "second"))
    return Exists([n, m], And(guard, effect))


def stabilize_and_forget(s: Ring, t: Ring) -> Formula:
    """n adopts a better successor, and its second stays what it was."""
    return stabilized(s, t, check=True, keep=False)


def stabilize_backwards(s: Ring, t: Ring) -> Formula:
    """n adopts what its successor says, wherever that is."""
    return stabilized(s, t, check=False, keep=True)


def fail_freely(s: Ring, t: Ring) -> Formula:
    """f fails, whomever it leaves without a successor."""
    return Exists([f], And(s.live(f), f != origin, removes(s.live, t.live, f), keeps_all_but(s, t, "live")))


def origin_fails(s: Ring, t: Ring) -> Formula:
    """Anybody may fail, the origin too."""
    others = ForAll([n], Implies(And(s.live(n), n != f), another_live(s, n, f)))
    return Exists([f], And(s.live(f), others, removes(s.live, t.live, f), keeps_all_but(s, t, "live")))


@pytest.mark.parametrize(
    ("part", "mutant", "lost"),
    [
        ("join", join_the_dead, "join keeps one_live_successor"),
        ("join", join_beyond, "join keeps successor_is_not_beyond"),
        ("stabilize", stabilize_and_forget, "stabilize keeps second_is_not_beyond"),
        ("stabilize", stabilize_and_forget, "stabilize keeps one_live_successor"),
        ("stabilize", stabilize_backwards, "stabilize keeps successor_is_not_beyond"),
        ("fail", fail_freely, "fail keeps one_live_successor"),
        ("fail", origin_fails, "fail keeps origin_lives"),
    ],
)
def test_a_weaker_guard_is_refuted(part: str, mutant: Callable[..., Any], lost: str) -> None:
    assert refuted(RING_IVY.replacing(**{part: mutant}), lost)
