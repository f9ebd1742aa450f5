"""A step that the model does not have: the two states, and the step of the model that comes nearest.

For each step of the model, every choice of its variables is tried, and the one is kept under which most of its
conjuncts are true. Those that are not are the reason. A conjunct that speaks of all (that nothing else changes, say)
weighs as much as ten others: where it is false, something else was done.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, product
from typing import Any, TypeAlias

import z3
from attrs import frozen

from stackproof.checker.conformance.formulas import Structure, compiled, conjuncts
from stackproof.checker.trace import Step
from stackproof.checker.world import Event
from stackproof.spec.transition_system import System

Choice: TypeAlias = Mapping[str, Any]
MOST_CHOICES = 100_000
NEAR, FAR = 1, 10


@frozen
class Nearest:
    """A formula of the model, the values of its variables under which most of it is true, and what is not."""

    name: str
    values: Choice
    false: tuple[str, ...]
    distance: int
    likeness: int

    def __str__(self) -> str:
        return f"{self.name}{f' with {told_of(self.values)}' if self.values else ''} needs {'; and '.join(self.false)}"


@frozen
class Departure:
    """An event of the reference that is no step of the model, after the run that leads to it.

    before, after  the components that differ, of the two states; before the first event there is no state
    """

    event: Event
    steps: tuple[Step, ...]
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    nearest: tuple[Nearest, ...]

    @property
    def reason(self) -> str:
        """Why, in one sentence."""
        if not self.before:
            return f"no run of the model begins like this: {self.nearest[0]}"
        return f"no step of the model explains it; the nearest, {self.nearest[0]}"

    def form(self) -> dict[str, Any]:
        """The departure as JSON."""
        return {
            "event": self.event.form(),
            "length": len(self.steps) - 1,
            "before": {name: shown(value) for name, value in self.before.items()},
            "after": {name: shown(value) for name, value in self.after.items()},
            "nearest": [{"step": one.name, "fails": list(one.false)} for one in self.nearest],
        }


def depart(system: System, structure: Structure, event: Event, steps: tuple[Step, ...]) -> Departure:
    """What is to be said of a step between two states, or of a first state, that the model does not have."""
    s, t = system.state.at("s"), system.state.at("t")
    first = f"t.{next(iter(s.components))}" not in structure.symbols
    begins = [(one, one()) for one in system.axioms] + [(one, one(s)) for one in (system.init,) if one]
    formulas = begins if first else [(one, one(s, t)) for one in system.steps]
    near = [nearest(one.__name__, formula, structure) for one, formula in formulas]
    near = [one for one in near if one.false]
    states = {at: {name: structure.symbols[f"{at}.{name}"] for name in s.components} for at in ("s" if first else "st")}
    before, after = ({}, states["s"]) if first else (states["s"], states["t"])
    changed = [name for name, value in after.items() if first or before[name] != value]
    return Departure(
        event,
        steps,
        {name: before[name] for name in changed if not first},
        {name: after[name] for name in changed},
        tuple(sorted(near, key=lambda one: (one.distance, -one.likeness))),
    )


def nearest(name: str, formula: Any, structure: Structure) -> Nearest:
    """The choice of a formula's outermost variables under which most of it is true."""
    variables, body = opened(formula, exists=True)
    parts = list(conjuncts(body))
    weights = [FAR if z3.is_quantifier(part) else NEAR for part in parts]
    tests = [compiled(part, [str(one) for one in variables]) for part in parts]
    best: tuple[int, Choice, list[bool]] = (-1, {}, [])
    for choice in choices(variables, structure):
        told = [bool(test(structure, *choice.values())) for test in tests]
        likeness = sum(weight for weight, true in zip(weights, told, strict=True) if true)
        if likeness > best[0]:
            best = likeness, choice, told
    likeness, choice, told = best
    if not told:
        empty = next(str(one.sort()) for one in variables if not structure.sorts[str(one.sort())])
        return Nearest(name, {}, (f"some {empty}, of which there is none",), sum(weights), 0)
    false = tuple(lacking(part, choice, structure) for part, true in zip(parts, told, strict=True) if not true)
    return Nearest(name, choice, false, sum(weights) - likeness, likeness)


def choices(variables: Sequence[Any], structure: Structure) -> Iterator[Choice]:
    """The ways to give each variable a value, not more than so many."""
    names, domains = [str(one) for one in variables], [structure.sorts[str(one.sort())] for one in variables]
    for values in islice(product(*domains), MOST_CHOICES):
        yield dict(zip(names, values, strict=True))


def lacking(part: Any, choice: Choice, structure: Structure) -> str:
    """A conjunct that is false; if it speaks of all, with those for whom it is."""
    said = " ".join(str(part).split())
    if not (z3.is_quantifier(part) and part.is_forall()):
        return said
    variables, body = opened(part, exists=False)
    test = compiled(body, [*choice, *map(str, variables)])
    against = next(one for one in choices(variables, structure) if not test(structure, *choice.values(), *one.values()))
    return f"{said} (not so for {told_of(against)})"


def told_of(choice: Choice) -> str:
    """The values of some variables, in words."""
    return ", ".join(f"{name} = {value}" for name, value in choice.items())


def opened(formula: Any, *, exists: bool) -> tuple[list[Any], Any]:
    """The variables that a formula says exist (or, otherwise, of all of which it speaks), and what it says of them."""
    variables: list[Any] = []
    while z3.is_quantifier(formula) and formula.is_exists() == exists:
        own = [z3.Const(formula.var_name(place), formula.var_sort(place)) for place in range(formula.num_vars())]
        formula = z3.substitute_vars(formula.body(), *reversed(own))
        variables += own
    return variables, formula


def shown(value: Any) -> Any:
    """The meaning of a symbol as JSON, in a fixed order."""
    if isinstance(value, Mapping):
        return [[*map(str, key), str(one)] for key, one in sorted(value.items(), key=str)]
    if isinstance(value, frozenset):
        return sorted([*map(str, one)] for one in value)
    return value if isinstance(value, bool | int) else str(value)


def lines_of(state: Mapping[str, Any]) -> Iterator[str]:
    """A state, a line for each component."""
    for name, value in state.items():
        yield f"{name} = {shown(value)}"
