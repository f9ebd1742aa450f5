"""Rounds of searching: some runs that Hypothesis draws, then some walks, until there were enough or one fails."""

import hashlib
from collections import Counter
from typing import TYPE_CHECKING

from attrs import define, evolve

from stackproof.checker.explore.fairness import promises
from stackproof.checker.explore.limits import peak_mib
from stackproof.checker.host import ScenarioError
from stackproof.checker.report import Verdict, Violation
from stackproof.checker.scenario import Scenario
from stackproof.checker.search.hunting import Hunt, Progress, Watcher, hunt_by_hypothesis
from stackproof.checker.search.report import Goal, Searched
from stackproof.checker.search.showing import source, violation_of
from stackproof.checker.search.terrain import Terrain

if TYPE_CHECKING:
    from stackproof.checker.search.walks import Party, Walked

ROUND = 1_000
"""How many examples a round has at most."""
WALKED = 1_000
"""How many steps are walked for each example."""
KINDS = {
    "links": "cut",
    "drops": "drop",
    "duplicates": "duplicate",
    "crashes": "crash",
    "suspicions": "bounce",
    "pauses": "pause",
    "joins": "join",
    "leaves": "leave",
}
"""The kind of event that draws upon a budget."""


@define(eq=False)
class Rounds:
    """What all rounds have come to."""

    scenario: Scenario
    seed: int
    steps: int
    by: str
    hunt: Hunt
    violation: Violation | None = None
    party: "Party | None" = None
    walked: "Walked | None" = None
    stopped: str | None = None

    def go(self, examples: int | None) -> None:
        """Round after round, until there were so many examples, the time is up, or something fails."""
        number, left = 0, examples
        try:
            while left != 0 and self.violation is None and not self.hunt.is_over:
                size = ROUND if left is None else min(left, ROUND)
                self.round(seed_of(self.seed, number), size)
                number, left = number + 1, None if left is None else left - size
        except KeyboardInterrupt:
            self.stopped = "interrupted"
        if self.violation is None and self.hunt.found is not None:
            self.violation = violation_of(self.scenario, *self.hunt.found, self.seed)

    def round(self, seed: int, examples: int) -> None:
        """So many runs, and the walks that go with them."""
        if self.by != "walks":
            hunt_by_hypothesis(self.hunt, seed, examples, self.steps)
            if self.hunt.found is not None:
                self.violation = violation_of(self.scenario, *self.hunt.found, self.seed)
        if self.by != "hypothesis" and self.violation is None and not self.hunt.is_over:
            self.walk(seed, examples)

    def walk(self, seed: int, examples: int) -> None:
        """Random walks at native speed; where nothing but them is asked for, they must be able to take the scenario."""
        from stackproof.checker.search.walks import Party  # noqa: PLC0415 - the compiler is slow to import

        try:
            self.party = self.party or Party(self.scenario, seed, 2 * self.steps)
            watcher = self.watch if self.hunt.watcher else None
            walked = self.party.walk(steps=WALKED * examples, seconds=self.hunt.left, watcher=watcher)
        except ScenarioError:
            if self.by == "walks":
                raise
            self.by = "hypothesis"
            return
        self.walked = walked
        if walked.why == "interrupted":
            raise KeyboardInterrupt
        if walked.violation is not None and walked.violation.trace is not None:
            trace = evolve(walked.violation.trace, found=source(self.seed))
            self.violation = evolve(walked.violation, trace=trace)

    def watch(self, walked: "Walked") -> None:
        """Tell how far it is while walks are under way."""
        if self.hunt.watcher is not None:
            runs, steps, faults = self.counted(walked)
            goals = len(self.hunt.reached | {name: 0 for name, reached in walked.goals.items() if reached})
            self.hunt.watcher(Progress(runs, steps, self.hunt.elapsed, faults.total(), goals, "walking"))

    def counted(self, walked: "Walked | None") -> tuple[int, int, Counter[str]]:
        """The runs, their events, and the faults among these."""
        faults = Counter(self.hunt.struck)
        if walked is None:
            return self.hunt.runs, self.hunt.steps, faults
        faults.update({KINDS[name]: count for name, count in walked.faults.items() if name in KINDS})
        return self.hunt.runs + walked.walks, self.hunt.steps + walked.steps, faults

    def report(self) -> Searched:
        """The verdict, with what it stands on."""
        verdict, why = self.verdict()
        runs, steps, faults = self.counted(self.walked)
        return Searched(
            scenario=self.scenario.name,
            parameters=self.scenario.parameters,
            by=self.by,
            seed=self.seed,
            verdict=verdict,
            why=why,
            runs=runs,
            unsettled=self.hunt.runs - self.hunt.ended,
            steps=steps,
            faults={kind: faults[kind] for kind in KINDS.values() if faults[kind]},
            seconds=self.hunt.elapsed,
            peak_mib=peak_mib(),
            violated=() if self.violation is None else (self.violation,),
            goals=self.goals(),
            handlers=self.hunt.terrain.handled(),
        )

    def goals(self) -> tuple[Goal, ...]:
        """Each goal, and whether a run came to it."""
        lengths = self.hunt.reached
        walked = {} if self.walked is None else self.walked.goals
        seen = {name for name, reached in walked.items() if reached} | set(lengths)
        names = (goal.__name__ for goal in self.scenario.goals)
        return tuple(Goal(name, name in seen, lengths.get(name)) for name in names)

    def verdict(self) -> tuple[Verdict, str | None]:
        """Violated if a property is; unknown if too little was run to say anything; else held."""
        if self.violation is not None:
            return Verdict.VIOLATED, self.stopped
        unreached = [one.goal for one in self.goals() if not one.reached]
        if self.stopped:
            return Verdict.UNKNOWN, self.stopped
        if not self.hunt.runs and not (self.walked and self.walked.walks):
            return Verdict.UNKNOWN, "no run came to its end"
        if unreached:
            return Verdict.UNKNOWN, f"no run reached {' or '.join(unreached)}"
        if promises(self.scenario) and not self.hunt.ended:
            return Verdict.UNKNOWN, "no run was followed to where it ends or goes round for ever"
        return Verdict.HELD, None


def searched(
    scenario: Scenario,
    seed: int,
    seconds: float | None,
    examples: int | None,
    steps: int,
    by: str,
    watcher: Watcher | None,
) -> Searched:
    """Search round after round, and say what came of it."""
    rounds = Rounds(scenario, seed, steps, by, Hunt(Terrain(scenario), seconds, watcher))
    rounds.go(examples)
    return rounds.report()


def seed_of(seed: int, number: int) -> int:
    """The seed of a round: that of the search for the first, others made from it for the others."""
    return seed if number == 0 else int.from_bytes(hashlib.sha256(f"{seed} {number}".encode()).digest()[:8], "big")
