"""Drivers: a framework that gets executors from offers, and who schedules a job's tasks on them.

Hindman et al., NSDI 2011, section 3.1: resource offers go to the framework's scheduler, its executors run on agents. To
Mesos an executor is a task that does not end by itself. Once it is up it registers with the scheduler of the job, which
hears of its loss from the framework, or from its own pings, or when a message to it bounces: whichever comes first.
"""

from typing import Any

from attrs import define, evolve, field

from stackproof.reference.actor import Bounced, NodeId, Out
from stackproof.reference.processing.mapreduce.file_system import output
from stackproof.reference.processing.mapreduce.master import Status
from stackproof.reference.processing.mapreduce.messages import Append, Rename, Watch, Write
from stackproof.reference.stack.site import Part, Refused, layer, part
from stackproof.reference.stack.tasks import Gone
from stackproof.reference.stack.user import JobDone, Submit


@define
class Driver:
    """What drivers have in common; `user` is told when the job is done.

    framework  the part that deals with Mesos     scheduler  the part that schedules the job's tasks
    """

    id: NodeId
    user: NodeId
    framework: Part
    scheduler: Part
    begun: bool = False
    over: bool = False

    def receive(self, message: Any, source: NodeId, out: Out) -> None:
        match message:
            case Submit(places):
                if not self.begun:
                    self.begun = True
                    self.scheduler = self.placed(places).after(lambda node: node.start(out))
                    self.framework = self.framework.after(lambda node: node.start(out))
            case Refused(refused):
                self.hear(Bounced(refused), source, out)
            case Bounced() if layer(message) == "scheduling":
                pass
            case _ if layer(message) == "scheduling":
                self.hear_mesos(message, source, out)
            case _:
                self.hear(message, source, out)
        self.look_to_the_end(out)

    def hear_mesos(self, message: Any, source: NodeId, out: Out) -> None:
        """A message for the framework; tasks that are over were executors."""
        before = self.framework.node.tasks
        self.framework = self.framework.hearing(message, source, out)
        left = {known.id for known in self.framework.node.tasks}
        for known in before:
            if known.id not in left:
                self.lose(known.agent, known.id.number, out)

    def look_to_the_end(self, out: Out) -> None:
        """Once the job is over, tell the user, and give everything back."""
        if self.begun and not self.over and self.done:
            self.over = True
            out.send(self.user, self.report)
            self.framework = self.framework.after(lambda node: node.leave(out)).having(connected=False, tasks=())

    def placed(self, places: tuple[tuple[NodeId, ...], ...]) -> Part:
        """The scheduler, once it knows where the input lies."""
        raise NotImplementedError

    def hear(self, message: Any, source: NodeId, out: Out) -> None:
        """A message for the scheduler."""
        self.scheduler = self.scheduler.hearing(message, source, out)

    def lose(self, machine: NodeId, number: int, out: Out) -> None:
        """The executor of this number, on a machine, is no more."""
        raise NotImplementedError

    @property
    def done(self) -> bool:
        """Whether the job is over."""
        raise NotImplementedError

    @property
    def report(self) -> JobDone:
        """What the user is told."""
        raise NotImplementedError


@define
class MapReduceDriver(Driver):
    """The master of a MapReduce job as a framework; `files`: the names of its output, and their blocks."""

    files: Part = None  # type: ignore[assignment]

    def placed(self, places: tuple[tuple[NodeId, ...], ...]) -> Part:
        plan = evolve(self.scheduler.node.plan, replicas=places)
        return part(type(self.scheduler.node)(self.id, plan))

    def hear(self, message: Any, source: NodeId, out: Out) -> None:
        if isinstance(message, Write | Append | Rename):
            self.files = self.files.hearing(message, source, out)
        else:
            Driver.hear(self, message, source, out)

    def lose(self, machine: NodeId, number: int, out: Out) -> None:
        self.scheduler = self.scheduler.hearing(Bounced(Watch()), machine, out)

    @property
    def done(self) -> bool:
        return bool(self.scheduler.node.status is Status.DONE)

    @property
    def report(self) -> JobDone:
        held = {file.name: file.records for file in self.files.node.files}
        names = [output(number) for number in range(self.scheduler.node.plan.reduces)]
        return JobDone(tuple(tuple(key for key, _ in held[name]) for name in names))


@define
class RDDDriver(Driver):
    """The driver of a program of RDDs as a framework; `keys` are those of its input."""

    keys: tuple[int, ...] = field(kw_only=True)

    def placed(self, places: tuple[tuple[NodeId, ...], ...]) -> Part:
        return self.scheduler.having(placed=tuple(zip(self.keys, places, strict=True)))

    def lose(self, machine: NodeId, number: int, out: Out) -> None:
        self.scheduler = self.scheduler.hearing(Gone(number), machine, out)

    @property
    def done(self) -> bool:
        scheduler = self.scheduler.node
        return len(scheduler.answers) == len(scheduler.program.jobs)

    @property
    def report(self) -> JobDone:
        return JobDone((), self.scheduler.node.answers)
