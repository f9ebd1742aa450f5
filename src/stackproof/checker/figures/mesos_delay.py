"""Data locality against the wait of delay scheduling (Figure 8 of Hindman et al., NSDI 2011).

Each framework is a Hadoop that scans one file. Its tasks prefer agents that have a replica of a block that is not read
yet; the wait is that of the reference's batch framework. With static partitions each framework has agents of its own,
all of whose resources are reserved for its role.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from random import Random
from statistics import NormalDist, fmean
from typing import Any

from attrs import define, field, frozen

from stackproof.checker.figures.document import Claim, Figure, close, number, shape
from stackproof.checker.figures.mesos_cluster import LAN_MS, IndexedMaster, Machine, Timed
from stackproof.checker.figures.plots import OURS, PALE, named, of_paper
from stackproof.checker.network import Network
from stackproof.checker.scenario import Scenario
from stackproof.checker.simulate import simulate
from stackproof.checker.simulate.latency import Constant
from stackproof.reference.actor import NodeId, Out
from stackproof.reference.scheduling.mesos.framework import Batch, Framework
from stackproof.reference.scheduling.mesos.messages import Offer, TaskId
from stackproof.reference.scheduling.mesos.resources import ANYBODY, Resources

NEAR, ABOVE = 5, 0.9
PAPER_BLOCKS = 800
SLOTS = 4
REPLICAS = 3
LOCAL_MS, REMOTE_MS = 10_000.0, 20_000.0
SPREAD = tuple(max(0.1, NormalDist(1, 0.25).inv_cdf((part + 0.5) / 100)) for part in range(100))
TEXT = f"""93 agents with {SLOTS} slots, 16 frameworks, all from the beginning; {{trials}} placements of the blocks. \
Each framework scans a file of its own of {{blocks}} blocks with {REPLICAS} replicas on random agents, a task for \
each block. *Cost model:* a task takes {LOCAL_MS / 1000:g} s where a replica of its block is and {REMOTE_MS / 1000:g} \
s elsewhere, each time by a factor from a normal distribution with a deviation of 25%; a message takes {LAN_MS:g} ms, \
and nothing else takes time. What is free is offered at once; who declines an offer is not offered the same again for \
5 s, or until its wait is over. The 100 GB of each file are 800 blocks of 128 MB; the size of blocks and the times of \
tasks are ours. The ratio of the times of jobs follows from the assumption that a task takes twice as long elsewhere. \
The paper's text has no number for Mesos without delay. Its Hadoops stay at 95% even with a long wait, and so does \
one that is alone; in this model nothing keeps them from reading the last block where it is, so with any wait of a \
second locality is nearly complete: the upper end of what we claim."""


@frozen
class Read:
    """What is observed: a task was launched for a block, where a replica of it is or elsewhere."""

    block: int
    local: bool


@frozen
class Done:
    """What is observed: every block was read."""


@define
class Scan(Batch):
    """A job with one task for each block of a file; `where`: the agents that have a replica of each block.

    With a wait of 0 there is no delay scheduling: any offer will do, and a local block is read if there is one.
    """

    where: tuple[frozenset[NodeId], ...] = ()
    left: tuple[int, ...] = ()

    def start(self, out: Out) -> None:
        self.left, self.wanted = tuple(range(len(self.where))), len(self.where)
        self.preferred = frozenset[NodeId]().union(*self.where)
        Batch.start(self, out)

    def suits(self, offer: Offer, out: Out) -> bool:
        return Batch.suits(self, offer, out) if self.wait_ms else Framework.suits(self, offer, out)

    def task(self, agent: NodeId, resources: Resources, out: Out) -> Timed:
        block = next((one for one in self.left if agent in self.where[one]), self.left[0])
        local = agent in self.where[block]
        self.left = tuple(one for one in self.left if one != block)
        self.preferred = frozenset[NodeId]().union(*(self.where[one] for one in self.left))
        out.observe(Read(block, local))
        length_ms = out.choose(SPREAD) * (LOCAL_MS if local else REMOTE_MS)
        return Timed(TaskId(self.id, self.launched), resources, self.ends, length_ms)

    def state_needs(self, out: Out) -> None:
        Batch.state_needs(self, out)
        if self.finished == self.wanted:
            out.observe(Done())


def mesos_delay(
    agents: int = 93,
    frameworks: int = 16,
    blocks: int = 800,
    wait_s: float = 1.0,
    static: bool = False,
    placement: int = 0,
) -> Scenario:
    """Hadoops that each scan a file that is spread over the cluster, and wait for agents that have a block of it.

    placement: decides which agents have which blocks; static: each framework has a part of the agents for itself.
    """
    random, names = Random(placement), tuple(f"a{place:02}" for place in range(agents))
    jobs = tuple(f"h{place:02}" for place in range(frameworks))
    roles = [jobs[place % frameworks] if static else ANYBODY for place in range(agents)]
    return Scenario(
        nodes=(
            IndexedMaster("m", IndexedMaster.setting_of(batch=False)),
            *(Machine(name, "m", Resources(((role, (SLOTS,)),))) for name, role in zip(names, roles, strict=True)),
            *(
                Scan(
                    job,
                    "m",
                    (1,),
                    role=job if static else ANYBODY,
                    wait_ms=1000 * wait_s,
                    where=tuple(replicas(names, random) for _ in range(blocks)),
                )
                for job in jobs
            ),
        ),
        network=Network.FIFO,
    )


def replicas(names: Sequence[NodeId], random: Random) -> frozenset[NodeId]:
    """The agents that have a replica of a block."""
    found: set[NodeId] = set()
    while len(found) < REPLICAS:
        found.add(names[int(random.random() * len(names))])
    return frozenset(found)


@frozen
class Scanned:
    """What part of the blocks was read locally, and how long a job took on average."""

    local: float
    job_s: float


@define
class Scans:
    """The blocks that were read so far, and how long jobs took."""

    local: list[bool] = field(factory=list)
    jobs_s: list[float] = field(factory=list)

    def record(self, at_ms: float, _: NodeId, event: Any) -> None:
        """Take note of an observation."""
        if isinstance(event, Read):
            self.local.append(event.local)
        elif isinstance(event, Done):
            self.jobs_s.append(at_ms / 1000)

    def over(self) -> Scanned:
        """The averages."""
        return Scanned(fmean(self.local), fmean(self.jobs_s))


def scanned(trials: int, **how: Any) -> Scanned:
    """Let the scans run to their end, each trial with its own placement of blocks."""
    scans = Scans()
    for trial in range(trials):
        run = simulate(mesos_delay(placement=trial, **how), seed=trial, latency=Constant(LAN_MS), record=scans.record)
        if run.raised is not None or run.ended != "quiet":
            raise AssertionError(run.raised or run.ended)
    return scans.over()


def figure_8(waits_s: Sequence[float], blocks: int, trials: int) -> Figure:
    """Locality and the running time of jobs, with static partitions and with several waits."""
    static = scanned(trials, static=True, wait_s=0.0, blocks=blocks)
    alone = scanned(trials, frameworks=1, wait_s=0.0, blocks=blocks)
    found = {wait: scanned(trials, wait_s=wait, blocks=blocks) for wait in waits_s}
    return Figure(
        name="mesos-delay-scheduling",
        title="Data locality and delay scheduling",
        source="Figure 8",
        text=TEXT.format(blocks=blocks, trials=trials),
        columns=("", "paper: local", "local tasks", "a job takes", "static / this"),
        rows=tuple(rows(static, alone, found)),
        claims=tuple(claims(blocks, static, alone, found)),
        draw=lambda axes: draw_8(axes, static, found),
    )


def claims(blocks: int, static: Scanned, alone: Scanned, found: dict[float, Scanned]) -> Iterator[Claim]:
    """The numbers that the text has, and how the curve runs."""
    yield close("local tasks in %, static partitions", 18, 100 * static.local, NEAR)
    curve = [one.local for one in found.values()]
    between = f"{found[0].local:.0%}"
    yield shape(
        "local tasks, no delay",
        "more than with static partitions, fewer than with a delay",
        between,
        static.local + 0.05 < found[0].local < found[1].local,
    )
    yield shape("local tasks, 1 s delay", "above 90%", f"{found[1].local:.1%}", found[1].local > ABOVE)
    yield close("local tasks in %, 5 s delay", 95, 100 * found[5].local, NEAR)
    rising = all(one <= other + 0.002 for one, other in pairwise(curve))
    yield shape("the longer the wait, the more local tasks", "rising", "rising" if rising else "not", rising)
    yield number("static partitions / 5 s delay, time of a job", 1.7, static.job_s / found[5].job_s, 0.15)
    if blocks == PAPER_BLOCKS:
        yield close("local tasks in %, one Hadoop alone, about as with 5 s", 95, 100 * alone.local, NEAR)


def rows(static: Scanned, alone: Scanned, found: dict[float, Scanned]) -> Iterator[tuple[str, ...]]:
    """One way to share the cluster in each."""
    ways = {"static partitions": static, **{f"{wait:g} s delay": one for wait, one in found.items()}}
    paper = {"static partitions": "18%", "1 s delay": "> 90%", "5 s delay": "95%", "one Hadoop alone": "about 95%"}
    for name, one in {**ways, "one Hadoop alone": alone}.items():
        faster = f"{static.job_s / one.job_s:.2f}" if one is not alone else ""
        yield name, paper.get(name, ""), f"{one.local:.1%}", f"{one.job_s:.0f} s", faster


def draw_8(axes: Any, static: Scanned, found: dict[float, Scanned]) -> None:
    """Locality against the wait."""
    waits = list(found)
    axes.axhline(100 * static.local, color=PALE, lw=1.6, label="here: static partitions")
    axes.plot(waits, [100 * one.local for one in found.values()], "o-", color=OURS, ms=5, label="here: Mesos")
    of_paper(axes, [0, 1, 5], [18, 90, 95], "paper: static, above 90 with 1 s, 95 with 5 s; from the text")
    axes.set_ylim(0, 104)
    named(axes, "wait in s", "local tasks in %", "lower right")
