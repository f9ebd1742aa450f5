"""Map outputs that nobody has any more: published bugs of Hadoop, each a small change of what `mapreduce` has.

Each class names the report that it is after, and is kept to be found.
"""

from attrs import define

from stackproof.reference.actor import NodeId, Out
from stackproof.reference.processing.mapreduce.job import Counters
from stackproof.reference.processing.mapreduce.master import Master
from stackproof.reference.processing.mapreduce.messages import Kind, Locations, Task
from stackproof.reference.processing.mapreduce.tasks import Entry
from stackproof.reference.processing.mapreduce.worker import Reducing, Worker


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
