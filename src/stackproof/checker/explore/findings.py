"""What either explorer has found so far, and how it becomes a report."""

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import define, field

from stackproof import __version__
from stackproof.checker.explore.limits import Limits, peak_mib
from stackproof.checker.report import Goal, Handled, Report, Verdict, Violation
from stackproof.checker.scenario import Property, Scenario, no_step_raises
from stackproof.checker.trace import Trace, retraced
from stackproof.checker.world import World


@define
class Findings:
    """Filled in by an explorer, level by level."""

    scenario: Scenario
    distinct: int = 0
    transitions: int = 0
    depth: int = 0
    pruned: int = 0
    stopped: str | None = None
    violations: dict[str, tuple[str, list[World]]] = field(factory=dict)
    goals: dict[str, int | None] = field(factory=dict)
    handled: dict[tuple[str, str], int] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        self.goals = {goal.__name__: None for goal in self.scenario.goals}

    @property
    def invariants(self) -> tuple[Property, ...]:
        """Those of the scenario, and the one that all have."""
        return (*self.scenario.invariants, no_step_raises)

    def report(self, engine: str, limits: Limits) -> Report:
        """The verdict, with what it stands on."""
        verdict, why = self.verdict()
        return Report(
            scenario=self.scenario.name,
            parameters=self.scenario.parameters,
            engine=engine,
            verdict=verdict,
            why=why,
            distinct=self.distinct,
            transitions=self.transitions,
            depth=self.depth,
            seconds=limits.elapsed,
            peak_mib=peak_mib(),
            violated=tuple(self.violated()),
            goals=tuple(Goal(name, length) for name, length in self.goals.items()),
            handlers=self.coverage(),
        )

    def verdict(self) -> tuple[Verdict, str | None]:
        """Violated if a property is; else unknown if something was left out; else held."""
        if self.violations:
            return Verdict.VIOLATED, self.stopped
        if self.stopped:
            return Verdict.UNKNOWN, self.stopped
        if self.scenario.eventually:
            names = ", ".join(claim.__name__ for claim in self.scenario.eventually)
            return Verdict.UNKNOWN, f"whether every fair run comes to {names} is not decided yet"
        unreached = self.unreached()
        if not self.pruned:
            return (Verdict.VIOLATED if unreached else Verdict.HELD), None
        bounds = f"within bounds: {self.pruned:,} worlds were not looked past"
        if unreached:
            return Verdict.UNKNOWN, f"{bounds}, and {unreached[0]} was not reached before them"
        return Verdict.HELD, bounds

    def unreached(self) -> list[str]:
        """The goals that no world showed."""
        return [name for name, length in self.goals.items() if length is None]

    def violated(self) -> list[Violation]:
        """Every violation with its trace; where all was explored, also every goal that nothing reaches."""
        shown = [
            Violation(name, reason, traced(self.scenario, worlds, "violated", name))
            for name, (reason, worlds) in self.violations.items()
        ]
        if self.violations or self.stopped or self.pruned:
            return shown
        return [Violation(name, "no reachable world shows it") for name in self.unreached()]

    def coverage(self) -> tuple[Handled, ...]:
        """How often each handler ran; those that never did have a count of 0."""
        counts = dict.fromkeys(self.scenario.handlers, 0) | self.handled
        return tuple(Handled(node, message, count) for (node, message), count in sorted(counts.items()))


def traced(scenario: Scenario, worlds: Sequence[World], verdict: str, name: str) -> Trace:
    """The trace through these worlds."""
    expect: Mapping[str, Any] = {"verdict": verdict, "property": name}
    found = {"by": "explore", "seed": None, "version": __version__}
    return Trace(scenario.name, scenario.parameters, expect, found, retraced(scenario, worlds))
