"""MapReduce as it was: published bugs of Hadoop, each a small change of what `mapreduce` has; kept to be found.

Each class names the report that it is after. Where a bug needs machinery that the paper lacks (permission to commit,
containers, a second master), that machinery stands first, as repaired, and the bug is a subclass of it.
"""

from typing import TypeAlias

from attrs import define, frozen

from stackproof.reference.actor import NodeId, Out
from stackproof.reference.processing.mapreduce.file_system import output, temporary
from stackproof.reference.processing.mapreduce.job import Counters, Records
from stackproof.reference.processing.mapreduce.master import Master
from stackproof.reference.processing.mapreduce.messages import (
    Append,
    Kind,
    Locations,
    Rename,
    Task,
    ToMaster,
    ToWorker,
)
from stackproof.reference.processing.mapreduce.tasks import Entry, State
from stackproof.reference.processing.mapreduce.worker import Reducing, Worker


@define
class DirectWriter(Worker):
    """Writes its output where it belongs, record after record: what section 3.3 of the paper avoids.

    `rest` holds what is still to be written to each file.
    """

    rest: tuple[tuple[str, Records], ...] = ()

    def write(self, reduce: int, records: Records, out: Out) -> None:
        self.go_on(output(reduce), records, out)

    def rename(self, file: str, out: Out) -> None:
        left = dict(self.rest).get(file, ())
        if left:
            self.go_on(file, left, out)
        else:
            self.report(file, out)

    def go_on(self, file: str, records: Records, out: Out) -> None:
        """Write the next record."""
        out.send(self.files, Append(file, records[:1]))
        self.rest = tuple(sorted((dict(self.rest) | {file: records[1:]}).items()))


# HADOOP-1077: a reducer forgets a map output that it has not fetched yet.


@define
class ForgetsWhatItNeeds(Worker):
    """HADOOP-1077: an output is no longer needed as soon as it is known where it lies, and not when it was copied.

    When that worker dies, nobody listens to where the output lies now.
    """

    def locate(self, task: Reducing, locations: Locations, out: Out) -> None:
        news = (None if known else told for known, told in zip(task.locations, locations, strict=False))
        Worker.locate(self, task, tuple(news), out)

    def take(self, task: Reducing, maps: tuple[int, ...], holder: NodeId, out: Out) -> None:
        Worker.take(self, task, maps, holder, out)
        if any(number in maps for number in task.missing):
            self.keep(task)


# HADOOP-2031: a completed map is not run again, since the wrong attempt is remembered.


@define
class RemembersAnySuccess(Master):
    """HADOOP-2031: a map task is complete as long as any of its attempts was, whosever output the reducers are told.

    When the worker that holds that output is lost, the task stays complete, and its output is nowhere.
    """

    successes: frozenset[tuple[int, NodeId]] = frozenset()

    def complete(self, task: Task, worker: NodeId, counters: Counters, out: Out) -> None:
        if task.kind is Kind.MAP:
            self.successes |= {(task.number, worker)}
        Master.complete(self, task, worker, counters, out)

    def without(self, worker: NodeId, task: Task, entry: Entry) -> Entry:
        self.successes -= {(task.number, worker)}
        if task.kind is Kind.MAP and any(number == task.number for number, _ in self.successes):
            return entry.without_runner(worker)
        return Master.without(self, worker, task, entry)


# MAPREDUCE-3274: a container asks for a task that it will never get.


@frozen
class Launch:
    """Master to worker: start a container for an attempt of this task."""

    task: Task


@frozen
class GetTask:
    """Container to master: what am I to do?"""

    task: Task


@frozen
class Wait:
    """Master to container: no task yet, ask again."""

    task: Task


@frozen
class Kill:
    """Master to container: stop."""

    task: Task


@frozen
class Exited:
    """Worker to master: this container has stopped, and its slot is free."""

    task: Task


ContainerMessage: TypeAlias = Launch | Wait | Kill
LauncherMessage: TypeAlias = GetTask | Exited


@define
class ContainerWorker(Worker):
    """A worker that does what it is told in a container, which it starts first."""

    def receive(self, message: ContainerMessage | ToWorker, source: NodeId, out: Out) -> None:
        match message:
            case Launch(task) | Wait(task):
                out.send(source, GetTask(task))
            case Kill(task):
                self.drop(task)
                out.send(source, Exited(task))
            case _:
                Worker.receive(self, message, source, out)


@define
class Launcher(Master):
    """A master whose workers have one slot each; a map task that must run again takes it from a reduce task.

    A container whose attempt is over when it first asks is told to stop.

    slots  the containers that occupy one: their worker, and the task that they were started for
    asked  those of them that have their task
    """

    slots: frozenset[tuple[NodeId, Task]] = frozenset()
    asked: frozenset[NodeId] = frozenset()

    def receive(self, message: LauncherMessage | ToMaster, source: NodeId, out: Out) -> None:
        match message:
            case GetTask(task) if source in self.entry(task).running:
                self.asked |= {source}
                Master.run(self, task, source, out)
            case GetTask(task):
                self.turn_away(task, source, out)
            case Exited(task):
                self.vacate(task, source)
                self.schedule(out)
            case _:
                Master.receive(self, message, source, out)

    def turn_away(self, task: Task, worker: NodeId, out: Out) -> None:
        """Nobody knows this container."""
        out.send(worker, Kill(task))

    def vacate(self, task: Task, worker: NodeId) -> None:
        """A container has stopped."""
        self.slots -= {(worker, task)}
        self.asked -= {worker}

    def free(self, kind: Kind) -> tuple[NodeId, ...]:
        return tuple(sorted(self.workers - {worker for worker, _ in self.slots}))

    def run(self, task: Task, worker: NodeId, out: Out) -> None:
        self.enter(task, self.entry(task).with_runner(worker))
        self.slots |= {(worker, task)}
        out.send(worker, Launch(task))

    def complete(self, task: Task, worker: NodeId, counters: Counters, out: Out) -> None:
        self.vacate(task, worker)
        Master.complete(self, task, worker, counters, out)

    def lose(self, worker: NodeId, out: Out) -> None:
        self.slots = frozenset(slot for slot in self.slots if slot[0] != worker)
        self.asked -= {worker}
        Master.lose(self, worker, out)

    def schedule(self, out: Out) -> None:
        Master.schedule(self, out)
        if self.of(Kind.MAP, State.IDLE):
            self.preempt(out)

    def preempt(self, out: Out) -> None:
        """Map tasks wait for slots: reduce tasks give theirs up."""
        for task in self.of(Kind.REDUCE, State.IN_PROGRESS):
            for worker in self.entry(task).running:
                self.enter(task, self.entry(task).without_runner(worker))
                if worker in self.asked:
                    out.send(worker, Kill(task))


@define
class KeepsThemWaiting(Launcher):
    """MAPREDUCE-3274: a container that nobody knows is told that there is no task yet, even when its attempt is over.

    It asks for ever in the slot that the map task waits for, which it was stopped for.
    """

    def turn_away(self, task: Task, worker: NodeId, out: Out) -> None:
        out.send(worker, Wait(task))


# MAPREDUCE-5009: an attempt that was killed keeps the permission to commit.


@frozen
class MayCommit:
    """Worker to master: my output is written; may it be the output of the task?"""

    task: Task


@frozen
class Answer:
    """Master to worker: yes; or no, another attempt may."""

    task: Task
    yes: bool


@define
class Asker(Worker):
    """A worker that asks before it commits, until it may."""

    def receive(self, message: Answer | ToWorker, source: NodeId, out: Out) -> None:
        match message:
            case Answer(task, yes=False):
                out.send(source, MayCommit(task))
            case Answer(task) if any(mine.task == task for mine in self.reducing):
                out.send(self.files, Rename(temporary(task.number, self.id), output(task.number)))
            case Answer():
                pass
            case _:
                Worker.receive(self, message, source, out)

    def rename(self, file: str, out: Out) -> None:
        for task in self.reducing:
            if file == temporary(task.number, self.id):
                out.send(self.master, MayCommit(task.task))


@define
class Permitter(Master):
    """A master that lets one attempt of a task commit: the first to ask, until that is lost or fails."""

    permitted: frozenset[tuple[Task, NodeId]] = frozenset()

    def receive(self, message: MayCommit | ToMaster, source: NodeId, out: Out) -> None:
        if isinstance(message, MayCommit) and source not in self.workers:
            return
        if isinstance(message, MayCommit):
            out.send(source, Answer(message.task, self.permits(message.task, source)))
        else:
            Master.receive(self, message, source, out)

    def permits(self, task: Task, worker: NodeId) -> bool:
        """Whether this attempt may commit."""
        if all(other != task for other, _ in self.permitted):
            self.permitted |= {(task, worker)}
        return (task, worker) in self.permitted

    def note_failure(self, task: Task, worker: NodeId, record: int, out: Out) -> None:
        self.permitted -= {(task, worker)}
        Master.note_failure(self, task, worker, record, out)

    def lose(self, worker: NodeId, out: Out) -> None:
        self.permitted = frozenset(one for one in self.permitted if one[1] != worker)
        Master.lose(self, worker, out)


@define
class PermitsTheDead(Permitter):
    """MAPREDUCE-5009: an attempt that fails gives its permission back, one that is killed with its node does not.

    The attempt that takes its place is refused for ever.
    """

    def lose(self, worker: NodeId, out: Out) -> None:
        Master.lose(self, worker, out)


# MAPREDUCE-4832: two masters of one job both commit.


@frozen
class WindowOver:
    """A timer: the resource manager has not been heard of for so long that it may soon start another master."""


@define
class ApplicationMaster(Master):
    """The master of a job, cut off from its resource manager or not; it commits while it knows that it is the only one.

    The window in which it does is shorter than the time after which the resource manager gives it up.
    """

    cut_off: bool = False
    in_window: bool = True

    def start(self, out: Out) -> None:
        if self.cut_off:
            out.after(1000, WindowOver())
        Master.start(self, out)

    def receive(self, message: WindowOver | ToMaster, source: NodeId, out: Out) -> None:
        if isinstance(message, WindowOver):
            self.in_window = False
        else:
            Master.receive(self, message, source, out)

    @property
    def is_done(self) -> bool:
        return self.in_window and Master.is_done.__get__(self)


@define
class CommitsOutsideItsWindow(ApplicationMaster):
    """MAPREDUCE-4832: a master that was given up goes on, and commits beside the one that took its place."""

    @property
    def is_done(self) -> bool:
        return bool(Master.is_done.__get__(self))
