"""Z3, asked about formulas over sorts of any size, so that the same question has the same answer.

Whether it finds a proof soon depends on chance: on its seed, and on all that it was asked before. So questions are
asked in a context of their own, in rounds: with another seed each time, and with more steps, which are counted, not
timed.
"""

from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

import z3

from stackproof.spec.formulas import Formula

FEW = 1_000_000


def rounds() -> Iterator[tuple[int, int]]:
    """Seeds, and how many steps to take with each: every number of steps with two seeds, then twice as many."""
    return ((seed, FEW << seed // 2) for seed in count(1))


def ask(
    formulas: Sequence[Formula],
    seconds: float,
    seed: int = 1,
    steps: int = 0,
    names: Sequence[str] = (),
    own: bool = False,
) -> tuple[Any, Any]:
    """Whether there is a model: sat and the model; unsat and, if the first formulas have names, which matter; unknown.

    At most so many seconds and steps are taken, 0 steps being any number. `own`: the formulas are in a context of their
    own already.
    """
    context = formulas[0].ctx if own else z3.Context()
    solver = z3.Solver(ctx=context)
    solver.set("timeout", max(1, int(seconds * 1000)))
    solver.set("random_seed", seed)
    solver.set("rlimit", steps)
    for name, formula in zip(names, formulas, strict=False):
        solver.assert_and_track(formula if own else formula.translate(context), name)
    solver.add(*(formula if own else formula.translate(context) for formula in formulas[len(names) :]))
    answer = solver.check()
    if answer == z3.sat:
        return answer, solver.model()
    return answer, {str(one) for one in solver.unsat_core()} if answer == z3.unsat else None
