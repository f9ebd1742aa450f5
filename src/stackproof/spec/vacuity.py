"""Does a model say anything? Every step should be possible, every invariant and consequence exclude something.

A step that cannot happen keeps whatever one likes; that is the mistake that a proof does not show. And which invariants
does a proof need? Those of an unsatisfiable core, and those that their own proofs need.
"""

import time
from collections.abc import Callable, Sequence
from enum import StrEnum
from itertools import islice

import z3
from attrs import frozen

from stackproof.spec.circuit import Solution, solve
from stackproof.spec.counterexample import Counterexample, shown
from stackproof.spec.finite import Encoding, NotFinite
from stackproof.spec.formulas import Formula
from stackproof.spec.obligations import Kind, Obligation, growing, obligations, witnessed
from stackproof.spec.solving import ask, rounds
from stackproof.spec.transition_system import System


class Sense(StrEnum):
    """What was found out about a part of a model."""

    POSSIBLE = "possible"
    IMPOSSIBLE = "impossible"
    EXCLUDES = "excludes something"
    IMPLIED = "implied by the others"
    UNKNOWN = "unknown"


ALL_TRIES = 5
FULL_OF_SENSE = (Sense.POSSIBLE, Sense.EXCLUDES, Sense.IMPLIED)


@frozen(eq=False)
class Finding:
    """What was found out about a part: of a step or `init`, that it can happen; of a property, that it excludes."""

    part: str
    sense: Sense
    seconds: float
    example: Counterexample | None


def vacuity(system: System, seconds: float = 60.0) -> list[Finding]:
    """Whether `init` and each step can happen, the invariants given, and what each property adds to the others."""
    s, t = system.state.at("s"), system.state.at("t")
    axioms = [one() for one in system.axioms]
    invariants = [one(s) for one in system.invariants]
    found = []
    if system.init is not None:
        found.append(judged(system, system.init.__name__, [*axioms, system.init(s)], Sense.POSSIBLE, seconds))
    for step in system.steps:
        formulas = [*axioms, *invariants, step(s, t)]
        found.append(judged(system, step.__name__, formulas, Sense.POSSIBLE, seconds))
    for one in system.invariants:
        others = [other(s) for other in system.invariants if other is not one]
        formulas = [*axioms, *others, z3.Not(one(s))]
        found.append(judged(system, one.__name__, formulas, Sense.EXCLUDES, seconds))
    return found + [
        judged(system, one.__name__, [*axioms, z3.Not(one(s))], Sense.EXCLUDES, seconds) for one in system.consequences
    ]


def judged(system: System, part: str, formulas: Sequence[Formula], hoped: Sense, seconds: float) -> Finding:
    """Look for a model of the formulas in finite sorts; where there is none, ask whether there is none at all."""
    begun = time.perf_counter()
    example = model_of(system, formulas, seconds)
    if example is not None:
        return Finding(part, hoped, time.perf_counter() - begun, example)
    answer, _ = ask(formulas, seconds)
    none = Sense.IMPOSSIBLE if hoped is Sense.POSSIBLE else Sense.IMPLIED
    sense = none if answer == z3.unsat else hoped if answer == z3.sat else Sense.UNKNOWN
    return Finding(part, sense, time.perf_counter() - begun, None)


def model_of(system: System, formulas: Sequence[Formula], seconds: float) -> Counterexample | None:
    """The smallest model of the formulas, if there is one with sorts as large as the system says."""
    until = time.perf_counter() + seconds
    try:
        for sizes in growing(system):
            encoding = Encoding(sizes, system.standard)
            for one in formulas:
                encoding.require(one)
            found = solve(encoding.circuit, until - time.perf_counter())
            if isinstance(found, Solution):
                return shown(system, encoding, found)
    except NotFinite:
        pass
    return None


def core(obligation: Obligation, seconds: float = 60.0) -> frozenset[str] | None:
    """The names of what a proof of the obligation uses, none of which it can do without; None if there is no proof."""
    given, claim, _ = witnessed(obligation)
    used = [one.name for one in given]
    formulas = {one.name: one.formula for one in given}

    def suffices(names: Sequence[str]) -> list[str] | None:
        for seed, steps in islice(rounds(), ALL_TRIES if names is used else 1):
            answer, said = ask([*(formulas[name] for name in names), z3.Not(claim)], seconds, seed, steps, names)
            if answer == z3.unsat:
                return [name for name in names if name in said]
        return None

    return smallest(used, suffices)


def smallest(names: Sequence[str], suffices: Callable[[Sequence[str]], list[str] | None]) -> frozenset[str] | None:
    """A set of names that suffices, and of which none can be left out."""
    left = suffices(names)
    if left is None:
        return None
    for name in tuple(left):
        if name in left:
            fewer = suffices([other for other in left if other != name])
            left = left if fewer is None else fewer
    return frozenset(left)


def needed(system: System, *goals: str, seconds: float = 60.0) -> frozenset[str]:
    """Invariants that suffice for the goals, by default all consequences: those their proofs use, and so on.

    Raises ValueError if there is no proof.
    """
    invariants = {one.__name__ for one in system.invariants}
    goals = goals or tuple(one.__name__ for one in system.consequences) or tuple(sorted(invariants))
    owed = obligations(system)
    kept: set[str] = set()
    waiting = [one for one in owed if one.goal in goals]
    while waiting:
        obligation = waiting.pop(0)
        used = core(obligation, seconds)
        if used is None:
            raise ValueError(f"there is no proof that {obligation}")
        itself = {obligation.goal} & invariants
        fresh = ((used & invariants) | itself) - kept
        kept |= fresh
        waiting += [one for one in owed if one.goal in fresh and one.kind in (Kind.CONSECUTION, Kind.INITIATION)]
    return frozenset(kept)
