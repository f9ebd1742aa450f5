"""RDDs as they were: published bugs of Spark, each a small change of the driver, the executor or the storage.

Each class names the report that it is after, and is kept to be found. Round-robin over an unordered fetch (SPARK-23207)
needs none: it is `repartition` without `sort` in a program with `arrival_order`.
"""

from itertools import accumulate, pairwise
from typing import Any, TypeAlias

from attrs import define, evolve, frozen

from stackproof.reference.actor import NodeId, Out, durable
from stackproof.reference.processing.dag_scheduler import Driver, Running, TaskSet
from stackproof.reference.processing.executor import Executor, Path, Storage
from stackproof.reference.processing.operators import Elements
from stackproof.reference.processing.rdd import Shuffled
from stackproof.reference.processing.tasks import Cached, Computed, Discard, Located, Output, Task, ToExecutor


@define
class LetsEverybodyCommit(Driver):
    """SPARK-4879: nobody is asked which of two attempts publishes. (Mended: the driver allows one of them.)"""

    def permits(self, task: Task, executor: NodeId) -> bool:
        return True


@define
class CleansUp(Executor):
    """SPARK-4879: an attempt that is killed deletes its output, which may be the winner's by now."""

    def abort(self, task: Task, out: Out) -> None:
        out.send(self.storage, Discard(task))
        Executor.abort(self, task, out)


@define
class OnePathPerAttempt(Storage):
    """SPARK-39195: attempts publish to different places, and all of them count.

    An attempt that published and was lost before it could say so is followed by another one. (Mended: the path does
    not depend on the attempt. Spark took its own mending back again, and left it to the committer.)
    """

    def path(self, task: Task) -> Path:
        return task.stage, task.partition, task.attempt


@define
class WaitsAnew(Driver):
    """SPARK-18886: whenever a task starts near its data, the wait of all other executors begins anew."""

    def launch(self, one: TaskSet, partition: int, executor: NodeId, out: Out) -> None:
        near = self.near(one, partition, executor)
        Driver.launch(self, one, partition, executor, out)
        if near:
            self.sets = tuple(evolve(other, skips=0) if other == one else other for other in self.sets)


@define
class TrustsOldReports(Driver):
    """SPARK-8103: a fetch failure of an attempt that is over already begins one more attempt at the stage."""

    def failed(self, task: Task, missing: Located | None, executor: NodeId) -> None:
        current = any((one.stage, one.round) == (task.stage, task.round) for one in self.sets)
        Driver.failed(self, task, missing, executor)
        fetching = missing is not None and isinstance(missing.block, Output)
        if fetching and not current and any(one.stage == task.stage for one in self.sets):
            self.begin(task.stage)


@define
class RollsBack(Driver):
    """SPARK-23243, the other way to mend SPARK-23207: whoever may have read what was dealt out otherwise begins anew.

    When an output of a shuffle in turn is lost, all of that shuffle are dropped, with the results of its readers.

    refused    (stage, its attempt) whose results count no more, though tasks of it may run on
    """

    refused: tuple[tuple[int, int], ...] = ()

    def lose(self, executor: NodeId, incarnation: int) -> None:
        before = self.outputs
        Driver.lose(self, executor, incarnation)
        self.roll_back(before)

    def failed(self, task: Task, missing: Located | None, executor: NodeId) -> None:
        before = self.outputs
        Driver.failed(self, task, missing, executor)
        self.roll_back(before)

    def roll_back(self, before: tuple[Located, ...]) -> None:
        """Drop what was made of an output that is no longer there."""
        gone = {one.block.shuffle for one in before if one not in self.outputs and isinstance(one.block, Output)}
        dealt = {n for n in gone if isinstance(self.program.rdds[n], Shuffled) and not self.program.rdds[n].partitioner}
        if not dealt or len(self.answers) > self.job:
            return
        self.outputs = tuple(one for one in self.outputs if getattr(one.block, "shuffle", None) not in dealt)
        stage = self.result_stage
        self.parts, self.sets = (), tuple(one for one in self.sets if one.stage != stage)
        self.refused = tuple((stage, attempt) for attempt in range(self.begun[stage]))

    def finished(self, task: Task, part: Any, kept: tuple[Cached, ...], executor: NodeId, out: Out) -> None:
        if (task.stage, task.round) in self.refused:
            self.forget(frozenset({Running(task, executor)}))
        else:
            Driver.finished(self, task, part, kept, executor, out)


@frozen
class GoOn:
    """A timer: the next bucket can be written."""


Stepwise: TypeAlias = ToExecutor | GoOn


@define
class WritesBucketByBucket(Executor):
    """SPARK-7829, mended: a map task writes a new file, bucket by bucket, and shows it once it is complete.

    file    what stands on the local disk for each map output, perhaps since before a crash
    rest    the buckets that are still to be written
    """

    file: tuple[tuple[Output, Elements], ...] = durable(())
    rest: tuple[Elements, ...] = ()

    def receive(self, message: Stepwise, source: NodeId, out: Out) -> None:
        if not isinstance(message, GoOn):
            Executor.receive(self, message, source, out)
        elif self.task is not None:
            self.write_on(self.task, out)

    def write(self, task: Task, output: Output, elements: Elements, out: Out) -> None:
        self.rest = self.program.rdds[output.shuffle].buckets(output.partition, elements)
        self.open(output)
        out.after(1, GoOn())

    def open(self, output: Output) -> None:
        """A new file takes the place of whatever was there."""
        self.file = tuple(sorted({**dict(self.file), output: ()}.items()))

    def output_of(self, task: Task) -> Output:
        """What a map task writes."""
        shuffle = self.program.stages[task.stage].writes
        return Output(-1 if shuffle is None else shuffle, task.partition)

    def write_on(self, task: Task, out: Out) -> None:
        """Write one bucket to the end of the file; after the last one, the index: where each begins, from 0."""
        output = self.output_of(task)
        first, *rest = self.rest
        data = (*dict(self.file)[output], *first)
        self.file, self.rest = tuple(sorted({**dict(self.file), output: data}.items())), tuple(rest)
        if rest:
            out.after(1, GoOn())
            return
        buckets = self.program.rdds[output.shuffle].buckets(output.partition, self.elements(task))
        index = pairwise((0, *accumulate(map(len, buckets))))
        self.outputs = tuple(sorted({**dict(self.outputs), output: tuple(data[a:b] for a, b in index)}.items()))
        out.observe(Computed(output, buckets))
        self.finish(task, None, out)

    def elements(self, task: Task) -> Elements:
        """What the map task computed."""
        return self.value(self.program.stages[task.stage].rdd, task.partition, Out())


@define
class Appends(WritesBucketByBucket):
    """SPARK-7829: a map task that runs again writes to the end of the old file, and an index as if that were empty."""

    def open(self, output: Output) -> None:
        self.file = tuple(sorted({output: (), **dict(self.file)}.items()))
