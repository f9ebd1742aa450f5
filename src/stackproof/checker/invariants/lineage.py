"""What lineage promises: what was lost comes back as it was, and nobody can tell from the result.

Zaharia et al., "Resilient Distributed Datasets", NSDI 2012, sections 2.1 (lost partitions are recomputed from their
lineage, in parallel and only they), 4 (dependencies) and 5.1 (stages). The commit of outputs is as in MapReduce (Dean
and Ghemawat, OSDI 2004, section 3.3). They read the monitor "work"; contents are compared as bags, except for the
result, whose order counts where the program says so.
"""

from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, TypeAlias

from attrs import evolve, frozen

from stackproof.checker.values import canonical
from stackproof.checker.world import World
from stackproof.reference.actor import NodeId
from stackproof.reference.processing.actions import Job, Save, run
from stackproof.reference.processing.operators import Elements
from stackproof.reference.processing.rdd import RDD, Level, Narrow, Source
from stackproof.reference.processing.stages import Program
from stackproof.reference.processing.tasks import Bucket, Cached, Computed, Evicted, Lost, Offered, Output, Read

Block: TypeAlias = Cached | Output
Bags: TypeAlias = tuple[Elements, ...]


def bag(elements: Elements) -> Elements:
    """The elements in an order of their own, whatever order they came in."""
    return tuple(sorted(elements, key=canonical))


@frozen(cache_hash=True)
class Work:
    """A monitor: what executors computed, held, lost and read.

    computed   (block, contents, how often it was computed so)
    lost       (block, how often an executor that held it was lost, or dropped it)
    held       (block, executor)
    reads      (bucket, contents)
    odd        shuffles of which a task read not exactly one bucket from each map task
    passed     ((executor, stage, its attempt), in how many rounds of offers in a row it was passed over)
    """

    computed: tuple[tuple[Block, Bags, int], ...] = ()
    lost: tuple[tuple[Block, int], ...] = ()
    held: frozenset[tuple[Block, NodeId]] = frozenset()
    reads: frozenset[tuple[Bucket, Elements]] = frozenset()
    odd: frozenset[tuple[Output, ...]] = frozenset()
    passed: tuple[tuple[tuple[NodeId, int, int], int], ...] = ()

    def observe(self, node: NodeId, event: Any) -> "Work":
        """The monitor after an event at a node."""
        match event:
            case Computed(block, parts):
                again = {(one, bags): times for one, bags, times in self.computed}
                key = (block, tuple(map(bag, parts)))
                again[key] = again.get(key, 0) + 1
                computed = sorted(((*pair, times) for pair, times in again.items()), key=repr)
                return evolve(self, computed=tuple(computed), held=self.held | {(block, node)})
            case Evicted(blocks):
                return self.dropped(node, frozenset(blocks))
            case Lost():
                return self.dropped(node, frozenset(block for block, holder in self.held if holder == node))
            case Read(buckets):
                outputs = tuple(sorted(bucket.output for bucket, _ in buckets))
                read = frozenset((bucket, bag(elements)) for bucket, elements in buckets)
                return evolve(self, reads=self.reads | read, odd=self.odd | {outputs})
            case Offered(passed):
                before = dict(self.passed)
                return evolve(self, passed=tuple((one, before.get(one, 0) + 1) for one in passed))
            case _:
                return self

    def dropped(self, node: NodeId, blocks: frozenset[Block]) -> "Work":
        """The monitor after a node dropped what it held of some blocks."""
        gone = {(block, holder) for block, holder in self.held if holder == node and block in blocks}
        lost = Counter(dict(self.lost)) + Counter(block for block, _ in gone)
        return evolve(self, held=self.held - gone, lost=tuple(sorted(lost.items(), key=repr)))

    def times(self, block: Block) -> int:
        """How often a block was computed."""
        return sum(times for one, _, times in self.computed if one == block)

    def versions(self, block: Block) -> tuple[Bags, ...]:
        """The different contents that a block was computed with."""
        return tuple(bags for one, bags, _ in self.computed if one == block)

    @property
    def blocks(self) -> tuple[Block, ...]:
        """Every block that was ever computed."""
        return tuple(dict.fromkeys(block for block, _, _ in self.computed))


def work(world: World) -> Work:
    """What the executors have done so far."""
    seen: Work = world.monitors["work"]
    return seen


def a_recomputed_partition_equals_the_lost_one(world: World) -> Iterator[str]:
    """Whenever a partition is computed again, or a map task runs again, the same comes of it."""
    seen = work(world)
    for block in seen.blocks:
        if len(seen.versions(block)) > 1:
            first, second = seen.versions(block)[:2]
            yield f"{block} was once {first} and once {second}"


def the_result_equals_the_failure_free_result(world: World) -> Iterator[str]:
    """Every answer, and every file that a finished job left, is that of a machine that never fails."""
    driver = world.nodes["driver"]
    same = unordered if driver.program.arrival_order else identical
    for place, answer in enumerate(driver.answers):
        job = driver.program.jobs[place]
        saved = isinstance(job.action, Save)
        came = published(world, driver.program, place) if saved else answer
        expected = answer_of(Job(job.rdd)) if saved else answer_of(job)
        if same(came) != same(expected):
            yield f"job {place} came to {came}, and should to {expected}"


@lru_cache(maxsize=64)
def answer_of(job: Job) -> Any:
    """The answer of a machine that never fails."""
    return run(job)


def identical(answer: Any) -> Any:
    """An answer as it is."""
    return answer


def unordered(answer: Any) -> Any:
    """An answer whose order means nothing."""
    return bag(answer) if isinstance(answer, tuple) else answer


def published(world: World, program: Program, job: int) -> Elements:
    """All that a job's output files hold."""
    stage = program.stage_that_answers(job)
    return tuple(one for path, elements in world.nodes["storage"].files if path[0] == stage for one in elements)


def lineage_is_acyclic_and_complete(world: World) -> Iterator[str]:
    """Every partition can be rebuilt from stable storage: no RDD is made of itself, and none of nothing."""
    for program in dict.fromkeys(node.program for node in world.nodes.values() if hasattr(node, "program")):
        for job in program.jobs:
            yield from flaws(job.rdd)


@lru_cache(maxsize=256)
def flaws(rdd: RDD) -> tuple[str, ...]:
    """What is wrong with a lineage."""
    return tuple(flaws_above(rdd, ()))


def flaws_above(rdd: RDD, below: tuple[RDD, ...]) -> Iterator[str]:
    """What is wrong with an RDD and those it is made of."""
    name = type(rdd).__name__
    if any(rdd is one for one in below):
        yield f"a {name} is made of itself"
        return
    if not rdd.dependencies and not isinstance(rdd, Source):
        yield f"a {name} is on no stable storage and made of nothing"
    for dependency in rdd.dependencies:
        if isinstance(dependency, Narrow):
            yield from gaps(name, rdd, dependency)
        yield from flaws_above(dependency.parent, (*below, rdd))


def gaps(name: str, rdd: RDD, dependency: Narrow) -> Iterator[str]:
    """Partitions that a narrow dependency says nothing of, and partitions that it needs and that are not there."""
    if len(dependency.needs) != rdd.partitions:
        yield f"a {name} of {rdd.partitions} partitions says of {len(dependency.needs)} what they need"
    absent = sorted({p for needed in dependency.needs for p in needed if not 0 <= p < dependency.parent.partitions})
    if absent:
        yield f"a {name} needs partition {absent[0]} of a parent that has {dependency.parent.partitions}"


def narrow_loss_recomputes_only_its_ancestors(world: World) -> Iterator[str]:
    """Nothing is computed again that is still there: a block once, and once more for each time that it was lost.

    Tasks that run at the same time may each compute a partition that both need: second attempts at a task do, and tasks
    of two stages. It is asked where there is neither.
    """
    seen, lost = work(world), dict(work(world).lost)
    for block in seen.blocks:
        if seen.times(block) > 1 + lost.get(block, 0):
            yield f"{block} was computed {seen.times(block)} times, and lost {lost.get(block, 0)} times"


def exactly_what_lineage_requires_is_computed_again(world: World) -> Iterator[str]:
    """Where crashes strike only before the last job: it computes what is lost and needed, each block once."""
    if not every_job_is_answered(world):
        return
    seen, program, lost = work(world), world.nodes["driver"].program, dict(work(world).lost)
    again = {block for block in seen.blocks if seen.times(block) > 1}
    needed = required(program, frozenset(seen.blocks) - lost.keys())
    if again != needed:
        yield f"computed again were {sorted(map(str, again))}, and should {sorted(map(str, needed))}"


def required(program: Program, held: frozenset[Block]) -> frozenset[Block]:
    """The blocks that the last job of a program has to compute where these are held."""

    def of(rdd: int, partition: int) -> Iterator[Block]:
        block = Cached(rdd, partition)
        if block in held:
            return
        if program.rdds[rdd].level is not Level.NONE:
            yield block
        for output in program.outputs(rdd):
            if output not in held:
                yield output
                yield from of(program.written_from(rdd), output.partition)
        for parent, needed in program.parents(rdd, partition):
            yield from of(parent, needed)

    last = program.stages[-1]
    return frozenset(block for partition in last.partitions for block in of(last.rdd, partition))


def one_output_commit_per_partition(world: World) -> Iterator[str]:
    """Of each partition at most one attempt's output is visible, and exactly one once the job is over."""
    driver, files = world.nodes["driver"], Counter(path[:2] for path, _ in world.nodes["storage"].files)
    for (_, partition), count in files.items():
        if count > 1:
            yield f"partition {partition} has {count} outputs"
    for place, _ in enumerate(driver.answers):
        stage = driver.program.stage_that_answers(place)
        if isinstance(driver.program.jobs[place].action, Save):
            gone = [p for p in driver.program.stages[stage].partitions if not files[stage, p]]
            yield from (f"job {place} is over and partition {partition} has no output" for partition in gone)


def shuffle_reads_a_consistent_set_of_map_outputs(world: World) -> Iterator[str]:
    """A task reads one bucket of each map task, and all tasks read what one and the same run of it wrote."""
    seen, program = work(world), world.nodes["driver"].program
    for outputs in seen.odd:
        if outputs != program.outputs(outputs[0].shuffle):
            yield f"a task read {outputs}"
    for block in sorted({bucket.output for bucket, _ in seen.reads}):
        reads = [(bucket.reader, contents) for bucket, contents in seen.reads if bucket.output == block]
        if not any(all(version[reader] == contents for reader, contents in reads) for version in seen.versions(block)):
            yield f"no one run of {block} wrote what was read of it: {sorted(reads)}"


def one_attempt_of_a_stage_is_active(world: World) -> Iterator[str]:
    """Of each stage at most one attempt is under way (SPARK-8103)."""
    for stage, count in Counter(one.stage for one in world.nodes["driver"].sets).items():
        if count > 1:
            yield f"{count} attempts of stage {stage} are under way"


def an_idle_executor_is_used_within_the_wait(world: World) -> Iterator[str]:
    """No executor is passed over more than `wait` times in a row while there are tasks to run (SPARK-18886)."""
    for (executor, stage, _), times in work(world).passed:
        if times > world.nodes["driver"].wait:
            yield f"stage {stage} passed {executor} over {times} times in a row"


def every_job_is_answered(world: World) -> bool:
    """All jobs are over."""
    driver = world.nodes["driver"]
    return len(driver.answers) == len(driver.program.jobs)


def a_lost_block_is_computed_again(world: World) -> bool:
    """Something was lost, and is there again."""
    seen = work(world)
    return any(seen.times(block) > 1 for block, _ in seen.lost)
