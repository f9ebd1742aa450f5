"""What a search answers, and its JSON."""

from collections.abc import Mapping
from typing import Any

import attrs
from attrs import field, frozen

from stackproof.checker.report import Answer, Handled, Verdict, Violation


@frozen
class Goal:
    """A state that should be reachable, whether a run came to it, and in how many events where that is known."""

    goal: str
    reached: bool
    length: int | None = None


@frozen
class Searched(Answer):
    """The answer to `search`.

    `runs` are those drawn, walks among them, `unsettled` those of them that had not come to an end after 400 events
    without faults; `steps` counts events, `faults` those of them that are faults, by kind. Runs made only to shrink
    another are not counted. `rarest` is the highest score of a driven run (driving.py), `left_out` what there was no
    time for. Held: every run asked for was run, none broke a property, each goal was reached by one.
    """

    scenario: str
    parameters: Mapping[str, Any]
    by: str
    seed: int
    verdict: Verdict
    why: str | None
    runs: int
    unsettled: int
    steps: int
    faults: Mapping[str, int]
    rarest: float
    left_out: str | None
    seconds: float
    peak_mib: int
    violated: tuple[Violation, ...] = ()
    goals: tuple[Goal, ...] = ()
    handlers: tuple[Handled, ...] = ()
    evidence: str = field(default="searched")

    @property
    def steps_per_second(self) -> int:
        """How fast it went, all told."""
        return round(self.steps / self.seconds) if self.seconds > 0 else 0

    def form(self, traces: Mapping[str, str] | None = None) -> dict[str, Any]:
        """The report as JSON; `traces` says in which file the trace of each violated property was written."""
        written = traces or {}
        return {
            "scenario": self.scenario,
            "parameters": dict(self.parameters),
            "evidence": self.evidence,
            "by": self.by,
            "seed": self.seed,
            "verdict": self.verdict.value,
            "why": self.why,
            "runs": self.runs,
            "unsettled": self.unsettled,
            "steps": self.steps,
            "faults": dict(self.faults),
            "rarest": round(self.rarest, 3),
            "left_out": self.left_out,
            "steps_per_second": self.steps_per_second,
            "seconds": round(self.seconds, 3),
            "peak_mib": self.peak_mib,
            "violated": [one.form(written.get(one.property)) for one in self.violated],
            "goals": [attrs.asdict(one) for one in self.goals],
            "handlers": [attrs.asdict(one) for one in self.handlers],
        }
