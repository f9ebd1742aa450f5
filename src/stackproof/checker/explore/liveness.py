"""What must stay reachable: from every world, steps that are no faults can still lead to one in which a claim is true.

This is self-stabilisation, and the absence of dead ends: it says that nothing is lost for ever, not that every run
gets there. A world beyond a prune is taken to be a way out, since nobody looked past it.
"""

from collections.abc import Callable, Iterable, Iterator

from stackproof.checker.host import ScenarioError, Status
from stackproof.checker.scenario import Property, true_in
from stackproof.checker.world import Event, World, happenings

NO_WAY = "from here no steps, unless faults among them, lead to a world in which {} is true"
FAR = 200_000


def is_calm(event: Event, world: World) -> bool:
    """Whether an event is no fault: a step, a restart, a resumption, a healing, a bounce off a node that is gone."""
    if event.name == "bounce":
        return event.target is not None and world.status[event.target] not in (Status.UP, Status.PAUSED)
    return event.name in ("deliver", "fire", "restart", "resume", "heal")


def calm_steps(world: World) -> Iterator[World]:
    """The worlds that one step without a fault leads to."""
    return (after for event, after in happenings(world) if is_calm(event, world))


def is_way_out(claim: Property, world: World) -> bool:
    """Whether the claim is true, or nobody looked further."""
    prune = world.scenario.prune
    return true_in(claim, world) or (prune is not None and true_in(prune, world))


def first_stuck(claim: Property, worlds: Iterable[World], visited: Callable[[World], World]) -> World | None:
    """The first of all the worlds of a scenario from which no calm steps lead to the claim.

    visited   of a world, the one of its orbit that is among them
    """
    behind: dict[World, list[World]] = {}
    good = [world for world in worlds if is_way_out(claim, world)]
    reached = set(good)
    for world in worlds:
        for after in calm_steps(world):
            behind.setdefault(visited(after), []).append(world)
    while good:
        for world in behind.get(good.pop(), ()):
            if world not in reached:
                reached.add(world)
                good.append(world)
    return next((world for world in worlds if world not in reached), None)


def reason_against_return(claim: Property, world: World) -> str | None:
    """Why the claim cannot become true from this world without a fault, or None; looks at FAR worlds at most."""
    seen = {world}
    frontier = [world]
    while frontier:
        here = frontier.pop()
        if is_way_out(claim, here):
            return None
        new = [after for after in dict.fromkeys(calm_steps(here)) if after not in seen]
        seen.update(new)
        frontier += new
        if len(seen) > FAR:
            raise ScenarioError(f"more than {FAR:,} worlds lie beyond the last one; too many to look for a way out")
    return NO_WAY.format(claim.__name__)
