"""The driver of RDDs: it cuts jobs into stages, places their tasks, and has computed again what was lost.

Zaharia et al., NSDI 2012, section 5.1. For each job the scheduler works its way back from the partitions that are asked
for: a stage whose tasks would read a shuffle that is not all there waits for the stage that writes it. Partitions that
are cached somewhere need nothing. Map outputs stay where they were written, and their places are told to the readers. A
reader that cannot fetch one ends its stage's attempt, and the missing output is written again first. When an executor
is lost, so is all that it held, and exactly what is missing then is computed again, when it is next needed.

A task goes where its partition is cached or its source is near. Where no such place is free it waits for it: an idle
executor is passed over `wait` times (Zaharia et al., "Delay Scheduling", EuroSys 2010), counted as Spark does since
SPARK-18886, over the rounds of offers in which one was. A task that runs for long may be started a second time, on
another executor; the first result counts, and the other attempt is killed. Attempts that publish ask first, and only
one of those running is allowed to (SPARK-4879); where it is lost, the next may.

Departures. Executors run one task each, and are never suspected: one that is lost comes back and says so. No task is
launched before what it reads is there, where that is known. A task that goes on from an earlier attempt of its stage is
not launched again beside it. A driver that crashes is the end of its jobs.
"""

from collections.abc import Callable, Iterator
from operator import itemgetter
from typing import Any, TypeAlias, assert_never

from attrs import define, evolve, frozen

from stackproof.reference.actor import NodeId, Out
from stackproof.reference.processing.stages import Program
from stackproof.reference.processing.tasks import (
    Answered,
    Cached,
    Failed,
    Finished,
    Kill,
    Launch,
    Launched,
    Located,
    MayCommit,
    NextJob,
    Offered,
    Output,
    Permission,
    Registered,
    Revive,
    Speculate,
    Task,
    ToDriver,
)

Counts: TypeAlias = tuple[tuple[tuple[int, int], int], ...]


@frozen(order=True)
class TaskSet:
    """An attempt at a stage, the `round`-th; its executors were passed over `skips` times for want of a near task."""

    stage: int
    round: int
    skips: int = 0


@frozen(order=True)
class Running:
    """A task, and where it runs."""

    task: Task
    executor: NodeId


@define
class Driver:
    """The scheduler of stages and of tasks, the register of blocks, and the judge of commits."""

    id: NodeId
    program: Program
    executors: tuple[NodeId, ...]
    wait: int = 0
    copies: int = 0
    job: int = 0
    answers: tuple[Any, ...] = ()
    parts: tuple[tuple[int, Any], ...] = ()
    sets: tuple[TaskSet, ...] = ()
    begun: tuple[int, ...] = ()
    running: tuple[Running, ...] = ()
    attempts: Counts = ()
    incarnations: tuple[int, ...] = ()
    outputs: tuple[Located, ...] = ()
    cached: tuple[Located, ...] = ()
    permitted: tuple[Task, ...] = ()

    def start(self, out: Out) -> None:
        self.begun = (0,) * len(self.program.stages)
        self.incarnations = (0,) * len(self.executors)
        self.advance(out)

    def receive(self, message: ToDriver, source: NodeId, out: Out) -> None:
        match message:
            case Registered(incarnation) if incarnation > self.incarnation_of(source):
                self.lose(source, incarnation)
            case Finished(task, part, kept) if Running(task, source) in self.running:
                self.finished(task, part, kept, source, out)
            case Failed(task, missing) if Running(task, source) in self.running:
                self.failed(task, missing, source)
            case MayCommit(task):
                out.send(source, Permission(task, self.permits(task, source)))
            case Speculate():
                self.speculate(out)
            case NextJob():
                self.job += 1
            case Revive() | Registered() | Finished() | Failed():
                pass
            case _:
                assert_never(message)
        self.advance(out, counted=isinstance(message, Revive))

    @property
    def result_stage(self) -> int:
        """The stage that answers the job under way."""
        return self.program.stage_that_answers(self.job)

    def advance(self, out: Out, counted: bool = False) -> None:
        """Answer the job if it is done; otherwise see to it that all that it waits for is under way."""
        self.sets = tuple(one for one in self.sets if self.missing(one.stage))
        if len(self.answers) > self.job:
            return
        if not self.missing(self.result_stage):
            self.answer(out)
            return
        self.submit(self.result_stage)
        self.offer(out, counted)
        if self.copies and self.running:
            out.after(1000, Speculate())

    def answer(self, out: Out) -> None:
        """The job is over; the next one begins in a while."""
        answer = self.program.jobs[self.job].action.total(tuple(part for _, part in self.parts))
        self.answers = (*self.answers, answer)
        self.parts, self.sets, self.permitted = (), (), ()
        out.observe(Answered(self.job, answer))
        out.cancel(Speculate())
        out.cancel(Revive())
        if self.job + 1 < len(self.program.jobs):
            out.after(1000, NextJob())

    def done(self, stage: int, partition: int) -> bool:
        """Whether a partition of a stage has been computed, and what came of it is known to be there."""
        shuffle = self.program.stages[stage].writes
        if shuffle is None:
            return stage == self.result_stage and partition in dict(self.parts)
        return Output(shuffle, partition) in {located.block for located in self.outputs}

    def missing(self, stage: int) -> tuple[int, ...]:
        """The partitions of a stage that are yet to be computed."""
        if self.program.stages[stage].writes is None and (stage != self.result_stage or len(self.answers) > self.job):
            return ()
        return tuple(p for p in self.program.stages[stage].partitions if not self.done(stage, p))

    def lacking(self, rdd: int, partition: int) -> Iterator[int]:
        """The shuffles that a partition has to be computed from and that are not all there."""
        if Cached(rdd, partition) in {located.block for located in self.cached}:
            return
        if set(self.program.outputs(rdd)) - {located.block for located in self.outputs}:
            yield rdd
        for parent, needed in self.program.parents(rdd, partition):
            yield from self.lacking(parent, needed)

    def submit(self, stage: int) -> None:
        """Begin an attempt at a stage; where it lacks a shuffle, at the stage that writes it."""
        rdd = self.program.stages[stage].rdd
        lacking = sorted({shuffle for p in self.missing(stage) for shuffle in self.lacking(rdd, p)})
        for shuffle in lacking:
            self.submit(self.program.stage_that_writes(shuffle))
        if not lacking and not any(one.stage == stage for one in self.sets):
            self.begin(stage)

    def begin(self, stage: int) -> None:
        """A new attempt at a stage."""
        self.sets = tuple(sorted((*self.sets, TaskSet(stage, self.begun[stage]))))
        self.begun = tuple(count + (place == stage) for place, count in enumerate(self.begun))

    def runnable(self, stage: int) -> tuple[int, ...]:
        """The partitions of a stage that nobody computes and that lack nothing."""
        taken = {one.task.partition for one in self.running if one.task.stage == stage}
        rdd = self.program.stages[stage].rdd
        return tuple(p for p in self.missing(stage) if p not in taken and not any(self.lacking(rdd, p)))

    @property
    def free(self) -> list[NodeId]:
        """The executors that run nothing."""
        busy = {one.executor for one in self.running}
        return [executor for executor in self.executors if executor not in busy]

    def offer(self, out: Out, counted: bool) -> None:
        """Let each free executor have a task: a near one, or any once its task set has waited long enough."""
        far = [executor for executor in self.free if not self.place(executor, self.near, out)]
        passed = [(executor, one) for executor in far for one in self.passed_over(executor, out)]
        if counted:
            waited = {one for _, one in passed}
            self.sets = tuple(evolve(one, skips=one.skips + 1 if one in waited else 0) for one in self.sets)
            out.observe(Offered(tuple((executor, one.stage, one.round) for executor, one in passed)))
        if passed:
            out.after(1000, Revive())

    def passed_over(self, executor: NodeId, out: Out) -> list[TaskSet]:
        """Give an executor a task that is not near, if a set has waited long enough; otherwise, those that wait."""
        if self.place(executor, self.waited, out):
            return []
        return [one for one in self.sets if self.runnable(one.stage)]

    def place(self, executor: NodeId, fits: Callable[[TaskSet, int, NodeId], bool], out: Out) -> bool:
        """Give an executor the first task that fits."""
        for one in self.sets:
            for partition in self.runnable(one.stage):
                if fits(one, partition, executor):
                    self.launch(one, partition, executor, out)
                    return True
        return False

    def waited(self, one: TaskSet, partition: int, executor: NodeId) -> bool:
        """Whether a set has passed executors over for long enough."""
        return one.skips >= self.wait

    def near(self, one: TaskSet, partition: int, executor: NodeId) -> bool:
        """Whether an executor is as good a place for a task as there is."""
        places = self.places(self.program.stages[one.stage].rdd, partition)
        return not places or executor in places

    def places(self, rdd: int, partition: int) -> tuple[NodeId, ...]:
        """The executors where a partition is cached, or those near what it is computed from."""
        if cached := [one.executor for one in self.cached if one.block == Cached(rdd, partition)]:
            return tuple(cached)
        for parent, needed in self.program.parents(rdd, partition):
            if places := self.places(parent, needed):
                return places
        return tuple(place for place in self.program.preferred(rdd, partition) if place in self.executors)

    def launch(self, one: TaskSet, partition: int, executor: NodeId, out: Out) -> None:
        """Start an attempt at a task."""
        attempt = dict(self.attempts).get((one.stage, partition), 0)
        self.attempts = tuple(sorted({**dict(self.attempts), (one.stage, partition): attempt + 1}.items()))
        task = Task(one.stage, partition, attempt, one.round)
        self.running = tuple(sorted((*self.running, Running(task, executor))))
        blocks = frozenset(self.readable(self.program.stages[one.stage].rdd, partition))
        sources = tuple(located for located in (*self.outputs, *self.cached) if located.block in blocks)
        out.send(executor, Launch(task, self.incarnation_of(executor), sources))
        out.observe(Launched(executor, task))

    def readable(self, rdd: int, partition: int) -> Iterator[Cached | Output]:
        """The blocks that may help to compute a partition."""
        yield Cached(rdd, partition)
        yield from self.program.outputs(rdd)
        for parent, needed in self.program.parents(rdd, partition):
            yield from self.readable(parent, needed)

    def incarnation_of(self, executor: NodeId) -> int:
        """The incarnation in which an executor registered last."""
        return self.incarnations[self.executors.index(executor)]

    def finished(self, task: Task, part: Any, kept: tuple[Cached, ...], executor: NodeId, out: Out) -> None:
        """Note what a task left behind, and where; other attempts at it are not needed any more."""
        self.running = tuple(one for one in self.running if one != Running(task, executor))
        incarnation, shuffle = self.incarnation_of(executor), self.program.stages[task.stage].writes
        others = (one for one in self.cached if one.executor != executor)
        self.cached = tuple(sorted((*others, *(Located(block, executor, incarnation) for block in kept))))
        if task.partition in self.missing(task.stage):
            if shuffle is None:
                self.parts = tuple(sorted((*self.parts, (task.partition, part)), key=itemgetter(0)))
            else:
                written = Located(Output(shuffle, task.partition), executor, incarnation)
                self.outputs = tuple(sorted((*self.outputs, written)))
        for one in self.attempts_at(task):
            out.send(one.executor, Kill(one.task))

    def attempts_at(self, task: Task) -> list[Running]:
        """The attempts that run to compute the same as this one."""
        return [one for one in self.running if (one.task.stage, one.task.partition) == (task.stage, task.partition)]

    def failed(self, task: Task, missing: Located | None, executor: NodeId) -> None:
        """A task ended without result. What it could not fetch is gone, and so is its attempt at the stage."""
        self.forget(frozenset({Running(task, executor)}))
        if missing is None:
            return
        self.outputs = tuple(one for one in self.outputs if one != missing)
        self.cached = tuple(one for one in self.cached if one != missing)
        if isinstance(missing.block, Output):
            self.sets = tuple(one for one in self.sets if (one.stage, one.round) != (task.stage, task.round))

    def forget(self, ended: frozenset[Running]) -> None:
        """These attempts run no more, and may not publish."""
        self.running = tuple(one for one in self.running if one not in ended)
        self.permitted = tuple(task for task in self.permitted if task not in {one.task for one in ended})

    def lose(self, executor: NodeId, incarnation: int) -> None:
        """An executor came back empty: all that it held and all that it ran is lost."""
        self.forget(frozenset(one for one in self.running if one.executor == executor))
        self.outputs = tuple(one for one in self.outputs if one.executor != executor)
        self.cached = tuple(one for one in self.cached if one.executor != executor)
        known = zip(self.executors, self.incarnations, strict=True)
        self.incarnations = tuple(incarnation if name == executor else old for name, old in known)

    def permits(self, task: Task, executor: NodeId) -> bool:
        """Whether an attempt may publish: it runs, and no other one may."""
        rivals = [one for one in self.permitted if (one.stage, one.partition) == (task.stage, task.partition)]
        if Running(task, executor) in self.running and not rivals:
            self.permitted = tuple(sorted((*self.permitted, task)))
        return task in self.permitted

    def speculate(self, out: Out) -> None:
        """Start a second attempt at a task that runs, where an executor is free for it."""
        alone = [one.task for one in self.running if len(self.attempts_at(one.task)) == 1]
        sets = {(one.stage, one.round): one for one in self.sets}
        slow = [task for task in alone if (task.stage, task.round) in sets]
        if self.free and slow and self.copies:
            self.copies -= 1
            self.launch(sets[slow[0].stage, slow[0].round], slow[0].partition, self.free[0], out)
