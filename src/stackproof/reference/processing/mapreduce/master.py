"""The master: it knows the state of every task, hands tasks to workers, and runs again what was lost.

Dean and Ghemawat, OSDI 2004, sections 3.1 (execution), 3.2 (what the master knows), 3.3 (failures), 3.4 (locality), 3.6
(backup tasks), 4.6 (bad records) and 4.8 (counters).
"""

from collections.abc import Iterable
from enum import Enum
from typing import assert_never

from attrs import Factory, define, evolve

from stackproof.reference.actor import Bounced, NodeId, Out, durable
from stackproof.reference.processing.mapreduce.job import Counters, total
from stackproof.reference.processing.mapreduce.messages import (
    CheckpointDue,
    Done,
    Kind,
    LastGasp,
    Located,
    Locations,
    NearTheEnd,
    Ping,
    PingDue,
    Pong,
    Register,
    RunMap,
    RunReduce,
    Task,
    ToMaster,
    Unfetched,
    Watch,
)
from stackproof.reference.processing.mapreduce.tasks import Began, Completed, Entry, Plan, RunAgain, State, Table


class Status(Enum):
    """What has become of the job."""

    RUNNING = "running"
    DONE = "done"
    ABORTED = "aborted"


def untouched(master: "Master") -> Table:
    """The table of a job that has not begun."""
    return tuple((task, Entry()) for task in master.plan.tasks)


@define
class Master:
    """The master of one job.

    workers  those that it counts on
    lost     those that it does not
    silent   those that have not answered the last ping
    ending   whether it waits for the last tasks of a phase
    backups  how many backup tasks it has begun
    counters those of a job that is done: each task counts once, whoever completed it and however often
    """

    id: NodeId
    plan: Plan
    table: Table = Factory(untouched, takes_self=True)
    workers: frozenset[NodeId] = frozenset()
    lost: frozenset[NodeId] = frozenset()
    silent: frozenset[NodeId] = frozenset()
    ending: bool = False
    backups: int = 0
    status: Status = durable(Status.RUNNING)
    counters: Counters = durable(())
    checkpoint: Table | None = durable(None)

    def start(self, out: Out) -> None:
        for worker in self.plan.workers:
            self.admit(worker, out)
        self.keep_time(PingDue(), self.plan.ping_ms, out)
        self.keep_time(CheckpointDue(), self.plan.checkpoint_ms, out)
        self.schedule(out)

    def recover(self, out: Out) -> None:
        """Go on from the last checkpoint, or abort; what was in progress is begun again."""
        if self.status is Status.RUNNING and self.checkpoint is None:
            self.status = Status.ABORTED
        elif self.status is Status.RUNNING:
            self.table = tuple((task, evolve(entry, running=())) for task, entry in self.checkpoint or ())
            self.start(out)

    def receive(self, message: ToMaster, source: NodeId, out: Out) -> None:
        if self.status is not Status.RUNNING:
            return
        match message:
            case Done(task, counters) if source in self.workers:
                self.complete(task, source, counters, out)
            case LastGasp(task, record) if source in self.workers:
                self.note_failure(task, source, record, out)
            case Unfetched(holder, maps) if source in self.workers:
                self.look_for(holder, maps, source, out)
            case Register():
                self.lose(source, out)
                self.admit(source, out)
            case Pong():
                self.welcome(source)
            case NearTheEnd():
                self.back_up(out)
            case PingDue():
                self.ping(out)
            case CheckpointDue():
                self.checkpoint = self.table
                self.keep_time(message, self.plan.checkpoint_ms, out)
            case Bounced(Watch() | Ping()):
                self.lose(source, out)
            case Done() | LastGasp() | Unfetched() | Bounced():
                pass
            case _:
                assert_never(message)
        self.schedule(out)

    # The table.

    def entry(self, task: Task) -> Entry:
        """What is known of a task."""
        return dict(self.table)[task]

    def enter(self, task: Task, entry: Entry) -> None:
        """Know this of a task from now on."""
        self.table = tuple((other, entry if other == task else known) for other, known in self.table)

    def change(self, task: Task, entry: Entry, why: str, out: Out) -> None:
        """Know this of a task, which may have to be run again for it."""
        if entry.state is State.IDLE and self.entry(task).state is not State.IDLE:
            out.observe(RunAgain(task, why))
        self.enter(task, entry)

    def of(self, kind: Kind, *states: State) -> tuple[Task, ...]:
        """The tasks of one kind in one of these states."""
        return tuple(task for task, entry in self.table if task.kind is kind and entry.state in states)

    def free(self, kind: Kind) -> tuple[NodeId, ...]:
        """The workers that run no task of this kind."""
        busy = {worker for task, entry in self.table if task.kind is kind for worker in entry.running}
        return tuple(sorted(self.workers - busy))

    @property
    def locations(self) -> Locations:
        """Where the output of each map task lies."""
        return tuple(entry.holder for task, entry in self.table if task.kind is Kind.MAP)

    # Workers come and go.

    def admit(self, worker: NodeId, out: Out) -> None:
        """Count on a worker from now on."""
        self.welcome(worker)
        out.send(worker, Watch() if self.plan.ping_ms is None else Ping())

    def welcome(self, worker: NodeId) -> None:
        """A worker is there; one that was taken for dead is so no longer."""
        self.workers |= {worker}
        self.lost -= {worker}
        self.silent -= {worker}

    def lose(self, worker: NodeId, out: Out) -> None:
        """A worker is gone, with what it was doing and with the files of the map tasks that it completed."""
        self.workers -= {worker}
        self.lost |= {worker}
        for task, entry in self.table:
            if worker in (entry.holder, *entry.running):
                self.change(task, self.without(worker, task, entry), f"{worker} is lost", out)

    def without(self, worker: NodeId, task: Task, entry: Entry) -> Entry:
        """What is left of a task when a worker is gone: the output of a reduce task is in the file system."""
        held = task.kind is Kind.MAP and entry.holder == worker
        return (entry.undone() if held else entry).without_runner(worker)

    def ping(self, out: Out) -> None:
        """Lose those that did not answer the last ping, and ping everybody who was ever there."""
        for worker in sorted(self.silent):
            self.lose(worker, out)
        self.silent = self.workers
        out.broadcast(self.workers | self.lost, Ping())
        self.keep_time(PingDue(), self.plan.ping_ms, out)

    # Tasks.

    def schedule(self, out: Out) -> None:
        """Give what is idle to workers that are free, unless the job is done."""
        if self.is_done:
            self.finish(out)
            return
        self.assign(self.of(Kind.MAP, State.IDLE), out)
        if not self.of(Kind.MAP, State.IDLE, State.IN_PROGRESS):
            self.assign(self.of(Kind.REDUCE, State.IDLE), out)
        self.look_to_the_end(out)

    @property
    def is_done(self) -> bool:
        """Whether all reduce tasks are completed, and the counters of all tasks are known."""
        known = all(entry.counters is not None for _, entry in self.table)
        return known and len(self.of(Kind.REDUCE, State.COMPLETED)) == self.plan.reduces

    def assign(self, tasks: Iterable[Task], out: Out) -> int:
        """Begin an attempt of each task, those near their data first, while there are workers; returns how many."""
        waiting, begun = tuple(tasks), 0
        while fits := self.fits(waiting):
            task, worker = min(fits, key=lambda fit: self.distance(*fit))
            waiting = tuple(other for other in waiting if other != task)
            self.run(task, worker, out)
            begun += 1
        return begun

    def fits(self, tasks: Iterable[Task]) -> list[tuple[Task, NodeId]]:
        """Tasks with workers that could begin an attempt of them, in order of both."""
        entries, free = dict(self.table), {kind: self.free(kind) for kind in Kind}
        return [(task, worker) for task in tasks for worker in free[task.kind] if worker not in entries[task].running]

    def distance(self, task: Task, worker: NodeId) -> int:
        """How far a worker is from the input of a task; that of a reduce task is everywhere."""
        return self.plan.distance(worker, task.number) if task.kind is Kind.MAP else 0

    def run(self, task: Task, worker: NodeId, out: Out) -> None:
        """Begin an attempt."""
        entry = self.entry(task).with_runner(worker)
        self.enter(task, entry)
        out.observe(Began(task, worker))
        if task.kind is Kind.MAP:
            out.send(worker, RunMap(task.number, entry.skip))
        else:
            out.send(worker, RunReduce(task.number, self.locations, entry.skip))

    @property
    def stragglers(self) -> tuple[Task, ...]:
        """Near the end of a phase: the tasks of which a backup could begin now."""
        ending = [kind for kind in Kind if not self.of(kind, State.IDLE)]
        alone = [task for kind in ending for task in self.of(kind, State.IN_PROGRESS) if self.is_alone(task)]
        return tuple(alone[: None if self.plan.backups is None else self.plan.backups - self.backups])

    def is_alone(self, task: Task) -> bool:
        """Whether a task has one attempt, and a worker is free for another."""
        return len(self.entry(task).running) == 1 and bool(self.fits((task,)))

    def look_to_the_end(self, out: Out) -> None:
        """Wait for the last tasks of a phase for as long as backups could be of use."""
        if bool(self.stragglers) is self.ending:
            return
        self.ending = not self.ending
        if self.ending:
            out.after(self.plan.backup_ms, NearTheEnd())
        else:
            out.cancel(NearTheEnd())

    def back_up(self, out: Out) -> None:
        """Begin a backup of whatever is still in progress."""
        self.ending = False
        self.backups += self.assign(self.stragglers, out)

    def complete(self, task: Task, worker: NodeId, counters: Counters, out: Out) -> None:
        """The first attempt to finish completes a task; later ones are ignored."""
        entry = self.entry(task).without_runner(worker)
        if entry.state is State.COMPLETED:
            self.enter(task, entry)
            return
        self.enter(task, evolve(entry, holder=worker, counters=counters if entry.counters is None else entry.counters))
        out.observe(Completed(task, worker))
        if task.kind is Kind.MAP:
            out.broadcast(self.reducing, Located(self.locations))

    @property
    def reducing(self) -> frozenset[NodeId]:
        """The workers that run a reduce task which is not completed."""
        tasks = self.of(Kind.REDUCE, State.IN_PROGRESS)
        return frozenset(worker for task in tasks for worker in self.entry(task).running)

    def note_failure(self, task: Task, worker: NodeId, record: int, out: Out) -> None:
        """An attempt failed on a record."""
        failures = tuple(sorted((*self.entry(task).failures, record)))
        entry = evolve(self.entry(task).without_runner(worker), failures=failures)
        self.change(task, entry, f"record {record} was bad", out)

    def look_for(self, holder: NodeId, maps: Iterable[int], reducer: NodeId, out: Out) -> None:
        """A reducer could not get the outputs of some maps where they should be: others may be known, or none is."""
        tasks = [Task(Kind.MAP, number) for number in maps]
        for task in tasks:
            if self.entry(task).holder == holder:
                self.change(task, self.entry(task).undone(), f"its output could not be fetched from {holder}", out)
        if any(self.entry(task).holder for task in tasks):
            out.send(reducer, Located(self.locations))

    def finish(self, out: Out) -> None:
        """The job is done, and its user is told the counters."""
        self.status = Status.DONE
        self.counters = total(entry.counters or () for _, entry in self.table)
        for timer in (NearTheEnd(), PingDue(), CheckpointDue()):
            out.cancel(timer)

    def keep_time(self, timer: NearTheEnd | PingDue | CheckpointDue, delay_ms: float | None, out: Out) -> None:
        """Arm a timer that has a delay."""
        if delay_ms is not None:
            out.after(delay_ms, timer)
