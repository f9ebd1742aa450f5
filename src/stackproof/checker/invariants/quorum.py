"""What a replicated register promises its clients.

Lamport, "On Interprocess Communication", Distributed Computing 1(2), 1986: regular registers. Herlihy and Wing, TOPLAS
12(3), 1990: linearizable ones, which Lamport calls atomic. Gifford, SOSP 1979: quorums intersect. Values of
different puts should differ, or these properties see less. They read the monitor "history".
"""

from collections.abc import Iterator
from functools import lru_cache
from itertools import combinations
from typing import Any

from stackproof.checker.history import History, Operation
from stackproof.checker.linearizable import linearization, register
from stackproof.checker.world import World
from stackproof.reference.storage.quorum_store import Quorums

NOTHING_PUT = None


def quorums_intersect(world: World) -> Iterator[str]:
    """Any W replicas and any R replicas have one in common."""
    configured = [node.quorums for node in world.nodes.values() if hasattr(node, "quorums")]
    for put, get in dict.fromkeys((a, b) for a in configured for b in configured):
        yield from strangers(put, get)


def strangers(put: Quorums, get: Quorums) -> Iterator[str]:
    """Sets of replicas that satisfy a put and a get and have no member in common."""
    for stored in combinations(put.replicas, put.w):
        for asked in combinations(get.replicas, get.r):
            if not set(stored) & set(asked):
                yield f"a put may reach only {', '.join(stored)}, and a get ask only {', '.join(asked)}"


def history(world: World) -> History:
    """What the clients have seen so far."""
    seen: History = world.monitors["history"]
    return seen


def completed(world: World, name: str) -> tuple[Operation, ...]:
    """The operations of this name that have returned."""
    return tuple(one for one in history(world).of(name) if one.done)


def reads_return_a_latest_completed_write(world: World) -> Iterator[str]:
    """A get returns the value of a latest put completed before it, or of one concurrent with it."""
    for get in completed(world, "get"):
        puts = history(world).of("put")
        if get.result not in current(get, puts):
            before = [str(put) for put in puts if put.precedes(get)] or ["nothing was put"]
            yield f"{get}, though {', '.join(before)} before it"


def current(get: Operation, puts: tuple[Operation, ...]) -> list[Any]:
    """The values that a regular register may return to a get."""
    over = [put for put in puts if put.precedes(get)]
    latest = [put.value for put in over if not any(put.precedes(other) for other in over)]
    concurrent = [put.value for put in puts if put not in over and not get.precedes(put)]
    return (latest or [NOTHING_PUT]) + concurrent


def reads_never_go_back(world: World) -> Iterator[str]:
    """A get that begins after another one returned does not return an older value."""
    gets, puts = completed(world, "get"), history(world).of("put")
    for earlier in gets:
        for later in gets:
            if earlier.precedes(later) and older(later.result, earlier.result, puts):
                yield f"{later} came after {earlier}, and is older"


def older(value: Any, than: Any, puts: tuple[Operation, ...]) -> bool:
    """Whether every put of `value`, if there is any, was over before every put of `than` began."""
    first = [put for put in puts if put.value == value]
    second = [put for put in puts if put.value == than]
    return bool(second) and all(put.precedes(other) for put in first for other in second)


def linearizable(world: World) -> Iterator[str]:
    """One order of the operations explains what every client saw."""
    if not explained(history(world)):
        yield f"no order explains {'; '.join(map(str, history(world).operations))}"


@lru_cache(maxsize=1 << 16)
def explained(seen: History) -> bool:
    """Whether a register could have served these operations one at a time."""
    return linearization(seen.operations, register(NOTHING_PUT)) is not None


def a_put_completes(world: World) -> bool:
    """Some put has returned."""
    return bool(completed(world, "put"))


def a_get_returns_a_written_value(world: World) -> bool:
    """Some get has returned what a put wrote."""
    return any(get.result is not NOTHING_PUT for get in completed(world, "get"))
