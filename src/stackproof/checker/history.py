"""What clients asked for and got, and in which order as far as anybody outside can tell.

A history is a set of operations with the relation "had returned before the other was invoked" (Herlihy and Wing,
"Linearizability: A Correctness Condition for Concurrent Objects", TOPLAS 12(3), 1990, section 2). A client has one
operation under way at a time, so the relation fits into one number for each other client. Everything else about the
order of events is forgotten: runs that no client can tell apart have equal histories.

`History` is a monitor: `Scenario(monitors={"history": History()})`, with nodes that observe `Invoked` and `Returned`.
"""

from typing import Any

from attrs import evolve, frozen

from stackproof.reference.actor import NodeId
from stackproof.reference.storage.quorum_store import Invoked, Returned


@frozen
class Operation:
    """One operation of one client; one that is not `done` is pending, perhaps for ever, and has no result.

    number   its place among the operations of its client, from 0
    after    (client, n): those of another client's first n operations that ever returned had done so before this began
    """

    client: NodeId
    number: int
    name: str
    value: Any = None
    result: Any = None
    done: bool = False
    after: tuple[tuple[NodeId, int], ...] = ()

    def __str__(self) -> str:
        call = f"{self.client}: {self.name}({'' if self.value is None else self.value})"
        if not self.done:
            return f"{call} pending"
        return call if self.result is None and self.name == "put" else f"{call} -> {self.result}"

    def precedes(self, other: "Operation") -> bool:
        """Whether this had returned when the other was invoked."""
        before = other.number if self.client == other.client else dict(other.after).get(self.client, 0)
        return self.done and self.number < before


@frozen(cache_hash=True)
class History:
    """The operations of all clients, ordered by client and number."""

    operations: tuple[Operation, ...] = ()

    def observe(self, node: NodeId, event: Any) -> "History":
        """The history after an event at a node; events that are not of operations leave it as it is."""
        match event:
            case Invoked(name, value):
                return self.invoked(node, name, value)
            case Returned(result):
                return self.returned(node, result)
            case _:
                return self

    def invoked(self, client: NodeId, name: str, value: Any) -> "History":
        """The history in which `client` has begun one more operation."""
        over: dict[NodeId, int] = {}
        for one in self.operations:
            if one.done and one.client != client:
                over[one.client] = one.number + 1
        number = sum(one.client == client for one in self.operations)
        place = sum(one.client <= client for one in self.operations)
        operation = Operation(client, number, name, value, after=tuple(over.items()))
        return History((*self.operations[:place], operation, *self.operations[place:]))

    def returned(self, client: NodeId, result: Any) -> "History":
        """The history in which the last operation of `client` has returned."""
        place = sum(one.client <= client for one in self.operations) - 1
        if place < 0 or self.operations[place].client != client or self.operations[place].done:
            raise ValueError(f"{client!r} returned from an operation that it had not invoked")
        operation = evolve(self.operations[place], result=result, done=True)
        return History((*self.operations[:place], operation, *self.operations[place + 1 :]))

    def of(self, *names: str) -> tuple[Operation, ...]:
        """The operations with one of these names."""
        return tuple(one for one in self.operations if one.name in names)
