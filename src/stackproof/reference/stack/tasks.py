"""An executor of RDD tasks whose stable storage is the block store, and a scheduler whose executors come and go.

Zaharia et al., NSDI 2012, section 5: what is lost is computed again from stable storage. Here a block store is that: a
`Stored` RDD has one for each partition, and an executor reads it by way of the node on its own machine.

The scheduler of `dag_scheduler` has a fixed set of executors, which come back by themselves. Here an executor is one
that was launched for an accepted offer: it is counted on once it has registered, until Mesos says that it is lost, or
a message to it bounces.
"""

from collections.abc import Iterator
from typing import Any

from attrs import define, field, frozen

from stackproof.reference.actor import Bounced, NodeId, Out
from stackproof.reference.processing import dag_scheduler, executor
from stackproof.reference.processing.executor import Block
from stackproof.reference.processing.operators import Elements
from stackproof.reference.processing.rdd import Inputs, Source
from stackproof.reference.processing.tasks import (
    Bucket,
    Cached,
    Failed,
    Fetch,
    Fetched,
    Launch,
    Located,
    Lost,
    Output,
    Registered,
    Task,
)
from stackproof.reference.storage import blocks
from stackproof.reference.storage.blocks import Contents, Read

PATIENCE_MS = 5_000.0


@frozen(cache_hash=True)
class Stored(Source):
    """An RDD whose partitions are blocks of the store, `under` these keys. `slices` say what is in them, to compare."""

    under: tuple[int, ...] = field(kw_only=True)

    def compute(self, partition: int, inputs: Inputs) -> Elements:
        return inputs[0][0] if inputs else self.slices[partition]


@frozen
class AskAgain:
    """A timer: this block was not there; perhaps it is now."""

    key: int


@frozen
class Computing:
    """A timer: the task has been computed."""

    task: Task


@frozen
class Gone:
    """To the scheduler: the executor on this machine, in this incarnation, is no more."""

    incarnation: int


@frozen
class Undone:
    """What a monitor sees: this has to be done again."""

    what: Task | Cached | Output
    why: str


@frozen
class Done:
    """What a monitor sees: the scheduler knows this task to be done."""

    task: Task


@define
class BlockExecutor(executor.Executor):
    """An executor on a machine of the block store; a task takes `work_ms`.

    loaded   the blocks of input that it has read     reading  those that it has asked for
    """

    work_ms: float | None = field(kw_only=True, default=None)
    loaded: tuple[tuple[int, Elements], ...] = ()
    reading: frozenset[int] = frozenset()

    def launched(self, machine: NodeId, life: int, out: Out) -> None:
        """Begin on a machine: the scheduler does not know this executor yet."""
        self.id, self.incarnation = machine, life
        self.start(out)
        out.observe(Lost())
        out.send(self.driver, Registered(life))

    def receive(self, message: Any, source: NodeId, out: Out) -> None:
        match message:
            case Contents(key, None) if key in self.reading:
                out.after(PATIENCE_MS, AskAgain(key))
            case AskAgain(key):
                out.send(self.id, Read(key))
            case Contents(key, blocks.Block() as found) if key in self.reading:
                self.load(key, found, out)
            case blocks.Contents() | blocks.Written() | blocks.Located():
                pass
            case Computing(task):
                if task == self.task:
                    super().run(task, out)
            case Bounced(Fetch(block, incarnation)):
                super().receive(Fetched(block, incarnation, None), source, out)
            case Bounced():
                pass
            case _:
                super().receive(message, source, out)

    def load(self, key: int, found: blocks.Block, out: Out) -> None:
        """A block of input is here; with the last one, the task goes on."""
        self.reading -= {key}
        self.loaded = (*self.loaded, (key, tuple(line for _, line in found.data)))
        if not self.reading and self.task is not None:
            self.go_on(self.task, out)

    def gather(self, task: Task, block: Block, elements: Elements | None, out: Out) -> None:
        if elements is None and isinstance(block, Bucket):
            self.end(Failed(task, self.place_of(block)), out)
        else:
            self.gathered = tuple(sorted((*self.gathered, (block, elements)), key=lambda one: repr(one[0])))
            self.go_on(task, out)

    def run(self, task: Task, out: Out) -> None:
        """All that is fetched from others is there: read what is not, then compute."""
        unread = frozenset(self.unread(self.program.stages[task.stage].rdd, task.partition))
        for key in sorted(unread - self.reading):
            out.send(self.id, Read(key))
        self.reading |= unread
        if unread:
            return
        if self.work_ms is None:
            super().run(task, out)
        else:
            out.after(self.work_ms, Computing(task))

    def unread(self, rdd: int, partition: int) -> Iterator[int]:
        """The blocks that a partition has to be computed from and that were not read."""
        if self.here(Cached(rdd, partition)) is not None:
            return
        made = self.program.rdds[rdd]
        if isinstance(made, Stored) and made.under[partition] not in dict(self.loaded):
            yield made.under[partition]
        for parent, needed in self.program.parents(rdd, partition):
            yield from self.unread(parent, needed)

    def inputs(self, rdd: int, partition: int, out: Out) -> Inputs:
        made = self.program.rdds[rdd]
        if isinstance(made, Stored):
            return [[dict(self.loaded)[made.under[partition]]]]
        return super().inputs(rdd, partition, out)


@define
class ElasticScheduler(dag_scheduler.Driver):
    """A scheduler of stages whose executors come and go; `placed`: the machines that hold each block of input."""

    placed: tuple[tuple[int, tuple[NodeId, ...]], ...] = ()

    def receive(self, message: Any, source: NodeId, out: Out) -> None:
        match message:
            case Registered(incarnation) if source not in self.executors:
                self.count_on(source, incarnation)
                self.advance(out)
            case Gone(incarnation) | Bounced(Launch(_, incarnation)):
                if source in self.executors and self.incarnation_of(source) == incarnation:
                    self.part_with(source, out)
                    self.advance(out)
            case Bounced():
                pass
            case Registered():
                self.part_with(source, out)
                self.receive(message, source, out)
            case _ if source not in (*self.executors, self.id):
                pass
            case Failed(_, Located(block, where)):
                out.observe(Undone(block, f"it could not be fetched from {where}"))
                super().receive(message, source, out)
            case _:
                super().receive(message, source, out)

    def count_on(self, executor: NodeId, incarnation: int) -> None:
        """One more executor."""
        known = {**dict(zip(self.executors, self.incarnations, strict=True)), executor: incarnation}
        self.executors = tuple(sorted(known))
        self.incarnations = tuple(known[name] for name in self.executors)

    def part_with(self, executor: NodeId, out: Out) -> None:
        """One fewer; what it ran and what it held is lost."""
        why = f"{executor} is lost"
        for what in (*(one.task for one in self.running if one.executor == executor), *self.held_by(executor)):
            out.observe(Undone(what, why))
        self.lose(executor, self.incarnation_of(executor))
        known = dict(zip(self.executors, self.incarnations, strict=True))
        del known[executor]
        self.executors, self.incarnations = tuple(known), tuple(known.values())

    def held_by(self, executor: NodeId) -> tuple[Cached | Output, ...]:
        """The blocks that an executor holds."""
        return tuple(one.block for one in (*self.outputs, *self.cached) if one.executor == executor)

    def finished(self, task: Task, part: Any, kept: tuple[Cached, ...], executor: NodeId, out: Out) -> None:
        super().finished(task, part, kept, executor, out)
        out.observe(Done(task))

    def places(self, rdd: int, partition: int) -> tuple[NodeId, ...]:
        made = self.program.rdds[rdd]
        if isinstance(made, Stored):
            return tuple(name for name in dict(self.placed).get(made.under[partition], ()) if name in self.executors)
        return super().places(rdd, partition)
