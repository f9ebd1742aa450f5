"""The words of a formal model: sorts, the components of a state, and what a step does to them.

A state has components, each a relation, a function or a constant over sorts whose size nobody knows. `Log.at("s")` and
`Log.at("t")` are the components before and after a step: plain z3 symbols, named `s.promised` and `t.promised`. What
never changes is rigid: a z3 symbol of its own.

A bound variable is a z3 constant that `ForAll` or `Exists` takes: `ForAll([r, n], s.promised(r, n))`. Variables are
told apart by name: a helper that quantifies must do so over names that its arguments do not have.
"""

from collections.abc import Sequence
from typing import Any, ClassVar, TypeAlias

import z3

Formula: TypeAlias = z3.BoolRef
Term: TypeAlias = z3.ExprRef
Sort: TypeAlias = z3.SortRef
Symbol: TypeAlias = z3.FuncDeclRef


def sort(name: str) -> Sort:
    """A set of things of which nothing is known but that it is not empty. Called by one capital word: `Node`."""
    return z3.DeclareSort(name)


def variables(names: str, of: Sort) -> list[Term]:
    """What `ForAll` and `Exists` range over: one variable for each name, "n m" being two."""
    return [z3.Const(name, of) for name in names.split()]


class Component:
    """A part of a state, over these sorts of arguments, with values of this sort; a constant has no arguments."""

    def __init__(self, arguments: Sequence[Sort], value: Sort) -> None:
        self.arguments, self.value, self.name = tuple(arguments), value, ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, state: Any, owner: type | None = None) -> Any:
        """The component itself in the class; its z3 symbol in a state, or the term where it has no arguments."""
        return self if state is None else state[self.name]


class Relation(Component):
    """What holds of some: `promised = Relation(REPLICA, NUMBER)`. Without sorts it is a flag: `Relation()`."""

    def __init__(self, *arguments: Sort) -> None:
        super().__init__(arguments, z3.BoolSort())


class Function(Component):
    """What each has exactly one of: the sorts of the arguments, then that of the value."""

    def __init__(self, *sorts: Sort) -> None:
        super().__init__(sorts[:-1], sorts[-1])


class Constant(Component):
    """One thing of a sort."""

    def __init__(self, value: Sort) -> None:
        super().__init__((), value)


class State:
    """The components as of one moment. Subclass it, and name them; nothing else belongs in the subclass."""

    components: ClassVar[dict[str, Component]] = {}

    def __init_subclass__(cls) -> None:
        cls.components = {name: one for name, one in vars(cls).items() if isinstance(one, Component)}

    def __init__(self, moment: str) -> None:
        self.moment = moment
        self.symbols: dict[str, Symbol] = {
            name: z3.Function(f"{moment}.{name}", *one.arguments, one.value) for name, one in self.components.items()
        }

    @classmethod
    def at(cls, moment: str) -> Any:
        """The state of this moment."""
        return cls(moment)

    def __getitem__(self, name: str) -> Any:
        symbol = self.symbols[name]
        return symbol if symbol.arity() else symbol()


def arguments(component: Any) -> list[Term]:
    """Variables for the arguments of a component; no other variable is called like them."""
    if not z3.is_func_decl(component):
        return []
    return [z3.Const(f"{component.domain(i)}#{i}", component.domain(i)) for i in range(component.arity())]


def at(component: Any, terms: Sequence[Term]) -> Any:
    """The value of a component for these arguments."""
    return component(*terms) if terms else component


def for_all(terms: Sequence[Term], formula: Formula) -> Formula:
    """`ForAll`, or the formula itself where there is nothing to range over."""
    return z3.ForAll(list(terms), formula) if terms else formula


def these(terms: Sequence[Term], others: Sequence[Term]) -> Formula:
    """Each of the terms equals its partner."""
    return z3.And(*(one == other for one, other in zip(terms, others, strict=True)))


def keeps(before: Any, after: Any) -> Formula:
    """A component is what it was: `keeps(s.elected, t.elected)`."""
    terms = arguments(before)
    return for_all(terms, at(after, terms) == at(before, terms))


def keeps_all_but(s: State, t: State, *changed: str) -> Formula:
    """Every component is what it was, those named excepted: `keeps_all_but(s, t, "promised")`."""
    unknown = set(changed) - set(s.components)
    if unknown:
        raise KeyError(f"no component is called {', '.join(sorted(unknown))}")
    return z3.And(*(keeps(s[name], t[name]) for name in s.components if name not in changed))


def adds(before: Any, after: Any, *added: Term) -> Formula:
    """A relation holds of these too, otherwise of whom it held: `adds(s.promised, t.promised, r, n)`."""
    terms = arguments(before)
    return for_all(terms, at(after, terms) == z3.Or(at(before, terms), these(terms, added)))


def removes(before: Any, after: Any, *removed: Term) -> Formula:
    """A relation holds of these no longer, otherwise of whom it held."""
    terms = arguments(before)
    return for_all(terms, at(after, terms) == z3.And(at(before, terms), z3.Not(these(terms, removed))))


def sets(before: Any, after: Any, *there: Term, to: Any) -> Formula:
    """A function has this value there, and elsewhere what it had: `sets(s.successor, t.successor, n, to=m)`."""
    terms = arguments(before)
    return for_all(terms, at(after, terms) == z3.If(these(terms, there), to, at(before, terms)))


def distinct(*terms: Term) -> Formula:
    """No two of them are the same."""
    return z3.Distinct(*terms) if len(terms) > 1 else z3.BoolVal(True)
