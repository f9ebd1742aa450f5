"""Rounds of searching: some runs that Hypothesis draws, then some walks, until there were enough or one fails.

Every fourth round is driven toward what is rare (driving.py). The first ones are not: in them, every bug that is listed
is found by lot, and runs drawn anew come to more that is new, unless it takes one rare step after another.

Walks have to be compiled once on each machine, which takes longer than many a search. Where the time that is left is
short, walks that nobody asked for by name are left out, and the report says so; those that are asked for are compiled
before the clock starts.
"""

import hashlib
import time
from collections import Counter
from typing import TYPE_CHECKING

from attrs import define, evolve

from stackproof.checker.explore.fairness import promises
from stackproof.checker.explore.limits import peak_mib
from stackproof.checker.host import ScenarioError
from stackproof.checker.report import Verdict, Violation
from stackproof.checker.scenario import Scenario
from stackproof.checker.search import compiling
from stackproof.checker.search.hunting import Hunt, Progress, Watcher, hunt_by_hypothesis
from stackproof.checker.search.report import Goal, Searched
from stackproof.checker.search.showing import source, violation_of
from stackproof.checker.search.terrain import Terrain

if TYPE_CHECKING:
    from stackproof.checker.search.walks import Party, Walked

ROUND = 1_000
"""How many examples a round has at most."""
AT_FIRST = 100
"""How many the first one has where the clock ends the search; each has twice as many as the one before."""
WALKED = 1_000
"""How many steps are walked for each example."""
DRIVEN_EVERY = 4
"""One round in so many is driven, the last of them."""
LEG = 250
"""How many examples a driven round draws before it looks anew at what is rare."""
CLIMBS_EVERY = 4
"""In one leg of so many, `target` climbs."""
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
    left_out: str | None = None
    stopped: str | None = None

    def go(self, examples: int | None) -> None:
        """Round after round, until there were so many examples, the time is up, or something fails."""
        number, left = 0, examples
        try:
            while left != 0 and self.violation is None and not self.hunt.is_over:
                size = min(AT_FIRST << number, ROUND) if left is None else min(left, ROUND)
                self.round(number, size)
                number, left = number + 1, None if left is None else left - size
        except KeyboardInterrupt:
            self.stopped = "interrupted"
        if self.violation is None and self.hunt.found is not None:
            self.violation = violation_of(self.scenario, *self.hunt.found, self.seed)

    def round(self, number: int, examples: int) -> None:
        """So many runs, and the walks that go with them."""
        seed = seed_of(self.seed, number)
        if self.by != "walks":
            if number % DRIVEN_EVERY == DRIVEN_EVERY - 1:
                self.drive(seed, examples)
            else:
                hunt_by_hypothesis(self.hunt, seed, examples, self.steps)
            if self.hunt.found is not None:
                self.violation = violation_of(self.scenario, *self.hunt.found, self.seed)
        if self.by != "hypothesis" and self.violation is None and not self.hunt.is_over:
            self.walk(seed, examples)

    def drive(self, seed: int, examples: int) -> None:
        """So many driven runs, which leg by leg go on from what has become rare."""
        for done in range(0, examples, LEG):
            if self.hunt.found is None and not self.hunt.is_over:
                size, climbs = min(LEG, examples - done), done // LEG % CLIMBS_EVERY == CLIMBS_EVERY - 1
                hunt_by_hypothesis(self.hunt, seed_of(seed, done), size, self.steps, driven=True, climbs=climbs)

    def walk(self, seed: int, examples: int) -> None:
        """Random walks at native speed; where nothing but them is asked for, they must be able to take the scenario."""
        try:
            if self.party is None and not self.can_walk():
                return
            self.walk_on(seed, examples)
        except ScenarioError:
            if self.by == "walks":
                raise
            self.by = "hypothesis"

    def walk_on(self, seed: int, examples: int) -> None:
        """Go on with the walks. Raises what the native explorer raises where it cannot take the scenario."""
        from stackproof.checker.search.walks import Party  # noqa: PLC0415 - the compiler is slow to import

        self.party = self.party or Party(self.scenario, seed, 2 * self.steps)
        watcher = self.watch if self.hunt.watcher else None
        walked = self.walked = self.party.walk(steps=WALKED * examples, seconds=self.hunt.left, watcher=watcher)
        if walked.why == "interrupted":
            raise KeyboardInterrupt
        if walked.violation is not None and walked.violation.trace is not None:
            trace = evolve(walked.violation.trace, found=source(self.seed))
            self.violation = evolve(walked.violation, trace=trace)

    def can_walk(self) -> bool:
        """Whether walks are compiled, or can be in the time that is left. Who asks for nothing else waits for it."""
        if compiling.is_compiled():
            return True
        if self.by != "walks" and self.hunt.left is not None and self.hunt.left < compiling.TAKES_S:
            self.by, self.left_out = "hypothesis", compiling.LEFT_OUT
            return False
        self.hunt.tell("compiling the walks, once")
        if self.by == "walks":
            compiling.compile_walks(self.scenario)
            self.hunt.began = time.monotonic()
        return True

    def watch(self, walked: "Walked") -> None:
        """Tell how far it is while walks are under way."""
        if self.hunt.watcher is not None:
            runs, steps, faults = self.counted(walked)
            goals = len(self.hunt.reached | {name: 0 for name, reached in walked.goals.items() if reached})
            seconds, rarest = self.hunt.elapsed, self.hunt.rarity.best
            self.hunt.watcher(Progress(runs, steps, seconds, faults.total(), goals, rarest, walked.why or "walking"))

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
            rarest=self.hunt.rarity.best,
            left_out=self.left_out,
            seconds=self.hunt.elapsed,
            peak_mib=peak_mib(),
            violated=() if self.violation is None else (self.violation,),
            goals=self.goals(),
            handlers=self.hunt.terrain.handled({} if self.party is None else self.party.handled),
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
