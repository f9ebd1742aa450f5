"""50,000 agents and 200 frameworks (Figure 10 of Hindman et al., NSDI 2011).

    stackproof simulate stackproof.checker.figures.mesos_scale:mesos_scale --seed 1 --latency constant:0.5

The frameworks fill the cluster and keep it full: each starts a task on every agent that it is offered, its length drawn
from a normal distribution. Then test frameworks come, one after the other, each with one task of 10 s; what it takes
beyond those, from its registration to the word that the task has finished, is the overhead of a launch.

Each size is measured in a process of its own, since a process only ever tells the most memory that it had.
"""

import re
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from statistics import NormalDist, fmean
from typing import Any

from attrs import define, field, frozen

from stackproof.checker.explore.limits import peak_mib
from stackproof.checker.figures.document import Claim, Figure, shape
from stackproof.checker.figures.mesos_cluster import LAN_MS, IndexedMaster, Machine, PacketMaster, Timed, Usage
from stackproof.checker.figures.plots import OURS, PALE, PAPER, named
from stackproof.checker.network import Network
from stackproof.checker.scenario import Scenario
from stackproof.checker.simulate import simulate
from stackproof.checker.simulate.latency import Constant
from stackproof.reference.actor import NodeId, Out
from stackproof.reference.scheduling.mesos.framework import Framework, Known
from stackproof.reference.scheduling.mesos.messages import Offer, TaskId
from stackproof.reference.scheduling.mesos.resources import Resources, anybodys
from stackproof.reference.storage.quorum_store import Invoked, Returned

SLOTS = 2
EVER = 10**9
TEST_MS = 10_000.0
TESTS = 10
UNTIL_S, STEADY_S = 65.0, 35.0
ENOUGH, STRAIGHT, WELL_UNDER_S = 0.95, 1.25, 300
TEXT = f"""{{frameworks}} frameworks, agents with {SLOTS} slots, tasks of 30 s on average with a deviation of 10 s; \
{UNTIL_S:g} s of virtual time, of which the first {STEADY_S:g} fill the cluster and do not count. Overhead: what a \
test framework with one task of 10 s takes beyond those, over {TESTS} that come at all phases of the rounds. *Cost \
model:* a message takes {LAN_MS:g} ms on its way. The master handles one message after the other, 10 µs for each that \
comes in and for each that goes out: so it would reach its limit at 100,000 messages a second. It makes offers in \
rounds, a second after something became free: half a second of the overhead is the wait for a round. Agents and \
frameworks take no time, and an executor is up at once: the emulated agents of the paper only slept, too. The nodes \
and messages are those of the reference; the books of the master have an index. CPU \
seconds and MiB are those of the machine that made this page, each size in a process of its own."""
LENGTHS = tuple(1000 * max(0.0, NormalDist(30, 10).inv_cdf((part + 0.5) / 1000)) for part in range(1000))


@define
class Filler(Framework):
    """A framework that always has another task.

    It runs hundreds, so its notes have an index as the master's books do: what is in `tasks` is the one task at hand.
    """

    noted: dict[TaskId, Known] = field(factory=dict)

    def start(self, out: Out) -> None:
        self.noted = {}
        Framework.start(self, out)

    @property
    def lacks(self) -> int:
        return self.wanted - self.finished - len(self.tasks) - len(self.noted)

    def known(self, task: TaskId) -> Known | None:
        return self.noted.get(task)

    def accept(self, offers: tuple[Offer, ...], out: Out) -> None:
        Framework.accept(self, offers, out)
        self.put_away()

    def note(self, known: Known, out: Out) -> None:
        self.tasks = (self.noted.pop(known.id),)
        Framework.note(self, known, out)
        self.put_away()

    def put_away(self) -> None:
        """Note the task at hand, if it is not over."""
        self.noted.update((one.id, one) for one in self.tasks)
        self.tasks = ()

    def task(self, agent: NodeId, resources: Resources, out: Out) -> Timed:
        return Timed(TaskId(self.id, self.launched), resources, self.ends, out.choose(LENGTHS))


@frozen
class Begin:
    """A timer: it is time to register."""


@define
class Probe(Framework):
    """A test framework: it comes, has one task run, and leaves."""

    at_ms: float = 0.0

    def start(self, out: Out) -> None:
        out.after(self.at_ms, Begin())

    def receive(self, message: Any, source: NodeId, out: Out) -> None:
        if isinstance(message, Begin):
            out.observe(Invoked("test task"))
            Framework.start(self, out)
        else:
            Framework.receive(self, message, source, out)

    def task(self, agent: NodeId, resources: Resources, out: Out) -> Timed:
        return Timed(TaskId(self.id, self.launched), resources, self.ends, TEST_MS)

    def note(self, known: Known, out: Out) -> None:
        Framework.note(self, known, out)
        if known.state.terminal:
            out.observe(Returned())
            self.leave(out)


def mesos_scale(
    agents: int = 50_000,
    frameworks: int = 200,
    tests: int = TESTS,
    first_test_s: float = 36.0,
    pace_us: float = 10.0,
) -> Scenario:
    """Mesos with many agents: how long a task takes to be launched when the cluster is full.

    tests: how many test frameworks come, the first after `first_test_s`; pace_us: what a message costs the master.
    """
    demand = (1,)
    return Scenario(
        nodes=(
            PacketMaster("m", IndexedMaster.setting_of(batch=True), pace_ms=pace_us / 1000),
            *(Machine(f"a{place:05}", "m", anybodys(SLOTS)) for place in range(agents)),
            *(Filler(f"f{place:03}", "m", demand, EVER) for place in range(frameworks)),
            *(Probe(f"t{place}", "m", demand, at_ms=1000 * first_test_s + 1370 * place) for place in range(tests)),
        ),
        network=Network.FIFO,
    )


@frozen
class Emulated:
    """One size: launches, overheads, what was used, what the master did, and what the run cost."""

    agents: int
    frameworks: int
    launched: int
    overheads_s: tuple[float, ...]
    used: float
    busy: float
    events: int
    cpu_s: float
    peak_mib: float


@define
class Watch:
    """What is taken note of during a run."""

    usage: Usage
    since_ms: dict[NodeId, float] = field(factory=dict)
    overheads_s: list[float] = field(factory=list)

    def record(self, at_ms: float, node: NodeId, event: Any) -> None:
        """Take note of an observation."""
        self.usage.record(at_ms, event)
        if isinstance(event, Invoked):
            self.since_ms[node] = at_ms
        elif isinstance(event, Returned):
            self.overheads_s.append((at_ms - self.since_ms[node] - TEST_MS) / 1000)


def emulated(agents: int, frameworks: int) -> Emulated:
    """Emulate one size, here and now."""
    began, until_ms = time.process_time(), 1000 * UNTIL_S
    watch = Watch(Usage(1000 * STEADY_S, until_ms, lambda _: (1,)))
    run = simulate(
        mesos_scale(agents, frameworks), seed=1, until_ms=until_ms, latency=Constant(LAN_MS), record=watch.record
    )
    if run.raised is not None or len(watch.overheads_s) != TESTS:
        raise AssertionError(run.raised or f"{len(watch.overheads_s)} tests have ended")
    master = run.nodes["m"]
    launched = sum(node.launched for node in run.nodes.values() if isinstance(node, Framework))
    (used,) = watch.usage.of((SLOTS * agents,))
    busy = master.packets * master.pace_ms / until_ms
    spent_s = time.process_time() - began
    return Emulated(
        agents, frameworks, launched, tuple(watch.overheads_s), used, busy, run.counts.events, spent_s, most_mib()
    )


def most_mib() -> float:
    """The most memory that this process had; where that is not told, what it and who started it had."""
    status = Path("/proc/self/status")
    found = re.search(r"VmHWM:\s*(\d+) kB", status.read_text("ascii")) if status.exists() else None
    return int(found[1]) / 1024 if found else float(peak_mib())


def apart(agents: int, frameworks: int) -> Emulated:
    """Emulate one size in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(emulated, agents, frameworks).result()


def figure_10(sizes: Sequence[int], frameworks: int) -> Figure:
    """The overhead of a launch against the number of agents; and what the emulation costs."""
    found = [apart(size, frameworks) for size in sizes]
    return Figure(
        name="mesos-scale",
        title="Scale",
        source="Figure 10",
        text=TEXT.format(frameworks=frameworks),
        columns=(
            "agents",
            "tasks at once",
            "tasks launched",
            "overhead: mean",
            "least",
            "most",
            "used",
            "master busy",
            "events",
            "CPU",
            "memory",
        ),
        rows=tuple(row(one) for one in found),
        claims=tuple(claims(found)),
        draw=lambda axes: draw_10(axes, found),
    )


def claims(found: Sequence[Emulated]) -> Iterator[Claim]:
    """What the paper says of the largest size, and what we say of ours."""
    largest, means = found[-1], [fmean(one.overheads_s) for one in found]
    said = f"{max(means):.2f} s"
    yield shape("overhead of a launch, at any size", "less than 1 s", said, max(means) < 1, "below 1 s")
    used = min(one.used for one in found)
    yield shape("the cluster stays fully allocated", "fully", f"{used:.1%}", used > ENOUGH, f"above {ENOUGH:.0%}")
    yield shape("the master keeps up", "keeps up", f"{largest.busy:.0%} busy", largest.busy < 1, "below 100%")
    cost = f"{largest.cpu_s:.0f} s"
    yield shape(f"CPU time, {largest.agents:,} agents", "-", cost, largest.cpu_s < WELL_UNDER_S, f"{WELL_UNDER_S} s")
    if len(found) > 2:  # noqa: PLR2004 - two points are always on a line
        slopes = [(other.peak_mib - one.peak_mib) / (other.agents - one.agents) for one, other in pairwise(found)]
        bend = slopes[-1] / slopes[0]
        yield shape(
            "memory of one more agent with its tasks, last / first step",
            "-",
            f"{1024 * slopes[-1]:.1f} KiB / {1024 * slopes[0]:.1f} KiB",
            1 / STRAIGHT < bend < STRAIGHT,
            f"factor {STRAIGHT:g}",
        )


def row(one: Emulated) -> tuple[str, ...]:
    """One size."""
    return (
        f"{one.agents:,}",
        f"{SLOTS * one.agents:,}",
        f"{one.launched:,}",
        f"{fmean(one.overheads_s):.2f} s",
        f"{min(one.overheads_s):.2f} s",
        f"{max(one.overheads_s):.2f} s",
        f"{one.used:.1%}",
        f"{one.busy:.1%}",
        f"{one.events:,}",
        f"{one.cpu_s:.0f} s",
        f"{one.peak_mib:.0f} MiB",
    )


def draw_10(axes: Any, found: Sequence[Emulated]) -> None:
    """Overheads, and the memory beside them."""
    sizes = [one.agents for one in found]
    axes.plot(sizes, [fmean(one.overheads_s) for one in found], "o-", color=OURS, ms=6, label="here: mean overhead")
    for one in found:
        at = [one.agents] * len(one.overheads_s)
        axes.plot(at, one.overheads_s, ".", color=PALE, ms=5)
    axes.axhline(1, color=PAPER, lw=1.4, ls="--", label="paper: less than this, on average")
    axes.set_ylim(0, 1.3)
    axes.set_xlim(left=0)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    named(axes, "agents", "overhead of a launch in s", "lower right")
