"""What comes of holding a real system against the reference: that they agree, or where they part."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import frozen

from stackproof import __version__
from stackproof.checker.oracle.following import Parting, apart
from stackproof.checker.report import Verdict
from stackproof.checker.scenario import Scenario, no_step_raises, reason_against
from stackproof.checker.trace import Step, Trace, write
from stackproof.checker.values import Unfit, plain
from stackproof.checker.world import Event


@frozen
class Difference:
    """A short run after which a real system is not what the reference may be.

    parting     where they part
    trace       the run of the reference, in our own format; it ends in the possible world nearest to the system
    tried       how many other schedules were run to find a shorter one
    shortest    whether these were all the shorter ones that there are
    repeatable  whether the system did the same when it was asked again; if not, nothing was shortened
    """

    parting: Parting
    trace: Trace
    tried: int
    shortest: bool
    repeatable: bool

    @property
    def schedule(self) -> tuple[Event, ...]:
        """The events asked of the system, the last of which shows the difference."""
        return self.parting.schedule

    @property
    def names(self) -> tuple[str, ...]:
        """The names of what differs."""
        system = self.parting.system
        return () if system is None else tuple(apart(self.parting.reference, system))

    def save(self, path: Path | str) -> None:
        """Write the trace, which `stackproof replay` takes; its header tells of the difference."""
        write(self.trace, Path(path))

    def form(self) -> dict[str, Any]:
        """The difference as JSON."""
        return {
            **told(self.parting),
            "length": len(self.schedule),
            "schedule": [event.form() for event in self.schedule],
            "worlds": self.parting.worlds,
            "tried": self.tried,
            "shortest": self.shortest,
            "repeatable": self.repeatable,
        }


@frozen
class Comparison:
    """The answer to `hold`: held where all runs agreed, violated with a difference, unknown where time came first.

    asked   how often each kind of event was asked of the system, until the two parted
    """

    scenario: str
    parameters: Mapping[str, Any]
    verdict: Verdict
    why: str | None
    seed: int
    runs: int
    asked: Mapping[str, int]
    seconds: float
    difference: Difference | None = None

    @property
    def events(self) -> int:
        """How many events were asked of the system."""
        return sum(self.asked.values())

    def form(self) -> dict[str, Any]:
        """The answer as JSON."""
        return {
            "scenario": self.scenario,
            "parameters": dict(self.parameters),
            "evidence": "searched",
            "verdict": self.verdict.value,
            "why": self.why,
            "seed": self.seed,
            "runs": self.runs,
            "events": self.events,
            "asked": dict(self.asked),
            "seconds": round(self.seconds, 3),
            "difference": None if self.difference is None else self.difference.form(),
        }


def recorded(parting: Parting, scenario: Scenario, seed: int) -> Trace:
    """The run of the reference up to where the system parts from it."""
    steps = parting.way.steps
    found = {"by": "oracle", "seed": seed, "version": __version__, "difference": told(parting)}
    return Trace(scenario.name, scenario.parameters, claim_of(steps), found, steps)


def told(parting: Parting) -> dict[str, Any]:
    """How the two part, as JSON."""
    views = {"reference": written(parting.reference), "system": written(parting.system)}
    return {"kind": parting.kind, "reason": parting.reason, **views}


def claim_of(steps: tuple[Step, ...]) -> dict[str, Any]:
    """What a trace of a difference claims of the reference, so that it replays: it says nothing of the system."""
    raised = reason_against(no_step_raises, steps[-1].world) is not None
    return {"verdict": "violated" if raised else "held", "property": no_step_raises.__name__}


def written(value: Any) -> Any:
    """A view as JSON; what has no such form as Python prints it."""
    if isinstance(value, Mapping):
        return {str(name): written(part) for name, part in value.items()}
    if type(value) is tuple:
        return [written(part) for part in value]
    try:
        return plain(value)
    except Unfit:
        return ascii(value)
