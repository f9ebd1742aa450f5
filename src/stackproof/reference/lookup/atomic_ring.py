"""A whole ring as one node: what the atomic forms of Chord have in common.

Zave's models of Chord ("Using Lightweight Modeling To Understand Chord", ACM SIGCOMM CCR 42(2), 2012, and the paper
that `chord_atomic` cites) share state: in one step a member may read the variables of another, and write them. So one
node holds the variables of all, as relations that are indexed by identifier, and its armed timers are the steps that
are possible: members take theirs in any order and at any pace.

Failures are no part of a protocol; `may_fail` states what is assumed of them. In every model it is that no failure
leaves a member without a live successor. A member that fails loses its variables, says nothing, and is known to be
dead by whoever asks it. It may join again, as a new one, where `reuse` is true.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from copy import copy
from functools import lru_cache
from operator import attrgetter
from typing import Any, ClassVar, Final, Self, TypeAlias, TypeVar

import attrs
from attrs import define, frozen

from stackproof.reference.actor import NodeId, Out
from stackproof.reference.lookup.identifiers import Arc

Value = TypeVar("Value")
Lists: TypeAlias = tuple[tuple[int, ...], ...]
State: TypeAlias = tuple[Any, ...]
NOBODY: Final = -1
MANY: Final = 1 << 17
NO_STEPS: Final[Mapping[Any, None]] = {}


@frozen
class Join:
    """A step of an identifier that is no member: it becomes one."""

    joiner: int


@frozen
class Fail:
    """The last step of a member."""

    member: int


@lru_cache(maxsize=MANY)
def the(kind: Callable[..., Value], *numbers: int) -> Value:
    """The one value of this kind: what is the same is compared at once."""
    return kind(*numbers)


@lru_cache(maxsize=MANY)
def put(relation: tuple[Value, ...], n: int, value: Value) -> tuple[Value, ...]:
    """The relation in which n has this value; equal ones are the same."""
    return (*relation[:n], value, *relation[n + 1 :])


@lru_cache(maxsize=MANY)
def dispensable(successors: Lists) -> frozenset[int]:
    """The members that may fail without leaving another member no live successor."""
    members = frozenset(n for n, list_n in enumerate(successors) if list_n)
    last_hope = {n: members.intersection(successors[n]) for n in members}
    return frozenset(f for f in members if all(last_hope[n] - {f} for n in members - {f}))


@define(kw_only=True)
class AtomicRing(ABC):
    """The variables of all members. An identifier without successors is no member.

    r         how many entries a list has
    failing   who may fail; if nobody is named, anybody may
    failed    who failed and may not join again
    """

    RELATIONS: ClassVar[tuple[str, ...]]

    id: NodeId = "ring"
    identifiers: int
    r: int = 2
    reuse: bool = False
    failing: tuple[int, ...] = ()
    successors: Lists = ()
    predecessor: tuple[int, ...] = ()
    failed: frozenset[int] = frozenset()

    @abstractmethod
    def start(self, out: Out) -> None:
        """Begin, as an ideal ring."""

    @abstractmethod
    def receive(self, message: Any, source: NodeId, out: Out) -> None:
        """Take a step that is possible, and arm those that are possible then."""

    @abstractmethod
    def take(self, step: Any, out: Out) -> None:
        """Take a step that is possible."""

    @abstractmethod
    def maintenance(self) -> Iterator[Any]:
        """The steps of members that may be taken next, failures apart."""

    @property
    def relations(self) -> State:
        """All that maintenance reads and writes."""
        return values(self.RELATIONS)(self)

    def related(self, relations: State) -> Self:
        """This ring with other relations."""
        ring = copy(self)
        for name, relation in zip(self.RELATIONS, relations, strict=True):
            setattr(ring, name, relation)
        return ring

    def __copy__(self) -> Self:
        twin = object.__new__(type(self))
        for name in variables(type(self)):
            setattr(twin, name, getattr(self, name))
        return twin

    @property
    def members(self) -> tuple[int, ...]:
        """The identifiers that are members, in order."""
        return tuple(n for n, list_n in enumerate(self.successors) if list_n)

    def live(self, n: int) -> bool:
        """Whether n is a member, and so would answer."""
        return self.successors[n] != ()

    def contacts(self, j: int) -> tuple[int, ...]:
        """The members between whom and whose successor j belongs: those that it may join by."""
        return tuple(m for m in self.members if j in Arc(m, self.successors[m][0]))

    def may_fail(self, f: int) -> bool:
        """What is assumed of failures."""
        return f in dispensable(self.successors) and (not self.failing or f in self.failing)

    def churn(self) -> Iterator[Join | Fail]:
        """The steps by which the members may become more, or fewer."""
        for n in range(self.identifiers):
            if self.live(n):
                if self.may_fail(n):
                    yield the(Fail, n)
            elif n not in self.failed and self.contacts(n):
                yield the(Join, n)

    @property
    def steps(self) -> Mapping[Any, None]:
        """Every step that may be taken next, as a set in a fixed order."""
        kind = type(self)
        return steps_in(kind, values(variables(kind))(self))

    def arm(self, out: Out, before: Mapping[Any, None] = NO_STEPS, taken: Any = None) -> None:
        """Arm a timer for every possible step. Those of `before` are armed, except for the one just taken."""
        now = self.steps
        for step in before:
            if step not in now:
                out.cancel(step)
        for step in now:
            if step == taken or step not in before:
                out.after(0, step)

    def begin(self, ring: tuple[int, ...]) -> None:
        """Make these the members of an ideal ring."""
        self.successors = ((),) * self.identifiers
        self.predecessor = (NOBODY,) * self.identifiers
        for place, n in enumerate(ring):
            following = (*ring[place + 1 :], *ring[: place + 1]) * self.r
            self.successors = put(self.successors, n, following[: self.r])
            self.predecessor = put(self.predecessor, n, ring[place - 1])

    def fail(self, f: int) -> None:
        """f is no more."""
        self.successors = put(self.successors, f, ())
        self.predecessor = put(self.predecessor, f, NOBODY)
        if not self.reuse:
            self.failed |= {f}


@lru_cache
def variables(kind: type[AtomicRing]) -> tuple[str, ...]:
    """The names of all variables."""
    return tuple(variable.name for variable in attrs.fields(kind))


@lru_cache
def values(names: tuple[str, ...]) -> Callable[[AtomicRing], State]:
    """What reads the variables with these names."""
    return attrgetter(*names)


@lru_cache(maxsize=MANY)
def steps_in(kind: type[AtomicRing], state: State) -> Mapping[Any, None]:
    """The possible steps of a ring, worked out once for each state."""
    ring = kind(**dict(zip(variables(kind), state, strict=True)))
    return dict.fromkeys((*ring.churn(), *ring.maintenance()))
