"""Refinement: is every step of the reference a step of the model?

Abadi and Lamport, "The Existence of Refinement Mappings", Theoretical Computer Science 82(2), 1991: a mapping takes
each world to a state of the model, the first ones to initial states, and each step to a step of the model or to none (a
stutter). Then whatever is proved of the model's states is true of the worlds, seen through the mapping. A scenario that
begins half way may begin in any state of which all invariants of the model are true, since together they are inductive.

Here the mapping is a function, its images are finite structures, and every transition within the bounds of a scenario
is looked at. What was found for two images is remembered. Where the model remembers what no world does, the mapping is
given a past as well: a history variable, in their words, which each event may add to, and upon which nothing depends.

With a symmetry, the steps from one world of each orbit are looked at, its past renamed with it. That is enough: a model
says nothing of the elements of its sorts but what its symbols say, so a formula that is true of two states is true of
them renamed, if the renaming leaves the rigid symbols as they are (who is in which quorum, what lies between what). The
mapping must rename along, and remember alike; this, too, is checked on the way: a renamed step has the same name.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import z3
from attrs import define, field, frozen

from stackproof.checker.conformance.departure import Departure, depart
from stackproof.checker.conformance.formulas import Structure, Test, compiled
from stackproof.checker.explore.limits import Limits, OutOfBudget, why_stopped
from stackproof.checker.report import Verdict
from stackproof.checker.scenario import Scenario
from stackproof.checker.symmetry import Point
from stackproof.checker.symmetry.orbits import Visited, symmetry_of
from stackproof.checker.trace import retraced
from stackproof.checker.world import Event, World, happenings
from stackproof.spec.transition_system import System

Image: TypeAlias = Mapping[str, Any]
Key: TypeAlias = frozenset[Any]
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
    """What came of it: how many worlds, transitions, images; how often each step of the model explains one.

    With a symmetry, one world of each of so many `orbits` was looked at; all are counted, but for their images.
    """

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
    orbits: int | None = None

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
            **({} if self.orbits is None else {"orbits": self.orbits}),
            "transitions": self.transitions,
            "images": self.images,
            "steps": dict(self.taken),
            "stutters": self.stutters,
            "seconds": round(self.seconds, 3),
            "departure": None if departure is None else departure.form(),
        }


def conform(
    scenario: Scenario, refinement: Refinement, limits: Limits | None = None, *, symmetric: bool = False
) -> Conformed:
    """Hold every transition of `scenario` against the steps of the model, nearest worlds first.

    symmetric   only those from one world of each orbit, with the symmetry that the scenario declares
    """
    visited = Visited[Point](lambda point: point, symmetry_of(scenario) if symmetric else None)
    walk = Walk(scenario, refinement, limits or Limits(), visited)
    why = departure = None
    try:
        departure = walk.through()
    except (OutOfBudget, KeyboardInterrupt, MemoryError) as stop:
        why = why_stopped(stop)
    verdict = Verdict.VIOLATED if departure else Verdict.UNKNOWN if why else Verdict.HELD
    worlds, orbits = walk.count()
    steps = {one.__name__: walk.taken[one.__name__] for one in refinement.system.steps}
    return Conformed(
        scenario.name,
        scenario.parameters,
        refinement.system.name,
        verdict,
        why,
        worlds,
        walk.transitions,
        len(walk.images),
        steps,
        walk.taken[STUTTER],
        walk.limits.elapsed,
        departure,
        orbits,
    )


@define(eq=False)
class Walk:
    """A breadth-first walk through a scenario, its model beside it.

    visited  the worlds, with their pasts
    images  of the worlds seen, by key
    known   for two images the name of the step between them, or None where there is none
    """

    scenario: Scenario
    refinement: Refinement
    limits: Limits
    visited: Visited[Point]
    universe: Structure = field(init=False)
    axioms: Sequence[Test] = field(init=False)
    begins: Sequence[Test] = field(init=False)
    steps: Mapping[str, Test] = field(init=False)
    images: dict[Key, Image] = field(factory=dict)
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
        starts = [(event, (world, self.refinement.past)) for event, world in self.scenario.initial()]
        self.visited.check_start(point for _, point in starts)
        frontier = []
        for event, point in starts:
            if self.visited.add(point, None):
                frontier.append(point)
            if not self.is_begun(point):
                return self.departure(event, point)
        while frontier:
            ahead: list[Point] = []
            for place, point in enumerate(frontier):
                if place % 64 == 0:
                    self.limits.check(len(self.visited.before), self.transitions, 0, len(frontier))
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
        self.visited.check(point, lambda one: dict(self.following(one)), {"the step of the model": self.steps_from})
        size = self.visited.size(point)
        for following, event in self.following(point):
            self.transitions += size
            if self.visited.add(following, point):
                ahead.append(following)
            name = self.step(point, following)
            if name is None:
                return self.departure(event, following, point)
            self.taken[name] += size
        return None

    def following(self, point: Point) -> Iterator[tuple[Point, Event]]:
        """What may follow, and by which event."""
        world, past = point
        for event, after in happenings(world):
            yield (after, self.refinement.remember(past, world, event, after)), event

    def steps_from(self, point: Point) -> object:
        """How often each step of the model explains what may follow."""
        return Counter(self.step(point, after) for after, _ in self.following(point))

    def step(self, point: Point, after: Point) -> str | None:
        """The step of the model that leads from the one image to the other; None where there is none."""
        one, other = self.key_at(point), self.key_at(after)
        if one == other:
            return STUTTER
        if (one, other) not in self.known:
            structure = self.structure(point, after)
            names = (name for name, step in self.steps.items() if step(structure))
            self.known[one, other] = next(names, None)
        return self.known[one, other]

    def key_at(self, point: Point) -> Key:
        """The key of the image of a point; that of one visited is remembered."""
        if point in self.key:
            return self.key[point]
        image = self.refinement.image(*point)
        key = key_of(image)
        self.images.setdefault(key, image)
        if point in self.visited.before:
            self.key[point] = key
        return key

    def count(self) -> tuple[int, int | None]:
        """How many worlds there are, whatever is remembered beside them, and, with a symmetry, how many orbits."""
        if all(past is None for _, past in self.visited.before):
            return self.visited.distinct, self.visited.orbits
        worlds, symmetry = {world for world, _ in self.visited.before}, self.visited.symmetry
        if symmetry is None:
            return len(worlds), None
        orbits = dict(symmetry.orbit((world, None)) for world in worlds)
        return sum(orbits.values()), len(orbits)

    def structure(self, point: Point, after: Point | None = None) -> Structure:
        """The image of a point, and that of the next one beside it."""
        states = [("s", point), *([("t", after)] if after is not None else [])]
        named = {f"{at}.{name}": one for at, here in states for name, one in self.images[self.key_at(here)].items()}
        return Structure(self.universe.sorts, {**self.universe.symbols, **named})

    def departure(self, event: Event, after: Point, point: Point | None = None) -> Departure:
        """What the model has no step for, and which comes nearest."""
        structure = self.structure(after) if point is None else self.structure(point, after)
        worlds = [*(() if point is None else (world for world, _ in self.visited.path(point))), after[0]]
        return depart(self.refinement.system, structure, event, retraced(self.scenario, worlds))


def key_of(image: Image) -> Key:
    """An image as something to look up: equal where the images are."""
    return frozenset(
        (name, frozenset(value.items()) if isinstance(value, Mapping) else value) for name, value in image.items()
    )
