"""What a driver, its executors and stable storage say to each other, and what can be observed of their work.

Blocks are what executors hold for others: `Cached` partitions, and the `Output` of a map task, of which each reader
takes one bucket. An executor's life is one incarnation; one that was lost is replaced by an empty one of the same name.
"""

from typing import Any, TypeAlias

from attrs import frozen

from stackproof.reference.actor import NodeId
from stackproof.reference.processing.operators import Elements


@frozen(order=True, cache_hash=True)
class Cached:
    """A partition of an RDD that is kept."""

    rdd: int
    partition: int


@frozen(order=True, cache_hash=True)
class Output:
    """All buckets that one map task of a shuffle wrote."""

    shuffle: int
    partition: int


@frozen(order=True, cache_hash=True)
class Bucket:
    """What the map task of `partition` wrote for the reader `reader`."""

    output: Output
    reader: int


@frozen(order=True, cache_hash=True)
class Task:
    """One attempt to compute a partition of a stage, begun in the stage's attempt `round`."""

    stage: int
    partition: int
    attempt: int = 0
    round: int = 0


@frozen(order=True, cache_hash=True)
class Located:
    """A block, and the executor that holds it, in one of its incarnations."""

    block: Cached | Output
    executor: NodeId
    incarnation: int = 0


@frozen
class Launch:
    """Driver to executor: run this task; here is what it may read."""

    task: Task
    incarnation: int
    sources: tuple[Located, ...] = ()


@frozen
class Kill:
    """Driver to executor: this task is not wanted any more."""

    task: Task


@frozen
class Fetch:
    """Executor to executor: what is in this block, for my task? You should have it, if you are in this incarnation."""

    task: Task
    block: Cached | Bucket
    incarnation: int


@frozen
class Fetched:
    """The answer, for that task; None: I do not have it, or no more."""

    task: Task
    block: Cached | Bucket
    elements: Elements | None


@frozen
class Finished:
    """Executor to driver: the task is done. `part` is its answer, `kept` the partitions that it computed and kept."""

    task: Task
    part: Any = None
    kept: tuple[Cached, ...] = ()


@frozen
class Failed:
    """Executor to driver: the task ended without result; `missing` is the block without which it could not go on."""

    task: Task
    missing: Located | None = None


@frozen
class Registered:
    """Executor to driver: I am here, empty, in this incarnation."""

    incarnation: int


@frozen
class MayCommit:
    """Executor to driver: may this attempt publish its output?"""

    task: Task


@frozen
class Permission:
    """Driver to executor: yes, or no, another attempt may."""

    task: Task
    granted: bool


@frozen
class Publish:
    """Executor to storage: let this be the output of the task's partition."""

    task: Task
    elements: Elements


@frozen
class Published:
    """Storage to executor: it is."""

    task: Task


@frozen
class Discard:
    """Executor to storage: take back what this attempt published."""

    task: Task


@frozen
class Revive:
    """A timer: offer free executors again."""


@frozen
class Speculate:
    """A timer: some task has been running for long."""


@frozen
class NextJob:
    """A timer: the program goes on."""


ToDriver: TypeAlias = Registered | Finished | Failed | MayCommit | Revive | Speculate | NextJob
ToExecutor: TypeAlias = Launch | Kill | Fetch | Fetched | Permission | Published
ToStorage: TypeAlias = Publish | Discard


@frozen
class Computed:
    """What a monitor sees: a block was computed, of so many elements."""

    block: Cached | Output
    parts: tuple[Elements, ...]


@frozen
class Read:
    """What a monitor sees: a task read these buckets of a shuffle, one of each map task, in this order."""

    buckets: tuple[tuple[Bucket, Elements], ...]


@frozen
class Lost:
    """What a monitor sees: this executor came back empty."""


@frozen
class Evicted:
    """What a monitor sees: this executor does not keep these partitions, or no more."""

    blocks: tuple[Cached, ...]


@frozen
class Offered:
    """What a monitor sees: a round of offers is over; (executor, stage, its attempt) with tasks that passed it over."""

    passed: tuple[tuple[NodeId, int, int], ...]


@frozen
class Launched:
    """What a monitor sees: the driver gave a task to an executor."""

    executor: NodeId
    task: Task


@frozen
class Answered:
    """What a monitor sees: a job is over."""

    job: int
    answer: Any
