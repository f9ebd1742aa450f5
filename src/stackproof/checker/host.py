"""One node in the world, and everything that can happen to it alone.

A host is a node with its armed timers and its status. A cause (a message, a timer, a crash, ...) turns it into one
effect for each way its choices may fall: the host after the step, what it sent, what could be observed. Both explorers,
the search and replay use this one function, so that a step means the same everywhere.
"""

from collections.abc import Callable, Iterator
from copy import copy
from enum import Enum
from functools import cached_property, lru_cache
from operator import attrgetter
from typing import Any

import attrs
from attrs import evolve, frozen

from stackproof.checker.values import Unfit, canonical, plain, text
from stackproof.reference.actor import Bounced, NodeId, Out, after_a_crash, every_branch

form_of = lru_cache(maxsize=1 << 15)(canonical)


class ScenarioError(Exception):
    """The question makes no sense; says which part of it, and what to do."""


class Status(Enum):
    """Where a node stands. RAISED: its last step raised an exception, and it takes no further one."""

    UP = "up"
    PAUSED = "paused"
    DOWN = "down"
    ABSENT = "absent"
    LEFT = "left"
    RAISED = "raised"


@frozen(eq=False)
class Host:
    """A node, the messages its timers will send it, and its status: a value."""

    node: Any
    timers: frozenset[Any] = frozenset()
    status: Status = Status.UP
    error: str | None = None

    @cached_property
    def key(self) -> tuple[Any, ...]:
        """All that makes two hosts the same."""
        kind: Any = type(self.node)
        return kind, values_of(kind)(self.node), self.timers, self.status, self.error

    @cached_property
    def hash(self) -> int:
        """The hash of the key, computed once."""
        return hash(self.key)

    def __hash__(self) -> int:
        return self.hash

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Host) and self.key == other.key

    @cached_property
    def armed(self) -> tuple[Any, ...]:
        """The armed timers in a fixed order."""
        return tuple(sorted(self.timers, key=form_of))

    def form(self) -> dict[str, Any]:
        """The host as JSON."""
        shown = {"status": self.status.value, "timers": [plain(message) for message in self.armed]}
        return {**shown, "variables": variables_of(self.node), "error": self.error}


@lru_cache
def values_of(kind: type) -> Callable[[Any], tuple[Any, ...]]:
    """What reads the variables of such a node."""
    names = [variable.name for variable in attrs.fields(kind)]
    return attrgetter(*names) if len(names) > 1 else lambda node: (node.id,)


def variables_of(node: Any) -> dict[str, Any]:
    """The variables of a node as JSON; raises ScenarioError for one that can change between steps."""
    shown = {}
    for variable in attrs.fields(type(node)):
        try:
            shown[variable.name] = plain(getattr(node, variable.name))
        except Unfit as unfit:
            where = f"{type(node).__name__} {node.id!r}: variable {variable.name!r}"
            raise ScenarioError(f"{where}: {unfit}. Use tuples, frozensets and frozen classes.") from None
    return shown


@frozen
class Cause:
    """What happens to a host: one of the names of `CAUSES`, with the message and its source where it has one."""

    name: str
    source: NodeId = ""
    message: Any = None


@frozen
class Effect:
    """What one step of one host did; `choose` holds the index of each choice that was made in it."""

    choose: tuple[int, ...]
    host: Host
    sent: tuple[tuple[NodeId, Any], ...] = ()
    observed: tuple[Any, ...] = ()
    silent: bool = False


def effects(host: Host, cause: Cause) -> tuple[Effect, ...]:
    """Every way in which `cause` may change `host`; an effect is `silent` when it changes nothing and says nothing."""
    return tuple(
        evolve(effect, silent=True) if effect.host == host and not effect.sent and not effect.observed else effect
        for effect in CAUSES[cause.name](host, cause)
    )


def run(host: Host, step: Callable[[Any, Out], None]) -> Iterator[Effect]:
    """Each way in which one step of an up node may go."""

    def attempt(out: Out) -> Host:
        node = copy(host.node)
        try:
            step(node, out)
        except Exception as error:
            return Host(host.node, frozenset(), Status.RAISED, told(error))
        return Host(node, rearmed(host.timers, out), Status.UP)

    for choose, after, out in every_branch(attempt):
        fit(after, out)
        sent, observed = ((), ()) if after.error else (tuple(out.sent), tuple(out.observed))
        yield Effect(choose, after, sent, observed)


def rearmed(timers: frozenset[Any], out: Out) -> frozenset[Any]:
    """The timers after a step that armed and disarmed some."""
    armed = set(timers)
    for message, delay in out.timers:
        if delay is None:
            armed.discard(message)
        else:
            armed.add(message)
    return shared(frozenset(armed))


@lru_cache(maxsize=1 << 15)
def shared(timers: frozenset[Any]) -> frozenset[Any]:
    """The same timers, equal ones once: few sets of them are armed in many worlds."""
    return timers


def fit(host: Host, out: Out) -> None:
    """Raise ScenarioError unless everything that outlives the step is immutable."""
    try:
        for part in (*host.key[1], *out.sent, *out.timers, *out.observed):
            form_of(part)
    except TypeError:
        name_unfit(host, out)


def name_unfit(host: Host, out: Out) -> None:
    """Raise ScenarioError for the first part of a step that can change."""
    variables_of(host.node)
    for part in (*out.sent, *out.timers, *out.observed):
        try:
            text(plain(part))
        except Unfit as unfit:
            raise ScenarioError(
                f"{type(host.node).__name__} {host.node.id!r} sent, armed or observed {unfit}"
            ) from None


def told(error: Exception) -> str:
    """An exception, with the line that raised it."""
    where = error.__traceback__
    while where is not None and where.tb_next is not None:
        where = where.tb_next
    line = f" (line {where.tb_lineno} of {where.tb_frame.f_code.co_name})" if where else ""
    return f"{type(error).__name__}: {error}{line}"


def delivered(host: Host, cause: Cause) -> Iterator[Effect]:
    """A message arrives."""
    return run(host, lambda node, out: node.receive(cause.message, cause.source, out))


def fired(host: Host, cause: Cause) -> Iterator[Effect]:
    """A timer fires, and is disarmed unless the step arms it again."""
    disarmed = Host(host.node, host.timers - {cause.message}, host.status, host.error)
    return run(disarmed, lambda node, out: node.receive(cause.message, node.id, out))


def bounced(host: Host, cause: Cause) -> Iterator[Effect]:
    """A message comes back to its sender; the source is the node that could not be reached."""
    return run(host, lambda node, out: node.receive(Bounced(cause.message), cause.source, out))


def started(host: Host, cause: Cause) -> Iterator[Effect]:
    """The node comes up for the first time."""
    return run(evolve(host, status=Status.UP), begin)


def restarted(host: Host, cause: Cause) -> Iterator[Effect]:
    """The node comes back after a crash."""
    again = getattr(type(host.node), "recover", None)
    return run(evolve(host, status=Status.UP), begin if again is None else again)


def begin(node: Any, out: Out) -> None:
    """The node's `start`, if it has one."""
    if hasattr(node, "start"):
        node.start(out)


def crashed(host: Host, cause: Cause) -> Iterator[Effect]:
    """The node goes down, with what its stable storage holds; one effect for each state that may be left."""
    left = tuple(after_a_crash(host.node))
    for index, node in enumerate(left):
        variables_of(node)
        yield Effect((index,) if len(left) > 1 else (), Host(node, frozenset(), Status.DOWN))


def gone(host: Host, cause: Cause) -> Iterator[Effect]:
    """The node leaves for good: without a word, or, where it has a `leave`, after saying so."""
    polite = getattr(type(host.node), "leave", None)
    yield Effect((0,) if polite else (), Host(host.node, frozenset(), Status.LEFT))
    if polite is not None:
        for effect in run(host, polite):
            status = Status.RAISED if effect.host.error else Status.LEFT
            leaving = evolve(effect.host, timers=frozenset(), status=status)
            yield evolve(effect, choose=(1, *effect.choose), host=leaving)


def turned(status: Status) -> Callable[[Host, Cause], Iterator[Effect]]:
    """The cause that changes nothing but the status."""
    return lambda host, cause: iter((Effect((), evolve(host, status=status)),))


CAUSES: dict[str, Callable[[Host, Cause], Iterator[Effect]]] = {
    "deliver": delivered,
    "fire": fired,
    "bounce": bounced,
    "start": started,
    "restart": restarted,
    "crash": crashed,
    "pause": turned(Status.PAUSED),
    "resume": turned(Status.UP),
    "join": started,
    "leave": gone,
}
