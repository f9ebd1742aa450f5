"""A formula means on a finite structure what Z3 says it means there."""

from itertools import product
from typing import Any

import pytest
import z3
from hypothesis import given, settings
from hypothesis import strategies as st

from stackproof.checker.conformance.formulas import Structure, Unreadable, compiled

NODE = z3.DeclareSort("Node")
BOOL = z3.BoolSort()
before, linked, marked = (
    z3.Function("before", NODE, NODE, BOOL),
    z3.Function("linked", NODE, NODE, BOOL),
    z3.Bool("marked"),
)
following, weight = z3.Function("following", NODE, NODE), z3.Function("weight", NODE, z3.IntSort())
first = z3.Const("first", NODE)
ELEMENTS = range(3)


@st.composite
def structures(draw: st.DrawFn) -> Structure:
    pairs = st.frozensets(st.tuples(st.sampled_from(ELEMENTS), st.sampled_from(ELEMENTS)))
    return Structure(
        {"Node": ELEMENTS},
        {
            "before": draw(pairs),
            "linked": draw(pairs),
            "marked": draw(st.booleans()),
            "following": {(n,): draw(st.sampled_from(ELEMENTS)) for n in ELEMENTS},
            "weight": {(n,): draw(st.integers(-1, 2)) for n in ELEMENTS},
            "first": draw(st.sampled_from(ELEMENTS)),
        },
    )


@st.composite
def formulas(draw: st.DrawFn, variables: tuple[Any, ...] = (), depth: int = 4) -> Any:
    """Formulas in which these variables, and no others, are free."""
    kinds = ["before", "equal", "weight", "marked", "distinct"]
    kind = draw(
        st.sampled_from(kinds + ["and", "or", "not", "implies", "if", "all", "some", "same", "iff"] * (depth > 0))
    )
    terms = st.sampled_from((*variables, first)).flatmap(lambda one: st.sampled_from((one, following(one))))
    inner = formulas(variables, depth - 1)
    match kind:
        case "before":
            return before(draw(terms), draw(terms))
        case "equal":
            return draw(terms) == draw(terms)
        case "weight":
            return weight(draw(terms)) + 1 <= 2 * weight(draw(terms)) - draw(st.integers(0, 2))
        case "marked":
            return marked
        case "distinct":
            return z3.Distinct(draw(terms), draw(terms), draw(terms))
        case "and":
            return z3.And(draw(inner), draw(inner), draw(inner))
        case "or":
            return z3.Or(draw(inner), draw(inner))
        case "not":
            return z3.Not(draw(inner))
        case "implies":
            return z3.Implies(draw(inner), draw(inner))
        case "iff":
            return draw(inner) == draw(inner)
        case "if":
            return z3.If(draw(inner), draw(inner), draw(inner))
        case "same":
            x, y = z3.Consts("x y", NODE)
            return z3.ForAll([x, y], before(x, y) == draw(st.sampled_from((linked(x, y), linked(y, x)))))
    own = tuple(z3.Const(f"v{depth}{place}", NODE) for place in range(draw(st.integers(1, 2))))
    body = draw(formulas((*variables, *own), depth - 1))
    return z3.ForAll(own, body) if kind == "all" else z3.Exists(own, body)


def described(structure: Structure) -> list[Any]:
    """The structure as a formula: Z3 finds no other that satisfies it."""
    nodes = [z3.Const(f"node{n}", NODE) for n in ELEMENTS]
    x = z3.Const("x", NODE)
    of = structure.symbols
    facts = [z3.Distinct(*nodes), z3.ForAll([x], z3.Or(*(x == node for node in nodes))), first == nodes[of["first"]]]
    for name, symbol in (("before", before), ("linked", linked)):
        facts += [symbol(nodes[a], nodes[b]) == ((a, b) in of[name]) for a, b in product(ELEMENTS, repeat=2)]
    facts += [following(nodes[n]) == nodes[of["following"][n,]] for n in ELEMENTS]
    facts += [weight(nodes[n]) == of["weight"][n,] for n in ELEMENTS]
    return [*facts, marked == of["marked"]]


@given(formulas(), structures())
@settings(max_examples=150, deadline=None)
def test_a_formula_is_true_on_a_structure_where_z3_says_so(formula: Any, structure: Structure) -> None:
    solver = z3.Solver()
    solver.add(*described(structure), formula)
    assert compiled(formula)(structure) == (solver.check() == z3.sat)


@given(formulas((z3.Const("u", NODE),)), structures(), st.sampled_from(ELEMENTS))
@settings(max_examples=50, deadline=None)
def test_a_constant_that_is_free_has_the_value_it_is_given(formula: Any, structure: Structure, value: int) -> None:
    named = Structure(structure.sorts, {**structure.symbols, "u": value})
    assert compiled(formula, ["u"])(structure, value) == compiled(formula)(named)


def test_what_has_no_meaning_in_the_structure_is_named() -> None:
    with pytest.raises(KeyError, match="before"):
        compiled(before(first, first))(Structure({"Node": ELEMENTS}, {"first": 0}))


def test_what_cannot_be_evaluated_is_named() -> None:
    with pytest.raises(Unreadable, match="select"):
        compiled(z3.Select(z3.Array("a", z3.IntSort(), BOOL), 1))
