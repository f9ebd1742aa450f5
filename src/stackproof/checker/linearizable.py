"""Is there an order of the operations that explains what every client saw?

Herlihy and Wing, "Linearizability: A Correctness Condition for Concurrent Objects", TOPLAS 12(3), 1990: a history is
linearizable if its operations can be put in one order that keeps their real-time order and that a sequential object
could have gone through; pending operations may be left out. Wing and Gong, "Testing and Verifying Concurrent Objects",
JPDC 17(1), 1993: search for it depth-first, next always one of the operations that nothing not yet taken precedes.
Lowe, "Testing for Linearizability", CCPE 29(4), 2017: do not go twice to the same set of operations taken and state of
the object.
"""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import Any, Protocol

from attrs import frozen

from stackproof.checker.history import Operation


class Model(Protocol):
    """A sequential object. Its states are hashable values."""

    @property
    def initial(self) -> Hashable:
        """The state before any operation."""

    def step(self, state: Any, operation: Operation) -> tuple[bool, Hashable]:
        """Whether the operation can return in this state what it did (anything, while pending), and the next state."""


@frozen
class Register:
    """One variable: a get returns the value of the last put."""

    initial: Hashable = None

    def step(self, state: Any, operation: Operation) -> tuple[bool, Hashable]:
        """As Model says; raises ValueError for an operation that a register does not know."""
        match operation.name:
            case "put":
                return True, operation.value
            case "get":
                return not operation.done or operation.result == state, state
            case name:
                raise ValueError(f"a register knows put and get, not {name!r}")


@frozen
class Order:
    """The operations taken so far, the last one first."""

    last: Operation
    before: "Order | None"

    def __iter__(self) -> Iterator[Operation]:
        order: Order | None = self
        while order is not None:
            yield order.last
            order = order.before


def linearization(operations: Sequence[Operation], model: Model) -> tuple[Operation, ...] | None:
    """An order that explains all completed operations, with pending ones where they help; None if there is none."""
    earlier = [bits(i for i, one in enumerate(operations) if one.precedes(other)) for other in operations]
    completed = bits(i for i, one in enumerate(operations) if one.done)
    seen: set[tuple[int, Hashable]] = set()
    stack: list[tuple[int, Hashable, Order | None]] = [(0, model.initial, None)]
    while stack:
        taken, state, order = stack.pop()
        if completed & ~taken == 0:
            return tuple(order or ())[::-1]
        for i in candidates(taken, earlier):
            fits, after = model.step(state, operations[i])
            reached = (taken | 1 << i, after)
            if fits and reached not in seen:
                seen.add(reached)
                stack.append((*reached, Order(operations[i], order)))
    return None


def candidates(taken: int, earlier: Sequence[int]) -> Iterator[int]:
    """The operations that may come next: not taken, and after nothing that is not taken."""
    return (i for i, before in enumerate(earlier) if not taken >> i & 1 and not before & ~taken)


def bits(places: Iterable[int]) -> int:
    """The number whose binary ones stand at these places."""
    return sum(1 << place for place in places)
