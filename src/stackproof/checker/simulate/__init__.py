"""Simulation: one run of a scenario over virtual time, for quantities at sizes that exploration cannot reach.

The same node classes as everywhere, with a latency for each message, delays for timers, and one seed for all chance.
Same scenario, same options, same seed: the same run, whatever the version of Python or its hash seed.

What differs from exploration. A message on a REPEATING link arrives once. The fault budget of the scenario grants
nothing: faults come from `schedule` and `loss`; of it only `detection` counts, whether a message to a node that is not
there bounces (one that does not is lost). No step is checked for values that can change. Invariants are not looked at
on the way: `Simulated.reasons` holds them against the world at the end.
"""

import gc
import math
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from random import Random
from typing import TypeAlias

from attrs import frozen

from stackproof.checker.explore.limits import peak_mib
from stackproof.checker.host import ScenarioError
from stackproof.checker.scenario import Scenario
from stackproof.checker.simulate.latency import Constant, Latency, Link
from stackproof.checker.simulate.place import Delay, Recorder
from stackproof.checker.simulate.run import Run
from stackproof.checker.simulate.simulated import Observation, Simulated
from stackproof.checker.world import Event

STRETCH = 4096
TOLD_EVERY_S = 0.1


@frozen
class Progress:
    """How far a simulation is; `seconds` are real ones."""

    events: int
    now_ms: float
    in_flight: int
    seconds: float


Watcher: TypeAlias = Callable[[Progress], None]
Predicate: TypeAlias = Callable[[Run], bool]


def simulate(
    scenario: Scenario,
    *,
    seed: int,
    until_ms: float = math.inf,
    until: Predicate | None = None,
    events: int | None = None,
    latency: Latency | Link = Constant(10),
    loss: float = 0.0,
    jitter: float = 0.0,
    detection: Latency | Link = Constant(100),
    schedule: Iterable[tuple[float, Event]] = (),
    record: Recorder | None = None,
    watcher: Watcher | None = None,
) -> Simulated:
    """Run `scenario` until it is quiet, or until it reaches a time, a predicate or a number of events.

    until      a predicate of the run, asked before every event (`run.now`, `run.counts`, `run.places["r0"].node`)
    latency    of a message between two nodes: a distribution, or a function of source, target and message that has one
    loss       the probability that such a message is lost
    jitter     each delay of a timer is multiplied by a number drawn from 1 - jitter to 1 + jitter
    detection  where the scenario asks for it: how long after a message met nobody its sender is told
    schedule   pairs of a time in ms and an `Event`, in order of time; read as they come due, so it may be a generator
    record     `record(ms, node, event)` is called for each observation; without it they are collected
    watcher    is told the progress about ten times a second

    Raises ScenarioError where the scenario, an option or the schedule makes no sense.
    """
    if not 0 <= loss <= 1 or not 0 <= jitter <= 1:
        raise ScenarioError(f"loss={loss}, jitter={jitter}: both lie between 0 and 1")
    random, seen, began = Random(seed), list[Observation](), time.monotonic()
    with uncollected():
        run = Run(
            scenario=scenario,
            random=random,
            travel=delays(latency, random),
            loss=loss,
            jitter=jitter,
            detection=delays(detection, random) if scenario.faults.detection else None,
            record=record or (lambda at_ms, node, event: seen.append(Observation(at_ms, node, event))),
            schedule=iter(schedule),
        )
        ended = Driver(until_ms, until, events, watcher, began).drive(run)
    return Simulated(scenario, seed, ended, tuple(seen), run, time.monotonic() - began, peak_mib())


def delays(latency: Latency | Link, random: Random) -> Delay:
    """How long each message takes."""
    if callable(latency):
        link = latency
        return lambda source, target, message: link(source, target, message).sample(random)
    sample = latency.sample
    return lambda source, target, message: sample(random)


@contextmanager
def uncollected() -> Iterator[None]:
    """Look for no garbage in cycles: there is none, and looking takes a fifth of the time at 20,000 nodes."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@frozen
class Driver:
    """Lets a run happen up to its limits, and tells the watcher."""

    until_ms: float
    until: Predicate | None
    events: int | None
    watcher: Watcher | None
    began: float

    def drive(self, run: Run) -> str:
        """Why the run ended."""
        try:
            return self.driven(run)
        except KeyboardInterrupt:
            return "interrupted"

    def driven(self, run: Run) -> str:
        """Why the run ended, if nobody interrupts it."""
        told = self.began
        while True:
            if self.until is not None and self.until(run):
                return "until"
            most = self.most(run)
            if most <= 0:
                return "events"
            if not run.stretch(most, self.until_ms):
                return self.end(run)
            if self.watcher is not None and time.monotonic() - told > TOLD_EVERY_S:
                told = time.monotonic()
                self.watcher(Progress(run.counts.events, run.now, run.counts.in_flight, told - self.began))

    def most(self, run: Run) -> int:
        """How many events may happen before somebody has to look."""
        stretch = STRETCH if self.until is None else 1
        return stretch if self.events is None else min(stretch, self.events - run.counts.events)

    def end(self, run: Run) -> str:
        """Why nothing more happens."""
        if run.over:
            return "raised"
        if not run.heap:
            return "quiet"
        run.now = self.until_ms
        return "until_ms"
