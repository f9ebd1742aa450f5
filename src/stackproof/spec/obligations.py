"""What must be proved of a system, and how: for sorts of any size first; what fails there is refuted in finite ones.

Initiation: what holds at first establishes an invariant. Consecution: a step keeps it, all invariants given. Safety:
the invariants imply a consequence. A lemma follows from the axioms.

Z3 says unsat of what is to be proved, with the contrary as claim, but often finds no model of the contrary of what is
wrong. So a few short tries are followed by the finite encoding, in sizes that grow, whose model is a counterexample to
the claim as it stands; if there is none in half of the time, longer tries follow. A claim of several things is proved
one after another.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import islice
from typing import Any

import z3
from attrs import frozen

from stackproof.spec.circuit import Solution, solve
from stackproof.spec.counterexample import Counterexample, numbers_found, shown
from stackproof.spec.finite import Encoding, NotFinite
from stackproof.spec.formulas import Formula, State
from stackproof.spec.solving import ask, rounds
from stackproof.spec.transition_system import Part, System, refuse_strangers

SHORT = 3


class Kind(StrEnum):
    """What an obligation is about."""

    LEMMA = "lemma"
    INITIATION = "initiation"
    CONSECUTION = "consecution"
    SAFETY = "safety"


class Answer(StrEnum):
    """What became of an obligation."""

    PROVED = "proved"
    REFUTED = "refuted"
    UNKNOWN = "unknown"


@frozen(eq=False)
class Given:
    """A formula that may be used, and what it is called."""

    name: str
    formula: Formula


@frozen(eq=False)
class Obligation:
    """`goal`, a part's name, must follow from what is given; `step` is the name of the step, or of `init`."""

    system: System
    kind: Kind
    goal: str
    step: str | None
    given: Sequence[Given]
    claim: Formula

    def __str__(self) -> str:
        match self.kind:
            case Kind.INITIATION:
                return f"{self.step} establishes {self.goal}"
            case Kind.CONSECUTION:
                return f"{self.step} keeps {self.goal}"
            case Kind.SAFETY:
                return f"the invariants imply {self.goal}"
        return f"the axioms imply {self.goal}" if self.given else self.goal


@frozen(eq=False)
class Result:
    """The answer to an obligation, in how many seconds; if it is refuted, by what; if it is unknown, why."""

    obligation: Obligation
    answer: Answer
    seconds: float
    counterexample: Counterexample | None = None
    why: str | None = None


def obligations(system: System) -> list[Obligation]:
    """All that must be proved of a system; raises ModelError if it speaks of what it does not declare."""
    refuse_strangers(system)
    s, t = system.state.at("s"), system.state.at("t")
    axioms = [Given(one.__name__, one()) for one in system.axioms]
    invariants = [Given(one.__name__, one(s)) for one in system.invariants]

    def owed(kind: Kind, part: Part, step: str | None, given: Sequence[Given], *states: State) -> Obligation:
        return Obligation(system, kind, part.__name__, step, tuple(given), part(*states))

    found = [owed(Kind.LEMMA, one, None, axioms) for one in system.lemmas]
    if system.init is not None:
        begin, name = Given(system.init.__name__, system.init(s)), system.init.__name__
        found += [owed(Kind.INITIATION, one, name, [*axioms, begin], s) for one in system.invariants]
    for step in system.steps:
        taken, name = Given(step.__name__, step(s, t)), step.__name__
        given = [*axioms, *invariants, taken]
        found += [owed(Kind.CONSECUTION, one, name, given, t) for one in system.invariants]
    return found + [owed(Kind.SAFETY, one, None, [*axioms, *invariants], s) for one in system.consequences]


def prove(obligation: Obligation, seconds: float = 60.0) -> Result:
    """Prove an obligation, or refute it, or give up after so many seconds."""
    begun = time.perf_counter()

    def answered(answer: Answer, counterexample: Counterexample | None = None, why: str | None = None) -> Result:
        return Result(obligation, answer, time.perf_counter() - begun, counterexample, why)

    def left() -> float:
        return seconds - (time.perf_counter() - begun)

    tries = rounds()
    answer = settled(obligation, islice(tries, SHORT), left)
    if answer == z3.unsat:
        return answered(Answer.PROVED)
    refutation, held = refuted_or_held(obligation, left() / 2)
    if refutation is not None:
        return answered(Answer.REFUTED, refutation)
    if answer == z3.sat:
        return answered(Answer.REFUTED, why=f"Z3 knows a counterexample, but none with at most {size_of(obligation)}")
    if settled(obligation, tries, left) == z3.unsat:
        return answered(Answer.PROVED)
    within = f" with at most {size_of(obligation)}" if obligation.system.sizes else ""
    return answered(Answer.UNKNOWN, why=f"Z3 gave up, and {'there is' if held else 'found'} no counterexample{within}")


def size_of(obligation: Obligation) -> str:
    """How many of each sort are tried: 2 Node, 3 Round."""
    return ", ".join(f"{size} {sort}" for sort, size in obligation.system.sizes.items())


def settled(obligation: Obligation, tries: Iterable[tuple[int, int]], left: Callable[[], float]) -> Any:
    """What Z3 says of the contrary of an obligation as soon as it says anything, while tries and time are left."""
    for seed, steps in tries:
        if left() <= 0:
            break
        answer, _ = attempt(obligation, left(), seed, steps)
        if answer != z3.unknown:
            return answer
    return z3.unknown


def attempt(obligation: Obligation, seconds: float, seed: int = 1, steps: int = 0) -> tuple[Any, Any]:
    """What Z3 says of the contrary of an obligation, in sorts of any size, and its model if there is one."""
    until = time.perf_counter() + seconds
    given, claim, exact = witnessed(obligation)
    context = z3.Context()
    formulas = [one.formula.translate(context) for one in given]
    for part in conjuncts(claim.translate(context)):
        answer, model = ask([*formulas, z3.Not(part)], until - time.perf_counter(), seed, steps, own=True)
        if answer == z3.sat and exact:
            return answer, model
        if answer != z3.unsat:
            return z3.unknown, None
    return z3.unsat, None


def conjuncts(formula: Formula) -> Iterator[Formula]:
    """What a formula says, one thing after another: each is easier to prove than all."""
    if z3.is_and(formula):
        for one in formula.children():
            yield from conjuncts(one)
    else:
        yield formula


def witnessed(obligation: Obligation) -> tuple[list[Given], Formula, bool]:
    """An obligation without the quantifiers that a witness stands for, and whether it is still the same one."""
    given: list[Given] = []
    known: dict[str, dict[str, Any]] = {}
    for one in obligation.given:
        known[one.name], body = opened(one.formula, one.name)
        given.append(Given(one.name, body))
    claim = obligation.claim
    if not (z3.is_quantifier(claim) and claim.is_exists()):
        return given, claim, True
    names = [claim.var_name(i) for i in range(claim.num_vars())]
    for source in (known.get(obligation.step or "", {}), known.get(obligation.goal, {})):
        if all(name in source for name in names):
            return given, filled(claim, [source[name] for name in names]), False
    return given, claim, True


def opened(formula: Formula, owner: str) -> tuple[dict[str, Any], Formula]:
    """A formula that says that something exists, with a name for each such thing, and the rest of it."""
    names: dict[str, Any] = {}
    while z3.is_quantifier(formula) and formula.is_exists():
        these = [z3.Const(f"{formula.var_name(i)}!{owner}", formula.var_sort(i)) for i in range(formula.num_vars())]
        names |= {formula.var_name(i): one for i, one in enumerate(these)}
        formula = filled(formula, these)
    return names, formula


def filled(quantified: Formula, terms: Sequence[Any]) -> Formula:
    """The body of a quantifier with terms for its variables."""
    return z3.substitute_vars(quantified.body(), *reversed(terms))


def refute(obligation: Obligation, seconds: float = 60.0) -> Counterexample | None:
    """The smallest counterexample, if one is found with sorts as large as the system says."""
    return refuted_or_held(obligation, seconds)[0]


def refuted_or_held(obligation: Obligation, seconds: float = 60.0) -> tuple[Counterexample | None, bool]:
    """The smallest counterexample; or none, and whether there is none with sorts as large as the system says."""
    until = time.perf_counter() + seconds
    complete = True
    for sizes in growing(obligation.system):
        left = until - time.perf_counter()
        if left <= 0:
            return None, False
        try:
            encoding = contrary(obligation, sizes)
        except NotFinite:
            answer, model = attempt(obligation, left, seed=1, steps=0)
            return (numbers_found(obligation.system, model) if answer == z3.sat else None), False
        found = solve(encoding.circuit, left)
        if isinstance(found, Solution):
            return shown(obligation.system, encoding, found), False
        complete &= found is None
    return None, complete


def contrary(obligation: Obligation, sizes: Mapping[str, int]) -> Encoding:
    """What a counterexample in sorts of these sizes has to be."""
    encoding = Encoding(sizes, obligation.system.standard)
    for one in obligation.given:
        encoding.require(one.formula, owner=one.name)
    encoding.require(obligation.claim, holds=False, owner=f"not {obligation.goal}")
    return encoding


def growing(system: System) -> Iterator[Mapping[str, int]]:
    """The fewest things of each sort, then one more, and so on, no sort beyond its size."""
    for size in range(system.at_least, max(system.sizes.values(), default=system.at_least) + 1):
        yield {sort: min(size, most) for sort, most in system.sizes.items()}
