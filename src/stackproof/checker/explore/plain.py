"""The plain explorer: breadth-first search over worlds, as anybody would write it.

It is the twin of the native explorer for ever: the two agree on every count, verdict and shortest length. Like the
native one it finishes the level in which it found a violation, so that its counts do not depend on the order in which
worlds are visited.
"""

from collections.abc import Iterable

from stackproof.checker.explore.fairness import promises
from stackproof.checker.explore.findings import Findings
from stackproof.checker.explore.limits import Limits, OutOfBudget, why_stopped
from stackproof.checker.explore.liveness import NO_WAY, first_stuck
from stackproof.checker.explore.runs import first_lasso, graph_of
from stackproof.checker.report import Report
from stackproof.checker.scenario import Scenario, reason_against, true_in
from stackproof.checker.world import Event, World, happenings


def explore_plainly(scenario: Scenario, limits: Limits) -> Report:
    """Visit every world of the scenario, nearest first."""
    found = Findings(scenario)
    before: dict[World, World | None] = {}
    try:
        frontier = [before.setdefault(world, None) or world for _, world in scenario.initial() if world not in before]
        judge(found, frontier, before)
        while frontier and not found.violations:
            frontier = next_level(found, frontier, before, limits)
            found.depth += bool(frontier)
            judge(found, frontier, before)
        if not found.violations:
            for claim in scenario.always_reachable:
                if stuck := first_stuck(claim, before):
                    found.violations[claim.__name__] = (NO_WAY.format(claim.__name__), path(stuck, before))
            hold_promises(found, before, limits)
    except (OutOfBudget, KeyboardInterrupt, MemoryError) as stop:
        found.stopped = why_stopped(stop)
    found.distinct = len(before)
    return found.report("plain", limits)


def hold_promises(found: Findings, worlds: Iterable[World], limits: Limits) -> None:
    """Look for fair runs that break what the scenario says of all of them."""
    claims = promises(found.scenario)
    graph = graph_of(found, worlds, limits) if claims else None
    for claim, stays in claims:
        if lasso := graph and first_lasso(graph, claim, stays):
            loop = [(event, graph.worlds[after]) for event, after in lasso.loop]
            found.broken(claim, stays, [graph.worlds[world] for world in lasso.stem], loop)


def next_level(
    found: Findings, frontier: list[World], before: dict[World, World | None], limits: Limits
) -> list[World]:
    """The worlds one event beyond the frontier that were not seen before."""
    beyond: list[World] = []
    prune = found.scenario.prune
    for count, world in enumerate(frontier):
        if count % 64 == 0:
            limits.check(len(before), found.transitions, found.depth, len(frontier))
        if prune is not None and true_in(prune, world):
            found.pruned += 1
            continue
        for event, after in happenings(world):
            found.transitions += 1
            cover(found, world, event)
            if after not in before:
                before[after] = world
                beyond.append(after)
    return beyond


def judge(found: Findings, worlds: list[World], before: dict[World, World | None]) -> None:
    """Hold every property against the worlds of one level."""
    for world in worlds:
        for invariant in found.invariants:
            if invariant.__name__ not in found.violations and (reason := reason_against(invariant, world)):
                found.violations[invariant.__name__] = (reason, path(world, before))
        for goal in found.scenario.goals:
            if found.goals[goal.__name__] is None and true_in(goal, world):
                found.goals[goal.__name__] = found.depth


def path(world: World, before: dict[World, World | None]) -> list[World]:
    """The worlds that lead to `world`, the initial one first."""
    worlds = [world]
    while (earlier := before[worlds[-1]]) is not None:
        worlds.append(earlier)
    return worlds[::-1]


def cover(found: Findings, world: World, event: Event) -> None:
    """Note which handler ran."""
    if key := handler_of(event, world):
        found.handled[key] = found.handled.get(key, 0) + 1


def handler_of(event: Event, world: World) -> tuple[str, str] | None:
    """The class of the node that handles an event, and the type of the message; None where nobody does."""
    handler = {"deliver": event.target, "fire": event.node, "bounce": event.source}.get(event.name)
    if handler is None:
        return None
    return type(world.nodes[handler]).__name__, "Bounced" if event.name == "bounce" else type(event.message).__name__
