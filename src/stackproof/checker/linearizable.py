"""Is there an order of the operations that explains what every client saw?

Herlihy and Wing, "Linearizability: A Correctness Condition for Concurrent Objects", TOPLAS 12(3), 1990: a history is
linearizable if its operations can be put in one order that keeps their real-time order and that a sequential object
could have gone through; pending operations may be left out. The search is the judge's (judge/search.py). It asks when
calls began and ended; a history of a monitor says only which operation preceded which. Both say the same: the sets of
operations that preceded each are contained in one another, so an operation began after as many as preceded it, and
ended before the first that it preceded (Fishburn, "Intransitive Indifference with Unequal Indifference Intervals",
J. Math. Psychology 7(1), 1970).
"""

from collections.abc import Hashable, Sequence

from attrs import evolve

from stackproof.checker.history import Operation
from stackproof.checker.judge.calls import Call
from stackproof.checker.judge.models import MODELS, Model
from stackproof.checker.judge.search import Search

STEPS = 1 << 20


def register(initial: Hashable = None) -> Model:
    """One variable: a get returns the value of the last put."""
    return evolve(MODELS["register"], initial=initial)


def linearization(operations: Sequence[Operation], model: Model) -> tuple[Operation, ...] | None:
    """An order that explains all completed operations, with pending ones where they help; None if there is none."""
    search = Search(model, sorted(calls_of(operations, model), key=lambda call: call.begin))
    while search.run(STEPS) is None:
        pass
    known: dict[Hashable, Operation] = dict(enumerate(operations))
    return None if search.order is None else tuple(known[call.process] for call in search.order)


def calls_of(operations: Sequence[Operation], model: Model) -> list[Call]:
    """The operations as calls, each of its own process, with instants that say the same of what preceded what."""
    step = len(operations) + 1
    earlier = [[one.precedes(other) for one in operations] for other in operations]
    begin = [step * sum(row) for row in earlier]
    calls: list[Call] = []
    for place, one in enumerate(operations):
        until = min((begin[other] for other, row in enumerate(earlier) if row[place]), default=step * step)
        end = until - step + 1 + place if one.done else None
        calls.append(Call(place, one.name, None, one.value, one.result, str(one), begin[place], end, one.done))
    return [model.checked(call) for call in calls]
