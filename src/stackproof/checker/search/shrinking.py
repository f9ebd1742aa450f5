"""Shrinking a run that fails: fewer events, and the same property still fails.

First delta debugging (Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", IEEE TSE 28(2),
2002): leave out half of the events, a quarter, ..., one, and run the rest again; an event that cannot happen any more
is skipped. Then searches of a bounded number of worlds, breadth first: among the runs that consist of events of this
one, in any order and number, and for shortcuts from a world of the run to a later one. Nothing is drawn by lot: the
same run is shrunk to the same run.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, TypeVar

from attrs import define, field

from stackproof.checker.explore.liveness import FAR, calm_steps, is_way_out
from stackproof.checker.scenario import Property, Scenario, reason_against, true_in
from stackproof.checker.trace import Step
from stackproof.checker.world import Event, World, arrivals, cuttings, firings, happenings, turns

REARRANGED = 3_000
"""How many worlds are looked at for a run made of the same events."""
AHEAD = 1_000
"""How many worlds are looked at from each world of a run for a shortcut."""

Part = TypeVar("Part")


def shrunk(scenario: Scenario, claim: Property, steps: Sequence[Step]) -> tuple[Step, ...]:
    """A short run that ends in a world in which `claim` does not hold, as some world of `steps` is one.

    claim   an invariant of the scenario, `no_step_raises`, or what must always be reachable
    steps   the first is the start; raises ValueError where the claim holds in all their worlds
    """
    search = Search(fails=failing(scenario, claim))
    run = search.run(steps[0], [step.event for step in steps[1:]])
    if run is None:
        raise ValueError(f"{claim.__name__} holds in every world of the run")
    length = len(run) + 1
    while len(run) < length:
        length = len(run)
        run = search.without_needless(run)
        run = search.rearranged(run)
        run = search.with_shortcuts(run)
    return tuple(run)


def failing(scenario: Scenario, claim: Property) -> Callable[[World], bool]:
    """Whether a world is one in which the claim fails."""
    if claim in scenario.always_reachable:
        return Stuck(claim).fails
    return lambda world: reason_against(claim, world) is not None


@define(eq=False)
class Stuck:
    """From which worlds no calm steps lead to a claim, worked out once for each; `far` worlds are looked at at most."""

    claim: Property
    far: int = FAR
    known: dict[World, bool] = field(factory=dict)

    def fails(self, world: World) -> bool:
        """Whether no way leads on; no, too, where that takes too long to find out."""
        if world not in self.known:
            self.look(world)
        return self.known[world]

    def look(self, world: World) -> None:
        """Go on from a world, depth first, until there is a way out or nothing more to look at."""
        before: dict[World, World | None] = {world: None}
        stack = [world]
        while stack and len(before) < self.far:
            here = stack.pop()
            if self.known.get(here, None) is False or is_way_out(self.claim, here):
                self.known |= dict.fromkeys(backwards(before, here), False)
                return
            if here not in self.known:
                new = [after for after in dict.fromkeys(calm_steps(here)) if after not in before]
                before |= dict.fromkeys(new, here)
                stack += new
        self.known |= dict.fromkeys(before, True) if not stack else {world: False}


def backwards(before: dict[World, World | None], world: World | None) -> Iterator[World]:
    """A world, the one it was reached from, and so on."""
    while world is not None:
        yield world
        world = before[world]


@define(eq=False)
class Search:
    """What is known of the worlds near a failing run, each thing worked out once."""

    fails: Callable[[World], bool]
    verdicts: dict[World, bool] = field(factory=dict)
    taken: dict[tuple[World, Event], World | None] = field(factory=dict)
    ahead: dict[World, list[Step]] = field(factory=dict)

    def is_failing(self, world: World) -> bool:
        """Whether the claim fails in a world."""
        if world not in self.verdicts:
            self.verdicts[world] = self.fails(world)
        return self.verdicts[world]

    def after(self, world: World, event: Event) -> World | None:
        """The world after an event; None where it cannot happen."""
        key = world, event
        if key not in self.taken:
            among = () if is_pruned(world) else alike(world, event)
            self.taken[key] = next((after() for one, after in among if one == event), None)
        return self.taken[key]

    def beyond(self, world: World) -> list[Step]:
        """Everything that may happen in a world."""
        if world not in self.ahead:
            among = () if is_pruned(world) else happenings(world)
            self.ahead[world] = [Step(event, after) for event, after in among]
        return self.ahead[world]

    def going(self, world: World, events: Iterable[Event]) -> Iterator[Step]:
        """The steps that these events take from a world, without those that cannot happen."""
        for event in events:
            if (after := self.after(world, event)) is not None:
                world = after
                yield Step(event, world)

    def run(self, start: Step, events: Iterable[Event]) -> list[Step] | None:
        """The run of these events up to the first world that fails; None where none does."""
        run = [start]
        for step in self.going(start.world, events):
            if self.is_failing(run[-1].world):
                return run
            run.append(step)
        return run if self.is_failing(run[-1].world) else None

    def without_needless(self, run: list[Step]) -> list[Step]:
        """The run without events that it fails without."""

        def attempt(events: list[Event]) -> list[Event] | None:
            tried = self.run(run[0], events)
            return None if tried is None else [step.event for step in tried[1:]]

        needed = reduced([step.event for step in run[1:]], attempt)
        return self.run(run[0], needed) or run

    def rearranged(self, run: list[Step]) -> list[Step]:
        """The shortest run that consists of events of this one, if few worlds are to be looked at; else this one."""
        words = {step.event.unchosen for step in run}
        roots = [Step(event, world) for event, world in run[0].world.scenario.initial()]
        found = self.nearest(roots, lambda step: step.event.unchosen in words, {}, len(run) - 1, REARRANGED)
        return found or run

    def with_shortcuts(self, run: list[Step]) -> list[Step]:
        """The run with shorter ways from its worlds to later ones, or to another end; the last are looked at first."""
        left = {run[-1].world: [run[-1]]}
        for place in range(len(run) - 2, -1, -1):
            rest = [run[place], *left[run[place + 1].world]]
            found = self.nearest([run[place]], lambda _: True, left, len(rest) - 1, AHEAD)
            best = found or rest
            for at, step in enumerate(best):
                if step.world not in left or len(best) - at < len(left[step.world]):
                    left[step.world] = best[at:]
        return [run[0], *left[run[0].world][1:]]

    def nearest(
        self,
        roots: list[Step],
        allowed: Callable[[Step], bool],
        known: dict[World, list[Step]],
        most: int,
        worlds: int,
    ) -> list[Step] | None:
        """A shortest run of fewer than `most` events that fails, found within so many worlds.

        known   for some worlds, a run that begins with a step into them and that fails
        """
        before: dict[World, tuple[Step, World | None]] = {step.world: (step, None) for step in roots}
        frontier, depth, best = list(before), 0, None
        while frontier and depth < most:
            beyond = []
            for world in frontier:
                if len(before) > worlds:
                    return best
                rest = known.get(world)
                if rest is not None and depth + len(rest) - 1 < most:
                    best, most = led(before, world) + rest[1:], depth + len(rest) - 1
                if self.is_failing(world):
                    return led(before, world)
                for step in self.beyond(world):
                    if step.world not in before and allowed(step):
                        before[step.world] = step, world
                        beyond.append(step.world)
            frontier, depth = beyond, depth + 1
        return best


def led(before: dict[World, tuple[Step, World | None]], world: World | None) -> list[Step]:
    """The steps that led to a world."""
    steps = []
    while world is not None:
        step, world = before[world]
        steps.append(step)
    return steps[::-1]


def is_pruned(world: World) -> bool:
    """Whether nobody looks past a world."""
    prune = world.scenario.prune
    return prune is not None and true_in(prune, world)


def reduced(parts: list[Part], attempt: Callable[[list[Part]], list[Part] | None]) -> list[Part]:
    """What is needed of these parts; `attempt` returns those of its parts that were of use, None where they fail it."""
    if (nothing := attempt([])) is not None:
        return nothing
    size = len(parts) // 2
    while size:
        before, end = len(parts), len(parts)
        while end > 0:
            first = max(0, end - size)
            parts = attempt(parts[:first] + parts[end:]) or parts
            end = min(first, len(parts))
        if size > 1 or len(parts) == before:
            size //= 2
    return parts


def alike(world: World, event: Event) -> Iterator[tuple[Event, Callable[[], World]]]:
    """As `possible`, but only where an event happens, and only what is of its kind."""
    found: Any
    if event.cut is not None:
        found = cuttings(world, partial)
    elif event.target is not None:
        found = arrivals(world, world.scenario.place[event.target], partial)
    else:
        node = event.node or ""
        found = (firings if event.name == "fire" else turns)(world, world.scenario.place[node], node, partial)
    yield from found
