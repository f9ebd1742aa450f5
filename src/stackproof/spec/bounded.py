"""Runs of so many steps: what can be reached in them, and k-induction.

Biere, Cimatti, Clarke and Zhu, "Symbolic Model Checking without BDDs", TACAS 1999: the steps are written out one after
the other, in finite sorts. Sheeran, Singh and Stålmarck, "Checking Safety Properties Using Induction and a SAT-Solver",
FMCAD 2000: what holds in the first k states, and in a state after any k in a row of which it holds, holds for ever.
"""

import time
from collections.abc import Mapping, Sequence
from itertools import pairwise

import z3
from attrs import frozen

from stackproof.spec.circuit import Circuit, Solution, solve
from stackproof.spec.counterexample import state_found
from stackproof.spec.finite import Encoding, Structure
from stackproof.spec.formulas import State
from stackproof.spec.obligations import Answer
from stackproof.spec.solving import ask
from stackproof.spec.transition_system import ModelError, Part, System


@frozen
class Run:
    """States, and the names of the steps between them."""

    sizes: Mapping[str, int]
    rigid: Structure
    states: Sequence[Structure]
    steps: Sequence[str]


def run_to(system: System, name: str, most: int, seconds: float = 60.0) -> Run | None:
    """A shortest run, of at most so many steps, to a state of which the invariant or consequence does not hold."""
    until = time.perf_counter() + seconds
    goal = system.part(name)
    for length in range(most + 1):
        encoding, taken = written_out(system, length)
        encoding.require(goal(system.state.at(f"s{length}")), holds=False)
        found = solve(encoding.circuit, until - time.perf_counter())
        if isinstance(found, Solution):
            return read(system, encoding, found, taken)
    return None


def written_out(system: System, length: int) -> tuple[Encoding, list[list[int]]]:
    """All runs of so many steps from the first state, and for each step, which it is."""
    if system.init is None:
        raise ModelError(f"{system.name} has no first state")
    encoding = Encoding(system.sizes, system.standard)
    states = [system.state.at(f"s{moment}") for moment in range(length + 1)]
    for axiom in system.axioms:
        encoding.require(axiom())
    encoding.require(system.init(states[0]))
    taken = [take_one(encoding, system.steps, s, t) for s, t in pairwise(states)]
    return encoding, taken


def take_one(encoding: Encoding, steps: Sequence[Part], s: State, t: State) -> list[int]:
    """One of the steps leads from the one state to the other; for each, whether it is that one."""
    circuit: Circuit = encoding.circuit
    literals = list(circuit.one_of(len(steps)))
    for step, literal in zip(steps, literals, strict=True):
        encoding.require(step(s, t), given=literal)
    return literals


def read(system: System, encoding: Encoding, found: Solution, taken: Sequence[Sequence[int]]) -> Run:
    """What was found, as a run."""
    found.shrink(encoding.shrinkable())
    steps = [
        next(step.__name__ for step, literal in zip(system.steps, one, strict=True) if found.holds(literal))
        for one in taken
    ]
    states = [state_found(system, encoding, found, f"s{moment}") for moment in range(len(steps) + 1)]
    rigid = {name: name for name in system.vocabulary.rigid if name not in system.standard}
    return Run(encoding.sizes, encoding.structure(found, rigid), states, steps)


def k_induction(system: System, name: str, k: int, seconds: float = 60.0) -> Answer:
    """Whether an invariant or consequence is kept by k-induction, all invariants given, in sorts of any size."""
    goal = system.part(name)
    states = [system.state.at(f"s{moment}") for moment in range(k + 1)]
    between = [z3.Or(*(step(s, t) for step in system.steps)) for s, t in pairwise(states)]
    facts = [axiom() for axiom in system.axioms]
    begin = [] if system.init is None else [system.init(states[0])]
    base = [[*begin, *between[:moment], z3.Not(goal(states[moment]))] for moment in range(k)]
    others = [one for one in system.invariants if one is not goal]
    held = [one(s) for one in others for s in states] + [goal(s) for s in states[:-1]]
    questions = [*base, [*held, *between, z3.Not(goal(states[-1]))]]
    unsat = all(ask([*facts, *question], seconds)[0] == z3.unsat for question in questions)
    return Answer.PROVED if unsat else Answer.UNKNOWN
