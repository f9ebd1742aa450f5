"""A mixed workload on a cluster that is shared, and on one that is divided (Hindman et al., NSDI 2011, section 6.1).

Four frameworks, as in the paper: a Hadoop with many jobs, most of them small; a Hadoop with one large job after the
other; a Spark whose jobs need memory; and a scheduler of MPI jobs, which neither grow nor shrink. Divided, each
framework has a quarter of the agents, all of whose resources are reserved for its role.
"""

from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate
from math import log
from random import Random
from typing import Any

from attrs import define, field, frozen

from stackproof.checker.figures.document import Claim, Figure, shape
from stackproof.checker.figures.mesos_cluster import LAN_MS, IndexedMaster, Machine, Timed, Usage
from stackproof.checker.figures.plots import OURS, PALE, PAPER, named
from stackproof.checker.network import Network
from stackproof.checker.scenario import Scenario
from stackproof.checker.simulate import simulate
from stackproof.checker.simulate.latency import Constant
from stackproof.reference.actor import NodeId, Out
from stackproof.reference.scheduling.mesos.framework import Framework, Known
from stackproof.reference.scheduling.mesos.messages import TaskId
from stackproof.reference.scheduling.mesos.resources import ANYBODY, Resources, Vector

AGENT: Vector = (4, 15)
WINDOW_S = 1000.0
DEMANDS: dict[NodeId, Vector] = {"facebook": (1, 2), "large": (1, 2), "spark": (1, 3), "mpi": (1, 1)}
TITLES = {"facebook": "Facebook Hadoop", "large": "Large Hadoop", "spark": "Spark", "mpi": "MPI"}
SIZES = ((1, 38), (2, 18), (10, 14), (50, 12), (100, 6), (200, 6), (400, 6))
PAPER_SPEEDUPS = {"facebook": 1.14, "large": 2.10, "spark": 1.26, "mpi": 0.96}
SAME = (0.9, 1.1)
TEXT = f"""{{agents}} agents with {AGENT[0]} CPUs and {AGENT[1]} GB. Used: what running tasks were granted, on \
average over the first {WINDOW_S:g} s, while there is work for everybody. *Cost model:* a task takes as long on a \
shared cluster as on a divided one, no task is slowed down by another, a message takes {LAN_MS:g} ms, and nothing \
else takes time; tasks take 20 s, those of MPI 400 s. The mix is ours, in the manner of the paper's: 100 jobs of 1 to \
400 tasks, one every 14 s on average; 4 jobs of 2,400 tasks, one after the other; 5 jobs of 1,200 tasks, one every \
180 s, which need half as much memory again; 8 MPI jobs of 24 tasks. So only the shape is claimed: who gains, and who \
does not."""


@frozen
class Job:
    """So many tasks, and how long each takes; it comes at a time, or (None) when the one before it is done."""

    at_ms: float | None
    tasks: int
    task_ms: float


@frozen
class Submit:
    """A timer: the next job comes."""

    job: int


@frozen
class Came:
    """What is observed: a job came."""

    job: int


@frozen
class Went:
    """What is observed: the last task of a job has finished."""

    job: int


@define
class Queue(Framework):
    """A framework that runs its jobs in the order in which they come."""

    jobs: tuple[Job, ...] = ()
    open: tuple[int, ...] = ()
    ends_of: tuple[int, ...] = ()

    def start(self, out: Out) -> None:
        self.wanted, self.open = 0, tuple(job.tasks for job in self.jobs)
        self.ends_of = tuple(accumulate(self.open))
        Framework.start(self, out)
        for place, job in enumerate(self.jobs):
            if job.at_ms is not None:
                out.after(job.at_ms, Submit(place))

    def receive(self, message: Any, source: NodeId, out: Out) -> None:
        if isinstance(message, Submit):
            self.submit(message.job, out)
        else:
            Framework.receive(self, message, source, out)

    def submit(self, job: int, out: Out) -> None:
        """A job comes."""
        self.wanted += self.jobs[job].tasks
        out.observe(Came(job))
        self.state_needs(out)

    def task(self, agent: NodeId, resources: Resources, out: Out) -> Timed:
        length_ms = self.jobs[bisect_right(self.ends_of, self.launched)].task_ms
        return Timed(TaskId(self.id, self.launched), resources, self.ends, length_ms)

    def note(self, known: Known, out: Out) -> None:
        Framework.note(self, known, out)
        job = bisect_right(self.ends_of, known.id.number)
        if known.state.terminal:
            self.open = tuple(left - (place == job) for place, left in enumerate(self.open))
            if not self.open[job]:
                self.went(job, out)

    def went(self, job: int, out: Out) -> None:
        """A job is done; another one may have waited for that."""
        out.observe(Went(job))
        if job + 1 < len(self.jobs) and self.jobs[job + 1].at_ms is None:
            self.submit(job + 1, out)


def arrivals(random: Random, sizes: list[int], mean_s: float, task_ms: float) -> Iterator[Job]:
    """Jobs that come at times of a Poisson process."""
    at_ms = 1000.0
    for tasks in sizes:
        yield Job(at_ms, tasks, task_ms)
        at_ms -= 1000 * mean_s * log(1 - random.random())


def workload(part: float) -> dict[NodeId, tuple[Job, ...]]:
    """The jobs of each framework; with a part of the cluster, a part of their tasks."""
    random = Random(0)
    small = sorted((size for size, count in SIZES for _ in range(count)), key=lambda _: random.random())
    return {
        "facebook": tuple(arrivals(random, [max(1, round(part * one)) for one in small], 14, 20_000)),
        "large": tuple(Job(None if place else 1000.0, round(part * 2400), 20_000) for place in range(4)),
        "spark": tuple(Job(1000.0 + 180_000 * place, round(part * 1200), 20_000) for place in range(5)),
        "mpi": tuple(arrivals(random, [round(part * 24)] * 8, 150, 400_000)),
    }


def mesos_sharing(part: float = 1.0, static: bool = False) -> Scenario:
    """Four frameworks with a mixed workload, on one cluster.

    part: how much of 96 agents, and of the tasks; static: each framework has a quarter of the agents for itself.
    """
    jobs = workload(part)
    roles = [[*jobs][place % len(jobs)] if static else ANYBODY for place in range(round(part * 96))]
    return Scenario(
        nodes=(
            IndexedMaster("m", IndexedMaster.setting_of(batch=False)),
            *(Machine(f"a{place:02}", "m", Resources(((role, AGENT),))) for place, role in enumerate(roles)),
            *(Queue(one, "m", DEMANDS[one], role=one if static else ANYBODY, jobs=jobs[one]) for one in jobs),
        ),
        network=Network.FIFO,
    )


@define
class Shared:
    """A run: from its coming to its going, the seconds of each job; what was used of the cluster at first."""

    usage: Usage
    since_ms: dict[tuple[NodeId, int], float] = field(factory=dict)
    job_s: dict[NodeId, list[float]] = field(factory=dict)

    def record(self, at_ms: float, node: NodeId, event: Any) -> None:
        """Take note of an observation."""
        self.usage.record(at_ms, event)
        if isinstance(event, Came):
            self.since_ms[node, event.job] = at_ms
        elif isinstance(event, Went):
            self.job_s.setdefault(node, []).append((at_ms - self.since_ms[node, event.job]) / 1000)


def shared(part: float, *, static: bool) -> Shared:
    """Let all jobs run."""
    found = Shared(Usage(0, 1000 * WINDOW_S, DEMANDS.__getitem__))
    scenario = mesos_sharing(part, static)
    run = simulate(scenario, seed=0, latency=Constant(LAN_MS), record=found.record)
    missing = [one for one, jobs in workload(part).items() if len(found.job_s[one]) != len(jobs)]
    if run.raised is not None or missing:
        raise AssertionError(run.raised or f"jobs of {missing} have not ended")
    return found


def table_4(part: float) -> Figure:
    """How long jobs take, divided and shared, and how much of the cluster is used."""
    there = tuple(round(part * 96) * amount for amount in AGENT)
    divided, together = shared(part, static=True), shared(part, static=False)
    uses = {"static": divided.usage.of(there), "Mesos": together.usage.of(there)}
    sums = {one: (sum(divided.job_s[one]), sum(together.job_s[one])) for one in DEMANDS}
    return Figure(
        name="mesos-sharing",
        title="A shared cluster and a divided one",
        source="Table 4, Figure 7",
        text=TEXT.format(agents=round(part * 96)),
        columns=("framework", "jobs", "static: sum of times", "Mesos: sum of times", "speedup", "paper's speedup"),
        rows=tuple(
            (
                TITLES[one],
                str(len(divided.job_s[one])),
                f"{before:,.0f} s",
                f"{after:,.0f} s",
                f"{before / after:.2f}",
                f"{PAPER_SPEEDUPS[one]:.2f}",
            )
            for one, (before, after) in sums.items()
        ),
        claims=tuple(claims(uses, {one: before / after for one, (before, after) in sums.items()})),
        draw=lambda axes: draw(axes, {one: before / after for one, (before, after) in sums.items()}),
    )


def claims(uses: dict[str, tuple[float, ...]], speedups: dict[NodeId, float]) -> Iterator[Claim]:
    """What sharing gains."""
    for place, (resource, paper) in enumerate((("CPUs", "10% more"), ("memory", "17% more"))):
        before, after = (use[place] for use in uses.values())
        said = f"{before:.0%} and {after:.0%}"
        yield shape(f"{resource} used, static and shared", paper, said, after > before, "more")
    for one in ("facebook", "large", "spark"):
        said = f"{speedups[one]:.2f}"
        yield shape(f"speedup of {TITLES[one]}", f"{PAPER_SPEEDUPS[one]:.2f}", said, speedups[one] > 1, "above 1")
    said, (low, high) = f"{speedups['mpi']:.2f}", SAME
    yield shape(
        "speedup of MPI, which cannot use more", "0.96", said, low <= speedups["mpi"] <= high, f"{low} to {high}"
    )
    most = max(speedups, key=lambda one: speedups[one])
    yield shape("who gains most", TITLES["large"], TITLES[most], most == "large")


def draw(axes: Any, speedups: dict[NodeId, float]) -> None:
    """Bars beside those of the paper."""
    at = range(len(speedups))
    axes.bar([x - 0.2 for x in at], list(PAPER_SPEEDUPS.values()), 0.38, color=PALE, edgecolor=PAPER, label="paper")
    axes.bar([x + 0.2 for x in at], list(speedups.values()), 0.38, color=OURS, label="here")
    axes.axhline(1, color="#888888", lw=1)
    axes.set_xticks(list(at), [TITLES[one] for one in speedups])
    named(axes, "", "static / Mesos, sum of the times of jobs", "upper right")
