"""What refutes an obligation: a small state, or two and the step between them, in words.

An element is called by its sort and a number: `node0`. A relation is shown as the tuples of which it holds, a function
as its values.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from attrs import frozen

from stackproof.spec.circuit import Solution
from stackproof.spec.finite import Encoding, Structure, decoded
from stackproof.spec.formulas import Symbol
from stackproof.spec.transition_system import System


@frozen
class Row:
    """A component before the step and after it, and what changed; `after` is None where there is no step."""

    name: str
    before: str
    after: str | None
    change: str | None = None

    @property
    def changed(self) -> bool:
        """Whether the step changes it."""
        return self.after is not None and self.after != self.before


@frozen
class Counterexample:
    """A state, or two and the step between them, in sorts of so many elements.

    `chosen` are the things that a step or a claim speaks of, by its name and theirs; `sorts` are those of each
    component's arguments and of its value. Where numbers are spoken of there are no sizes, and the values are texts.
    """

    sizes: Mapping[str, int]
    rigid: Structure
    before: Structure
    after: Structure | None
    chosen: Mapping[str, Mapping[str, str]]
    sorts: Mapping[str, Sequence[str]]

    def rows(self) -> Iterator[Row]:
        """Each component in words, the rigid ones first."""
        for name, value in self.rigid.values.items():
            yield Row(name, self.words(name, value), None)
        later = {} if self.after is None else self.after.values
        for name in self.sorts:
            if name in self.before.values or name in later:
                first = self.words(name, self.before.values[name]) if name in self.before.values else "anything"
                last = self.words(name, later[name]) if name in later else None
                yield Row(name, first, last, self.change(name, self.before.values.get(name), later.get(name)))

    def change(self, name: str, first: Any, last: Any) -> str | None:
        """What is new of a component: its value, a function's new values, what a relation gains (+) and loses (-)."""
        if last is None or first == last:
            return None
        if isinstance(first, frozenset):
            gained = [f"+ {self.words(name, frozenset({one}))}" for one in sorted(last - first)]
            return " ".join([*gained, *(f"- {self.words(name, frozenset({one}))}" for one in sorted(first - last))])
        if isinstance(first, dict):
            return self.words(name, {at: to for at, to in last.items() if first[at] != to})
        return self.words(name, last)

    def words(self, name: str, value: Any) -> str:
        """A component's value in words."""
        *domain, result = self.sorts[name]
        if isinstance(value, str):
            return value
        if isinstance(value, frozenset):
            return " ".join(tuple_in_words(domain, one) for one in sorted(value)) or "-"
        if isinstance(value, dict):
            return " ".join(f"{tuple_in_words(domain, at)}->{element(result, to)}" for at, to in sorted(value.items()))
        return element(result, value)

    def form(self) -> dict[str, Any]:
        """As JSON."""
        states = {"rigid": self.rigid, "before": self.before, "after": self.after}
        return {
            "sizes": {sort: size for sort, size in self.sizes.items() if sort != "Bool"},
            "chosen": {owner: dict(one) for owner, one in self.chosen.items()},
            **{
                moment: None if one is None else {name: self.words(name, value) for name, value in one.values.items()}
                for moment, one in states.items()
            },
        }


def element(sort: str, value: int | bool) -> str:
    """What an element is called."""
    return str(value).lower() if sort == "Bool" else f"{sort.lower()}{value}"


def tuple_in_words(sorts: Sequence[str], values: Sequence[int]) -> str:
    """What a tuple of elements is called."""
    words = [element(sort, bool(one) if sort == "Bool" else one) for sort, one in zip(sorts, values, strict=True)]
    return words[0] if len(words) == 1 else f"({', '.join(words)})"


def sorts_of(symbols: Mapping[str, Symbol]) -> dict[str, tuple[str, ...]]:
    """The sorts of each symbol's arguments and of its value."""
    return {
        name: (*(str(one.domain(i)) for i in range(one.arity())), str(one.range())) for name, one in symbols.items()
    }


def chosen(encoding: Encoding, found: Solution) -> dict[str, dict[str, str]]:
    """The things that each formula says exist, as it calls them; where two have one name, a prime is added."""
    named: dict[str, dict[str, str]] = {}
    for owner, name, sort, value in encoding.choices:
        if "#" in name:
            continue
        mine = named.setdefault(owner, {})
        while name in mine:
            name += "'"  # noqa: PLW2901 - as mathematicians do
        mine[name] = element(sort, decoded(found, value))
    return named


def state_found(system: System, encoding: Encoding, found: Solution, moment: str) -> Structure:
    """What was found for the components as of a moment."""
    symbols = system.state.at(moment).symbols
    return encoding.structure(found, {one.name(): name for name, one in symbols.items()})


def shown(system: System, encoding: Encoding, found: Solution) -> Counterexample:
    """What was found for the states `s` and `t`, made small."""
    found.shrink(encoding.shrinkable())
    words = system.vocabulary
    later = state_found(system, encoding, found, "t")
    return Counterexample(
        encoding.sizes,
        encoding.structure(found, {name: name for name in words.rigid if name not in system.standard}),
        state_found(system, encoding, found, "s"),
        later if later.values else None,
        chosen(encoding, found),
        {**sorts_of(words.rigid), **sorts_of(words.before)},
    )


def numbers_found(system: System, model: Any) -> Counterexample:
    """A model of what speaks of numbers."""
    words = system.vocabulary
    values = {one.name(): str(model[one]) for one in model.decls()}
    before, after = (
        Structure({name: values[one.name()] for name, one in symbols.items() if one.name() in values})
        for symbols in (words.before, words.after)
    )
    components = {one.name() for symbols in (words.before, words.after) for one in symbols.values()}
    rigid = {name: value for name, value in sorted(values.items()) if name not in components and "!" not in name}
    chosen: dict[str, dict[str, str]] = {}
    for name, value in sorted(values.items()):
        variable, marked, owner = name.partition("!")
        if marked and not owner.isdigit():
            chosen.setdefault(owner, {})[variable] = value
    sorts = {**sorts_of(words.before), **dict.fromkeys(rigid, ("",))}
    return Counterexample({}, Structure(rigid), before, after if after.values else None, chosen, sorts)
