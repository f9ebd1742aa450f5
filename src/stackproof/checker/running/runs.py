"""One run of a job on the stack: under faults, watched, and compared with the plain answer."""

import hashlib
import time
from collections.abc import Callable
from typing import Any

from attrs import define, field, frozen

from stackproof.checker.faults import Faults
from stackproof.checker.invariants.blocks import Blocks
from stackproof.checker.invariants.dealings import Dealings
from stackproof.checker.network import Network
from stackproof.checker.report import Verdict
from stackproof.checker.running import faults as of_faults
from stackproof.checker.running.faults import Ordered
from stackproof.checker.running.jobs import Asked, Task, task
from stackproof.checker.running.watch import Digests, Watch
from stackproof.checker.scenario import Scenario
from stackproof.checker.simulate import simulate
from stackproof.checker.simulate.latency import Exponential
from stackproof.checker.simulate.run import Run
from stackproof.checker.world import Event
from stackproof.reference.actor import NodeId
from stackproof.reference.processing import tasks as of_rdds
from stackproof.reference.processing.mapreduce import tasks as of_mapreduce
from stackproof.reference.stack import cluster
from stackproof.reference.stack.tasks import Done, Undone
from stackproof.reference.stack.user import Answer, Submitted

LATENCY = Exponential(5)
JITTER = 0.5
SUCCESSORS = 4
LONGEST = 20.0
TOLD_EVERY_S = 0.1
PATIENCE_MS = 3_600_000.0


@frozen
class Told:
    """Something that a person who waits may want to know: when it happened, in virtual time, and what."""

    at_ms: float
    what: str


@frozen
class Progress:
    """How far a run is; `stage` is that of a driver of RDDs."""

    at_ms: float
    done: int
    tasks: int
    running: int
    again: int
    struck: tuple[Told, ...]
    stage: str = ""


Watcher = Callable[[Progress], None]


@define(eq=False)
class Log:
    """What is noted while a job runs.

    answer    what the user read in the end
    begun     how many attempts of tasks were begun
    again     why tasks had to be run again
    struck    the faults, as they struck
    trace     a digest of every event so far
    """

    tasks: int
    deadline: float
    watcher: Watcher | None
    answer: Answer | None = None
    submitted: bool = False
    begun: int = 0
    done: set[Any] = field(factory=set)
    again: list[Told] = field(factory=list)
    struck: list[Told] = field(factory=list)
    watch: Watch = field(factory=Watch)
    trace: Any = field(factory=hashlib.sha256)
    told: float = 0.0
    stage: str = ""
    out_of_time: bool = False

    def record(self, at_ms: float, node: NodeId, event: Any) -> None:
        """A node observed something."""
        match event:
            case Answer():
                self.answer = event
            case Submitted():
                self.submitted = True
            case of_mapreduce.Began():
                self.begun += 1
            case of_mapreduce.Completed(one):
                self.done.add(one)
            case of_mapreduce.RunAgain(one, why):
                self.done.discard(one)
                self.again.append(Told(at_ms, f"{one}: {why}"))
            case of_rdds.Launched(_, task):
                self.begun += 1
                self.stage = str(task.stage)
            case Done(task):
                self.done.add((task.stage, task.partition))
            case Undone(what, why):
                self.again.append(Told(at_ms, f"{named(what)}: {why}"))

    def before_each_event(self, run: Run) -> bool:
        """Look at what the last event changed, and note the next one; whether the run is over."""
        if self.watch.look(run) or self.answer is not None:
            return True
        if run.heap:
            at, _, happen, place, source, message = run.heap[0]
            self.trace.update(f"{at.hex()} {happen.__name__} {place.name} {source} {type(message).__name__}\n".encode())
            if isinstance(message, Event):
                self.struck.append(Told(at, words(message)))
        return self.look_at_the_clock(run)

    def look_at_the_clock(self, run: Run) -> bool:
        """Tell the watcher from time to time; whether time is over."""
        now = time.monotonic()
        if self.watcher is not None and now - self.told > TOLD_EVERY_S:
            self.told = now
            running = self.begun - len(self.done)
            counts = (len(self.done), self.tasks, running, len(self.again))
            self.watcher(Progress(run.now, *counts, tuple(self.struck), self.stage))
        self.out_of_time = now > self.deadline
        return self.out_of_time


def named(what: Any) -> str:
    """A task of a stage, or a block, in words."""
    match what:
        case of_rdds.Task(stage, partition):
            return f"task {partition} of stage {stage}"
        case of_rdds.Output(_, partition):
            return f"map output {partition}"
        case _:
            return f"cached partition {what.partition}"


def words(event: Event) -> str:
    """A fault in words."""
    if event.cut is None:
        return f"{event.name} {event.node}"
    return f"{event.name} {', '.join(event.cut.here)} from {', '.join(event.cut.there)}"


@frozen
class Outcome:
    """What came of a run.

    equal    whether the answer is the plain one; None where there is no answer
    why      what keeps the verdict from being held
    """

    asked: Asked
    faults: Ordered
    seed: int
    task: Task
    equal: bool | None
    why: str | None
    raised: bool
    log: Log
    virtual_ms: float
    events: int
    seconds: float
    plain_seconds: float
    machines: tuple[NodeId, ...]
    up: int

    @property
    def verdict(self) -> Verdict:
        """Held: the answers are equal, and nothing was wrong on the way."""
        if self.log.watch.found is not None or self.raised or self.equal is False:
            return Verdict.VIOLATED
        return Verdict.HELD if self.equal else Verdict.UNKNOWN

    @property
    def digest(self) -> str:
        """Twelve hexadecimal digits that stand for every event of the run."""
        return str(self.log.trace.hexdigest()[:12])


def run(asked: Asked, faults: Ordered, seed: int, seconds: float, watcher: Watcher | None = None) -> Outcome:
    """Run a job on the stack under faults, and compare; raises ScenarioError where that makes no sense."""
    began = time.monotonic()
    of_faults.check(faults, asked.agents)
    ready = task(asked)
    scenario = stack(asked, faults, ready)
    machines = tuple(node.id for node in scenario.nodes if node.id.startswith("n"))
    newcomers = tuple(node.id for node in scenario.absent)
    everybody = (*machines, cluster.MESOS, cluster.DRIVER)
    log = Log(ready.tasks, began + seconds, watcher)
    simulated = simulate(
        scenario,
        seed=seed,
        until=log.before_each_event,
        until_ms=LONGEST * faults.span_ms + PATIENCE_MS,
        latency=LATENCY,
        jitter=JITTER,
        schedule=of_faults.schedule(faults, seed, machines, newcomers, everybody),
        record=log.record,
    )
    ended = time.monotonic()
    equal = None if log.answer is None else told(log.answer, ready) == ready.plain()
    return Outcome(
        asked=asked,
        faults=faults,
        seed=seed,
        task=ready,
        equal=equal,
        why=reason(log, simulated.raised, equal),
        raised=simulated.raised is not None,
        log=log,
        virtual_ms=simulated.now_ms,
        events=simulated.counts.events,
        seconds=ended - began,
        plain_seconds=time.monotonic() - ended,
        machines=machines,
        up=sum(one.startswith("n") for one in simulated.up),
    )


def told(answer: Answer, ready: Task) -> Any:
    """What the user was told, or read."""
    return answer.answer if ready.answered else answer.files


def reason(log: Log, raised: str | None, equal: bool | None) -> str | None:
    """What is wrong, or what is not known."""
    if log.watch.found is not None:
        return f"{log.watch.found[0]}: {log.watch.found[1]}"
    if raised is not None:
        return raised
    if log.answer is None:
        return "its time was over" if log.out_of_time else "the job came to no end"
    return None if equal else "the answer is not the plain one"


def stack(asked: Asked, faults: Ordered, ready: Task) -> Scenario:
    """The cluster as a scenario."""
    everybody = cluster.identifiers(asked.agents + faults.joins)
    shape = cluster.Shape(
        ring=everybody[: asked.agents],
        newcomers=everybody[asked.agents :],
        r=min(SUCCESSORS, asked.agents - faults.crashes - 1),
    )
    made = ready.cluster(shape, faults.span_ms)
    return Scenario(
        nodes=made.nodes,
        absent=made.absent,
        network=Network.FIFO,
        faults=Faults(detection=True),
        monitors={"blocks": Blocks(), "dealings": Dealings(), "work": Digests()},
        name=asked.job,
    )
