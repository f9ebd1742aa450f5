"""What either explorer has found so far, and how it becomes a report."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from attrs import define, field

from stackproof import __version__
from stackproof.checker.explore.fairness import promises, reason_for
from stackproof.checker.explore.limits import Limits, peak_mib
from stackproof.checker.report import Goal, Handled, Report, Verdict, Violation
from stackproof.checker.scenario import Property, Scenario, no_step_raises
from stackproof.checker.trace import Trace, retraced
from stackproof.checker.world import Event, World

Loop: TypeAlias = Sequence[tuple[Event | None, World]]
"""The worlds of a loop, each with the event that leads there if that is owed; none where a run ends."""


@define
class Findings:
    """Filled in by an explorer, level by level."""

    scenario: Scenario
    distinct: int = 0
    orbits: int | None = None
    transitions: int = 0
    depth: int = 0
    pruned: int = 0
    stopped: str | None = None
    violations: dict[str, tuple[str, list[World]]] = field(factory=dict)
    loops: dict[str, Loop] = field(factory=dict)
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
            orbits=self.orbits,
            promises=() if self.stopped else tuple((one.__name__, stays) for one, stays in promises(self.scenario)),
        )

    def verdict(self) -> tuple[Verdict, str | None]:
        """Violated if a property is; else unknown if something was left out; else held."""
        if self.violations:
            return Verdict.VIOLATED, self.stopped
        if self.stopped:
            return Verdict.UNKNOWN, self.stopped
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
            Violation(name, reason, traced(self.scenario, worlds, "violated", name, self.loops.get(name)))
            for name, (reason, worlds) in self.violations.items()
        ]
        if self.violations or self.stopped or self.pruned:
            return shown
        return [Violation(name, "no reachable world shows it") for name in self.unreached()]

    def broken(self, claim: Property, stays: bool, worlds: list[World], loop: Loop) -> None:
        """A fair run that breaks a promise was found: worlds, and a loop in the last of them."""
        self.loops[claim.__name__] = loop
        self.violations[claim.__name__] = (reason_for(claim, stays, len(loop)), worlds)

    def coverage(self) -> tuple[Handled, ...]:
        """How often each handler ran; those that never did have a count of 0."""
        counts = dict.fromkeys(self.scenario.handlers, 0) | self.handled
        return tuple(Handled(node, message, count) for (node, message), count in sorted(counts.items()))


def traced(scenario: Scenario, worlds: Sequence[World], verdict: str, name: str, loop: Loop | None = None) -> Trace:
    """The trace through these worlds, and round the loop that follows, if there is one."""
    expect: Mapping[str, Any] = {"verdict": verdict, "property": name}
    found = {"by": "explore", "seed": None, "version": __version__}
    steps = retraced(scenario, worlds, loop or ())
    return Trace(scenario.name, scenario.parameters, expect, found, steps, None if loop is None else len(worlds) - 1)
