"""The kernel: what a node is, and what one step of it may do.

A node is an `attrs.define` class with an `id` and variables that hold immutable values. It changes only inside a step:

    start(out)                     once, when the node first comes up                   (optional)
    receive(message, source, out)  a message arrives, a timer fires (the source is the node itself), or a send bounces
    recover(out)                   the node comes back after a crash                    (optional: as `start`)
    leave(out)                     the node says goodbye before it leaves for good      (optional: it leaves silently)
    survivors()                    the states that a crash may leave behind             (optional: see `after_a_crash`)

A step is atomic, is run on a copy of the node, and speaks to the world only through `out`. Work that is not atomic in
the real system is split into several steps by messages that a node sends to itself.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy
from typing import Any, TypeAlias, TypeVar

import attrs
from attrs import define, field, frozen

NodeId: TypeAlias = str
Message: TypeAlias = Any
Value = TypeVar("Value")
Node = TypeVar("Node")


@frozen
class Bounced:
    """The failure detector's word to a sender: this message could not be delivered."""

    message: Message


def durable(default: Any = attrs.NOTHING, *, factory: Callable[[], Any] | None = None) -> Any:
    """A variable on stable storage: it keeps its value through a crash."""
    made: Any = attrs.NOTHING if factory is None else attrs.Factory(factory)
    return field(default=default if factory is None else made, metadata={"durable": True})


def first(options: int) -> int:
    """The choice made where nobody explores: always the first."""
    return 0


@define
class Out:
    """What one step does, in order: messages sent, timers armed and disarmed, choices made, things observed.

    `pick` answers each `choose`: given the number of options it returns the index of one.
    """

    pick: Callable[[int], int] = first
    sent: list[tuple[NodeId, Message]] = field(factory=list)
    timers: list[tuple[Message, float | None]] = field(factory=list)
    observed: list[Any] = field(factory=list)
    chosen: list[tuple[int, int]] = field(factory=list)

    def send(self, target: NodeId, message: Message) -> None:
        """Put `message` in flight to `target`."""
        self.sent.append((target, message))

    def broadcast(self, targets: Iterable[NodeId], message: Message) -> None:
        """Send `message` to each of `targets`."""
        for target in in_order(targets):
            self.send(target, message)

    def after(self, delay_ms: float, message: Message) -> None:
        """Arm a timer: `message` comes back to this node. Arming it again starts it anew."""
        self.timers.append((message, delay_ms))

    def cancel(self, message: Message) -> None:
        """Disarm the timer for `message`, if it is armed."""
        self.timers.append((message, None))

    def choose(self, options: Iterable[Value]) -> Value:
        """An internal choice, made by nobody in particular: exploration follows every option."""
        among = in_order(options)
        if not among:
            raise ValueError("choose() was given nothing to choose from")
        index = self.pick(len(among))
        self.chosen.append((index, len(among)))
        return among[index]

    def observe(self, event: Any) -> None:
        """Something visible happened: the monitors of the scenario see it."""
        self.observed.append(event)


def in_order(values: Iterable[Value]) -> Sequence[Value]:
    """The values as a sequence; those of a set are sorted, since the order it iterates in means nothing."""
    if not isinstance(values, set | frozenset):
        return tuple(values)
    try:
        return sorted(values)
    except TypeError:
        raise TypeError(f"these have no order of their own, give them as a tuple: {values}") from None


def every_branch(step: Callable[[Out], Value]) -> Iterator[tuple[tuple[int, ...], Value, Out]]:
    """Run `step` once for each way its choices may fall; yields the indexes chosen, its result, and its effects."""
    tape: list[int] = []
    while True:
        ahead = iter(tape)
        out = Out(lambda options: next(ahead, 0))  # noqa: B023 - the step ends before the tape moves on
        result = step(out)
        yield tuple(index for index, _ in out.chosen), result, out
        chosen = list(out.chosen)
        while chosen and chosen[-1][0] + 1 == chosen[-1][1]:
            chosen.pop()
        if not chosen:
            return
        tape = [index for index, _ in chosen]
        tape[-1] += 1


def after_a_crash(node: Node) -> Iterable[Node]:
    """The states in which a crash may leave `node`.

    Its own `survivors()` if it has that method. Otherwise one state, in which `durable()` variables keep their value
    and the others go back to their defaults; a variable without a default is configuration, and stays.
    """
    survivors = getattr(node, "survivors", None)
    return (amnesiac(node),) if survivors is None else survivors()


def amnesiac(node: Node) -> Node:
    """`node` after a crash, with nothing left but its configuration and its durable variables."""
    left = copy(node)
    for variable in attrs.fields(type(left)):  # type: ignore[arg-type]
        default = variable.default
        if default is attrs.NOTHING or variable.metadata.get("durable"):
            continue
        if isinstance(default, attrs.Factory):  # type: ignore[arg-type]
            default = default.factory(left) if default.takes_self else default.factory()
        setattr(left, variable.name, default)
    return left
