"""Mesos in a simulation: the reference's nodes, with what costs time made explicit.

    a message    takes `LAN_MS` from one machine to another
    the master   handles one thing at a time: `PacketMaster` takes `pace_ms` for each message that comes in and for each
                 that goes out, in the order in which they come; what waits, waits in a queue
    a task       lasts as long as its framework says (`Timed`); an executor is up after `startup_ms`
    the rest     agents and frameworks take no time to think

The books are those with an index; nothing else of the protocol is replaced.
"""

from collections import deque
from collections.abc import Callable
from operator import add, sub
from typing import Any, cast

from attrs import define, field, frozen

from stackproof.checker.figures.mesos_allocator import IndexedDRF
from stackproof.checker.figures.mesos_books import IndexedBooks, amounts, raised
from stackproof.reference.actor import NodeId, Out
from stackproof.reference.scheduling.mesos.agent import Agent, Process, Reported
from stackproof.reference.scheduling.mesos.books import Books
from stackproof.reference.scheduling.mesos.broker import Setting
from stackproof.reference.scheduling.mesos.master import Master
from stackproof.reference.scheduling.mesos.messages import Task, TaskState
from stackproof.reference.scheduling.mesos.resources import Vector
from stackproof.reference.scheduling.mesos.timers import Allocate, ExecutorReady, TaskEnds

LAN_MS = 0.5


@frozen(cache_hash=True)
class Timed(Task):
    """A task that lasts so long."""

    ms: float = 0.0


@define
class Machine(Agent):
    """An agent whose tasks last as long as their frameworks say."""

    startup_ms: float = 0.0

    def launch(self, task: Task, out: Out) -> None:
        self.put(Process(task))
        out.after(self.startup_ms, ExecutorReady(task.id))

    def run(self, task: Task, out: Out) -> None:
        if isinstance(task, Timed):
            out.after(task.ms, TaskEnds(task.id))


@define
class IndexedMaster(Master):
    """A master whose books have an index."""

    def start(self, out: Out) -> None:
        self.books = cast("Books", IndexedBooks())

    def recover(self, out: Out) -> None:
        self.books = cast("Books", IndexedBooks())
        Master.recover(self, out)

    @staticmethod
    def setting_of(*, batch: bool) -> Setting:
        """How such a master is set up."""
        return Setting(module=IndexedDRF(), batch=batch)


@frozen
class NextPacket:
    """A timer of the master: it has handled one more message."""


@frozen
class Utilised:
    """What is observed at each round of allocation: the part of the resource used most that running tasks use."""

    percent: float


@define
class PacketMaster(IndexedMaster):
    """A master that takes its time for each message, in and out."""

    pace_ms: float = 0.01
    packets: int = 0
    incoming: deque[tuple[Any, NodeId]] = field(factory=deque)
    outgoing: deque[tuple[NodeId, Any]] = field(factory=deque)

    def start(self, out: Out) -> None:
        IndexedMaster.start(self, out)
        self.incoming, self.outgoing = deque(), deque()

    def receive(self, message: Any, source: NodeId, out: Out) -> None:
        if not isinstance(message, NextPacket):
            self.incoming.append((message, source))
            if len(self.incoming) == 1 and not self.outgoing:
                out.after(self.pace_ms, NextPacket())
            return
        self.packets += 1
        if self.outgoing:
            out.send(*self.outgoing.popleft())
        else:
            self.handle(*self.incoming.popleft(), out)
        if self.outgoing or self.incoming:
            out.after(self.pace_ms, NextPacket())

    def handle(self, message: Any, source: NodeId, out: Out) -> None:
        """Handle a message; what it leads to be sent waits its turn."""
        step = Out(out.pick)
        Master.receive(self, message, source, step)
        self.outgoing.extend(step.sent)
        for timer, delay_ms in step.timers:
            if delay_ms is None:
                out.cancel(timer)
            else:
                out.after(delay_ms, timer)
        for event in step.observed:
            out.observe(event)
        if isinstance(message, Allocate):
            out.observe(Utilised(self.utilisation))

    @property
    def utilisation(self) -> float:
        """What running tasks use, in percent of what there is of the resource that they use most."""
        index = cast("IndexedBooks", self.books).index
        running = [one.task.resources for one in index.tasks.values() if one.state is TaskState.RUNNING]
        used = map(sum, zip(*map(amounts, running), strict=True))
        return max((100 * use / there for use, there in zip(used, index.there, strict=False)), default=0.0)


@define
class Usage:
    """What running tasks use, on average from one time to another; `demand_of`: what a task of a framework uses."""

    since_ms: float
    until_ms: float
    demand_of: Callable[[NodeId], Vector]
    used: Vector = ()
    area: tuple[float, ...] = ()
    at_ms: float = 0.0

    def record(self, at_ms: float, event: Any) -> None:
        """Take note of an observation; only what agents report counts."""
        if isinstance(event, Reported):
            self.pass_to(at_ms)
            how = add if event.state is TaskState.RUNNING else sub
            self.used = raised(self.used, self.demand_of(event.task.framework), how)

    def pass_to(self, at_ms: float) -> None:
        """Time goes on."""
        span = min(at_ms, self.until_ms) - max(self.at_ms, self.since_ms)
        self.at_ms = at_ms
        if span > 0:
            old = self.area or (0.0,) * len(self.used)
            self.area = tuple(area + span * use for area, use in zip(old, self.used, strict=True))

    def of(self, there: Vector) -> tuple[float, ...]:
        """The part of what there is of each resource that was used."""
        self.pass_to(self.until_ms)
        span = self.until_ms - self.since_ms
        return tuple(area / (span * have) for area, have in zip(self.area, there, strict=True))
