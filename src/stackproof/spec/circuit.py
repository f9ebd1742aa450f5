"""Boolean circuits: literals are integers, a negative one is the contrary, gates are clauses, equal gates are one gate.

What a constant decides is never built. Z3's solver for finite domains answers.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import z3

TRUE, FALSE = 1, -1
SEED = 7


class Circuit:
    """Gates, and what is required of them."""

    def __init__(self) -> None:
        self.size = 1
        self.clauses: list[Sequence[int]] = [(TRUE,)]
        self.gates: dict[tuple[int, ...], int] = {}

    def fresh(self) -> int:
        """A literal that may be either."""
        self.size += 1
        return self.size

    def require(self, *literals: int) -> None:
        """One of them holds."""
        if TRUE not in literals:
            self.clauses.append([one for one in literals if one != FALSE])

    def all_of(self, literals: Iterable[int]) -> int:
        """Whether all of them hold."""
        needed = set(literals)
        needed.discard(TRUE)
        if FALSE in needed or any(-one in needed for one in needed):
            return FALSE
        if len(needed) <= 1:
            return needed.pop() if needed else TRUE
        key = tuple(sorted(needed))
        gate = self.gates.get(key)
        if gate is None:
            gate = self.gates[key] = self.fresh()
            self.clauses += [(-gate, one) for one in key]
            self.clauses.append((gate, *(-one for one in key)))
        return gate

    def any_of(self, literals: Iterable[int]) -> int:
        """Whether one of them holds."""
        return -self.all_of([-one for one in literals])

    def same(self, one: int, other: int) -> int:
        """Whether both hold, or neither does."""
        return self.all_of((self.any_of((-one, other)), self.any_of((one, -other))))

    def choice(self, condition: int, then: int, otherwise: int) -> int:
        """The one or the other."""
        return self.all_of((self.any_of((-condition, then)), self.any_of((condition, otherwise))))

    def one_of(self, count: int) -> tuple[int, ...]:
        """New literals, of which exactly one holds."""
        if count == 1:
            return (TRUE,)
        literals = tuple(self.fresh() for _ in range(count))
        self.require(*literals)
        for i, one in enumerate(literals):
            for other in literals[:i]:
                self.require(-one, -other)
        return literals


class Solution:
    """A circuit's values that keep what is required, made small: of `wanted_false` as few hold as will do."""

    def __init__(self, solver: Any) -> None:
        self.solver = solver
        self.model = solver.model()

    def holds(self, literal: int) -> bool:
        """The value of a literal."""
        value = literal in (TRUE, FALSE) or z3.is_true(self.model.eval(z3.Bool(abs(literal))))
        return value == (literal > 0)

    def shrink(self, wanted_false: Sequence[int]) -> None:
        """Of these, let as few hold as will do: one after another is tried."""
        fixed: list[Any] = []
        for literal in wanted_false:
            no = z3.Not(z3.Bool(literal))
            if self.holds(literal):
                if self.solver.check(*fixed, no) != z3.sat:
                    continue
                self.model = self.solver.model()
            fixed.append(no)


def solve(circuit: Circuit, seconds: float) -> Solution | str | None:
    """A solution, None if there is none, or why nobody knows."""
    solver = z3.SolverFor("QF_FD")
    solver.set("random_seed", SEED)
    solver.set("timeout", max(1, int(seconds * 1000)))
    lines = [f"p cnf {circuit.size} {len(circuit.clauses)}"]
    lines += [f"{' '.join(map(str, clause))} 0" for clause in circuit.clauses]
    solver.from_string("\n".join(lines) + "\n")
    answer = solver.check()
    if answer == z3.sat:
        return Solution(solver)
    return None if answer == z3.unsat else str(solver.reason_unknown())
