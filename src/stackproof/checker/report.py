"""What an exploration answers, and its JSON."""

from collections.abc import Iterable, Mapping
from enum import Enum
from functools import cached_property
from typing import Any

from attrs import field, frozen

from stackproof.checker.trace import Trace


class Verdict(Enum):
    """Unknown: a bound, a budget or an interrupt came first. It is never printed as held."""

    HELD = "held"
    VIOLATED = "violated"
    UNKNOWN = "unknown"

    @property
    def exit_status(self) -> int:
        """What the command line exits with."""
        return {"held": 0, "violated": 1, "unknown": 3}[self.value]

    @staticmethod
    def worst(verdicts: "Iterable[Verdict]") -> "Verdict":
        """Violated before unknown before held; of nothing at all, nothing is known."""
        found = set(verdicts) or {Verdict.UNKNOWN}
        return next(one for one in (Verdict.VIOLATED, Verdict.UNKNOWN, Verdict.HELD) if one in found)


@frozen
class Violation:
    """A property that does not hold, why, and a run that shows it (none for a goal that nothing reaches)."""

    property: str
    reason: str
    trace: Trace | None = None

    @cached_property
    def length(self) -> int | None:
        """How many events lead to it; where a run goes round for ever, those of its loop included."""
        return None if self.trace is None else len(self.trace.steps) - 1

    @cached_property
    def loop(self) -> int | None:
        """How many events go round for ever, 0 where the run may end; None of a property that is no promise of runs."""
        return None if self.trace is None else self.trace.round

    def form(self, file: str | None) -> dict[str, Any]:
        """The violation as JSON; `file` is where its trace is."""
        form = {"property": self.property, "reason": self.reason, "length": self.length}
        return form | ({} if self.loop is None else {"loop": self.loop}) | {"trace": file}


@frozen
class Goal:
    """A state that should be reachable, and in how many events it is."""

    goal: str
    length: int | None = None

    @property
    def reached(self) -> bool:
        """Whether some world showed it."""
        return self.length is not None


@frozen
class Handled:
    """How often a class of nodes handled a type of message, over all transitions explored."""

    node: str
    message: str
    count: int


class Answer:
    """What an exploration and a search have in common: a verdict, and what was violated."""

    verdict: Verdict
    violated: tuple[Violation, ...]

    __slots__ = ()

    @property
    def trace(self) -> Trace | None:
        """The run that shows the first violation."""
        return next((violation.trace for violation in self.violated if violation.trace), None)

    @property
    def exit_status(self) -> int:
        """What the command line exits with."""
        return self.verdict.exit_status


@frozen
class Report(Answer):
    """The answer to `explore`.

    `distinct` counts worlds, the initial ones included; `transitions` enabled events, those into known worlds included;
    `depth` the levels of the breadth-first search below the initial worlds. `promises` are the claims about every fair
    run that were decided, each with whether it comes to stay. With a symmetry, one world of each of so many `orbits`
    was visited; all other numbers are still those of all worlds.
    """

    scenario: str
    parameters: Mapping[str, Any]
    engine: str
    verdict: Verdict
    why: str | None
    distinct: int
    transitions: int
    depth: int
    seconds: float
    peak_mib: int
    violated: tuple[Violation, ...] = ()
    goals: tuple[Goal, ...] = ()
    handlers: tuple[Handled, ...] = ()
    promises: tuple[tuple[str, bool], ...] = ()
    evidence: str = field(default="exhausted")
    orbits: int | None = None

    def form(self, traces: Mapping[str, str] | None = None) -> dict[str, Any]:
        """The report as JSON; `traces` says in which file the trace of each violated property was written."""
        written = traces or {}
        return {
            "scenario": self.scenario,
            "parameters": dict(self.parameters),
            "evidence": self.evidence,
            "engine": self.engine,
            "verdict": self.verdict.value,
            "why": self.why,
            "distinct": self.distinct,
            **({} if self.orbits is None else {"orbits": self.orbits}),
            "transitions": self.transitions,
            "depth": self.depth,
            "seconds": round(self.seconds, 3),
            "peak_mib": self.peak_mib,
            "violated": [one.form(written.get(one.property)) for one in self.violated],
            "goals": [{"goal": one.goal, "reached": one.reached, "length": one.length} for one in self.goals],
            "handlers": [{"node": one.node, "message": one.message, "count": one.count} for one in self.handlers],
        }
