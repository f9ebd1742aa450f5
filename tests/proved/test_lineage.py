"""Lineage: a recomputed block equals the lost one, for any graph; not where the order of arrival makes a difference."""

from collections.abc import Callable

import pytest
from attrs import evolve
from z3 import And, BoolVal, Exists, ForAll, Implies, Not

from stackproof.spec.bounded import Run, run_to
from stackproof.spec.formulas import Formula
from stackproof.spec.lineage import (
    LINEAGE,
    SYSTEMS,
    Store,
    b,
    c,
    d,
    e,
    has_inputs,
    has_read,
    i,
    makes,
    needs,
    p,
    reads,
    round_robin,
    sorted_first,
    unless,
    v,
    x,
)
from stackproof.spec.transition_system import System
from tests.proved.conscience import first_refuted, refuted, senseless, unproved

RECOMPUTED = "a_recomputed_block_equals_the_lost_one"
Step = Callable[[Store, Store], Formula]


def compute_with_what_there_is(s: Store, t: Store) -> Formula:
    """A place computes blocks though it lacks some of what they need."""
    made = And(p == e, t.content(p, b) == makes(b, i))
    return Exists([e, i], And(has_read(s, e, i), unless(s, t, made)))


def compute_from_anything(s: Store, t: Store) -> Formula:
    """A place computes blocks from what it did not read."""
    made = And(p == e, has_inputs(s, e, b), t.content(p, b) == makes(b, i))
    return Exists([e, i], unless(s, t, made))


def copy_another(s: Store, t: Store) -> Formula:
    """A place gets a block, and takes it for another."""
    made = And(p == e, b == x, t.content(p, b) == s.content(d, c))
    return Exists([d, e, x, c], And(s.holds(d, c), unless(s, t, made)))


def copy_what_is_not_there(s: Store, t: Store) -> Formula:
    """A place gets a block from one that does not hold it."""
    made = And(p == e, b == x, t.content(p, b) == s.content(d, x))
    return Exists([d, e, x], unless(s, t, made))


def update_in_place(s: Store, t: Store) -> Formula:
    """Blocks are mutable: a place writes to one that it holds."""
    made = And(p == e, b == x, s.holds(e, x))
    return Exists([e, x], unless(s, t, made))


WEAKENED: list[tuple[str, Step]] = [
    ("compute", compute_with_what_there_is),
    ("compute", compute_from_anything),
    ("copy", copy_another),
    ("copy", copy_what_is_not_there),
    ("lose", update_in_place),
]


def run_against(system: System, most: int) -> Run | None:
    """A run in which a block is recomputed and is not what it was."""
    return run_to(evolve(system, sizes={**system.sizes, "Block": 2}), RECOMPUTED, most)


def test_everything_is_proved() -> None:
    assert unproved(LINEAGE) == {}
    assert SYSTEMS == (LINEAGE,)


def test_every_step_can_happen() -> None:
    assert senseless(LINEAGE) == {}


@pytest.mark.parametrize(
    ("lemma", "goal"),
    [
        ("held_as_in_its_lineage", f"the invariants imply {RECOMPUTED}"),
        ("was_as_in_its_lineage", f"the invariants imply {RECOMPUTED}"),
        ("deterministic", "compute keeps held_as_in_its_lineage"),
        ("deterministic", "the axioms imply lineage_is_one"),
        ("without_failure", "compute keeps held_as_in_its_lineage"),
        ("without_failure", "the axioms imply lineage_is_one"),
        ("a_graph_without_cycles", "the invariants imply what_is_missing_can_be_computed"),
        ("a_graph_without_cycles", "the axioms imply lineage_is_one"),
    ],
)
def test_without_a_lemma_the_proof_fails_in_a_finite_counterexample(lemma: str, goal: str) -> None:
    assert goal in refuted(LINEAGE.without(lemma), goal)


@pytest.mark.parametrize(("step", "weaker"), WEAKENED, ids=lambda one: getattr(one, "__name__", "for"))
def test_with_a_weaker_guard_a_block_is_not_what_it_was(step: str, weaker: Step) -> None:
    system = LINEAGE.replacing(**{step: weaker})
    assert first_refuted(system, step) is not None
    assert run_against(system, 4) is not None


def test_rows_dealt_out_as_they_arrive_are_dealt_out_otherwise_the_next_time() -> None:
    assert first_refuted(round_robin(), "compute") is not None
    run = run_against(round_robin(), 3)
    assert run is not None
    assert set(run.steps) >= {"compute"}


def test_sorted_first_they_are_not() -> None:
    assert unproved(round_robin(sorted_first)) == {}


def test_a_block_may_outlive_what_it_was_computed_from() -> None:
    def nothing_outlives(s: Store) -> Formula:
        outlives = And(s.holds(p, b), s.was(c, v), ForAll([d], Not(s.holds(d, c))), needs(b, c))
        return Not(Exists([p, b, c, v], outlives))

    wishful = LINEAGE.replacing(**{RECOMPUTED: nothing_outlives})
    assert run_against(wishful, 1) is None
    run = run_against(wishful, 2)
    assert run is not None
    assert run.steps[1] == "compute"


def test_one_input_is_enough_where_operations_are_deterministic() -> None:
    """The conformance of the reference is asked with a single input, the lineage."""
    single = evolve(LINEAGE, sizes={**LINEAGE.sizes, "Input": 1, "Block": 2})

    def nobody_computes(s: Store) -> Formula:
        return ForAll([p, b, c], Implies(And(s.holds(p, b), needs(b, c)), BoolVal(False)))

    run = run_to(single.replacing(**{RECOMPUTED: nobody_computes}), RECOMPUTED, 3)
    assert run is not None
    assert reads.name() in run.rigid.values
