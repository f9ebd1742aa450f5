"""Refinement: is every step of the reference a step of the model?

Abadi and Lamport, "The Existence of Refinement Mappings", Theoretical Computer Science 82(2), 1991: a mapping takes
each world to a state of the model, the first ones to initial states, and each step to a step of the model or to none (a
stutter). Then whatever is proved of the model's states is true of the worlds, seen through the mapping. A scenario that
begins half way may begin in any state of which all invariants of the model are true, since together they are inductive.

Here the mapping is a function, its images are finite structures, and every transition within the bounds of a scenario
is looked at. What was found for two images is remembered. Where the model remembers what no world does, the mapping is
given a past as well: a history variable, in their words, which each event may add to, and upon which nothing depends.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import z3
from attrs import define, field, frozen

from stackproof.checker.conformance.departure import Departure, depart
from stackproof.checker.conformance.formulas import Structure, Test, compiled
from stackproof.checker.explore.limits import Limits, OutOfBudget, why_stopped
from stackproof.checker.report import Verdict
from stackproof.checker.scenario import Scenario
from stackproof.checker.trace import retraced
from stackproof.checker.world import Event, World, happenings
from stackproof.spec.transition_system import System

Image: TypeAlias = Mapping[str, Any]
Key: TypeAlias = frozenset[Any]
Point: TypeAlias = tuple[World, Any]
STUTTER = ""


@frozen
class Refinement:
    """How the worlds of a scenario are states of a model.

    system    the model
    universe  the elements of each sort, and the meaning of each rigid symbol, in this scenario
    image     the components of the state that a world, with its past, stands for: a relation as a frozenset of tuples,
              a function as a mapping from tuples, a constant as a value
    past      what is remembered at first
    remember  what is remembered of an event, which leads from one world to the next
    """

    system: System
    universe: Callable[[Scenario], Structure]
    image: Callable[[World, Any], Image]
    past: Any = None
    remember: Callable[[Any, World, Event, World], Any] = lambda past, before, event, after: past


@frozen
class Conformed:
    """What came of it: how many worlds, transitions, images; how often each step of the model explains one."""

    scenario: str
    parameters: Mapping[str, Any]
    model: str
    verdict: Verdict
    why: str | None
    worlds: int
    transitions: int
    images: int
    taken: Mapping[str, int]
    stutters: int
    seconds: float
    departure: Departure | None = None

    def form(self) -> dict[str, Any]:
        """The outcome as JSON."""
        departure = self.departure
        return {
            "scenario": self.scenario,
            "parameters": dict(self.parameters),
            "model": self.model,
            "evidence": "exhausted",
            "verdict": self.verdict.value,
            "why": self.why,
            "distinct": self.worlds,
            "transitions": self.transitions,
            "images": self.images,
            "steps": dict(self.taken),
            "stutters": self.stutters,
            "seconds": round(self.seconds, 3),
            "departure": None if departure is None else departure.form(),
        }


def conform(scenario: Scenario, refinement: Refinement, limits: Limits | None = None) -> Conformed:
    """Hold every transition of `scenario` against the steps of the model, nearest worlds first."""
    walk = Walk(scenario, refinement, limits or Limits())
    why = departure = None
    try:
        departure = walk.through()
    except (OutOfBudget, KeyboardInterrupt, MemoryError) as stop:
        why = why_stopped(stop)
    verdict = Verdict.VIOLATED if departure else Verdict.UNKNOWN if why else Verdict.HELD
    steps = {one.__name__: walk.taken[one.__name__] for one in refinement.system.steps}
    return Conformed(
        scenario.name,
        scenario.parameters,
        refinement.system.name,
        verdict,
        why,
        len({world for world, _ in walk.before}),
        walk.transitions,
        len(walk.images),
        steps,
        walk.taken[STUTTER],
        walk.limits.elapsed,
        departure,
    )


@define(eq=False)
class Walk:
    """A breadth-first walk through a scenario, its model beside it.

    images  of the worlds seen, by key; `before` has each, with its past, and where it was first reached from
    known   for two images the name of the step between them, or None where there is none
    """

    scenario: Scenario
    refinement: Refinement
    limits: Limits
    universe: Structure = field(init=False)
    axioms: Sequence[Test] = field(init=False)
    begins: Sequence[Test] = field(init=False)
    steps: Mapping[str, Test] = field(init=False)
    images: dict[Key, Image] = field(factory=dict)
    before: dict[Point, Point | None] = field(factory=dict)
    key: dict[Point, Key] = field(factory=dict)
    known: dict[tuple[Key, Key], str | None] = field(factory=dict)
    taken: Counter[str] = field(factory=Counter)
    transitions: int = 0

    def __attrs_post_init__(self) -> None:
        system = self.refinement.system
        s, t = system.state.at("s"), system.state.at("t")
        self.universe = self.refinement.universe(self.scenario)
        self.axioms = [compiled(axiom()) for axiom in system.axioms]
        inductive = z3.And(*(one(s) for one in system.invariants))
        self.begins = [compiled(one) for one in (*([system.init(s)] if system.init else []), inductive)]
        self.steps = {step.__name__: compiled(step(s, t)) for step in system.steps}

    def through(self) -> Departure | None:
        """The first departure from the model; None where there is none."""
        frontier = []
        for event, world in self.scenario.initial():
            point = world, self.refinement.past
            if self.new(point, None):
                frontier.append(point)
            if not self.is_begun(point):
                return self.departure(event, point)
        while frontier:
            ahead: list[Point] = []
            for place, point in enumerate(frontier):
                if place % 64 == 0:
                    self.limits.check(len(self.before), self.transitions, 0, len(frontier))
                if departure := self.beyond(point, ahead):
                    return departure
            frontier = ahead
        return None

    def is_begun(self, point: Point) -> bool:
        """Whether a run of the model may begin here, and the axioms of the model are true here at all."""
        structure = self.structure(point)
        return all(axiom(structure) for axiom in self.axioms) and any(test(structure) for test in self.begins)

    def beyond(self, point: Point, ahead: list[Point]) -> Departure | None:
        """Hold every step from here against the model; what was not seen before is added to what is ahead."""
        world, past = point
        for event, after in happenings(world):
            self.transitions += 1
            following = after, self.refinement.remember(past, world, event, after)
            if self.new(following, point):
                ahead.append(following)
            if not self.explained(point, following):
                return self.departure(event, following, point)
        return None

    def new(self, point: Point, before: Point | None) -> bool:
        """Whether this was not seen before; from now on it was."""
        if point in self.before:
            return False
        self.before[point] = before
        image = self.refinement.image(*point)
        self.key[point] = key = key_of(image)
        self.images.setdefault(key, image)
        return True

    def explained(self, point: Point, after: Point) -> bool:
        """Whether a step of the model, or none, leads from the one image to the other."""
        one, other = self.key[point], self.key[after]
        if one == other:
            self.taken[STUTTER] += 1
            return True
        if (one, other) not in self.known:
            structure = self.structure(point, after)
            names = (name for name, step in self.steps.items() if step(structure))
            self.known[one, other] = next(names, None)
        name = self.known[one, other]
        if name is not None:
            self.taken[name] += 1
        return name is not None

    def structure(self, point: Point, after: Point | None = None) -> Structure:
        """The image of a point, and that of the next one beside it."""
        states = [("s", point), *([("t", after)] if after is not None else [])]
        named = {f"{at}.{name}": one for at, here in states for name, one in self.images[self.key[here]].items()}
        return Structure(self.universe.sorts, {**self.universe.symbols, **named})

    def path(self, point: Point) -> list[World]:
        """The worlds that lead to this point, the first one first."""
        points = [point]
        while (earlier := self.before[points[-1]]) is not None:
            points.append(earlier)
        return [world for world, _ in reversed(points)]

    def departure(self, event: Event, after: Point, point: Point | None = None) -> Departure:
        """What the model has no step for, and which comes nearest."""
        structure = self.structure(after) if point is None else self.structure(point, after)
        worlds = [*(() if point is None else self.path(point)), after[0]]
        return depart(self.refinement.system, structure, event, retraced(self.scenario, worlds))


def key_of(image: Image) -> Key:
    """An image as something to look up: equal where the images are."""
    return frozenset(
        (name, frozenset(value.items()) if isinstance(value, Mapping) else value) for name, value in image.items()
    )
