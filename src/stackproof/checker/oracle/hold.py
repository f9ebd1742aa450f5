"""Holding a real system against the reference: random schedules, and a shortest one where they part.

A schedule is a list of events, drawn one by one from what may happen in the worlds that are still possible. How likely
each kind of event is, is drawn for every run anew ("Swarm Testing", Groce et al., ISSTA 2012): runs in which one kind
is rare reach what runs of an even mixture do not. Where the two part, events are left out while they still do; then
shorter schedules are tried, breadth first: one for each set of possible worlds, and at last all there are.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from random import Random
from time import monotonic
from typing import TypeAlias

from attrs import define, evolve, field

from stackproof.checker.oracle.difference import Comparison, Difference, recorded
from stackproof.checker.oracle.following import Factory, Parting, Reference, Run, TooMany
from stackproof.checker.report import Verdict
from stackproof.checker.scenario import Scenario
from stackproof.checker.search.shrinking import reduced
from stackproof.checker.world import Event, World

Kind: TypeAlias = tuple[str, str]
WEIGHTS = (1, 3, 10)


class TimeUp(Exception):
    """There is no time for this run to end."""


def hold(
    adapter: Factory,
    scenario: Scenario,
    *,
    seed: int = 0,
    runs: int = 100,
    steps: int = 50,
    seconds: float = 60.0,
    hidden: Callable[[Event], bool] | None = None,
    worlds: int = 10_000,
    tries: int = 50_000,
) -> Comparison:
    """Hold a real system against a scenario; the same seed asks the same.

    adapter   makes an adapter, or is its class: one for every run
    steps     how many events a run has at most
    seconds   after so long the answer is unknown; once a difference is found, shrinking it may take as long again
    hidden    which events the system takes by itself, unseen: they are never asked of it, and may have happened
    worlds    after how many possible worlds to give up a run; the answer is unknown then
    tries     how many shorter schedules to try
    """
    began = monotonic()
    held = Holding(adapter, Reference(scenario, hidden, worlds), began + seconds, seed)
    why = held.run(runs, steps)
    verdict = Verdict.UNKNOWN if why else Verdict.HELD
    answer = Comparison(
        scenario.name, scenario.parameters, verdict, why, seed, held.runs, held.counted, monotonic() - began
    )
    if held.parting is None:
        return answer
    shrinking = Shrinking(adapter, held.reference, monotonic() + seconds, tries)
    return evolve(answer, verdict=Verdict.VIOLATED, why=None, difference=shrinking.of(held.parting, scenario, seed))


@define(eq=False)
class Holding:
    """The runs of one comparison; `parting` is that of the first run that has one."""

    adapter: Factory
    reference: Reference
    deadline: float
    seed: int
    runs: int = 0
    asked: Counter[Kind] = field(factory=Counter)
    parting: Parting | None = None

    def run(self, runs: int, steps: int) -> str | None:
        """Run until the two part, or so often; returns why it was not so often."""
        for number in range(runs):
            try:
                self.once(Random(f"{self.seed} {number}"), steps)
            except TooMany:
                return f"more than {self.reference.most:,} worlds are possible in run {number:,}"
            except TimeUp:
                return f"time was up in run {number:,} of {runs:,}"
            self.runs += 1
            if self.parting is not None:
                return None
        return None

    @property
    def counted(self) -> dict[str, int]:
        """How often each kind of event was asked of the system."""
        return {" ".join(filter(None, kind)): count for kind, count in sorted(self.asked.items())}

    def once(self, random: Random, steps: int) -> None:
        """One run of events drawn by lot."""
        run, weights = Run(self.adapter(), self.reference), dict[Kind, int]()
        try:
            run.start()
            for _ in range(steps):
                offered = run.offered
                if not offered:
                    break
                if monotonic() > self.deadline:
                    raise TimeUp
                run.take(drawn(random, weights, offered))
        finally:
            run.adapter.stop()
            self.asked.update(map(kind_of, run.schedule))
        self.parting = run.parting


def kind_of(event: Event) -> Kind:
    """The name of an event, and the type of its message if it has one."""
    return event.name, "" if event.message is None else type(event.message).__name__


def drawn(random: Random, weights: dict[Kind, int], offered: Sequence[Event]) -> Event:
    """One of these events: first its kind, by the weights of this run, then which of them."""
    kinds: dict[Kind, list[Event]] = {}
    for event in offered:
        kinds.setdefault(kind_of(event), []).append(event)
    for kind in kinds:
        weights.setdefault(kind, random.choice(WEIGHTS))
    (kind,) = random.choices(list(kinds), [weights[kind] for kind in kinds])
    return random.choice(kinds[kind])


@define(eq=False)
class Shrinking:
    """From a schedule after which the two part to a shortest one."""

    adapter: Factory
    reference: Reference
    deadline: float
    tries: int
    tried: int = 0
    found: Parting | None = field(default=None, init=False)

    def of(self, parting: Parting, scenario: Scenario, seed: int) -> Difference:
        """The difference to report."""
        repeatable = self.attempt(list(parting.schedule)) is not None
        shortest = False
        if repeatable:
            reduced(list(parting.schedule), self.attempt)
            shortest = all(self.searched(merging) for merging in (True, False))
        end = parting if self.found is None else self.found
        return Difference(end, recorded(end, scenario, seed), self.tried, shortest, repeatable)

    def attempt(self, events: list[Event]) -> list[Event] | None:
        """Those of the events, the others being impossible, after which the two part; None where they do not."""
        run = self.again(events)
        if run is None or run.parting is None:
            return None
        if self.found is None or len(run.parting.schedule) <= len(self.found.schedule):
            self.found = run.parting
        return list(run.parting.schedule)

    def again(self, events: Sequence[Event]) -> Run | None:
        """A fresh run of these events; None where time is up or too many worlds are possible."""
        if monotonic() > self.deadline:
            return None
        self.tried += 1
        run = Run(self.adapter(), self.reference)
        try:
            run.start()
            for event in events:
                if event in run.offered:
                    run.take(event)
        except TooMany:
            return None
        finally:
            run.adapter.stop()
        return run

    def searched(self, merging: bool) -> bool:
        """Try shorter schedules, breadth first; whether all were tried.

        merging   go on from one schedule only of those that leave the same worlds possible
        """
        self.tried = 0
        seen: set[frozenset[World]] = set()
        level: list[tuple[Event, ...]] = [()]
        while level and self.found is not None and self.found.schedule:
            after = []
            for schedule in level:
                run = self.again(schedule) if self.tried < self.tries else None
                if run is None:
                    return False
                if run.parting is not None:
                    self.found = run.parting
                    return True
                worlds = frozenset(way.world for way in run.ways)
                if not merging or worlds not in seen:
                    seen.add(worlds)
                    after += [(*schedule, event) for event in run.offered]
            level = after if after and len(after[0]) < len(self.found.schedule) else []
        return True
