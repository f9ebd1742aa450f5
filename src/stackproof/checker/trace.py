"""A trace: the choices of one run, and a digest of the world after each."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import frozen

from stackproof.checker.world import Event, World, happenings

if TYPE_CHECKING:
    from stackproof.checker.scenario import Scenario


@frozen
class Step:
    """One event, and the world after it."""

    event: Event
    world: World


@frozen
class Trace:
    """A run of a scenario; the first step is its start."""

    scenario: str
    parameters: Mapping[str, Any]
    expect: Mapping[str, Any]
    found: Mapping[str, Any]
    steps: tuple[Step, ...]


def retraced(scenario: "Scenario", worlds: Sequence[World]) -> tuple[Step, ...]:
    """The events that lead through these worlds: for each, the first that does in the fixed order of `happenings`."""
    start = next(event for event, world in scenario.initial() if world == worlds[0])
    steps = [Step(start, worlds[0])]
    for goal in worlds[1:]:
        steps.append(next(Step(event, world) for event, world in happenings(steps[-1].world) if world == goal))
    return tuple(steps)
