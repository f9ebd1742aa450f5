"""Formulas of a model, evaluated on finite structures: the syntax tree of Z3, compiled to Python, no solver.

A structure gives each sort its elements and each symbol its meaning: a relation is a set of tuples, a function a
mapping from tuples, a constant a value; arguments are tuples even if there is one. A quantifier becomes a
comprehension that binds one variable after the other and tests each conjunct as soon as all that it speaks of is
bound; where a conjunct says what a variable equals, nothing else is tried. That is how a query is answered, and why a
formula with five quantifiers takes microseconds.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, TypeAlias

import z3
from attrs import define, field, frozen

Term: TypeAlias = Any
Bound: TypeAlias = tuple[str, ...]
Test: TypeAlias = Callable[..., bool]


@frozen
class Structure:
    """A finite interpretation: the elements of each sort, the meaning of each symbol, by name."""

    sorts: Mapping[str, Collection[Any]]
    symbols: Mapping[str, Any]


class Unreadable(Exception):
    """A formula says something that cannot be evaluated here."""


JOINTS = {
    z3.Z3_OP_AND: "and",
    z3.Z3_OP_OR: "or",
    z3.Z3_OP_EQ: "==",
    z3.Z3_OP_LE: "<=",
    z3.Z3_OP_LT: "<",
    z3.Z3_OP_GE: ">=",
    z3.Z3_OP_GT: ">",
    z3.Z3_OP_ADD: "+",
    z3.Z3_OP_SUB: "-",
    z3.Z3_OP_MUL: "*",
    z3.Z3_OP_XOR: "!=",
}


def compiled(formula: Term, free: Sequence[str] = ()) -> Test:
    """What tells whether a formula is true in a structure, given values for the constants that are `free` in it.

    It raises KeyError for a symbol that the structure gives no meaning.
    """
    source = Source(free={name: f"free{place}" for place, name in enumerate(free)})
    text = source.said(formula, ())
    unpacked = "".join(f"    {name} = {place}[{key!r}]\n" for (place, key), name in source.names.items())
    scope: dict[str, Any] = {"Fraction": Fraction}
    head = f"def holds({', '.join(('sorts', 'symbols', *source.free.values()))}):\n"
    exec(f"{head}{unpacked}    return bool({text})\n", scope)  # noqa: S102 - the text is our own
    holds = scope["holds"]
    return lambda structure, *values: holds(structure.sorts, structure.symbols, *values)


def conjuncts(formula: Term) -> Iterator[Term]:
    """The parts of a conjunction, however nested."""
    if z3.is_and(formula):
        for part in formula.children():
            yield from conjuncts(part)
    else:
        yield formula


@define
class Source:
    """Python text for formulas.

    names  the local names of the sorts and symbols that it uses; those of `free` are given
    """

    free: Mapping[str, str] = field(factory=dict)
    names: dict[tuple[str, str], str] = field(factory=dict)
    fresh: int = 0

    def name(self, place: str, key: str) -> str:
        """The local name of a sort or a symbol."""
        return self.names.setdefault((place, key), f"{place[:2]}{len(self.names)}")

    def said(self, term: Term, bound: Bound) -> str:
        """A term as a Python expression; `bound` are the names of the variables, the innermost last."""
        if z3.is_quantifier(term):
            return self.quantified(term, bound)
        if z3.is_var(term):
            name: str = bound[-1 - z3.get_var_index(term)]
            return name
        if z3.is_int_value(term) or z3.is_rational_value(term):
            return number(term)
        kind, parts = term.decl().kind(), term.children()
        if kind == z3.Z3_OP_UNINTERPRETED:
            return self.applied(term, [self.said(part, bound) for part in parts])
        if kind in (z3.Z3_OP_TRUE, z3.Z3_OP_FALSE):
            return str(kind == z3.Z3_OP_TRUE)
        said = [self.said(part, bound) for part in parts]
        return combined(kind, said, term)

    def applied(self, term: Term, arguments: list[str]) -> str:
        """A symbol and its arguments."""
        called = term.decl().name()
        if called in self.free and not arguments:
            return self.free[called]
        symbol = self.name("symbols", called)
        if not arguments:
            return symbol
        tuple_ = f"({', '.join(arguments)},)"
        return f"({tuple_} in {symbol})" if z3.is_bool(term) else f"{symbol}[{tuple_}]"

    def quantified(self, formula: Term, bound: Bound) -> str:
        """Something, or nothing to the contrary, as a comprehension."""
        if formula.is_lambda():
            raise Unreadable(f"a lambda: {formula}")
        if kept := frame(formula):
            return f"({self.name('symbols', kept[0])} == {self.name('symbols', kept[1])})"
        count = formula.num_vars()
        variables = tuple(f"x{self.fresh + place}" for place in range(count))
        self.fresh += count
        domains = {variables[place]: formula.var_sort(place) for place in range(count)}
        tests = list(self.clauses(formula.body(), formula.is_exists()))
        inner = (*bound, *variables)
        found = f"any(True {self.ways(tests, domains, inner)})"
        return found if formula.is_exists() else f"(not {found})"

    def clauses(self, term: Term, positive: bool) -> Iterator[tuple[Term, bool]]:
        """What must be true (or, if not positive, false) all at once for `term` to be so."""
        kind = None if z3.is_quantifier(term) or z3.is_var(term) else term.decl().kind()
        if kind == z3.Z3_OP_NOT:
            yield from self.clauses(term.arg(0), not positive)
        elif kind == (z3.Z3_OP_AND if positive else z3.Z3_OP_OR):
            for part in term.children():
                yield from self.clauses(part, positive)
        elif kind == z3.Z3_OP_IMPLIES and not positive:
            yield from self.clauses(term.arg(0), True)
            yield from self.clauses(term.arg(1), False)
        else:
            yield term, positive

    def ways(self, tests: list[tuple[Term, bool]], domains: Mapping[str, Any], bound: Bound) -> str:
        """The `for` and `if` parts that bind the variables one by one, each test as early as may be."""
        waiting, unbound, parts = list(tests), list(domains), []
        while True:
            ready = [test for test in waiting if not unbound_in(test[0], bound, unbound)]
            waiting = [test for test in waiting if test not in ready]
            parts += [f"if {'' if wanted else 'not '}{self.said(term, bound)}" for term, wanted in ready]
            if not unbound:
                return " ".join(parts if parts[0].startswith("for") else ["for _ in (0,)", *parts])
            known = next(self.known(waiting, bound, unbound), None)
            variable = known[0] if known else most_wanted(waiting, bound, unbound)
            unbound.remove(variable)
            values = f"({known[1]},)" if known else self.name("sorts", str(domains[variable]))
            parts.append(f"for {variable} in {values}")

    def known(self, tests: list[tuple[Term, bool]], bound: Bound, unbound: list[str]) -> Iterator[tuple[str, str]]:
        """Each variable that a test says the value of, with that value."""
        for term, wanted in tests:
            if wanted and z3.is_eq(term):
                for one, other in (term.children(), term.children()[::-1]):
                    if z3.is_var(one) and not unbound_in(other, bound, unbound):
                        name = bound[-1 - z3.get_var_index(one)]
                        if name in unbound:
                            yield name, self.said(other, bound)


def frame(formula: Term) -> tuple[str, str] | None:
    """The two symbols that a formula says are the same, whatever the arguments: one comparison tells."""
    body, count = formula.body(), formula.num_vars()
    if not formula.is_forall() or not z3.is_eq(body) or not all(map(z3.is_app, body.children())):
        return None
    one, other = body.children()
    same = [z3.is_app(one) and one.num_args() == count == other.num_args()]
    same += [z3.is_var(a) and z3.eq(a, b) for a, b in zip(one.children(), other.children(), strict=False)]
    distinct = {z3.get_var_index(part) for part in one.children() if z3.is_var(part)} == set(range(count))
    plain = one.decl().kind() == other.decl().kind() == z3.Z3_OP_UNINTERPRETED
    return (one.decl().name(), other.decl().name()) if plain and distinct and all(same) else None


def unbound_in(term: Term, bound: Bound, unbound: Sequence[str], depth: int = 0) -> set[str]:
    """The variables in a term that have no value yet."""
    if z3.is_var(term):
        index = z3.get_var_index(term) - depth
        return {bound[-1 - index]} & set(unbound) if index >= 0 else set()
    if z3.is_quantifier(term):
        return unbound_in(term.body(), bound, unbound, depth + term.num_vars())
    return {name for part in term.children() for name in unbound_in(part, bound, unbound, depth)}


def most_wanted(tests: list[tuple[Term, bool]], bound: Bound, unbound: list[str]) -> str:
    """The variable without which the test that needs fewest cannot be made."""
    needs = [need for need in (unbound_in(term, bound, unbound) for term, _ in tests) if need]
    fewest = min(needs, key=len, default=set(unbound))
    return next(name for name in unbound if name in fewest)


def number(term: Term) -> str:
    """A numeral; a fraction is exact."""
    if z3.is_int_value(term):
        return f"({term.as_long()})"
    return f"Fraction({term.numerator_as_long()}, {term.denominator_as_long()})"


def combined(kind: int, said: list[str], term: Term) -> str:
    """A connective, a comparison or a sum of terms that are said already."""
    if kind == z3.Z3_OP_NOT:
        return f"(not {said[0]})"
    if kind == z3.Z3_OP_UMINUS:
        return f"(-{said[0]})"
    if kind == z3.Z3_OP_IMPLIES:
        return f"(not {said[0]} or {said[1]})"
    if kind == z3.Z3_OP_ITE:
        return f"({said[1]} if {said[0]} else {said[2]})"
    if kind == z3.Z3_OP_DISTINCT:
        return f"(len({{{', '.join(said)}}}) == {len(said)})"
    if kind not in JOINTS:
        raise Unreadable(f"{term.decl().name()} in {term}")
    return f"({f' {JOINTS[kind]} '.join(said)})" if said else str(kind == z3.Z3_OP_AND)
