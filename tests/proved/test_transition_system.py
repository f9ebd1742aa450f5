"""What can be asked of a system: proofs, counterexamples that are real, runs, vacuity, and what a proof needs."""

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
import z3
from hypothesis import given, settings
from hypothesis import strategies as st
from z3 import And, Exists, ForAll, Implies, Not

from stackproof.checker.conformance.formulas import Structure, compiled
from stackproof.spec import MODELS, systems_of
from stackproof.spec.bounded import k_induction, run_to
from stackproof.spec.circuit import Circuit, Solution, solve
from stackproof.spec.counterexample import Counterexample
from stackproof.spec.election import SYSTEMS, Votes, c, elect, promise, term, v
from stackproof.spec.finite import Encoding, NotFinite
from stackproof.spec.formulas import (
    Constant,
    Formula,
    Function,
    Relation,
    State,
    adds,
    keeps_all_but,
    removes,
    sets,
    sort,
    variables,
)
from stackproof.spec.obligations import Answer, Kind, obligations, prove, refute
from stackproof.spec.transition_system import ModelError, System, refuse_strangers
from stackproof.spec.vacuity import Sense, core, needed, vacuity
from tests.proved.conscience import refuted, refutes, senseless, unproved
from tests.proved.test_election import promise_again

(ELECTION,) = SYSTEMS


def test_initiation_consecution_and_safety_are_owed() -> None:
    kinds = [one.kind for one in obligations(ELECTION)]
    assert kinds == [Kind.INITIATION] * 2 + [Kind.CONSECUTION] * 4 + [Kind.SAFETY]


def test_an_inductive_invariant_is_proved() -> None:
    assert unproved(ELECTION) == {}


def test_a_guard_that_is_dropped_is_refuted_by_a_step_between_two_small_states() -> None:
    lost = refuted(ELECTION.replacing(promise=promise_again))
    found = lost["promise keeps promised_once"]
    assert set(lost) == {"promise keeps promised_once"}
    assert found.chosen["promise"].keys() == {"v", "term", "c"}
    added = ", ".join(found.chosen["promise"][name] for name in ("v", "term", "c"))
    assert {row.name: row.change for row in found.rows() if row.changed} == {"promised": f"+ ({added})"}


def test_a_counterexample_is_small() -> None:
    found = refuted(ELECTION.replacing(promise=promise_again))["promise keeps promised_once"]
    before = {row.name: row.before for row in found.rows()}
    assert before["elected"] == "-"
    assert len(before["promised"].split(") (")) == 1


def test_the_same_question_has_the_same_counterexample() -> None:
    mutant = ELECTION.replacing(promise=promise_again)
    assert refuted(mutant) == refuted(mutant)


def test_without_quorums_that_meet_there_are_two_leaders() -> None:
    found = refuted(ELECTION.without("quorums_meet"))["the invariants imply one_leader"]
    assert found.after is None
    assert len(found.before.values["elected"]) == 2


def test_what_is_wrong_is_refuted_not_unknown() -> None:
    (wrong,) = [one for one in obligations(ELECTION.without("promised_once")) if one.kind is Kind.SAFETY]
    result = prove(wrong)
    assert result.answer is Answer.REFUTED
    assert result.counterexample is not None
    assert refutes(wrong, result.counterexample)


def test_what_has_a_counterexample_only_in_larger_sorts_is_refuted_all_the_same() -> None:
    ones = {"Voter": 1, "Term": 1, "Candidate": 1, "Quorum": 1}
    small = System(**{**fields(ELECTION.without("promised_once")), "sizes": ones})
    (wrong,) = [one for one in obligations(small) if one.kind is Kind.SAFETY]
    result = prove(wrong)
    assert (result.answer, result.counterexample) == (Answer.REFUTED, None)
    assert result.why == "Z3 knows a counterexample, but none with at most 1 Voter, 1 Term, 1 Candidate, 1 Quorum"


def test_what_nobody_has_the_time_for_is_unknown() -> None:
    result = prove(obligations(ELECTION)[0], seconds=0.0)
    assert (result.answer, result.counterexample) == (Answer.UNKNOWN, None)
    assert result.why == "Z3 gave up, and found no counterexample with at most 3 Voter, 1 Term, 2 Candidate, 3 Quorum"


def fields(system: System) -> dict[str, Any]:
    """What a system is made of."""
    return {name: getattr(system, name) for name in System.__annotations__}


def test_the_shortest_run_to_a_violation_is_found() -> None:
    run = run_to(ELECTION.replacing(promise=promise_again), "one_leader", most=6)
    assert run is not None
    assert sorted(run.steps) == ["elect", "elect", "promise", "promise"]
    assert len(run.states) == 5


def test_no_run_of_so_many_steps_violates_what_is_proved() -> None:
    assert run_to(ELECTION, "one_leader", most=5) is None


NODE = sort("Node")
n, n2 = variables("n n2", NODE)


class Token(State):
    """Who has the token, who had it before, and who is hot: whoever has it, or had it last."""

    holder = Constant(NODE)
    last = Constant(NODE)
    hot = Relation(NODE)


def at_first(s: Token) -> Formula:
    """Somebody has the token, and is hot."""
    return Exists([n], And(s.holder == n, s.last == n, ForAll([n2], s.hot(n2) == (n2 == n))))


def hand_over(s: Token, t: Token) -> Formula:
    """The token goes to n: it and who had it are hot now."""
    hot = ForAll([n2], t.hot(n2) == z3.Or(n2 == n, n2 == s.holder))
    return Exists([n], And(t.holder == n, t.last == s.holder, hot))


def the_holder_is_hot(s: Token) -> Formula:
    """Who has the token is hot."""
    return s.hot(s.holder)


def nobody_else_is_hot(s: Token) -> Formula:
    """Only who has the token, or had it last, is hot."""
    return ForAll([n], Implies(s.hot(n), z3.Or(n == s.holder, n == s.last)))


TOKEN = System(
    name="token",
    state=Token,
    init=at_first,
    steps=[hand_over],
    invariants=[the_holder_is_hot],
    consequences=[nobody_else_is_hot],
    sizes={"Node": 3},
)


def test_what_is_not_implied_may_still_be_kept_by_every_step() -> None:
    assert set(refuted(TOKEN)) == {"the invariants imply nobody_else_is_hot"}
    assert k_induction(TOKEN, "nobody_else_is_hot", 1) is Answer.PROVED


class Flags(State):
    """Three flags, of which one is up, and whether the first and the last were ever up together just before."""

    one, two, three, alarm = Relation(), Relation(), Relation(), Relation()


def first_flag(s: Flags) -> Formula:
    """The first flag is up."""
    return And(s.one, Not(s.two), Not(s.three), Not(s.alarm))


def move(s: Flags, t: Flags) -> Formula:
    """Every flag goes round by one place."""
    return And(t.one == s.three, t.two == s.one, t.three == s.two, t.alarm == And(s.one, s.three))


def no_alarm(s: Flags) -> Formula:
    """There is no alarm."""
    return Not(s.alarm)


def test_more_steps_in_a_row_prove_what_fewer_do_not() -> None:
    system = System(name="flags", state=Flags, init=first_flag, steps=[move], consequences=[no_alarm])
    answers = [k_induction(system, "no_alarm", k) for k in (1, 2, 3, 4)]
    assert answers == [Answer.UNKNOWN, Answer.UNKNOWN, Answer.UNKNOWN, Answer.PROVED]


def never(s: Votes, t: Votes) -> Formula:
    """A voter that promised a term to c promises it to c, having promised it to nobody."""
    return Exists([v, term, c], And(s.promised(v, term, c), promise(s, t), Not(s.promised(v, term, c))))


def test_a_step_that_can_never_happen_keeps_everything_and_is_found_out() -> None:
    mutant = ELECTION.replacing(elect=never)
    assert unproved(mutant) == {}
    assert senseless(mutant) == {"elect": "impossible"}


def a_promise_is_a_promise(s: Votes) -> Formula:
    """What is promised is promised."""
    return ForAll([v, term, c], Implies(s.promised(v, term, c), s.promised(v, term, c)))


def test_an_invariant_that_excludes_nothing_is_found_out() -> None:
    mutant = ELECTION.replacing(promised_once=a_promise_is_a_promise)
    assert {one.part: one.sense for one in vacuity(mutant)}["promised_once"] is Sense.IMPLIED


def test_a_proof_needs_some_of_what_it_is_given() -> None:
    (safety,) = [one for one in obligations(ELECTION) if one.kind is Kind.SAFETY]
    assert core(safety) == frozenset({"quorums_meet", "promised_once", "elected_by_a_quorum"})
    (kept,) = [one for one in obligations(ELECTION) if str(one) == "elect keeps promised_once"]
    assert core(kept) == frozenset({"elect", "promised_once"})


def test_invariants_that_no_proof_needs_are_left_out() -> None:
    more = System(**{**fields(ELECTION), "invariants": (*ELECTION.invariants, a_promise_is_a_promise)})
    assert needed(more) == {"promised_once", "elected_by_a_quorum"}


def test_what_has_no_proof_needs_nothing() -> None:
    with pytest.raises(ValueError, match="no proof that the invariants imply one_leader"):
        needed(ELECTION.without("promised_once"), seconds=1.0)


def with_a_free_variable(s: Votes) -> Formula:
    """v is not bound."""
    return ForAll([term, c], Not(s.promised(v, term, c)))


def test_a_variable_that_is_not_bound_is_refused() -> None:
    with pytest.raises(ModelError, match="promised_once speaks of v, neither bound, rigid nor of a state"):
        refuse_strangers(ELECTION.replacing(promised_once=with_a_free_variable))


def test_two_parts_of_one_name_are_refused() -> None:
    with pytest.raises(ModelError, match="two parts are called promise"):
        System(name="twice", state=Votes, steps=[promise, promise])


def test_what_is_to_be_changed_must_be_there() -> None:
    with pytest.raises(ModelError, match="has no part promises"):
        ELECTION.without("promises")
    with pytest.raises(ModelError, match="has no part elects"):
        ELECTION.replacing(elects=elect)


def test_numbers_have_no_finite_encoding() -> None:
    x = z3.Int("x")
    with pytest.raises(NotFinite, match="Int has no finite encoding"):
        Encoding({}).require(x == x + 1)


def test_the_vocabulary_is_all_that_formulas_are_made_of() -> None:
    words = ELECTION.vocabulary
    assert set(words.sorts) == {"Voter", "Term", "Candidate", "Quorum", "Bool"}
    assert set(words.rigid) == {"member"}
    assert [symbol.name() for symbol in words.before.values()] == ["s.promised", "s.elected"]
    assert [symbol.name() for symbol in words.after.values()] == ["t.promised", "t.elected"]


class Things(State):
    """A relation, a function, a constant and a flag."""

    linked = Relation(NODE, NODE)
    following = Function(NODE, NODE)
    marked = Constant(NODE)
    lit = Relation()


EFFECTS: dict[str, Callable[[Any, Any], Formula]] = {
    "adds": lambda s, t: Exists([n, n2], And(adds(s.linked, t.linked, n, n2), keeps_all_but(s, t, "linked"))),
    "removes": lambda s, t: Exists([n, n2], And(removes(s.linked, t.linked, n, n2), keeps_all_but(s, t, "linked"))),
    "sets": lambda s, t: Exists(
        [n, n2], And(sets(s.following, t.following, n, to=n2), keeps_all_but(s, t, "following"))
    ),
    "marks": lambda s, t: Exists([n], And(t.marked == n, keeps_all_but(s, t, "marked"))),
    "lights": lambda s, t: And(t.lit, keeps_all_but(s, t, "lit")),
}


def structures(size: int) -> st.SearchStrategy[dict[str, Any]]:
    """Values for the components of `Things`."""
    nodes = st.integers(0, size - 1)
    pairs = st.frozensets(st.tuples(nodes, nodes))
    following = st.tuples(*[nodes] * size).map(lambda values: {(i,): value for i, value in enumerate(values)})
    return st.fixed_dictionaries({"linked": pairs, "following": following, "marked": nodes, "lit": st.booleans()})


def after(effect: str, s: dict[str, Any], size: int) -> list[dict[str, Any]]:
    """What a step with this effect may lead to, in Python."""
    nodes = range(size)
    match effect:
        case "adds":
            return [s | {"linked": s["linked"] | {pair}} for pair in product(nodes, nodes)]
        case "removes":
            return [s | {"linked": s["linked"] - {pair}} for pair in product(nodes, nodes)]
        case "sets":
            return [s | {"following": {**s["following"], (a,): b}} for a, b in product(nodes, nodes)]
        case "marks":
            return [s | {"marked": node} for node in nodes]
    return [s | {"lit": True}]


@pytest.mark.parametrize("effect", EFFECTS)
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_an_effect_is_what_it_says_in_the_finite_encoding_and_out_of_it(effect: str, data: st.DataObject) -> None:
    size = 2
    before, later = data.draw(structures(size)), data.draw(structures(size))
    if data.draw(st.booleans()):
        later = data.draw(st.sampled_from(after(effect, before, size)))
    s, t = Things.at("s"), Things.at("t")
    step = EFFECTS[effect](s, t)
    meant = later in after(effect, before, size)
    symbols = {
        f"{moment}.{name}": value for moment, one in (("s", before), ("t", later)) for name, value in one.items()
    }
    assert compiled(step)(Structure({"Node": range(size)}, symbols)) is meant
    assert encoded(step, symbols, size) is meant


def encoded(formula: Formula, symbols: dict[str, Any], size: int) -> bool:
    """Whether the finite encoding has a solution in which the symbols have these values."""
    encoding = Encoding({"Node": size})
    encoding.require(formula)
    for name, table in encoding.tables.items():
        value = symbols[name]
        for at, literals in table.items():
            fix(encoding.circuit, literals, value.get(at) if isinstance(value, dict) else value, at)
    return isinstance(solve(encoding.circuit, 10), Solution)


def fix(circuit: Circuit, literals: Any, value: Any, at: tuple[int, ...]) -> None:
    """Let an entry of a table be what it is."""
    if isinstance(literals, int):
        true = at in value if isinstance(value, frozenset) else bool(value)
        circuit.require(literals if true else -literals)
    else:
        circuit.require(literals[value])


@pytest.mark.parametrize("model", MODELS)
def test_the_models_speak_only_of_what_they_declare(model: str) -> None:
    for system in systems_of(model):
        refuse_strangers(system)
        assert all((one.__doc__ or "").strip() for one in system.parts), f"{system.name} has a part without a sentence"


def test_a_counterexample_tells_of_elements_by_their_sorts() -> None:
    found: Counterexample | None = refute(obligations(TOKEN)[-1])
    assert found is not None
    assert found.form()["sizes"] == {"Node": 2}
    assert "node" in found.form()["before"]["hot"]
