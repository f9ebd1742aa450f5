"""What every model's tests ask: is all of it proved, can its steps happen, and does it fail without what it needs?

A counterexample is believed only when the formulas, evaluated on its states one by one, say the same: what is given
holds, and the claim does not. That evaluation shares nothing with the finite encoding in which it was found.
"""

from collections.abc import Callable, Mapping
from itertools import product
from typing import Any, ClassVar

import pytest
from attrs import evolve

from stackproof.checker.conformance.formulas import Structure, compiled
from stackproof.spec.counterexample import Counterexample
from stackproof.spec.obligations import Answer, Obligation, attempt, obligations, prove, refute
from stackproof.spec.transition_system import System
from stackproof.spec.vacuity import FULL_OF_SENSE, vacuity


def unproved(system: System, seconds: float = 60.0) -> dict[str, str]:
    """The obligations that are not proved, and what became of them."""
    results = [prove(one, seconds) for one in obligations(system)]
    return {str(one.obligation): one.answer.value for one in results if one.answer is not Answer.PROVED}


def senseless(system: System) -> dict[str, str]:
    """The steps that cannot happen, and the parts of which nobody knows."""
    return {one.part: one.sense.value for one in vacuity(system) if one.sense not in FULL_OF_SENSE}


def refuted(system: System, *only: str) -> dict[str, Counterexample]:
    """The obligations (those `only`, if any are named) that a finite counterexample refutes: no proof can exist."""
    asked = [one for one in obligations(system) if not only or str(one) in only]
    found = {str(one): (one, refute(one)) for one in asked}
    for one, counterexample in found.values():
        if counterexample is not None and counterexample.sizes:
            assert refutes(one, counterexample), f"{one} holds of what was found against it"
    return {name: counterexample for name, (_, counterexample) in found.items() if counterexample is not None}


def refutes(one: Obligation, counterexample: Counterexample) -> bool:
    """Whether all that is given holds of the states of a counterexample, and the claim does not."""
    structure = structure_of(one.system, counterexample)
    return all(holds(given.formula, structure) for given in one.given) and not holds(one.claim, structure)


def holds(formula: Any, structure: Structure) -> bool:
    """Whether a formula is true of a structure."""
    return compiled(formula)(structure)


def structure_of(system: System, counterexample: Counterexample) -> Structure:
    """The states of a counterexample as one structure; what nothing depended on is given some value."""
    sizes, words = counterexample.sizes, system.vocabulary
    symbols: dict[str, Any] = {}
    states = (
        (words.rigid, counterexample.rigid),
        (words.before, counterexample.before),
        (words.after, counterexample.after),
    )
    for named, state in states:
        for name, symbol in named.items():
            value = None if state is None else state.values.get(name)
            symbols[symbol.name()] = anything(system, name, symbol, sizes) if value is None else value
    return Structure({sort: range(size) for sort, size in sizes.items() if sort != "Bool"}, symbols)


def no_matter(sizes: Mapping[str, int], *at: int) -> int:
    """Some value."""
    return 0


def anything(system: System, name: str, symbol: Any, sizes: Mapping[str, int]) -> Any:
    """The standard meaning of a symbol, or any."""
    domain = [range(sizes[str(symbol.domain(place))]) for place in range(symbol.arity())]
    meaning = system.standard.get(name, no_matter)
    table = {at: meaning(sizes, *at) for at in product(*domain)}
    if symbol.arity() == 0:
        return table[()]
    return frozenset(at for at, true in table.items() if true) if str(symbol.range()) == "Bool" else table


def first_refuted(system: System, step: str | None = None) -> Counterexample | None:
    """A counterexample to what a step owes or, without one, to what the invariants should imply: the first found."""
    parts: dict[str, Any] = {"lemmas": (), "steps": [one for one in system.steps if one.__name__ == step]}
    small = evolve(system, consequences=(), **parts) if step else evolve(system, **parts)
    for one in obligations(small):
        known = step not in (None, one.step) or str(attempt(one, 0.5)[0]) == "unsat"
        found = None if known else refute(one)
        if found is not None:
            assert not found.sizes or refutes(one, found), f"{one} holds of what was found against it"
            return found
    return None


class Conscience:
    """What is asked of a model: subclass it as `TestOfSomething`, and say of which system.

    needed     each invariant, or axiom, and the step that cannot do without it (None: what the invariants imply)
    weakened   steps, and what takes the place of each: the same with a guard or an effect missing
    """

    system: ClassVar[System]
    needed: ClassVar[list[tuple[str, str | None]]]
    weakened: ClassVar[list[tuple[str, Callable[..., Any]]]]

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        if "lemma" in metafunc.fixturenames:
            metafunc.parametrize(("lemma", "step"), self.needed)
        if "weaker" in metafunc.fixturenames:
            metafunc.parametrize(("step", "weaker"), self.weakened, ids=lambda one: getattr(one, "__name__", "for"))

    def test_everything_is_proved(self) -> None:
        assert unproved(self.system) == {}

    def test_no_invariant_is_left_out(self) -> None:
        assert {one.__name__ for one in self.system.invariants} <= {lemma for lemma, _ in self.needed}

    def test_every_step_can_happen(self) -> None:
        assert senseless(self.system) == {}

    def test_without_a_lemma_the_proof_fails_in_a_finite_counterexample(self, lemma: str, step: str | None) -> None:
        assert first_refuted(self.system.without(lemma), step) is not None

    def test_with_a_weaker_guard_the_proof_fails_in_a_finite_counterexample(
        self, step: str, weaker: Callable[..., Any]
    ) -> None:
        assert first_refuted(self.system.replacing(**{step: weaker}), step) is not None
