"""RDDs as a tired engineer might run them: every property catches the mistake it is there for."""

from typing import Any

import pytest
from attrs import define, evolve, frozen

from stackproof.checker.explore.limits import Limits
from stackproof.checker.explore.plain import explore_plainly
from stackproof.checker.invariants.lineage import (
    exactly_what_lineage_requires_is_computed_again as exactly_what_lineage_requires,
)
from stackproof.checker.invariants.lineage import lineage_is_acyclic_and_complete
from stackproof.checker.report import Report, Verdict
from stackproof.checker.scenario import Scenario
from stackproof.checker.scenarios.rdd import Add, Plus, between_the_jobs, cluster, rdd, rdd_shuffle
from stackproof.reference.actor import NodeId, Out
from stackproof.reference.processing.actions import Job
from stackproof.reference.processing.dag_scheduler import Driver, TaskSet
from stackproof.reference.processing.executor import Block, Executor, Path, Storage
from stackproof.reference.processing.operators import Elements, Map
from stackproof.reference.processing.rdd import (
    RDD,
    Coalesced,
    Dependency,
    Narrow,
    PerPartition,
    one_to_one,
    parallelize,
)
from stackproof.reference.processing.stages import Program
from stackproof.reference.processing.tasks import Bucket, Located, Output, Registered, Task, ToDriver

RECOMPUTED = "a_recomputed_partition_equals_the_lost_one"
RESULT = "the_result_equals_the_failure_free_result"
NARROW = "narrow_loss_recomputes_only_its_ancestors"
EXACTLY = "exactly_what_lineage_requires_is_computed_again"
COMMIT = "one_output_commit_per_partition"
READS = "shuffle_reads_a_consistent_set_of_map_outputs"


def mutated(scenario: Scenario, **mutants: type) -> Scenario:
    """The scenario with its driver, its executors or its storage made by others."""

    def made(node: Any) -> Any:
        if isinstance(node, Driver) and "driver" in mutants:
            return mutants["driver"](node.id, node.program, node.executors, node.wait, node.copies)
        if isinstance(node, Executor) and "executor" in mutants:
            return mutants["executor"](node.id, node.program, node.driver, node.storage, node.room)
        return mutants["storage"](node.id) if isinstance(node, Storage) and "storage" in mutants else node

    return evolve(scenario, nodes=tuple(map(made, scenario.nodes)))


def asked(scenario: Scenario, *properties: str) -> Scenario:
    """The scenario, asked for these properties only."""
    known = {one.__name__: one for one in scenario.invariants}
    return evolve(scenario, invariants=tuple(known[name] for name in properties), always_reachable=())


def explored(scenario: Scenario) -> Report:
    return explore_plainly(scenario, Limits())


def violated(scenario: Scenario) -> list[str]:
    return [one.property for one in explored(scenario).violated]


@define
class Sloppy(Executor):
    """Comes back, and loses the last element of what it computes."""

    def write(self, task: Task, output: Output, elements: Elements, out: Out) -> None:
        Executor.write(self, task, output, elements[:-1] if self.incarnation else elements, out)


def test_a_map_task_that_writes_less_when_it_runs_again() -> None:
    assert violated(mutated(rdd_shuffle(), executor=Sloppy)) == [RECOMPUTED]


@define
class Shrugs(Executor):
    """Takes a bucket that it cannot fetch for an empty one."""

    def gather(self, task: Task, block: Block, elements: Elements | None, out: Out) -> None:
        Executor.gather(self, task, block, elements or (), out)


@pytest.mark.parametrize("name", [RESULT, READS])
def test_a_reader_that_takes_a_lost_bucket_for_an_empty_one(name: str) -> None:
    assert violated(asked(mutated(rdd_shuffle(), executor=Shrugs), name)) == [name]


@define
class Neighbour(Executor):
    """Serves the bucket next to the one that was asked for."""

    def here(self, block: Block) -> Elements | None:
        if isinstance(block, Bucket) and block.output in dict(self.outputs):
            return Executor.here(self, evolve(block, reader=1 - block.reader))
        return Executor.here(self, block)


def test_an_executor_that_serves_the_wrong_bucket() -> None:
    assert violated(asked(mutated(rdd_shuffle(crashes=0), executor=Neighbour), READS)) == [READS]


@define
class ReadsOneTwice(Executor):
    """Reads the first map output again instead of the last."""

    def read(self, buckets: tuple[Bucket, ...], out: Out) -> list[Elements]:
        return Executor.read(self, (*buckets[:-1], buckets[0]), out)


def test_a_reader_that_reads_one_map_output_twice_and_another_one_not_at_all() -> None:
    assert violated(asked(mutated(rdd_shuffle(crashes=0), executor=ReadsOneTwice), READS)) == [READS]


@define
class Panics(Driver):
    """Forgets all map outputs and all cached partitions when one executor is lost."""

    def lose(self, executor: NodeId, incarnation: int) -> None:
        Driver.lose(self, executor, incarnation)
        self.outputs, self.cached = (), ()


@pytest.mark.parametrize("scenario", [rdd_shuffle(), rdd(partitions=2, wide=True)])
def test_a_driver_that_has_everything_computed_again(scenario: Scenario) -> None:
    assert violated(asked(mutated(scenario, driver=Panics), NARROW)) == [NARROW]


@define
class Eager(Driver):
    """Looks for the shuffles of a task although its partition is cached."""

    def lacking(self, rdd: int, partition: int) -> Any:
        if set(self.program.outputs(rdd)) - {located.block for located in self.outputs}:
            yield rdd
        for parent, needed in self.program.parents(rdd, partition):
            yield from self.lacking(parent, needed)


def test_a_driver_that_has_map_outputs_computed_that_nobody_needs() -> None:
    pairs = parallelize([(0, 1), (0, 2)], 2)
    summed = pairs.reduce_by_key(Add(), 1).persist()
    scenario = cluster(Program((Job(summed), Job(summed))), 2, 1, invariants=(exactly_what_lineage_requires,))
    rare = evolve(scenario, faults=evolve(scenario.faults, may=between_the_jobs))
    assert explored(rare).verdict is Verdict.HELD
    assert violated(mutated(rare, driver=Eager)) == [EXACTLY]


@define
class EveryAttempt(Storage):
    """Keeps what every attempt publishes."""

    def path(self, task: Task) -> Path:
        return task.stage, task.partition, task.attempt


@define
class Generous(Driver):
    """Lets every attempt publish."""

    def permits(self, task: Task, executor: NodeId) -> bool:
        return True


def test_outputs_of_two_attempts_side_by_side() -> None:
    scenario = rdd_shuffle(maps=1, reducers=1, crashes=0, copies=2, save=True)
    assert explored(scenario).verdict is Verdict.HELD
    assert violated(asked(mutated(scenario, driver=Generous, storage=EveryAttempt), COMMIT)) == [COMMIT]


@define
class Absent(Storage):
    """Says that it has published, and has not."""

    def path(self, task: Task) -> Path:
        return task.stage, -1, 0


def test_a_job_that_is_over_without_its_output() -> None:
    scenario = rdd_shuffle(maps=1, reducers=1, crashes=0, save=True)
    assert violated(asked(mutated(scenario, storage=Absent), COMMIT)) == [COMMIT]


@define
class Gullible(Driver):
    """Believes an old registration, too."""

    def receive(self, message: ToDriver, source: NodeId, out: Out) -> None:
        if isinstance(message, Registered):
            self.lose(source, message.incarnation)
            self.advance(out)
        else:
            Driver.receive(self, message, source, out)


def test_a_driver_that_believes_registrations_in_any_order() -> None:
    assert violated(asked(mutated(rdd_shuffle(crashes=2), driver=Gullible), NARROW)) == [NARROW]


@define
class Counts(Driver):
    """Begins the wait anew upon each offer."""

    def launch(self, one: TaskSet, partition: int, executor: NodeId, out: Out) -> None:
        Driver.launch(self, one, partition, executor, out)
        self.sets = tuple(evolve(other, skips=0) for other in self.sets)


def test_a_wait_that_begins_anew_with_every_launch() -> None:
    name = "an_idle_executor_is_used_within_the_wait"
    source = parallelize(range(4), 4, (("e0",),) * 4)
    scenario = cluster(Program((Job(source),)), executors=2, crashes=0, wait=1)
    assert explored(scenario).verdict is Verdict.HELD
    assert violated(asked(mutated(scenario, driver=Counts), name)) == [name]


@define
class Restless(Driver):
    """Begins an attempt at a stage that is under way."""

    def failed(self, task: Task, missing: Located | None, executor: NodeId) -> None:
        Driver.failed(self, task, None, executor)
        self.begin(task.stage)


def test_an_attempt_begun_beside_another_one() -> None:
    name = "one_attempt_of_a_stage_is_active"
    assert violated(asked(mutated(rdd_shuffle(), driver=Restless), name)) == [name]


@define
class Deaf(Driver):
    """Does not hear that an executor came back."""

    def lose(self, executor: NodeId, incarnation: int) -> None:
        pass


def test_what_must_stay_reachable_catches_a_driver_that_waits_for_the_lost() -> None:
    assert violated(mutated(rdd_shuffle(), driver=Deaf)) == ["the_jobs_can_end"]


@define
class Idle(Driver):
    """Launches nothing."""

    def launch(self, one: TaskSet, partition: int, executor: NodeId, out: Out) -> None:
        pass


def test_a_goal_catches_a_driver_that_launches_nothing() -> None:
    scenario = mutated(rdd_shuffle(crashes=0), driver=Idle)
    assert violated(evolve(scenario, always_reachable=())) == ["every_job_is_answered"]


@frozen(cache_hash=True)
class InMemory(RDD):
    """A collection that only the program has."""

    elements: Elements

    @property
    def partitions(self) -> int:
        return 1

    @property
    def dependencies(self) -> tuple[Dependency, ...]:
        return ()


@frozen(cache_hash=True)
class OffByOne(Coalesced):
    """Takes the partitions after its own."""

    @property
    def dependencies(self) -> tuple[Dependency, ...]:
        needs = Coalesced.dependencies.fget(self)[0].needs  # type: ignore[attr-defined]
        return (Narrow(self.parent, tuple(tuple(p + 1 for p in needed) for needed in needs)),)


@frozen(cache_hash=True)
class Forgets(Coalesced):
    """Says of its last partition nothing."""

    @property
    def dependencies(self) -> tuple[Dependency, ...]:
        return (Narrow(self.parent, Coalesced.dependencies.fget(self)[0].needs[:-1]),)  # type: ignore[attr-defined]


@frozen(cache_hash=True)
class Itself(PerPartition):
    """Is made of itself, once it is asked."""

    @property
    def dependencies(self) -> tuple[Dependency, ...]:
        return (one_to_one(self),)


@define
class Holder:
    """A node that has a program and does nothing with it."""

    id: NodeId
    program: Program

    def receive(self, message: Any, source: NodeId, out: Out) -> None:
        pass


SOURCE = parallelize(range(4), 4)


@pytest.mark.parametrize(
    ("lineage", "reason"),
    [
        (InMemory((1,)).map(Plus()), "a InMemory is on no stable storage and made of nothing"),
        (OffByOne(SOURCE, 2), "a OffByOne needs partition 4 of a parent that has 4"),
        (Forgets(SOURCE, 2), "a Forgets of 2 partitions says of 1 what they need"),
        (Itself(SOURCE, Map(Plus())), "a Itself is made of itself"),
    ],
)
def test_a_lineage_from_which_nothing_can_be_rebuilt(lineage: RDD, reason: str) -> None:
    scenario = Scenario(
        nodes=(Holder("driver", Program((Job(lineage),))),), invariants=(lineage_is_acyclic_and_complete,)
    )
    (world,) = (world for _, world in scenario.initial())
    assert list(lineage_is_acyclic_and_complete(world)) == [reason]


def test_a_whole_lineage_has_no_flaw() -> None:
    lineage = SOURCE.key_by(Plus()).group_by_key(2).keys().cross_product(SOURCE).coalesce(3)
    scenario = Scenario(nodes=(Holder("driver", Program((Job(lineage),))),))
    (world,) = (world for _, world in scenario.initial())
    assert list(lineage_is_acyclic_and_complete(world)) == []
