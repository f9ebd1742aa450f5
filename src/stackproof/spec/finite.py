"""The finite encoding: the same formulas over sorts of so many elements, as a circuit.

A relation is a literal for each tuple of elements, a function or a constant a literal for each value that it may have,
of which one holds; quantifiers are written out. Where a formula as a whole says that something exists, that thing is a
constant of its own, which has a name in what is found. What is found is a `Structure` for each state.

Some rigid symbols mean one thing only, but for the names of the elements: a total order, say. `standard` gives that
meaning, which keeps circuits small and what is found readable.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import product
from typing import Any, TypeAlias

import z3
from attrs import field, frozen

from stackproof.spec.circuit import FALSE, TRUE, Circuit, Solution

Value: TypeAlias = Any
Meaning: TypeAlias = Callable[..., int | bool]
Standard: TypeAlias = Mapping[str, Meaning]


class NotFinite(Exception):
    """A formula speaks of something that has no finite encoding: a number, for instance."""


@frozen
class Structure:
    """A state: for each component its tuples, or its values by arguments, or its value. Elements are numbers."""

    values: Mapping[str, Any] = field(factory=dict)


class Expression:
    """A z3 expression taken apart once, that is evaluated often. `free` are the variables in it, counted inside out."""

    __slots__ = ("cache", "data", "free", "kind", "parts", "sort")

    def __init__(self, kind: str, parts: Sequence["Expression"], free: frozenset[int], sort: str, data: Any) -> None:
        self.kind, self.parts, self.sort, self.data = kind, tuple(parts), sort, data
        self.free = tuple(sorted(free))
        self.cache: dict[tuple[Value, ...], Value] = {}


KINDS = {
    z3.Z3_OP_TRUE: "true",
    z3.Z3_OP_FALSE: "false",
    z3.Z3_OP_AND: "and",
    z3.Z3_OP_OR: "or",
    z3.Z3_OP_NOT: "not",
    z3.Z3_OP_IMPLIES: "implies",
    z3.Z3_OP_EQ: "equal",
    z3.Z3_OP_IFF: "equal",
    z3.Z3_OP_XOR: "differ",
    z3.Z3_OP_DISTINCT: "distinct",
    z3.Z3_OP_ITE: "if",
    z3.Z3_OP_UNINTERPRETED: "apply",
}


def sort_name(sort: Any) -> str:
    """The name of a sort; raises NotFinite if it is not one that can have any number of elements, or Bool."""
    if sort.kind() not in (z3.Z3_UNINTERPRETED_SORT, z3.Z3_BOOL_SORT):
        raise NotFinite(f"{sort} has no finite encoding")
    return str(sort)


class Reader:
    """Takes z3 expressions apart."""

    def __init__(self) -> None:
        self.known: dict[int, tuple[Any, Expression]] = {}

    def read(self, e: Any) -> Expression:
        """The expression, taken apart."""
        key = e.get_id()
        if key not in self.known:
            self.known[key] = (e, self.taken_apart(e))
        return self.known[key][1]

    def taken_apart(self, e: Any) -> Expression:
        """As `read`, for what was not seen before."""
        if z3.is_quantifier(e):
            return self.quantifier(e)
        if z3.is_var(e):
            return Expression("variable", (), frozenset({z3.get_var_index(e)}), sort_name(e.sort()), None)
        parts = [self.read(one) for one in e.children()]
        kind = KINDS.get(e.decl().kind())
        if kind is None:
            raise NotFinite(f"{e.decl()} has no finite encoding")
        free = frozenset(i for one in parts for i in one.free)
        return Expression(kind, parts, free, sort_name(e.sort()), e.decl() if kind == "apply" else None)

    def quantifier(self, e: Any) -> Expression:
        """`ForAll` or `Exists`; the last variable counts as the innermost."""
        count = e.num_vars()
        body = self.read(e.body())
        bound = [(e.var_name(i), sort_name(e.var_sort(i))) for i in range(count)]
        free = frozenset(i - count for i in body.free if i >= count)
        return Expression("all" if e.is_forall() else "any", (body,), free, "Bool", bound)


class Encoding:
    """Formulas over sorts of so many elements: `require` them, solve `circuit`, and look at `structure`."""

    def __init__(self, sizes: Mapping[str, int], standard: Standard | None = None) -> None:
        self.sizes, self.standard = {**sizes, "Bool": 2}, standard or {}
        self.circuit, self.reader = Circuit(), Reader()
        self.tables: dict[str, dict[tuple[int, ...], Value]] = {}
        self.symbols: dict[str, Any] = {}
        self.choices: list[tuple[str, str, str, Value]] = []
        self.owner = ""

    def require(self, formula: Any, holds: bool = True, given: int = TRUE, owner: str = "") -> None:
        """The formula, called `owner`, holds, or does not; where `given` is a literal, only if that holds."""
        self.owner = owner
        self.demand(self.reader.read(formula), (), holds, given, True)

    def demand(self, e: Expression, environment: tuple[Value, ...], holds: bool, given: int, once: bool) -> None:
        """As `require`, of a part of a formula; `once`: not once for each thing of a sort."""
        if e.kind == "not":
            self.demand(e.parts[0], environment, not holds, given, once)
        elif (e.kind, holds) in (("and", True), ("or", False)):
            for part in e.parts:
                self.demand(part, environment, holds, given, once)
        elif (e.kind, holds) == ("implies", False):
            self.demand(e.parts[0], environment, True, given, once)
            self.demand(e.parts[1], environment, False, given, once)
        elif (e.kind, holds) in (("all", True), ("any", False)):
            for values in self.assignments(e):
                self.demand(e.parts[0], environment + values, holds, given, once=False)
        elif e.kind in ("all", "any") and once:
            chosen = tuple(self.choose(*one) for one in e.data)
            self.demand(e.parts[0], environment + chosen, holds, given, once)
        else:
            literal = self.value(e, environment)
            self.circuit.require(-given, literal if holds else -literal)

    def choose(self, name: str, sort: str) -> Value:
        """Something of a sort, whatever it is, and remember what it was called."""
        something = self.circuit.fresh() if sort == "Bool" else self.circuit.one_of(self.sizes[sort])
        self.choices.append((self.owner, name, sort, something))
        return something

    @cached_property
    def elements(self) -> dict[str, list[Value]]:
        """Every element of each sort, as one literal for each of the sort's elements."""
        known: dict[str, list[Value]] = {
            sort: [tuple(TRUE if i == j else FALSE for j in range(size)) for i in range(size)]
            for sort, size in self.sizes.items()
        }
        return known | {"Bool": [FALSE, TRUE]}

    def assignments(self, e: Expression) -> Iterator[tuple[Value, ...]]:
        """All that a quantifier ranges over."""
        return product(*(self.elements[sort] for _, sort in e.data))

    def value(self, e: Expression, environment: tuple[Value, ...]) -> Value:
        """The literal, or the literals, that say what an expression comes to."""
        key = tuple(environment[-1 - i] for i in e.free)
        known = e.cache.get(key)
        if known is None:
            known = e.cache[key] = self.computed(e, environment)
        return known

    def computed(self, e: Expression, environment: tuple[Value, ...]) -> Value:
        """As `value`, for what was not asked before."""
        match e.kind:
            case "variable":
                return environment[-1 - e.free[0]]
            case "all":
                return self.circuit.all_of(self.until(FALSE, e, environment))
            case "any":
                return self.circuit.any_of(self.until(TRUE, e, environment))
            case "and":
                return self.circuit.all_of(self.each(FALSE, e, environment))
            case "or":
                return self.circuit.any_of(self.each(TRUE, e, environment))
            case "true" | "false":
                return TRUE if e.kind == "true" else FALSE
        values = [self.value(one, environment) for one in e.parts]
        match e.kind:
            case "not":
                return -values[0]
            case "implies":
                return self.circuit.any_of((-values[0], values[1]))
            case "equal" | "differ":
                return self.equal(*values) * (1 if e.kind == "equal" else -1)
            case "distinct":
                return self.circuit.all_of(-self.equal(x, y) for i, x in enumerate(values) for y in values[:i])
            case "if":
                return self.choice(*values)
        return self.applied(e.data, values)

    def until(self, stop: int, e: Expression, environment: tuple[Value, ...]) -> Iterator[int]:
        """What the body of a quantifier comes to, for everything, up to the value that decides."""
        for values in self.assignments(e):
            literal = self.value(e.parts[0], environment + values)
            yield literal
            if literal == stop:
                return

    def each(self, stop: int, e: Expression, environment: tuple[Value, ...]) -> Iterator[int]:
        """What the parts of an expression come to, up to the value that decides."""
        for part in e.parts:
            literal = self.value(part, environment)
            yield literal
            if literal == stop:
                return

    def equal(self, one: Value, other: Value) -> int:
        """Whether two values are the same."""
        if isinstance(one, int):
            return self.circuit.same(one, other)
        return self.circuit.any_of([self.circuit.all_of(pair) for pair in zip(one, other, strict=True)])

    def choice(self, condition: int, then: Value, otherwise: Value) -> Value:
        """The one value or the other."""
        if isinstance(then, int):
            return self.circuit.choice(condition, then, otherwise)
        return tuple(self.circuit.choice(condition, *pair) for pair in zip(then, otherwise, strict=True))

    def applied(self, symbol: Any, arguments: Sequence[Value]) -> Value:
        """The value of a relation, a function or a constant."""
        table = self.table(symbol)
        as_elements = [(-one, one) if isinstance(one, int) else one for one in arguments]
        may_be = [[(i, literal) for i, literal in enumerate(one) if literal != FALSE] for one in as_elements]
        if all(len(one) == 1 for one in may_be):
            return table[tuple(one[0][0] for one in may_be)]
        cases = [
            (self.circuit.all_of([literal for _, literal in case]), table[tuple(i for i, _ in case)])
            for case in product(*may_be)
        ]
        if isinstance(cases[0][1], int):
            return self.circuit.any_of([self.circuit.all_of(case) for case in cases])
        return tuple(
            self.circuit.any_of([self.circuit.all_of((when, value[i])) for when, value in cases])
            for i in range(len(cases[0][1]))
        )

    def table(self, symbol: Any) -> dict[tuple[int, ...], Value]:
        """What a symbol says, argument by argument; made when first spoken of."""
        name = symbol.name()
        if name not in self.tables:
            self.symbols[name] = symbol
            domain = [range(self.sizes[sort_name(symbol.domain(i))]) for i in range(symbol.arity())]
            self.tables[name] = {at: self.entry(symbol, at) for at in product(*domain)}
        return self.tables[name]

    def entry(self, symbol: Any, at: tuple[int, ...]) -> Value:
        """What a symbol says for these arguments: what the standard meaning says, or anything."""
        sort, meaning = sort_name(symbol.range()), self.standard.get(symbol.name())
        if meaning is not None:
            return self.elements[sort][meaning(self.sizes, *at)]
        return self.circuit.fresh() if sort == "Bool" else self.circuit.one_of(self.sizes[sort])

    def structure(self, solution: Solution, names: Mapping[str, str]) -> Structure:
        """What was found for the symbols of these names, which are called as they are mapped."""
        return Structure({called: self.found(solution, name) for name, called in names.items() if name in self.tables})

    def found(self, solution: Solution, name: str) -> Any:
        """What was found for a symbol."""
        table, symbol = self.tables[name], self.symbols[name]
        read = {at: decoded(solution, value) for at, value in table.items()}
        if symbol.arity() == 0:
            return read[()]
        if sort_name(symbol.range()) == "Bool":
            return frozenset(at for at, holds in read.items() if holds)
        return read

    def shrinkable(self) -> list[int]:
        """The literals of all relations, of which a solution should make few true."""
        return [
            literal
            for name in sorted(self.tables)
            for literal in self.tables[name].values()
            if isinstance(literal, int) and abs(literal) != TRUE
        ]


def decoded(solution: Solution, value: Value) -> int | bool:
    """The element or the truth that literals stand for."""
    if isinstance(value, int):
        return solution.holds(value)
    return next(i for i, literal in enumerate(value) if solution.holds(literal))
