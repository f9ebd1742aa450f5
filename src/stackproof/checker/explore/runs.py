"""Every run, as the plain engine looks at it: the graph of worlds, its components, and the lassos in it.

What makes a component one that breaks a promise is said in fairness.py.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from math import inf

from attrs import frozen

from stackproof.checker.explore.fairness import identity
from stackproof.checker.explore.findings import Findings
from stackproof.checker.explore.lasso import Component, Edge, Lasso
from stackproof.checker.explore.limits import Limits
from stackproof.checker.scenario import Property, true_in
from stackproof.checker.world import Event, World, happenings


@frozen
class Graph:
    """The worlds explored and what leads from each to others, all by number; those beyond a prune lead nowhere."""

    worlds: Sequence[World]
    edges: Sequence[Sequence[Edge[Event]]]
    initial: Collection[int]
    pruned: set[int]


def graph_of(found: Findings, worlds: Iterable[World], limits: Limits) -> Graph:
    """The graph of all worlds of a scenario."""
    scenario = found.scenario
    number = {world: place for place, world in enumerate(worlds)}
    edges: list[list[Edge[Event]]] = []
    pruned = set()
    for place, world in enumerate(number):
        if place % 64 == 0:
            limits.check(len(number), found.transitions, found.depth, len(number) - place)
        if scenario.prune is not None and true_in(scenario.prune, world):
            pruned.add(place)
            edges.append([])
        else:
            edges.append([(identity(event, world), number[after]) for event, after in happenings(world)])
    return Graph(tuple(number), edges, dict.fromkeys(number[world] for _, world in scenario.initial()), pruned)


def first_lasso(graph: Graph, claim: Property, stays: bool) -> Lasso[Event] | None:
    """A fair run that breaks a promise, its stem as short as can be; None where there is none."""
    bad = {place for place, world in enumerate(graph.worlds) if not true_in(claim, world)}
    before = spread(graph, range(len(graph.worlds)) if stays else bad)
    unkept: dict[int, set[int]] = {}
    for part in components(before, lambda world: [after for _, after in graph.edges[world] if after in before]):
        if not bad.isdisjoint(part) and is_fair(part, graph):
            unkept |= dict.fromkeys(part, part)
    start = next((world for world in before if world in unkept), None)
    if start is None:
        return None
    component = Component(graph.edges.__getitem__, unkept[start].__contains__, bad.__contains__)
    return Lasso(stem(before, start), component.loop(start))


def spread(graph: Graph, within: Collection[int]) -> dict[int, int | None]:
    """What can be reached from the initial worlds without leaving some worlds, nearest first; and from where."""
    before: dict[int, int | None] = {world: None for world in graph.initial if world in within}
    frontier = list(before)
    while frontier:
        beyond = []
        for world in frontier:
            for _, after in graph.edges[world]:
                if after in within and after not in before:
                    before[after] = world
                    beyond.append(after)
        frontier = beyond
    return before


def stem(before: dict[int, int | None], end: int) -> list[int]:
    """The worlds that lead to one of them."""
    worlds = [end]
    while (earlier := before[worlds[-1]]) is not None:
        worlds.append(earlier)
    return worlds[::-1]


def is_fair(part: set[int], graph: Graph) -> bool:
    """Whether a run may stay in a component for ever: what may happen in all its worlds happens within it."""
    if not graph.pruned.isdisjoint(part):
        return False
    possible = [{label for label, _ in graph.edges[world]} for world in part]
    taken = {label for world in part for label, after in graph.edges[world] if after in part}
    return set.intersection(*possible) - {None} <= taken


def components(worlds: Iterable[int], ahead: Callable[[int], Iterable[int]]) -> Iterator[set[int]]:
    """The strongly connected components (Tarjan, "Depth-First Search and Linear Graph Algorithms", 1972)."""
    order: dict[int, float] = {}
    low: dict[int, float] = {}
    stack: list[int] = []
    trail: list[tuple[int, Iterator[int]]] = []

    def enter(world: int) -> None:
        order[world] = low[world] = len(order)
        stack.append(world)
        trail.append((world, iter(ahead(world))))

    for root in worlds:
        if root not in order:
            enter(root)
        while trail:
            here, others = trail[-1]
            for after in others:
                if after not in order:
                    enter(after)
                    break
                low[here] = min(low[here], order[after])
            else:
                trail.pop()
                for before, _ in trail[-1:]:
                    low[before] = min(low[before], low[here])
                if low[here] == order[here]:
                    part: set[int] = set()
                    while here not in part:
                        part.add(stack.pop())
                    order |= dict.fromkeys(part, inf)
                    yield part
