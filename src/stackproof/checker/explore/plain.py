"""The plain explorer: breadth-first search over worlds, as anybody would write it.

It is the twin of the native explorer for ever: the two agree on every count, verdict and shortest length. Like the
native one it finishes the level in which it found a violation, so that its counts do not depend on the order in which
worlds are visited. With a symmetry it visits one world of each orbit, and counts all.
"""

from collections.abc import Iterable
from functools import partial
from typing import TypeAlias

from stackproof.checker.explore.fairness import promises
from stackproof.checker.explore.findings import Findings
from stackproof.checker.explore.limits import Limits, OutOfBudget, why_stopped
from stackproof.checker.explore.liveness import NO_WAY, first_stuck
from stackproof.checker.explore.runs import first_lasso, graph_of
from stackproof.checker.report import Report
from stackproof.checker.scenario import Property, Scenario, reason_against, true_in
from stackproof.checker.symmetry import Point
from stackproof.checker.symmetry.orbits import Visited, symmetry_of
from stackproof.checker.world import Event, World, happenings

Worlds: TypeAlias = Visited[World]


def explore_plainly(scenario: Scenario, limits: Limits, symmetric: bool = False) -> Report:
    """Visit every world of the scenario, or one of each orbit, nearest first."""
    found = Findings(scenario)
    visited = Worlds(alone, symmetry_of(scenario) if symmetric else None)
    try:
        visited.check_start([world for _, world in scenario.initial()])
        frontier = [world for _, world in scenario.initial() if visited.add(world, None)]
        judge(found, frontier, visited)
        while frontier and not found.violations:
            frontier = next_level(found, frontier, visited, limits)
            found.depth += bool(frontier)
            judge(found, frontier, visited)
        if not found.violations:
            for claim in scenario.always_reachable:
                if stuck := first_stuck(claim, visited.before, visited.of):
                    found.violations[claim.__name__] = (NO_WAY.format(claim.__name__), visited.path(stuck))
            hold_promises(found, visited.before, limits)
    except (OutOfBudget, KeyboardInterrupt, MemoryError) as stop:
        found.stopped = why_stopped(stop)
    found.distinct, found.orbits = visited.distinct, visited.orbits
    return found.report("plain", limits)


def alone(world: World) -> Point:
    """A world with nothing remembered beside it."""
    return world, None


def hold_promises(found: Findings, worlds: Iterable[World], limits: Limits) -> None:
    """Look for fair runs that break what the scenario says of all of them."""
    claims = promises(found.scenario)
    graph = graph_of(found, worlds, limits) if claims else None
    for claim, stays in claims:
        if lasso := graph and first_lasso(graph, claim, stays):
            loop = [(event, graph.worlds[after]) for event, after in lasso.loop]
            found.broken(claim, stays, [graph.worlds[world] for world in lasso.stem], loop)


def next_level(found: Findings, frontier: list[World], visited: Worlds, limits: Limits) -> list[World]:
    """The worlds one event beyond the frontier that were not seen before."""
    beyond: list[World] = []
    prune = found.scenario.prune
    says = {claim.__name__: partial(said, claim) for claim in (*found.scenario.claims, *([prune] if prune else []))}
    for count, world in enumerate(frontier):
        if count % 64 == 0:
            limits.check(len(visited.before), found.transitions, found.depth, len(frontier))
        size = visited.size(world)
        if prune is not None and true_in(prune, world):
            found.pruned += size
            continue
        visited.check(world, ahead, says)
        for event, after in happenings(world):
            found.transitions += size
            cover(found, world, event, size)
            if visited.add(after, world):
                beyond.append(after)
    return beyond


def ahead(point: Point) -> dict[Point, Event]:
    """What follows, and by which event."""
    return {alone(after): event for event, after in happenings(point[0])}


def said(claim: Property, point: Point) -> bool:
    """Whether a claim says anything of a world."""
    return true_in(claim, point[0])


def judge(found: Findings, worlds: list[World], visited: Worlds) -> None:
    """Hold every property against the worlds of one level."""
    for world in worlds:
        for invariant in found.invariants:
            if invariant.__name__ not in found.violations and (reason := reason_against(invariant, world)):
                found.violations[invariant.__name__] = (reason, visited.path(world))
        for goal in found.scenario.goals:
            if found.goals[goal.__name__] is None and true_in(goal, world):
                found.goals[goal.__name__] = found.depth


def cover(found: Findings, world: World, event: Event, times: int = 1) -> None:
    """Note which handler ran."""
    if key := handler_of(event, world):
        found.handled[key] = found.handled.get(key, 0) + times


def handler_of(event: Event, world: World) -> tuple[str, str] | None:
    """The class of the node that handles an event, and the type of the message; None where nobody does."""
    handler = {"deliver": event.target, "fire": event.node, "bounce": event.source}.get(event.name)
    if handler is None:
        return None
    return type(world.nodes[handler]).__name__, "Bounced" if event.name == "bounce" else type(event.message).__name__
