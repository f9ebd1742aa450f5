"""Symmetry: worlds that differ only in which of several equal nodes is which are one orbit; one of them stands for all.

Ip and Dill, "Better Verification Through Symmetry", Formal Methods in System Design 9, 1996. A group of renamings takes
worlds to worlds. If the same happens from a renamed world as from the world itself, but renamed, and if properties say
the same of both, then what is found of one world of an orbit is true of all. A scenario declares such a group. That is
checked, not believed: on the way, worlds and what renamings make of them are seen to go on alike.

An orbit has as many worlds as there are renamings, divided by those that leave one of its worlds as it is. So the
worlds that were not visited are counted all the same.
"""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs
from attrs import define, evolve

from stackproof.checker.host import ScenarioError
from stackproof.checker.world import Event, World

if TYPE_CHECKING:
    from stackproof.checker.scenario import Scenario

Point: TypeAlias = tuple[World, Any]
"""A world, and what is remembered beside it."""

Move: TypeAlias = Callable[[Point], Point]
Ahead: TypeAlias = Callable[[Point], dict[Point, Event]]
Saying: TypeAlias = Callable[[Point], object]


def renamed(value: Any, on: Callable[[Any], Any]) -> Any:
    """A value with every atom in it, a name or a number, as `on` has it."""
    if isinstance(value, tuple):
        parts = [renamed(part, on) for part in value]
        return tuple(parts) if type(value) is tuple else type(value)(*parts)
    if isinstance(value, frozenset):
        return frozenset(renamed(part, on) for part in value)
    if attrs.has(type(value)):
        made = [one for one in attrs.fields(type(value)) if one.init]
        return evolve(value, **{one.alias: renamed(getattr(value, one.name), on) for one in made})
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{one.name: renamed(getattr(value, one.name), on) for one in fields(value) if one.init})
    return on(value)


class Symmetry(ABC):
    """A group of renamings."""

    @property
    @abstractmethod
    def order(self) -> int:
        """How many renamings there are."""

    @property
    @abstractmethod
    def moves(self) -> Mapping[str, Move]:
        """Some of them, in words, of which all others are made."""

    @abstractmethod
    def candidates(self, point: Point) -> Iterable[tuple[Any, int]]:
        """What may stand for a point: from each point of an orbit the same, each with how many renamings lead there."""

    def orbit(self, point: Point) -> tuple[Any, int]:
        """What stands for the orbit of a point, and how many points the orbit has."""
        ways: Counter[Any] = Counter()
        for one, count in self.candidates(point):
            ways[one] += count
        least = min(map(hash, ways))
        one, *more = (one for one in ways if hash(one) == least)
        return frozenset((one, *more)) if more else one, self.order // ways[one]

    def check(self, point: Point, ahead: Ahead, says: Mapping[str, Saying]) -> None:
        """Raise ScenarioError unless a point, and what each move makes of it, go on alike and are spoken of alike."""
        for words, move in self.moves.items():
            there = move(point)
            moved, other = {move(after): event for after, event in ahead(point).items()}, ahead(there)
            events = (event for after, event in (moved | other).items() if (after in moved) != (after in other))
            names = (name for name, say in says.items() if say(point) != say(there))
            if parted := next(chain(map(told, events), names), None):
                raise untrue(point[0].scenario, f"with {words}, {parted} is not the same")

    def check_start(self, points: Collection[Point]) -> None:
        """Raise ScenarioError unless it can begin in all of an orbit, or nowhere there."""
        for words, move in self.moves.items():
            if {move(point) for point in points} != set(points):
                raise untrue(next(iter(points))[0].scenario, f"with {words}, the start is not the same")


def told(event: Event) -> str:
    """An event in a few words."""
    message = "" if event.message is None else type(event.message).__name__
    return " ".join(filter(None, (event.name, event.source, event.target, event.node, message)))


def untrue(scenario: "Scenario", why: str) -> ScenarioError:
    """What to say of a symmetry that is none."""
    return ScenarioError(f"{scenario.name or 'the scenario'} is not as symmetric as it says: {why}. Omit --symmetric")


@define(eq=False, slots=False)
class Turning(Symmetry):
    """Places on a circle: what turns is as it was after so many `turns`. What is remembered beside it must not turn."""

    turns: int
    turn: Callable[[World], World]

    @property
    def order(self) -> int:
        """One for each turn."""
        return self.turns

    @property
    def moves(self) -> Mapping[str, Move]:
        """One turn."""
        return {"everything one place further": lambda point: (self.turn(point[0]), point[1])}

    def candidates(self, point: Point) -> Iterator[tuple[Any, int]]:
        """All turns of it."""
        world, past = point
        for _ in range(self.turns):
            yield (world, past), 1
            world = self.turn(world)


def turning(turns: int, turn: Callable[[World], World]) -> Callable[["Scenario"], Symmetry]:
    """The symmetry of a scenario in which all that is on a circle may turn."""
    return lambda scenario: Turning(turns, turn)
