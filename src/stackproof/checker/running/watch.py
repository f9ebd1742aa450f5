"""The properties of every layer, asked while a job runs.

Asking all of them after each event would take longer than the job. A property of a layer can only change its answer
when a node of that layer does, or comes or goes: so after each event the properties are asked of the layer whose part
of the machine (or of the driver) has just changed, and of every layer when a machine has come or gone. Two properties
look at all that is there; they are asked where something was added to it: that what map tasks leave is partitioned and
in order, of what was just left; what concerns output files, when a file has been written or renamed.

What is not asked: that the output of a completed map task is there or its loss is about to be told
(`completed_map_output_is_available_or_rerun`), since with pings nobody knows of a loss before the next one.
"""

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias
from zlib import crc32

from attrs import define, evolve, field, frozen

from stackproof.checker.host import Status
from stackproof.checker.invariants import blocks, lineage, offers, stack
from stackproof.checker.invariants import mapreduce as of_mapreduce
from stackproof.checker.invariants.lineage import Work
from stackproof.checker.running import layers
from stackproof.checker.running.layers import View
from stackproof.checker.scenarios.chord import CORRECT, NEEDED
from stackproof.checker.simulate.run import Run
from stackproof.reference.actor import NodeId
from stackproof.reference.processing.mapreduce.worker import Worker
from stackproof.reference.processing.operators import Elements
from stackproof.reference.processing.tasks import Computed, Read
from stackproof.reference.stack.drivers import MapReduceDriver, RDDDriver
from stackproof.reference.stack.machine import Machine
from stackproof.reference.stack.masters import WatchfulMaster

Claim: TypeAlias = Callable[[Any], Any]
RING: tuple[Claim, ...] = (*NEEDED, *CORRECT)
BLOCKS: tuple[Claim, ...] = (
    blocks.acknowledged_blocks_survive,
    blocks.reads_return_what_was_written,
    blocks.reads_find_what_was_acknowledged,
)
TASKS: tuple[Claim, ...] = (of_mapreduce.a_task_has_at_most_one_backup,)
LEFT: tuple[Claim, ...] = (of_mapreduce.intermediate_files_are_partitioned_and_in_order,)
FILES: tuple[Claim, ...] = (
    of_mapreduce.one_output_commit_per_task,
    of_mapreduce.an_output_file_is_whole_as_soon_as_it_is_there,
    of_mapreduce.the_output_equals_the_plain_one,
    of_mapreduce.counters_count_each_task_once,
    of_mapreduce.a_completed_reduce_has_its_output,
)

RDDS: tuple[Claim, ...] = (
    lineage.a_recomputed_partition_equals_the_lost_one,
    lineage.shuffle_reads_a_consistent_set_of_map_outputs,
    lineage.lineage_is_acyclic_and_complete,
    lineage.one_attempt_of_a_stage_is_active,
)
ANSWERS: tuple[Claim, ...] = (lineage.the_result_equals_the_failure_free_result,)


@frozen(cache_hash=True)
class Digests(Work):
    """The monitor of lineage, which keeps of every partition no more than a digest that knows no order."""

    def observe(self, node: NodeId, event: Any) -> Work:
        """The monitor after an event at a node."""
        match event:
            case Computed(block, parts):
                return super().observe(node, Computed(block, tuple(map(digested, parts))))
            case Read(buckets):
                return super().observe(node, Read(tuple((bucket, digested(elements)) for bucket, elements in buckets)))
            case _:
                return super().observe(node, event)


def digested(elements: Elements) -> Elements:
    """A bag of elements as one number."""
    return (sum(crc32(repr(one).encode()) for one in elements), len(elements))


@define
class Watch:
    """Asks the properties of the layers that have changed.

    before   what each machine, master and driver was like when it was looked at last
    asked    how often each property was asked
    found    the first reason against one, with its name
    """

    before: dict[NodeId, Any] = field(factory=dict)
    asked: dict[str, int] = field(factory=dict)
    found: tuple[str, str] | None = None

    def look(self, run: Run) -> bool:
        """Ask what may have changed with the last event; whether something is wrong."""
        place = run.actor
        now = (place.status, *parts(place.node))
        before, self.before[place.name] = self.before.get(place.name), now
        whole = layers.seen(run)
        if before is None or before[0] is not now[0]:
            self.ask(layers.ring(whole), (*RING, *BLOCKS))
            self.ask(layers.offers(whole), offers.SAFE)
            self.ask(whole, stack.PROPERTIES)
        elif place.status is Status.UP:
            self.compare(whole, place.node, before[1:], now[1:])
        return self.found is not None

    def compare(self, whole: View, node: Any, before: tuple[Any, ...], now: tuple[Any, ...]) -> None:
        """Ask of the layers whose parts differ."""
        changed = [old is not new and old != new for old, new in zip(before, now, strict=True)]
        match node:
            case Machine():
                ring, held, scheduled, executors = changed
                if ring:
                    self.ask(layers.ring(whole), RING)
                if held:
                    self.ask(layers.ring(whole), BLOCKS)
                if scheduled:
                    self.ask(layers.offers(whole), offers.SAFE)
                    self.ask(whole, stack.PROPERTIES)
                if executors:
                    self.ask(newly_left(whole, node, before[-1]), LEFT)
            case WatchfulMaster():
                if any(changed):
                    self.ask(layers.offers(whole), offers.SAFE)
            case MapReduceDriver():
                framework, scheduler, files = changed
                if framework:
                    self.ask(layers.offers(whole), offers.SAFE)
                if scheduler:
                    self.ask(layers.mapreduce(whole), TASKS)
                if files:
                    self.ask(whole, stack.PROPERTIES)
                    self.ask(layers.mapreduce(whole), FILES)
            case RDDDriver():
                framework, scheduler, answers = changed
                if framework:
                    self.ask(layers.offers(whole), offers.SAFE)
                if scheduler:
                    self.ask(layers.rdds(whole), RDDS)
                if answers:
                    self.ask(layers.rdds(whole), ANSWERS)
            case _:
                pass

    def ask(self, view: View, claims: tuple[Claim, ...]) -> None:
        """Ask some properties of a view; the first reason is kept."""
        for claim in claims:
            self.asked[claim.__name__] = self.asked.get(claim.__name__, 0) + 1
            reason = next(iter(claim(view) or ()), None)
            if reason is not None and self.found is None:
                self.found = (claim.__name__, reason)


def parts(node: Any) -> tuple[Any, ...]:
    """What a node is made of, layer by layer: to see which of them an event has changed."""
    match node:
        case Machine():
            store = node.store.node
            ring = (store.joined, store.successors, store.predecessor, store.asking)
            return ring, (store.items, store.operations), node.agent, tuple(outputs(node))
        case WatchfulMaster():
            return (node.books,)
        case MapReduceDriver():
            over = node.scheduler.node.status, completed(node)
            return node.framework, node.scheduler, (node.files, over)
        case RDDDriver():
            return node.framework, node.scheduler, node.scheduler.node.answers
        case _:
            return ()


def completed(driver: MapReduceDriver) -> tuple[Any, ...]:
    """The tasks of a job that are completed."""
    return tuple(task for task, entry in driver.scheduler.node.table if entry.holder is not None)


def outputs(machine: Machine) -> Iterator[Any]:
    """What the map tasks left that ran on a machine."""
    for executor in machine.executors:
        if isinstance(node := executor.part.node, Worker):
            yield from node.outputs


def newly_left(whole: View, machine: Machine, before: tuple[Any, ...]) -> View:
    """The workers on a machine, with what they left since they were looked at before."""
    known = {id(one) for one in before}
    workers = (node for executor in machine.executors if isinstance(node := executor.part.node, Worker))
    new = ((one, tuple(left for left in one.outputs if id(left) not in known)) for one in workers)
    return evolve(whole, nodes={worker.id: evolve(worker, outputs=outputs) for worker, outputs in new})
