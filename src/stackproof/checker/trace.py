"""A trace: the choices of one run, and a digest of the world after each."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import frozen

from stackproof.checker.world import Event, World, happenings

if TYPE_CHECKING:
    from stackproof.checker.scenario import Scenario

FORMAT = 1


@frozen
class Step:
    """One event, and the world after it."""

    event: Event
    world: World


@frozen
class Trace:
    """A run of a scenario; the first step is its start.

    loop   of a run that goes on for ever, the step whose world its last step comes back to; it is the last step of a
           run that ends there
    """

    scenario: str
    parameters: Mapping[str, Any]
    expect: Mapping[str, Any]
    found: Mapping[str, Any]
    steps: tuple[Step, ...]
    loop: int | None = None

    @property
    def round(self) -> int | None:
        """How many events go round for ever, 0 where the run may end; None where nothing of the kind is said."""
        return None if self.loop is None else len(self.steps) - 1 - self.loop


def lines_of(trace: Trace) -> Iterator[str]:
    """The lines that stand for a trace."""
    header = {"stackproof": FORMAT, "scenario": trace.scenario, "parameters": dict(trace.parameters)}
    header |= {} if trace.loop is None else {"loop": trace.loop}
    yield json.dumps(header | {"expect": dict(trace.expect), "found": dict(trace.found)})
    for step in trace.steps:
        yield json.dumps(step.event.form() | {"digest": step.world.digest})


def write(trace: Trace, path: Path) -> None:
    """Write a trace, whole or not at all."""
    path = path.resolve()
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    unfinished.unlink(missing_ok=True)
    try:
        with unfinished.open("x", encoding="ascii", newline="\n") as file:
            file.writelines(f"{line}\n" for line in lines_of(trace))
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def retraced(
    scenario: "Scenario", worlds: Sequence[World], loop: Sequence[tuple[Event | None, World]] = ()
) -> tuple[Step, ...]:
    """The events that lead through these worlds: for each, the first that does in the fixed order of `happenings`.

    loop   further worlds, each with the event that leads there, without its choices; None for any event
    """
    start = next(event for event, world in scenario.initial() if world == worlds[0])
    steps = [Step(start, worlds[0])]
    for wanted, goal in [*((None, world) for world in worlds[1:]), *loop]:
        found = (Step(event, world) for event, world in happenings(steps[-1].world) if world == goal)
        steps.append(next(step for step in found if wanted in (None, step.event.unchosen)))
    return tuple(steps)
