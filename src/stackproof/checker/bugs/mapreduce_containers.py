"""A container that asks for a task that it will never get: a published bug of Hadoop, kept to be found.

The paper has no containers. They stand first, as repaired; the bug (MAPREDUCE-3274) is a subclass of their master.
"""

from typing import TypeAlias

from attrs import define, frozen

from stackproof.reference.actor import NodeId, Out
from stackproof.reference.processing.mapreduce.job import Counters
from stackproof.reference.processing.mapreduce.master import Master
from stackproof.reference.processing.mapreduce.messages import Kind, Task, ToMaster, ToWorker
from stackproof.reference.processing.mapreduce.tasks import State
from stackproof.reference.processing.mapreduce.worker import Worker


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
