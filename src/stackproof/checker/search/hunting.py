"""Hypothesis draws tapes, and shrinks one that breaks a property.

It is used as any test uses it: a function of a drawn value fails, or does not. A tape is drawn in one piece, which is
some ten times as fast as drawing every event by itself, as the state machine does (machine.py), and evenly, as it would
not be in parts; or, in a driven round, near tapes that came to rare situations (driving.py).
"""

import time
from collections import Counter
from collections.abc import Callable
from typing import TypeAlias

import hypothesis as h
from attrs import define, field, frozen

from stackproof.checker.host import ScenarioError
from stackproof.checker.search import tapes
from stackproof.checker.search.course import Course, Violated
from stackproof.checker.search.driving import Rarity, going_on_from
from stackproof.checker.search.terrain import Terrain

TOLD_EVERY_S = 0.1
SHRINKING = 1_000
"""How many runs Hypothesis may try to find a simpler tape."""


@frozen
class Progress:
    """How far a search is.

    goals   how many were reached
    rarest  the highest score of a driven run
    note    what it is at
    """

    runs: int
    steps: int
    seconds: float
    faults: int
    goals: int
    rarest: float = 0.0
    note: str = ""


Watcher: TypeAlias = Callable[[Progress], None]


class Stop(BaseException):
    """Enough. Hypothesis takes every Exception for a failing test, and lets pass what is none."""


@define(eq=False, repr=False)
class Hunt:
    """What the runs of a search have come to so far.

    found  the shortest run that breaks a property, and what it breaks
    tries  how often a failing run was run again
    """

    terrain: Terrain
    seconds: float | None = None
    watcher: Watcher | None = None
    began: float = field(factory=time.monotonic)
    told: float = 0.0
    runs: int = 0
    steps: int = 0
    ended: int = 0
    struck: Counter[str] = field(factory=Counter)
    reached: dict[str, int] = field(factory=dict)
    rarity: Rarity = field(factory=Rarity)
    found: tuple[Course, Violated] | None = None
    tries: int = 0

    @property
    def elapsed(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self.began

    @property
    def left(self) -> float | None:
        """Seconds that are left."""
        return None if self.seconds is None else self.seconds - self.elapsed

    @property
    def is_over(self) -> bool:
        """Whether the time is up."""
        return self.seconds is not None and self.elapsed >= self.seconds

    def run(self, tape: bytes) -> Course:
        """Run a tape to the end. Raises Violated where it breaks a property, Stop where there were enough runs."""
        self.tries += self.found is not None
        if self.tries > SHRINKING or (self.found is None and self.is_over):
            raise Stop
        self.terrain.make_room()
        course = Course(self.terrain)
        try:
            tapes.play(course, tape)
        except Violated as violated:
            course.ended = True
            self.note(course, tape)
            if self.found is None or len(course.events) < len(self.found[0].events):
                self.found = course, violated
            raise
        except ScenarioError as error:
            raise Stop from error
        self.note(course, tape)
        return course

    def note(self, course: Course, tape: bytes) -> None:
        """Count a run, unless it was run to shrink another."""
        if self.found is None:
            self.runs += 1
            self.steps += len(course.events) - 1
            self.ended += course.ended
            self.struck.update(course.struck)
            self.rarity.count(course.situations, tape)
            for goal, length in course.reached():
                self.reached[goal] = min(length, self.reached.get(goal, length))
        if self.elapsed - self.told > TOLD_EVERY_S:
            self.tell("shrinking" if self.found else "")

    def tell(self, note: str) -> None:
        """Tell the watcher how far it is."""
        self.told = self.elapsed
        if self.watcher is not None:
            faults, goals, rarest = self.struck.total(), len(self.reached), self.rarity.best
            self.watcher(Progress(self.runs, self.steps, self.elapsed, faults, goals, rarest, note))


def hunt_by_hypothesis(
    hunt: Hunt, seed: int, examples: int, steps: int, *, driven: bool = False, climbs: bool = False
) -> None:
    """Run so many examples; stop where one breaks a property, and shrink it. `climbs`: Hypothesis maximises scores."""
    length = tapes.length(steps)
    rare = hunt.rarity.begin() if driven else ()

    @h.seed(seed)
    @h.settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=(h.Phase.generate, *((h.Phase.target,) if climbs else ()), h.Phase.shrink),
        suppress_health_check=tuple(h.HealthCheck),
        report_multiple_bugs=False,
        print_blob=False,
        verbosity=h.Verbosity.quiet,
    )
    @h.given(going_on_from(rare, length) if rare else h.strategies.binary(min_size=length, max_size=length))
    def property_holds(tape: bytes) -> None:
        course = hunt.run(tape)
        if rare:
            h.target(hunt.rarity.score(course.situations))

    try:
        property_holds()
    except Violated:
        return
    except Stop as stop:
        if isinstance(stop.__cause__, ScenarioError):
            raise stop.__cause__ from stop.__cause__.__cause__
