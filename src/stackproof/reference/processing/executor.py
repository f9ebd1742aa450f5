"""An executor: it runs one task at a time, keeps what tasks leave behind, and serves it to others.

Zaharia et al., NSDI 2012, section 5. A task computes one partition of a stage. What it finds cached it uses; what
another executor has cached it fetches; what it does not find it computes from its lineage, down to stable storage or to
a shuffle, of which it fetches one bucket from every map task. A block that cannot be fetched ends the task, if it is of
a shuffle; the driver then sees to it that it is written again. A cached one is computed here instead.

A map task's buckets become visible all at once. A task that saves asks the driver first, and publishes if it may
(Spark's output commit coordination).

Departures. An executor that comes back after a crash has nothing, and registers as a new incarnation; a launch meant
for its predecessor is ignored. Buckets are fetched all at once. Where a program says so, they are then read in any
order, as if they had arrived in it.
"""

from collections.abc import Iterator
from itertools import permutations
from typing import Any, TypeAlias, assert_never

from attrs import define

from stackproof.reference.actor import NodeId, Out, durable
from stackproof.reference.processing.actions import Save
from stackproof.reference.processing.cache import Cache
from stackproof.reference.processing.operators import Elements
from stackproof.reference.processing.rdd import Inputs, Level, Narrow
from stackproof.reference.processing.stages import Program
from stackproof.reference.processing.tasks import (
    Bucket,
    Cached,
    Computed,
    Discard,
    Evicted,
    Failed,
    Fetch,
    Fetched,
    Finished,
    Kill,
    Launch,
    Located,
    Lost,
    MayCommit,
    Output,
    Permission,
    Publish,
    Published,
    Read,
    Registered,
    Task,
    ToExecutor,
    ToStorage,
)

Block: TypeAlias = Cached | Bucket
Gathered: TypeAlias = tuple[tuple[Block, Elements | None], ...]
Path: TypeAlias = tuple[int, int, int]


@define
class Executor:
    """A worker process; `room` bounds its cache."""

    id: NodeId
    program: Program
    driver: NodeId
    storage: NodeId
    room: int | None = durable(None)
    incarnation: int = durable(0)
    task: Task | None = None
    sources: tuple[Located, ...] = ()
    asked: frozenset[Block] = frozenset()
    gathered: Gathered = ()
    saving: Elements | None = None
    outputs: tuple[tuple[Output, tuple[Elements, ...]], ...] = ()
    cache: Cache = Cache()

    def start(self, out: Out) -> None:
        self.cache = Cache(self.room)

    def recover(self, out: Out) -> None:
        self.incarnation += 1
        self.cache = Cache(self.room)
        out.observe(Lost())
        out.send(self.driver, Registered(self.incarnation))

    def receive(self, message: ToExecutor, source: NodeId, out: Out) -> None:
        match message:
            case Launch(task, incarnation, sources) if incarnation == self.incarnation and self.task is None:
                self.task, self.sources = task, sources
                self.go_on(task, out)
            case Kill(task) if task == self.task:
                self.abort(task, out)
            case Fetch(task, block, incarnation):
                held = self.here(block) if incarnation == self.incarnation else None
                out.send(source, Fetched(task, block, held))
            case Fetched(task, block, elements) if task == self.task and block in self.asked:
                self.asked -= {block}
                self.gather(task, block, elements, out)
            case Permission(task, granted) if task == self.task:
                self.commit(task, granted, out)
            case Published(task) if task == self.task:
                self.finish(task, None, out)
            case Launch() | Kill() | Fetched() | Permission() | Published():
                pass
            case _:
                assert_never(message)

    def here(self, block: Block) -> Elements | None:
        """What this executor holds of a block."""
        if isinstance(block, Cached):
            return self.cache.get((block.rdd, block.partition))
        written = dict(self.outputs).get(block.output)
        return None if written is None else written[block.reader]

    def at_hand(self, block: Block) -> Elements | None:
        """What the task can use of a block: fetched, or held here. A map output only if the driver knows it here."""
        fetched, place = dict(self.gathered).get(block), self.place_of(block)
        mine = isinstance(block, Cached) or (place is not None and place.executor == self.id)
        return self.here(block) if fetched is None and mine else fetched

    def go_on(self, task: Task, out: Out) -> None:
        """Ask for what the task needs from elsewhere; once nothing is missing, run it."""
        needed = tuple(dict.fromkeys(self.needs(self.program.stages[task.stage].rdd, task.partition)))
        if not needed:
            self.run(task, out)
        elif any(self.place_of(block) is None for block in needed):
            gone = next((block for block, elements in self.gathered if elements is None), None)
            self.end(Failed(task, None if gone is None else self.place_of(gone)), out)
        else:
            for block in needed:
                place = self.place_of(block)
                if place is not None and block not in self.asked:
                    out.send(place.executor, Fetch(task, block, place.incarnation))
            self.asked |= frozenset(needed)

    def place_of(self, block: Block) -> Located | None:
        """Where the driver says that a block is."""
        whole = block.output if isinstance(block, Bucket) else block
        return next((located for located in self.sources if located.block == whole), None)

    def needs(self, rdd: int, partition: int) -> Iterator[Block]:
        """The blocks from elsewhere without which a partition cannot be computed."""
        block = Cached(rdd, partition)
        if self.at_hand(block) is not None:
            return
        if self.place_of(block) is not None and block not in dict(self.gathered):
            yield block
            return
        buckets = (Bucket(output, partition) for output in self.program.outputs(rdd))
        yield from (bucket for bucket in buckets if self.at_hand(bucket) is None)
        for parent, needed in self.program.parents(rdd, partition):
            yield from self.needs(parent, needed)

    def gather(self, task: Task, block: Block, elements: Elements | None, out: Out) -> None:
        """Take in a block. Without one of a shuffle the task fails; without a cached one it computes more itself."""
        if elements is None and isinstance(block, Bucket):
            self.end(Failed(task, self.place_of(block)), out)
        else:
            self.gathered = tuple(sorted((*self.gathered, (block, elements)), key=repr))
            self.go_on(task, out)

    def run(self, task: Task, out: Out) -> None:
        """Compute the task's partition, and do with it what the stage is for."""
        stage = self.program.stages[task.stage]
        elements = self.value(stage.rdd, task.partition, out)
        if stage.writes is not None:
            self.write(task, Output(stage.writes, task.partition), elements, out)
        elif isinstance(stage.action, Save):
            self.saving = elements
            out.send(self.driver, MayCommit(task))
        else:
            self.finish(task, stage.action.part(elements), out)

    def value(self, rdd: int, partition: int, out: Out) -> Elements:
        """A partition: kept here or elsewhere, or computed, and then kept if it is to be."""
        block = Cached(rdd, partition)
        found = self.at_hand(block)
        if found is not None:
            self.cache = self.cache.used((rdd, partition))
            return found
        made = self.program.rdds[rdd]
        elements = made.compute(partition, self.inputs(rdd, partition, out))
        if made.level is not Level.NONE:
            self.keep(block, elements, made.level, out)
        return elements

    def keep(self, block: Cached, elements: Elements, level: Level, out: Out) -> None:
        """Cache a partition that was computed, in place of others perhaps."""
        before = {*self.cache.blocks, (block.rdd, block.partition)}
        self.cache = self.cache.put((block.rdd, block.partition), elements, level)
        out.observe(Computed(block, (elements,)))
        if gone := sorted(before - self.cache.blocks):
            out.observe(Evicted(tuple(Cached(*one) for one in gone)))

    def inputs(self, rdd: int, partition: int, out: Out) -> Inputs:
        """What the dependencies of a partition give it."""
        if outputs := self.program.outputs(rdd):
            return [self.read(tuple(Bucket(output, partition) for output in outputs), out)]
        narrow = [one for one in self.program.rdds[rdd].dependencies if isinstance(one, Narrow)]
        return [
            [self.value(self.program.number[one.parent], needed, out) for needed in one.needs[partition]]
            for one in narrow
        ]

    def read(self, buckets: tuple[Bucket, ...], out: Out) -> list[Elements]:
        """The buckets of a shuffle, in the order of the tasks that wrote them, or as they happened to arrive."""
        ordered = out.choose(permutations(buckets)) if self.program.arrival_order else buckets
        contents = [self.at_hand(bucket) or () for bucket in ordered]
        out.observe(Read(tuple(zip(ordered, contents, strict=True))))
        return contents

    def write(self, task: Task, output: Output, elements: Elements, out: Out) -> None:
        """Leave the buckets of a map task behind, all at once."""
        buckets = self.program.rdds[output.shuffle].buckets(output.partition, elements)
        self.outputs = tuple(sorted({**dict(self.outputs), output: buckets}.items()))
        out.observe(Computed(output, buckets))
        self.finish(task, None, out)

    def commit(self, task: Task, granted: bool, out: Out) -> None:
        """Publish the output, or give way to the attempt that may."""
        if granted and self.saving is not None:
            out.send(self.storage, Publish(task, self.saving))
        else:
            self.end(Failed(task), out)

    def abort(self, task: Task, out: Out) -> None:
        """Stop at once. What was not published will not be."""
        self.end(Failed(task), out)

    def finish(self, task: Task, part: Any, out: Out) -> None:
        """The task is done."""
        kept = (Cached(*block) for block in sorted(self.cache.blocks))
        self.end(Finished(task, part, tuple(kept)), out)

    def end(self, report: Finished | Failed, out: Out) -> None:
        """Tell the driver how the task ended, and be free."""
        self.task, self.sources, self.asked, self.gathered, self.saving = None, (), frozenset(), (), None
        out.send(self.driver, report)


@define
class Storage:
    """Stable storage: for each partition the file that was published for it."""

    id: NodeId
    files: tuple[tuple[Path, Elements], ...] = durable(())

    def receive(self, message: ToStorage, source: NodeId, out: Out) -> None:
        match message:
            case Publish(task, elements):
                self.files = tuple(sorted({**dict(self.files), self.path(task): elements}.items()))
                out.send(source, Published(task))
            case Discard(task):
                self.files = tuple(one for one in self.files if one[0] != self.path(task))
            case _:
                assert_never(message)

    def path(self, task: Task) -> Path:
        """Where an attempt's output goes: the same place for every attempt, which is replaced all at once."""
        return task.stage, task.partition, 0
