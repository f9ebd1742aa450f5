"""What a master is told of its job, and what it knows of each task.

Dean and Ghemawat, OSDI 2004, sections 3.2 (the state of a task, and who runs it), 3.4 (how far a machine is from a
split), 4.6 (which records to skip) and 4.8 (counters).
"""

from enum import Enum
from typing import TypeAlias

from attrs import evolve, frozen

from stackproof.reference.actor import NodeId
from stackproof.reference.processing.mapreduce.job import Counters
from stackproof.reference.processing.mapreduce.messages import Kind, Task


@frozen
class Plan:
    """What the master is told.

    workers        those that are there from the start
    replicas       of each split: the machines that hold it (none: it is as far from everybody)
    racks          the rack of each machine
    backups        at most so many backup tasks (None: any number), and how long the last tasks of a phase may take
    ping_ms        the period of its pings; None: it watches connections
    checkpoint_ms  the period of its checkpoints; None: it writes none
    """

    maps: int
    reduces: int
    workers: tuple[NodeId, ...]
    replicas: tuple[tuple[NodeId, ...], ...] = ()
    racks: tuple[tuple[NodeId, str], ...] = ()
    backups: int | None = None
    backup_ms: float = 1000
    ping_ms: float | None = None
    checkpoint_ms: float | None = None

    @property
    def tasks(self) -> tuple[Task, ...]:
        """All tasks, the map tasks first."""
        return (*(Task(Kind.MAP, i) for i in range(self.maps)), *(Task(Kind.REDUCE, i) for i in range(self.reduces)))

    def distance(self, worker: NodeId, split: int) -> int:
        """From a worker to a split: 0 on the same machine, 1 in the same rack, 2 beyond."""
        machines = self.replicas[split] if self.replicas else ()
        racks = dict(self.racks)
        near = worker in racks and racks[worker] in (racks.get(machine) for machine in machines)
        return 0 if worker in machines else 1 if near else 2


class State(Enum):
    """The state of a task."""

    IDLE = "idle"
    IN_PROGRESS = "in progress"
    COMPLETED = "completed"


@frozen
class Entry:
    """What the master knows of a task: who runs it, who completed it, and on which records attempts have failed.

    The counters are those of its first completion. They stay when the output is lost: the job may end without it.
    """

    running: tuple[NodeId, ...] = ()
    holder: NodeId | None = None
    counters: Counters | None = None
    failures: tuple[int, ...] = ()

    @property
    def state(self) -> State:
        """Idle, in progress or completed."""
        if self.holder is not None:
            return State.COMPLETED
        return State.IN_PROGRESS if self.running else State.IDLE

    @property
    def skip(self) -> frozenset[int]:
        """The records on which two attempts have failed."""
        return frozenset(record for record in self.failures if self.failures.count(record) > 1)

    def with_runner(self, worker: NodeId) -> "Entry":
        """One more attempt."""
        return evolve(self, running=tuple(sorted({*self.running, worker})))

    def without_runner(self, worker: NodeId) -> "Entry":
        """The attempt of a worker is over."""
        return evolve(self, running=tuple(other for other in self.running if other != worker))

    def undone(self) -> "Entry":
        """To be run again."""
        return evolve(self, holder=None)


Table: TypeAlias = tuple[tuple[Task, Entry], ...]


@frozen
class Began:
    """What a monitor sees: a worker is to run this task."""

    task: Task
    worker: NodeId


@frozen
class Completed:
    """What a monitor sees: this worker was the first to complete this task, or the first after it had to run again."""

    task: Task
    worker: NodeId


@frozen
class RunAgain:
    """What a monitor sees: a task that was in progress or completed is idle again."""

    task: Task
    why: str
