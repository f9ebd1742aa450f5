'''A system of states and steps, as formulas; the other files here ask questions about it.

Manna and Pnueli, "Temporal Verification of Reactive Systems: Safety", Springer 1995: what holds at first and is kept by
every step holds for ever. The invariants together must be inductive; the consequences need only follow from them, and
say what one wanted to know.

    REPLICA, NUMBER, MACHINE = sort("Replica"), sort("Number"), sort("Machine")
    r, n, m = z3.Const("r", REPLICA), z3.Const("n", NUMBER), z3.Const("m", MACHINE)

    class Log(State):
        """Who promised what, and who is elected."""
        promised = Relation(REPLICA, NUMBER, MACHINE)
        elected = Relation(NUMBER, MACHINE)

    def promise(s: Log, t: Log) -> Formula:
        """Replica r promises n to m, having promised n to no one."""
        fresh = ForAll([m], Not(s.promised(r, n, m)))
        return Exists([r, n, m], And(fresh, adds(s.promised, t.promised, r, n, m), keeps(s.elected, t.elected)))

    ELECTION = System(name="election", state=Log, rigid=[MEMBER], axioms=[quorums_meet], init=init,
                      steps=[promise, elect], invariants=[elected_by_a_quorum], consequences=[one_leader],
                      sizes={"Replica": 3, "Number": 1, "Machine": 2, "Quorum": 2})
    SYSTEMS = (ELECTION,)

(Here m is bound in `fresh` and again outside: an inner `ForAll` hides the outer variable.) Axioms and lemmas are
functions of nothing, `init`, invariants and consequences of a state, steps of two. Each is known by the function's
name, and its docstring is the sentence that is shown. Every free symbol of a formula must be a component of a state or
rigid. A lemma is a fact that follows from the axioms alone; a system may consist of lemmas only, and these may speak of
numbers.

An invariant that says `Exists([p1, p2], ...)` is kept with a witness. It is looked for among the step's own variables
of the same names, p1 and p2, where the step has all of them, and is otherwise what the invariant spoke of before the
step.

`sizes` says up to which size each sort is tried where something is refuted or shown to be possible, beginning with
`at_least` (where fewer things cannot do what `init` says). `standard` gives a rigid symbol its meaning on the elements
0, 1, ... of finite sorts, where the axioms leave no other but for names: `{"less": lambda sizes, x, y: x < y}`.

The module of a model defines `SYSTEMS`, and stands in the table `MODELS` of this package. What can be asked:
`obligations(system)`, `prove(obligation, seconds)`, `refute(obligation)` (obligations.py); `run_to(system, name, most)`
and `k_induction(system, name, k)` (bounded.py); `vacuity(system)`, `needed(system)` (vacuity.py). To break a system on
purpose: `system.without(name)`, `system.replacing(step=function)`.
'''

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import z3
from attrs import evolve, field, frozen

from stackproof.spec.formulas import Formula, State, Symbol

Fact: TypeAlias = Callable[[], Formula]
Property: TypeAlias = Callable[[Any], Formula]
Step: TypeAlias = Callable[[Any, Any], Formula]
Part: TypeAlias = Callable[..., Formula]


class ModelError(Exception):
    """A system that does not say what it means."""


class NoState(State):
    """The state of a system that has lemmas only."""


def symbols(rigid: Sequence[Any]) -> tuple[Symbol, ...]:
    """z3 symbols, constants among them given as terms."""
    return tuple(one if z3.is_func_decl(one) else one.decl() for one in rigid)


@frozen
class Vocabulary:
    """What the formulas of a system are made of: sorts, rigid symbols, and the components of its states, by name."""

    sorts: Mapping[str, Any]
    rigid: Mapping[str, Symbol]
    before: Mapping[str, Symbol]
    after: Mapping[str, Symbol]


@frozen(kw_only=True)
class System:
    """States and steps, what holds of them and what should."""

    name: str
    state: type[State] = NoState
    rigid: Sequence[Symbol] = field(default=(), converter=symbols)
    axioms: Sequence[Fact] = field(default=(), converter=tuple[Fact, ...])
    init: Property | None = None
    steps: Sequence[Step] = field(default=(), converter=tuple[Step, ...])
    invariants: Sequence[Property] = field(default=(), converter=tuple[Property, ...])
    consequences: Sequence[Property] = field(default=(), converter=tuple[Property, ...])
    lemmas: Sequence[Fact] = field(default=(), converter=tuple[Fact, ...])
    sizes: Mapping[str, int] = field(factory=dict)
    at_least: int = 1
    standard: Mapping[str, Callable[..., int | bool]] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        names = [one.__name__ for one in self.parts]
        doubled = sorted({one for one in names if names.count(one) > 1})
        if doubled:
            raise ModelError(f"{self.name}: two parts are called {', '.join(doubled)}")

    @property
    def parts(self) -> tuple[Part, ...]:
        """Everything that is said, `init` first."""
        begin = () if self.init is None else (self.init,)
        return (*begin, *self.axioms, *self.steps, *self.invariants, *self.consequences, *self.lemmas)

    def part(self, name: str) -> Part:
        """The part of this name."""
        for one in self.parts:
            if one.__name__ == name:
                return one
        raise ModelError(f"{self.name} has no part {name}; it has {', '.join(one.__name__ for one in self.parts)}")

    @property
    def vocabulary(self) -> Vocabulary:
        """The symbols, as they stand in formulas over the states `before` ("s") and `after` ("t")."""
        before, after = self.state.at("s"), self.state.at("t")
        rigid = {one.name(): one for one in self.rigid}
        sorts = {
            str(sort): sort
            for one in (*rigid.values(), *before.symbols.values())
            for sort in (*(one.domain(i) for i in range(one.arity())), one.range())
        }
        return Vocabulary(sorts, rigid, before.symbols, after.symbols)

    def without(self, *names: str) -> "System":
        """The system without these invariants, axioms or consequences; without an axiom, nothing has a standard."""
        for name in names:
            self.part(name)

        def kept(parts: Sequence[Any]) -> tuple[Any, ...]:
            return tuple(one for one in parts if one.__name__ not in names)

        axioms = kept(self.axioms)
        return evolve(
            self,
            axioms=axioms,
            invariants=kept(self.invariants),
            consequences=kept(self.consequences),
            lemmas=kept(self.lemmas),
            steps=kept(self.steps),
            standard=self.standard if len(axioms) == len(self.axioms) else {},
        )

    def replacing(self, **parts: Part) -> "System":
        """The system with another formula in a part's place: `replacing(promise=promise_anyway)`."""
        for name in parts:
            self.part(name)

        def replaced(old: Sequence[Any]) -> tuple[Any, ...]:
            return tuple(renamed(parts[one.__name__], one) if one.__name__ in parts else one for one in old)

        init = None if self.init is None else replaced([self.init])[0]
        return evolve(
            self,
            init=init,
            axioms=replaced(self.axioms),
            steps=replaced(self.steps),
            invariants=replaced(self.invariants),
            consequences=replaced(self.consequences),
            lemmas=replaced(self.lemmas),
        )


def renamed(new: Part, old: Part) -> Part:
    """A function under the name of the one whose place it takes."""

    def part(*states: Any) -> Formula:
        return new(*states)

    part.__name__, part.__doc__ = old.__name__, new.__doc__ or old.__doc__
    return part


def refuse_strangers(system: System) -> None:
    """Raise ModelError for a free symbol that is neither a state's nor rigid: a variable that is not bound, say."""
    s, t = system.state.at("s"), system.state.at("t")
    rigid = {one.name() for one in system.rigid}
    for part in system.parts:
        known = rigid | {one.name() for state in (s, t) for one in state.symbols.values()}
        strangers = sorted(set(free_symbols(formula_of(system, part, s, t))) - known)
        if strangers:
            raise ModelError(
                f"{system.name}: {part.__name__} speaks of {', '.join(strangers)}, neither bound, rigid nor of a state"
            )


def formula_of(system: System, part: Part, s: State, t: State) -> Formula:
    """The formula of a part, over a state or two, as it needs."""
    if part in (*system.axioms, *system.lemmas):
        return part()
    return part(s, t) if part in system.steps else part(s)


def free_symbols(formula: Any) -> Iterator[str]:
    """The names of all symbols of a formula that are given no meaning by logic or arithmetic."""
    seen, waiting = set(), [formula]
    while waiting:
        e = waiting.pop()
        if e.get_id() in seen:
            continue
        seen.add(e.get_id())
        if z3.is_quantifier(e):
            waiting.append(e.body())
        elif z3.is_app(e):
            if e.decl().kind() == z3.Z3_OP_UNINTERPRETED:
                yield e.decl().name()
            waiting.extend(e.children())
