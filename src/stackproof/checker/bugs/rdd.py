"""Published bugs of Spark, each in the smallest cluster that shows it; with `--fixed` as it was mended.

The mended variant is asked under the same bounds. A goal shows that in both what sets the bug off can happen.
"""

from attrs import evolve

from stackproof.checker.bugs import rdd_variants as variant
from stackproof.checker.faults import Faults
from stackproof.checker.invariants.lineage import (
    one_output_commit_per_partition,
    the_result_equals_the_failure_free_result,
    work,
)
from stackproof.checker.scenario import Property, Scenario
from stackproof.checker.scenarios.rdd import Add, cluster
from stackproof.checker.world import World
from stackproof.reference.processing.actions import Job, Save
from stackproof.reference.processing.dag_scheduler import Driver
from stackproof.reference.processing.executor import Executor, Storage
from stackproof.reference.processing.partitioners import HashPartitioner
from stackproof.reference.processing.rdd import parallelize
from stackproof.reference.processing.stages import Program
from stackproof.reference.processing.tasks import Failed


def probed(scenario: Scenario, probe: Property) -> Scenario:
    """The scenario with a probe for what sets the bug off."""
    return evolve(scenario, goals=(probe,), always_reachable=())


def spark_23207(fixed: bool = False, dealers: int = 1, rolls_back: bool = False) -> Scenario:
    """SPARK-23207: rows dealt out in turn, in the order in which they arrive; run again, they are dealt otherwise.

    Mended: they are sorted first; or, with `rolls_back`, their readers begin anew with them (SPARK-23243). Each of two
    map tasks has a row for each of the tasks that deal them out, and two tasks read them.
    """
    pairs = parallelize([(dealer, dealer + dealers * half) for half in range(2) for dealer in range(dealers)], 2)
    dealt = pairs.partition_by(HashPartitioner(dealers)).values().repartition(2, batch=1, sort=fixed)
    program = Program((Job(dealt),), arrival_order=True)
    asked = (the_result_equals_the_failure_free_result,)
    driver = variant.RollsBack if rolls_back else Driver
    scenario = cluster(program, executors=2, crashes=1, driver=driver, invariants=asked)
    return probed(scenario, a_reader_has_ended_when_the_rows_are_dealt_again)


def a_reader_has_ended_when_the_rows_are_dealt_again(world: World) -> bool:
    """One reader's result is in, and what it read is written once more for the other."""
    seen, last = work(world), world.nodes["driver"].program.shuffles[-1]
    outputs = world.nodes["driver"].program.outputs(last)
    return bool(world.nodes["driver"].parts) and any(seen.times(output) > 1 for output in outputs)


def spark_4879(fixed: bool = False) -> Scenario:
    """SPARK-4879: two attempts at a task publish, and the one that is killed deletes what the other published."""
    program = Program((Job(parallelize([1], 1), Save()),))
    driver, executor = (Driver, Executor) if fixed else (variant.LetsEverybodyCommit, variant.CleansUp)
    asked = (one_output_commit_per_partition,)
    scenario = cluster(program, 2, crashes=0, copies=1, driver=driver, executor=executor, invariants=asked)
    return probed(scenario, two_attempts_want_to_publish)


def two_attempts_want_to_publish(world: World) -> bool:
    """Two executors hold the output of the same partition."""
    ready = [node for node in world.nodes.values() if isinstance(node, Executor) and node.saving is not None]
    return len(ready) > 1


def spark_39195(fixed: bool = False) -> Scenario:
    """SPARK-39195: an attempt publishes, is lost before it says so, and the next one publishes beside it."""
    program = Program((Job(parallelize([1], 1), Save()),))
    storage = Storage if fixed else variant.OnePathPerAttempt
    scenario = cluster(program, executors=2, crashes=1, storage=storage)
    return probed(scenario, a_task_runs_again_though_its_output_is_there)


def a_task_runs_again_though_its_output_is_there(world: World) -> bool:
    """The output of a partition is there, and a second attempt to compute it runs."""
    return bool(world.nodes["storage"].files) and any(one.task.attempt for one in world.nodes["driver"].running)


def spark_18886(fixed: bool = False, tasks: int = 3, wait: int = 1) -> Scenario:
    """SPARK-18886: an executor far from the data stays idle for as long as another one finishes tasks near it."""
    source = parallelize(range(tasks), tasks, (("e0",),) * tasks)
    driver = Driver if fixed else variant.WaitsAnew
    scenario = cluster(Program((Job(source),)), executors=2, crashes=0, wait=wait, driver=driver)
    return probed(scenario, a_near_task_starts_while_an_executor_waits)


def a_near_task_starts_while_an_executor_waits(world: World) -> bool:
    """An executor was passed over, and another one has got its second task."""
    return bool(work(world).passed) and len(world.nodes["driver"].attempts) > 1


def spark_8103(fixed: bool = False) -> Scenario:
    """SPARK-8103: the second report of one and the same lost map output begins a second new attempt at the stage."""
    pairs = parallelize([(0, 0), (1, 1)], 1, (("e2",),))
    program = Program((Job(pairs.reduce_by_key(Add(), 2)),))
    driver = Driver if fixed else variant.TrustsOldReports
    scenario = cluster(program, executors=3, crashes=1, driver=driver)
    last = evolve(scenario, faults=Faults(crashes=1, victims=("e2",)))
    return probed(last, an_old_report_meets_a_new_attempt)


def an_old_report_meets_a_new_attempt(world: World) -> bool:
    """A fetch failure of an earlier attempt is on its way when the next one has begun."""
    rounds = {one.stage: one.round for one in world.nodes["driver"].sets}
    reports = (envelope.message for envelope in world.sent(Failed))
    return any(one.missing and one.task.round < rounds.get(one.task.stage, 0) for one in reports)


def spark_7829(fixed: bool = False) -> Scenario:
    """SPARK-7829: a map task that runs again appends to the file of the first, under an index that begins at 0."""
    pairs = parallelize([(0, 0), (1, 1)], 1)
    program = Program((Job(pairs.partition_by(HashPartitioner(2))),))
    executor = variant.WritesBucketByBucket if fixed else variant.Appends
    scenario = cluster(program, executors=1, crashes=1, executor=executor)
    return probed(scenario, a_map_task_runs_again_beside_its_old_file)


def a_map_task_runs_again_beside_its_old_file(world: World) -> bool:
    """An executor came back, and runs a map task of which there is something on its disk."""
    workers = [node for node in world.nodes.values() if isinstance(node, variant.WritesBucketByBucket)]
    return any(node.incarnation and node.rest and node.file for node in workers)
