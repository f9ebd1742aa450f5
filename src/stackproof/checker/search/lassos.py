"""Shrinking a run that goes on for ever and breaks a promise: a stem, and a loop that is fair.

Events are left out of the stem and of the loop as long as the loop closes, is fair, and the promise stays broken
(fairness.py). Then the worlds along the run, and those that the same events lead to, are taken for all there are: the
explorer's search finds a shortest stem and a fair loop among them.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from stackproof.checker.explore.fairness import identity, left_out, reason_against_run
from stackproof.checker.explore.runs import Graph, first_lasso
from stackproof.checker.scenario import Property, Scenario
from stackproof.checker.search.shrinking import Search, is_pruned, reduced, shrunk
from stackproof.checker.trace import Step, retraced
from stackproof.checker.world import Event, World

NEARBY = 2_000
"""How many worlds are looked at for a shorter stem and another loop."""

Lasso: TypeAlias = tuple[list[Step], int]
"""A run, and the step whose world its last step comes back to."""
Marked: TypeAlias = tuple[Event, bool]
"""An event, and whether it is one of the loop."""


def in_few_events(
    scenario: Scenario, claim: Property, steps: Sequence[Step], loop: int | None
) -> tuple[tuple[Step, ...], int | None]:
    """A run that breaks a property, shrunk, or as it is where somebody interrupts that.

    loop   the step that its loop follows, where it breaks a promise of runs
    """
    try:
        return (shrunk(scenario, claim, steps), None) if loop is None else shrunk_lasso(scenario, claim, steps, loop)
    except KeyboardInterrupt:
        return tuple(steps), loop


def shrunk_lasso(scenario: Scenario, claim: Property, steps: Sequence[Step], loop: int) -> tuple[tuple[Step, ...], int]:
    """A short fair run that breaks the promise `claim`, as this one does; and the step that its loop follows.

    steps   the first is the start, the last comes back to the world of step `loop`; where that is the last step itself
            the run may end there. Raises ValueError unless the run is fair and breaks the promise
    """
    search = Search(fails=lambda _: False)
    lasso = going_round(search, claim, steps[0], events(steps, loop))
    if lasso is None:
        raise ValueError(f"this is no fair run that breaks {claim.__name__}")
    lasso = without_needless(search, claim, *lasso)
    shorter = near(search, scenario, claim, lasso[0])
    if shorter is not None and len(shorter[0]) < len(lasso[0]):
        lasso = without_needless(search, claim, *shorter)
    return tuple(lasso[0]), lasso[1]


def events(run: Sequence[Step], loop: int) -> list[Marked]:
    """What happened in a run after its start, each event with whether it is one of the loop."""
    return [(step.event, place > loop) for place, step in enumerate(run)][1:]


def going_round(search: Search, claim: Property, start: Step, marked: Sequence[Marked]) -> Lasso | None:
    """The run of these events, without those that cannot happen; None unless it is fair and breaks the promise."""
    run = [start, *search.going(start.world, (event for event, of_loop in marked if not of_loop))]
    loop = len(run) - 1
    run += search.going(run[-1].world, (event for event, of_loop in marked if of_loop))
    closed = run[-1].world == run[loop].world
    broken = closed and reason_against_run(claim, run, loop) is not None and left_out(run[loop:]) is None
    return (run, loop) if broken else None


def without_needless(search: Search, claim: Property, run: list[Step], loop: int) -> Lasso:
    """The run without events that it breaks the promise without."""

    def attempt(marked: list[Marked]) -> list[Marked] | None:
        found = going_round(search, claim, run[0], marked)
        return found and events(*found)

    return going_round(search, claim, run[0], reduced(events(run, loop), attempt)) or (run, loop)


def near(search: Search, scenario: Scenario, claim: Property, run: Sequence[Step]) -> Lasso | None:
    """A run with the shortest stem among the worlds that the events of this one lead to."""
    graph = neighbourhood(search, scenario, [step.world for step in run], {step.event.unchosen for step in run[1:]})
    found = first_lasso(graph, claim, claim in scenario.eventually_always)
    if found is None:
        return None
    worlds = [graph.worlds[number] for number in found.stem]
    loop = [(event, graph.worlds[after]) for event, after in found.loop]
    return list(retraced(scenario, worlds, loop)), len(worlds) - 1


def neighbourhood(search: Search, scenario: Scenario, along: Iterable[World], words: set[Event]) -> Graph:
    """The graph of the worlds along a run, and of those that these events lead to; those around them are pruned."""
    initial = dict.fromkeys(world for _, world in scenario.initial())
    inside = dict.fromkeys([*initial, *along])
    queue = list(inside)
    for world in queue:
        for step in search.beyond(world):
            if step.world not in inside and step.event.unchosen in words and len(inside) < NEARBY:
                inside[step.world] = None
                queue.append(step.world)
    ahead = {world: search.beyond(world) for world in queue if not is_pruned(world)}
    number = {world: place for place, world in enumerate(dict.fromkeys([*inside, *targets(ahead.values())]))}
    edges = [[(identity(one.event, world), number[one.world]) for one in ahead.get(world, ())] for world in number]
    pruned = {place for world, place in number.items() if world not in ahead}
    return Graph(tuple(number), edges, [number[world] for world in initial], pruned)


def targets(ahead: Iterable[Sequence[Step]]) -> Iterator[World]:
    """The worlds that some steps lead to."""
    return (step.world for steps in ahead for step in steps)
