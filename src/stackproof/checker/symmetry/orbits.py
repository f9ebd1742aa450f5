"""What was visited: one of each orbit. Without a symmetry everything is an orbit of its own."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Generic, TypeVar

from attrs import define, field

from stackproof.checker.host import ScenarioError
from stackproof.checker.scenario import Scenario
from stackproof.checker.symmetry import Ahead, Point, Saying, Symmetry

One = TypeVar("One")
FEW, ONE_OUT_OF = 500, 16


def symmetry_of(scenario: Scenario) -> Symmetry:
    """The symmetry that a scenario declares; raises ScenarioError where it declares none, or asks of fair runs."""
    name = scenario.name or "the scenario"
    if scenario.symmetry is None:
        raise ScenarioError(f"{name} declares no symmetry: omit --symmetric")
    if scenario.eventually or scenario.eventually_always:
        raise ScenarioError(f"{name} makes promises of fair runs, and who is who matters to these: omit --symmetric")
    return scenario.symmetry(scenario)


@define(eq=False)
class Visited(Generic[One]):
    """What was visited, each with where it was first reached from; with a symmetry, one of each orbit.

    point    reads one as a world, and what is remembered beside it
    instead  for each orbit, what was visited of it
    sizes    of the orbits
    """

    point: Callable[[One], Point]
    symmetry: Symmetry | None = None
    before: dict[One, One | None] = field(factory=dict, init=False)
    instead: dict[Any, One] = field(factory=dict, init=False)
    sizes: dict[One, int] = field(factory=dict, init=False)
    asked: int = 0

    def add(self, one: One, before: One | None) -> bool:
        """Whether nothing of this orbit was visited before; from now on this was."""
        if one in self.before:
            return False
        if self.symmetry is not None:
            orbit, size = self.symmetry.orbit(self.point(one))
            if orbit in self.instead:
                return False
            self.instead[orbit], self.sizes[one] = one, size
        self.before[one] = before
        return True

    def size(self, one: One) -> int:
        """How many are in the orbit of one that was visited."""
        return self.sizes.get(one, 1)

    def of(self, one: One) -> One:
        """What was visited of an orbit; the one itself, if nothing was."""
        if self.symmetry is None or one in self.before:
            return one
        return self.instead.get(self.symmetry.orbit(self.point(one))[0], one)

    @property
    def orbits(self) -> int | None:
        """How many orbits there are, if there is a symmetry."""
        return None if self.symmetry is None else len(self.before)

    @property
    def distinct(self) -> int:
        """How many there are in all orbits."""
        return len(self.before) if self.symmetry is None else sum(self.sizes.values())

    def path(self, one: One) -> list[One]:
        """What leads to one that was visited, the first one first."""
        way = [one]
        while (earlier := self.before[way[-1]]) is not None:
            way.append(earlier)
        return way[::-1]

    def check(self, one: One, ahead: Ahead, says: Mapping[str, Saying]) -> None:
        """See to it that the symmetry is one: whenever this is asked at first, and now and then later on."""
        if self.symmetry is not None and (self.asked < FEW or self.asked % ONE_OUT_OF == 0):
            self.symmetry.check(self.point(one), ahead, says)
        self.asked += 1

    def check_start(self, ones: Iterable[One]) -> None:
        """See to it that the symmetry is one of the start, too."""
        if self.symmetry is not None:
            self.symmetry.check_start([self.point(one) for one in ones])
