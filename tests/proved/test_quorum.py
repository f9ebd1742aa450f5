"""Quorums: large sets meet, reads from sets that meet are regular, the ABD register keeps real time; and why."""

from collections.abc import Callable
from typing import Any

import pytest
from z3 import And, Exists, ForAll, If, Implies, Not, Or

from stackproof.spec import abd
from stackproof.spec.abd import ABD, Register
from stackproof.spec.abd import member as in_quorum
from stackproof.spec.abd import v as version
from stackproof.spec.bounded import k_induction, run_to
from stackproof.spec.formulas import Formula, adds, keeps_all_but, sets
from stackproof.spec.obligations import Answer, obligations, prove
from stackproof.spec.quorum import (
    COUNTING,
    READS,
    Count,
    Store,
    at_most,
    g,
    in_a,
    in_b,
    in_read_set,
    in_write_set,
    r,
    readers,
    v,
    writers,
)
from stackproof.spec.vacuity import needed
from tests.proved.conscience import refuted, senseless, unproved


@pytest.mark.parametrize("system", [COUNTING, READS, ABD], ids=lambda one: one.name)
def test_everything_is_proved_for_any_number_of_replicas(system: Any) -> None:
    assert unproved(system) == {}


@pytest.mark.parametrize("system", [COUNTING, READS, ABD], ids=lambda one: one.name)
def test_every_step_can_happen_and_every_invariant_excludes_something(system: Any) -> None:
    assert senseless(system) == {}


def test_every_invariant_of_reads_is_needed() -> None:
    goals = ("not_older_than_the_last_put", "not_invented")
    assert needed(READS, *goals) == {one.__name__ for one in READS.invariants}


@pytest.mark.slow
def test_every_invariant_of_abd_is_needed() -> None:
    goals = ("versions_keep_real_time", "no_two_puts_are_one", "gets_return_what_was_put")
    assert needed(ABD, *goals) == {one.__name__ for one in ABD.invariants}


def count_without_both(s: Count, t: Count) -> Formula:
    """One more member is counted, but those in both are not counted as such."""
    sums = And(t.members == s.members + 1, t.a == s.a + If(in_a, 1, 0), t.b == s.b + If(in_b, 1, 0), t.both == s.both)
    return Exists([in_a, in_b], And(sums, t.met == Or(s.met, And(in_a, in_b))))


def sets_as_large_as_all_meet(s: Count) -> Formula:
    """If |A| + |B| >= N, somebody is in both: not so."""
    return Implies(s.a + s.b >= s.members, s.met)


def test_a_count_that_forgets_those_in_both_is_refuted_by_numbers() -> None:
    lost = refuted(COUNTING.replacing(count=count_without_both))
    (found,) = lost.values()
    assert set(lost) == {"count keeps only_those_in_both_count_twice"}
    assert {row.name for row in found.rows()} >= {"members", "a", "b", "both"}
    assert found.chosen["count"] == {"in_a": "True", "in_b": "True"}


def test_sets_that_together_are_only_as_large_as_all_may_miss_each_other() -> None:
    (found,) = refuted(COUNTING.replacing(large_sets_meet=sets_as_large_as_all_meet)).values()
    assert {row.name: row.before for row in found.rows()}["met"] == "False"


@pytest.mark.parametrize("lemma", [one.__name__ for one in COUNTING.invariants])
def test_counting_needs_both_its_invariants(lemma: str) -> None:
    assert set(refuted(COUNTING.without(lemma))) == {"the invariants imply large_sets_meet"}


@pytest.mark.parametrize(
    ("lemma", "lost"),
    [
        ("sets_meet", "end_get keeps not_older_than_the_last_put"),
        ("versions_are_in_order", "store keeps what_is_stored_is_held"),
        ("what_is_stored_is_held", "answer keeps answers_are_recent"),
        ("what_is_done_is_stored", "answer keeps answers_are_recent"),
        ("what_was_before_is_done", "end_put keeps answers_are_recent"),
        ("who_is_answered_has_asked", "begin_get keeps answers_are_recent"),
        ("answers_are_recent", "end_get keeps not_older_than_the_last_put"),
        ("copies_are_of_puts", "end_get keeps not_invented"),
    ],
)
def test_without_a_lemma_reads_are_not_regular(lemma: str, lost: str) -> None:
    assert refuted(READS.without(lemma), lost)


def store_anything(s: Store, t: Store) -> Formula:
    """A replica holds what it was sent last, even if it held a later version."""
    effect = And(sets(s.held, t.held, r, to=v), adds(s.stored, t.stored, r, v))
    return Exists([r, v], And(s.begun(v), effect, keeps_all_but(s, t, "held", "stored")))


def end_put_at_once(s: Store, t: Store) -> Formula:
    """A put is over when one replica acknowledged it."""
    effect = And(adds(s.done, t.done, v), sets(s.by, t.by, v, to=writers))
    return Exists([v, writers, r], And(Not(s.done(v)), s.stored(r, v), effect, keeps_all_but(s, t, "done", "by")))


def store_what_nobody_put(s: Store, t: Store) -> Formula:
    """A replica holds a version that no put picked."""
    later = If(at_most(v, s.held(r)), s.held(r), v)
    effect = And(sets(s.held, t.held, r, to=later), adds(s.stored, t.stored, r, v))
    return Exists([r, v], And(effect, keeps_all_but(s, t, "held", "stored")))


def get_any_answer(s: Store, t: Store) -> Formula:
    """A get returns some answer, not the highest."""
    from_all = ForAll([r], Implies(in_read_set(r, readers), s.answered(g, r)))
    effect = And(adds(s.returned, t.returned, g), sets(s.result, t.result, g, to=s.heard(g, r)))
    guard = And(s.asking(g), Not(s.returned(g)), from_all, in_read_set(r, readers))
    return Exists([g, r, readers], And(guard, effect, keeps_all_but(s, t, "returned", "result")))


@pytest.mark.parametrize(
    ("step", "mutant", "lost"),
    [
        ("store", store_anything, "store keeps what_is_stored_is_held"),
        ("store", store_what_nobody_put, "store keeps copies_are_of_puts"),
        ("end_put", end_put_at_once, "end_put keeps what_is_done_is_stored"),
        ("end_get", get_any_answer, "end_get keeps not_older_than_the_last_put"),
    ],
)
def test_a_weaker_guard_of_reads_is_refuted(step: str, mutant: Callable[..., Any], lost: str) -> None:
    assert refuted(READS.replacing(**{step: mutant}), lost)


def no_set_is_empty() -> Formula:
    """Every write set and every read set has a member, and that is all."""
    return And(
        ForAll([writers], Exists([r], in_write_set(r, writers))),
        ForAll([readers], Exists([r], in_read_set(r, readers))),
    )


def test_where_sets_need_not_meet_a_get_really_misses_a_put() -> None:
    run = run_to(READS.replacing(sets_meet=no_set_is_empty), "not_older_than_the_last_put", most=6)
    assert run is not None
    assert sorted(run.steps) == ["answer", "begin_get", "begin_put", "end_get", "end_put", "store"]


def test_that_nothing_is_invented_is_no_invariant_by_itself() -> None:
    alone = READS.without(*(one.__name__ for one in READS.invariants if one.__name__ != "not_invented"))
    assert k_induction(READS, "not_invented", 1) is Answer.PROVED
    assert refuted(alone, "end_get keeps not_invented")


@pytest.mark.parametrize(
    ("lemma", "lost"),
    [
        ("quorums_meet", "pick_to_get keeps versions_keep_real_time"),
        ("versions_are_in_order", "record keeps what_is_recorded_is_held"),
        ("one_phase_after_the_other", "pick_to_get keeps what_is_recorded_is_held"),
        ("what_is_recorded_is_held", "answer keeps answers_are_recent"),
        ("what_has_ended_is_recorded", "answer keeps answers_are_recent"),
        ("what_was_before_has_ended", "pick_to_get keeps answers_are_recent"),
        ("answers_are_recent", "pick_to_get keeps versions_keep_real_time"),
        ("copies_are_written", "pick_to_get keeps gets_pick_what_is_written"),
        ("versions_have_authors", "the invariants imply no_two_puts_are_one"),
        ("gets_pick_what_is_written", "the invariants imply gets_return_what_was_put"),
    ],
)
def test_without_a_lemma_the_register_is_not_atomic(lemma: str, lost: str) -> None:
    assert refuted(ABD.without(lemma), lost)


def end_without_recording(s: Register, t: Register) -> Formula:
    """An operation is over as soon as it has picked a version: nothing is written back."""
    o, q = abd.o, abd.q
    effect = And(adds(s.ended, t.ended, o), sets(s.by, t.by, o, to=q))
    return Exists([o, q], And(s.picked(o), Not(s.ended(o)), effect, keeps_all_but(s, t, "ended", "by")))


def put_without_asking(s: Register, t: Register) -> Formula:
    """A put picks a version that nobody picked, without asking what others hold."""
    o = abd.o
    guard = And(s.begun(o), Not(s.picked(o)), abd.is_put(o), Not(s.written(version)))
    picked = And(adds(s.picked, t.picked, o), sets(s.version, t.version, o, to=version))
    written = And(adds(s.written, t.written, version), sets(s.author, t.author, version, to=o))
    rest = keeps_all_but(s, t, "picked", "version", "written", "author")
    return Exists([o, version], And(guard, picked, written, rest))


def put_what_was_picked(s: Register, t: Register) -> Formula:
    """A put picks a version above all that it heard of, even if somebody picked it before."""
    o, q, r = abd.o, abd.q, abd.r
    above = And(abd.at_most(s.heard(o, r), version), s.heard(o, r) != version)
    from_all = ForAll([r], Implies(in_quorum(r, q), And(s.answered(o, r), above)))
    guard = And(s.begun(o), Not(s.picked(o)), abd.is_put(o), from_all)
    picked = And(adds(s.picked, t.picked, o), sets(s.version, t.version, o, to=version))
    written = And(adds(s.written, t.written, version), sets(s.author, t.author, version, to=o))
    rest = keeps_all_but(s, t, "picked", "version", "written", "author")
    return Exists([o, version, q], And(guard, picked, written, rest))


def record_anything(s: Register, t: Register) -> Formula:
    """A server holds what it was sent last."""
    o, r = abd.o, abd.r
    effect = And(sets(s.held, t.held, r, to=s.version(o)), adds(s.recorded, t.recorded, o, r))
    return Exists([o, r], And(s.picked(o), effect, keeps_all_but(s, t, "held", "recorded")))


@pytest.mark.parametrize(
    ("step", "mutant", "lost"),
    [
        ("end", end_without_recording, "end keeps what_has_ended_is_recorded"),
        ("pick_to_put", put_without_asking, "pick_to_put keeps versions_keep_real_time"),
        ("pick_to_put", put_what_was_picked, "pick_to_put keeps versions_have_authors"),
        ("record", record_anything, "record keeps what_is_recorded_is_held"),
    ],
)
def test_a_weaker_guard_of_abd_is_refuted(step: str, mutant: Callable[..., Any], lost: str) -> None:
    assert refuted(ABD.replacing(**{step: mutant}), lost)


@pytest.mark.slow
def test_without_write_back_a_later_get_may_really_return_an_older_version() -> None:
    mutant = ABD.replacing(end=end_without_recording)
    run = run_to(mutant, "versions_keep_real_time", most=9)
    assert run is not None
    assert run.steps.count("pick_to_get") + run.steps.count("pick_to_put") >= 2
    assert "record" not in run.steps


def test_a_proof_says_how_long_it_took_and_of_what() -> None:
    result = prove(obligations(COUNTING)[0])
    assert (str(result.obligation), result.answer) == ("nobody establishes only_those_in_both_count_twice", "proved")
    assert result.seconds > 0
    assert in_write_set.arity() == 2
