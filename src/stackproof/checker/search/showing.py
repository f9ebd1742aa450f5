"""A run that breaks a property becomes a violation: shrunk, with a trace that replays."""

from collections.abc import Mapping, Sequence
from typing import Any

from stackproof import __version__
from stackproof.checker.explore.fairness import reason_against_run
from stackproof.checker.explore.liveness import NO_WAY
from stackproof.checker.report import Violation
from stackproof.checker.scenario import Property, Scenario, no_step_raises, reason_against
from stackproof.checker.search.course import Course, Violated
from stackproof.checker.search.lassos import in_few_events
from stackproof.checker.trace import Step, Trace


def violation_of(scenario: Scenario, course: Course, violated: Violated, seed: int) -> Violation:
    """What a run shows, in as few events as can be found; in its own where shrinking is interrupted."""
    claim = property_called(scenario, violated.claim)
    steps, loop = in_few_events(scenario, claim, course.steps, violated.loop)
    expect = {"verdict": "violated", "property": violated.claim}
    trace = Trace(scenario.name, scenario.parameters, expect, source(seed), steps, loop)
    return Violation(violated.claim, reason(claim, steps, loop) or violated.reason, trace)


def property_called(scenario: Scenario, name: str) -> Property:
    """The property of that name."""
    promised = (*scenario.eventually, *scenario.eventually_always, *scenario.always_reachable)
    return next(claim for claim in (*scenario.invariants, no_step_raises, *promised) if claim.__name__ == name)


def reason(claim: Property, steps: Sequence[Step], loop: int | None) -> str | None:
    """Why the property does not hold at the end of these steps, or in the run that goes on from them for ever."""
    if loop is not None:
        return reason_against_run(claim, steps, loop)
    end = steps[-1].world
    return NO_WAY.format(claim.__name__) if claim in end.scenario.always_reachable else reason_against(claim, end)


def source(seed: int) -> Mapping[str, Any]:
    """Where a trace comes from."""
    return {"by": "search", "seed": seed, "version": __version__}
