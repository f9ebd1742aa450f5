"""Election: one leader a term is proved for any number of voters, and fails where a guard or a lemma is missing."""

from collections.abc import Callable

import pytest
from z3 import And, Exists, ForAll, Implies, Not

from stackproof.spec.bounded import run_to
from stackproof.spec.election import SYSTEMS, Votes, c, d, member, q, term, v
from stackproof.spec.formulas import Formula, adds, keeps, variables
from stackproof.spec.vacuity import needed
from tests.proved.conscience import refuted, senseless, unproved

(SYSTEM,) = SYSTEMS


def promise_again(s: Votes, t: Votes) -> Formula:
    """A voter promises a term whomever it promised it to."""
    return Exists([v, term, c], And(adds(s.promised, t.promised, v, term, c), keeps(s.elected, t.elected)))


def promise_forgetfully(s: Votes, t: Votes) -> Formula:
    """A voter promises a term to a candidate, and forgets to whom it promised it before."""
    (w,) = variables("w", v.sort())
    others = Implies(And(w == v, d != c), t.promised(w, term, d) == s.promised(w, term, d))
    changes = And(t.promised(v, term, c), ForAll([w, d], others), keeps(s.elected, t.elected))
    return Exists([v, term, c], changes)


def elect_by_one(s: Votes, t: Votes) -> Formula:
    """A candidate leads to whom one of a quorum promised the term."""
    backed = Exists([v], And(member(v, q), s.promised(v, term, c)))
    effect = And(adds(s.elected, t.elected, term, c), keeps(s.promised, t.promised))
    return Exists([term, c, q], And(backed, effect))


WEAKENED: list[tuple[str, Callable[[Votes, Votes], Formula]]] = [
    ("promise", promise_again),
    ("promise", promise_forgetfully),
    ("elect", elect_by_one),
]


def test_everything_is_proved() -> None:
    assert unproved(SYSTEM) == {}


def test_every_step_can_happen() -> None:
    assert senseless(SYSTEM) == {}


def test_every_invariant_is_needed() -> None:
    assert needed(SYSTEM) == {"promised_once", "elected_by_a_quorum"}


@pytest.mark.parametrize("lemma", ["promised_once", "elected_by_a_quorum", "quorums_meet"])
def test_without_a_lemma_the_proof_fails_in_a_finite_counterexample(lemma: str) -> None:
    assert "the invariants imply one_leader" in refuted(SYSTEM.without(lemma))


@pytest.mark.parametrize(("step", "weaker"), WEAKENED, ids=lambda one: getattr(one, "__name__", "for"))
def test_with_a_weaker_guard_a_term_has_two_leaders(step: str, weaker: Callable[[Votes, Votes], Formula]) -> None:
    system = SYSTEM.replacing(**{step: weaker})
    assert refuted(system)
    assert run_to(system, "one_leader", 6) is not None


def test_where_quorums_do_not_meet_a_term_has_two_leaders() -> None:
    run = run_to(SYSTEM.without("quorums_meet"), "one_leader", 4)
    assert run is not None
    assert sorted(run.steps)[:2] == ["elect", "elect"]


def test_a_leader_can_be_elected() -> None:
    def nobody(s: Votes) -> Formula:
        return ForAll([term, c], Not(s.elected(term, c)))

    run = run_to(SYSTEM.replacing(one_leader=nobody), "one_leader", 4)
    assert run is not None
    assert run.steps[-1] == "elect"
