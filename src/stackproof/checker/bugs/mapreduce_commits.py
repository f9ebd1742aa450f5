"""Commits of which there are too many, or none: published bugs of Hadoop, kept to be found.

The paper has a task write elsewhere and rename (section 3.3). Permission to commit (MAPREDUCE-5009) and a second master
of a job (MAPREDUCE-4832) it lacks: each stands first, as repaired, and the bug is a subclass of it.
"""

from attrs import define, frozen

from stackproof.reference.actor import NodeId, Out
from stackproof.reference.processing.mapreduce.file_system import output, temporary
from stackproof.reference.processing.mapreduce.job import Records
from stackproof.reference.processing.mapreduce.master import Master
from stackproof.reference.processing.mapreduce.messages import Append, Rename, Task, ToMaster, ToWorker
from stackproof.reference.processing.mapreduce.worker import Worker


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
