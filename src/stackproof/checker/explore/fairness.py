"""What comes of every run that is fair: it comes to a world in which a claim is true, or stays in such worlds.

A run is fair if nothing that can happen in all its worlds from some point on is left out for ever: weak fairness,
which Lehmann, Pnueli and Stavi ("Impartiality, Justice and Fairness", ICALP 1981) call justice. It is granted to the
events that are no faults (`is_calm`): deliveries, timers, restarts, resumptions, healings, bounces off nodes that are
gone. An event is its name, its nodes and its message, whichever way its choices fall; a step without effect is no
event. No fault ever has to happen, nor a join nor a leave. A run may end where nothing has to happen.

A run that goes on for ever comes to a strongly connected component of the graph of worlds and stays in it. Call a
component fair if each event that can happen in all its worlds happens on one of its edges; then the run that goes
round all of it is fair. A part of a component has fewer worlds and fewer edges; so if a part of it is fair, it is,
and components need not be taken apart further (Lichtenstein and Pnueli, "Checking That Finite State Concurrent
Programs Satisfy Their Linear Specification", POPL 1985). A world in which a run may end is a fair component without
edges. So a claim comes true in every fair run unless a fair component can be reached in the graph of the worlds in
which it is not true; and it comes to stay unless the whole graph has a fair component with such a world in it.
"""

from collections.abc import Sequence

from stackproof.checker.explore.liveness import is_calm
from stackproof.checker.scenario import Property, Scenario, true_in
from stackproof.checker.trace import Step
from stackproof.checker.world import Event, World, happenings


def promises(scenario: Scenario) -> list[tuple[Property, bool]]:
    """What the scenario says of every fair run: claims, each with whether it comes to stay."""
    to_stay = ((claim, True) for claim in scenario.eventually_always)
    return [*((claim, False) for claim in scenario.eventually), *to_stay]


def reason_for(claim: Property, stays: bool, loop: int) -> str:
    """Why a run that goes round so many events, or that ends, breaks a promise."""
    what = "does not come to stay in" if stays else "is true in no world of"
    return f"{claim.__name__} {what} this run, which {'goes round for ever' if loop else 'may end here'}"


def identity(event: Event, world: World) -> Event | None:
    """What is owed of an event that may happen in this world: all but its choices; None of a fault."""
    return event.unchosen if is_calm(event, world) else None


def owed(world: World) -> dict[Event, None]:
    """All that may happen in this world and is owed, in a fixed order."""
    found = (identity(event, world) for event, _ in happenings(world))
    return dict.fromkeys(event for event in found if event is not None)


def left_out(steps: Sequence[Step]) -> Event | None:
    """What keeps a loop from being fair: an event that may happen in each of its worlds and does not.

    The first step is the one that led to the loop, the last the one that closes it; of one step alone it is anything
    that may happen after it.
    """
    taken = {step.event.unchosen for step in steps[1:]}
    others = [owed(step.world) for step in steps[1:]]
    always = (event for event in owed(steps[0].world) if all(event in one for one in others))
    return next((event for event in always if event not in taken), None)


def reason_against_run(claim: Property, steps: Sequence[Step], loop: int) -> str | None:
    """Why a fair run, whose loop follows step `loop`, breaks the promise that this claim is, or None if it does not."""
    stays = claim in steps[0].world.scenario.eventually_always
    going_round = steps[loop + 1 :] or steps[loop:]
    kept = not any(true_in(claim, step.world) for step in steps)
    broken = not all(true_in(claim, step.world) for step in going_round) if stays else kept
    return reason_for(claim, stays, len(steps) - 1 - loop) if broken else None
