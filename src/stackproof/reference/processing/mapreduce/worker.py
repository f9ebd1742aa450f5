"""A worker: it runs map tasks, keeps what they leave for others to fetch, and runs reduce tasks.

Dean and Ghemawat, OSDI 2004, sections 3.1 (execution), 3.3 (commit) and 4.6 (bad records). What a map task leaves lies
on the worker's own disk, which is gone when the worker is.
"""

from collections.abc import Iterable
from operator import attrgetter, itemgetter
from typing import assert_never

from attrs import define, evolve, frozen

from stackproof.reference.actor import Bounced, NodeId, Out
from stackproof.reference.processing.mapreduce.file_system import output, temporary
from stackproof.reference.processing.mapreduce.job import BadRecord, Counters, Job, Records, Storage, mapped, reduced
from stackproof.reference.processing.mapreduce.messages import (
    Done,
    Fetch,
    Fetched,
    Kind,
    LastGasp,
    Located,
    Locations,
    Ping,
    Pong,
    Register,
    Rename,
    Renamed,
    RunMap,
    RunReduce,
    Runs,
    Task,
    ToWorker,
    Unfetched,
    Watch,
    Work,
    Write,
    Written,
)


@frozen
class Reducing:
    """The reduce task that a worker runs: where its input lies, what it has of it, and its counters once it is over."""

    number: int
    skip: frozenset[int]
    locations: Locations = ()
    runs: Runs = ()
    counters: Counters | None = None

    @property
    def task(self) -> Task:
        """Its name."""
        return Task(Kind.REDUCE, self.number)

    @property
    def missing(self) -> tuple[int, ...]:
        """The maps whose output it has not got."""
        had = {number for number, _ in self.runs}
        return tuple(number for number in range(len(self.locations)) if number not in had)

    def at(self, holder: NodeId) -> tuple[int, ...]:
        """What is missing of the outputs that lie there."""
        return tuple(number for number in self.missing if self.locations[number] == holder)

    def found(self, runs: Runs) -> "Reducing":
        """With some more of its input, in the order of the maps."""
        new = [(number, run) for number, run in runs if number in self.missing]
        return evolve(self, runs=tuple(sorted((*self.runs, *new), key=itemgetter(0))))

    def told(self, locations: Locations) -> "Reducing":
        """With newer locations, where there are any."""
        both = zip(locations, self.locations, strict=False)
        return evolve(self, locations=tuple(known if told is None else told for told, known in both))

    def moved_since(self, known: "Reducing") -> dict[NodeId, tuple[int, ...]]:
        """What is missing and was not known to lie where it lies, by the worker that has it."""
        moved: dict[NodeId, tuple[int, ...]] = {}
        for number in self.missing:
            holder = self.locations[number]
            if holder is not None and holder != known.locations[number]:
                moved[holder] = (*moved.get(holder, ()), number)
        return moved

    def without(self, maps: Iterable[int]) -> "Reducing":
        """Without knowing where these outputs lie."""
        return evolve(self, locations=tuple(None if i in maps else at for i, at in enumerate(self.locations)))


@define
class Worker:
    """A worker with one slot for a map task, and one for a reduce task.

    files     the file system
    reduces   the number of reduce tasks
    work_ms   how long a task takes to compute; None: no time
    newcomer  it is not in the master's plan, and has to register
    outputs   of each map task that it ran: a run for each reduce task
    reducing  the reduce tasks that it runs; more than one where a message for its former life came late
    """

    id: NodeId
    master: NodeId
    files: NodeId
    job: Job
    storage: Storage
    reduces: int
    work_ms: float | None = None
    newcomer: bool = False
    outputs: tuple[tuple[int, tuple[Records, ...]], ...] = ()
    reducing: tuple[Reducing, ...] = ()

    def start(self, out: Out) -> None:
        if self.newcomer:
            self.recover(out)

    def recover(self, out: Out) -> None:
        out.send(self.master, Register())

    def receive(self, message: ToWorker, source: NodeId, out: Out) -> None:
        match message:
            case RunMap(number, skip):
                self.compute(Work(Task(Kind.MAP, number), skip), out)
            case RunReduce(number, locations, skip):
                self.locate(Reducing(number, skip, (None,) * len(locations)), locations, out)
            case Located(locations):
                for task in self.reducing:
                    self.locate(task, locations, out)
            case Fetch(reduce, maps):
                out.send(source, Fetched(reduce, maps, self.held(reduce, maps)))
            case Fetched(reduce, maps, runs):
                self.fetched(reduce, maps, runs, source, out)
            case Bounced(Fetch(reduce, maps)):
                self.fetched(reduce, maps, (), source, out)
            case Work():
                self.finish(message, out)
            case Written(file):
                self.rename(file, out)
            case Renamed(file):
                self.report(file, out)
            case Ping():
                out.send(source, Pong())
            case Bounced(Register()):
                out.send(self.master, Register())
            case Watch() | Bounced():
                pass
            case _:
                assert_never(message)

    # The input of a reduce task.

    def keep(self, task: Reducing) -> None:
        """Run this reduce task, or go on with it so."""
        others = (other for other in self.reducing if other.number != task.number)
        self.reducing = tuple(sorted((*others, task), key=attrgetter("number")))

    def drop(self, task: Task) -> None:
        """A reduce task is over."""
        self.reducing = tuple(other for other in self.reducing if other.task != task)

    def locate(self, task: Reducing, locations: Locations, out: Out) -> None:
        """Learn where the outputs of maps lie: take those that are here, ask for those elsewhere."""
        known, task = task, task.told(locations)
        self.keep(task)
        for holder, maps in sorted(task.moved_since(known).items()):
            if holder == self.id:
                self.fetched(task.number, maps, self.held(task.number, maps), holder, out)
            else:
                out.send(holder, Fetch(task.number, maps))

    def held(self, reduce: int, maps: Iterable[int]) -> Runs:
        """What these maps, as far as they ran here, left for a reduce task."""
        files = dict(self.outputs)
        return tuple((number, files[number][reduce]) for number in maps if number in files)

    def fetched(self, reduce: int, maps: tuple[int, ...], runs: Runs, holder: NodeId, out: Out) -> None:
        """Some worker has been asked for some of the input of a reduce task."""
        for task in self.reducing:
            if task.number == reduce and task.missing:
                self.take(task.found(runs), maps, holder, out)

    def take(self, task: Reducing, maps: tuple[int, ...], holder: NodeId, out: Out) -> None:
        """Begin when all is there, complain of what is not."""
        lost = tuple(number for number in task.at(holder) if number in maps)
        self.keep(task.without(lost))
        if lost:
            out.send(self.master, Unfetched(holder, lost))
        elif not task.missing:
            self.compute(Work(task.task, task.skip), out)

    # The computation.

    def compute(self, work: Work, out: Out) -> None:
        """Compute a task, now or in a while."""
        if self.work_ms is None:
            self.finish(work, out)
        else:
            out.after(self.work_ms, work)

    def finish(self, work: Work, out: Out) -> None:
        """The computation of a task is over, unless a bad record ended it."""
        try:
            if work.task.kind is Kind.MAP:
                self.run_map(work, out)
            else:
                self.run_reduce(work, out)
        except BadRecord as bad:
            self.drop(work.task)
            out.send(self.master, LastGasp(work.task, bad.record))

    def run_map(self, work: Work, out: Out) -> None:
        """Keep what a map task leaves, and report it."""
        number = work.task.number
        partitions, counters = mapped(self.job, self.storage.read(number), self.reduces, work.skip)
        self.outputs = tuple(sorted((dict(self.outputs) | {number: partitions}).items(), key=itemgetter(0)))
        out.send(self.master, Done(work.task, counters))

    def run_reduce(self, work: Work, out: Out) -> None:
        """Write the output of a reduce task to a file of this worker's own."""
        for task in self.reducing:
            if task.task == work.task and not task.missing and task.counters is None:
                records, counters = reduced(self.job, (run for _, run in task.runs), work.skip)
                self.keep(Reducing(task.number, work.skip, counters=counters))
                self.write(task.number, records, out)

    # The commit.

    def write(self, reduce: int, records: Records, out: Out) -> None:
        """Write a file of its own; it becomes the output when it is there as a whole."""
        out.send(self.files, Write(temporary(reduce, self.id), records))

    def rename(self, file: str, out: Out) -> None:
        """The file is written: let it be the output."""
        for task in self.reducing:
            if file == temporary(task.number, self.id):
                out.send(self.files, Rename(file, output(task.number)))

    def report(self, file: str, out: Out) -> None:
        """The output is in its place."""
        for task in self.reducing:
            if file == output(task.number) and task.counters is not None:
                self.drop(task.task)
                out.send(self.master, Done(task.task, task.counters))
