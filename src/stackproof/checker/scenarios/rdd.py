"""Resilient distributed datasets under questions: cached chains, shuffles, speculation, output."""

from typing import Any

from attrs import evolve, frozen

from stackproof.checker.faults import Faults
from stackproof.checker.host import ScenarioError
from stackproof.checker.invariants import lineage as property_of
from stackproof.checker.invariants.lineage import Work
from stackproof.checker.scenario import Scenario
from stackproof.checker.world import Event, World
from stackproof.reference.actor import NodeId
from stackproof.reference.processing.actions import Collect, Count, Job, Save
from stackproof.reference.processing.dag_scheduler import Driver
from stackproof.reference.processing.executor import Executor, Storage
from stackproof.reference.processing.rdd import Level, parallelize
from stackproof.reference.processing.stages import Program

DETERMINISTIC = (
    property_of.the_result_equals_the_failure_free_result,
    property_of.a_recomputed_partition_equals_the_lost_one,
    property_of.shuffle_reads_a_consistent_set_of_map_outputs,
    property_of.lineage_is_acyclic_and_complete,
    property_of.one_attempt_of_a_stage_is_active,
    property_of.an_idle_executor_is_used_within_the_wait,
)
FRUGAL = (property_of.narrow_loss_recomputes_only_its_ancestors,)
SAVED = (property_of.one_output_commit_per_partition,)


@frozen
class Plus:
    """A user's function: its argument plus n."""

    n: int = 1

    def __call__(self, x: int) -> int:
        """The sum."""
        return x + self.n


@frozen
class Add:
    """A user's function: the sum of two."""

    def __call__(self, a: int, b: int) -> int:
        """The sum."""
        return a + b


@frozen
class Whatever:
    """A user's function: everything will do."""

    def __call__(self, x: Any) -> bool:
        """True."""
        return True


def rdd(
    executors: int = 2,
    partitions: int = 4,
    crashes: int = 1,
    room: int = 0,
    wait: int = 0,
    wide: bool = False,
    between: bool = False,
) -> Scenario:
    """A chain of narrow transformations, cached, and two jobs on it: only what a crash takes is computed again.

    Executors crash, lose all that they hold, and come back. With `room` an executor's memory holds so many elements.
    With `wait` sources are near one executor each, and another one is passed over so many times. With `wide` there is a
    shuffle before the cached partitions. With `between` crashes strike only between the jobs: then exactly what lineage
    requires is computed again.
    """
    check(executors, partitions)
    places = tuple((f"e{p % executors}",) for p in range(partitions)) if wait else ()
    source = parallelize(range(partitions), partitions, places)
    summed = source.key_by(Plus()).reduce_by_key(Add()) if wide else source.map(Plus())
    cached = summed.persist(Level.MEMORY)
    program = Program((Job(cached, Count()), Job(cached.filter(Whatever()), Collect())))
    scenario = cluster(program, executors, crashes, wait=wait, room=room or None)
    if not between:
        return scenario
    exactly = property_of.exactly_what_lineage_requires_is_computed_again
    rare = evolve(scenario.faults, may=between_the_jobs)
    return evolve(scenario, faults=rare, invariants=(*scenario.invariants, exactly))


def between_the_jobs(world: World, event: Event) -> bool:
    """Whether the first job is over and the second has not begun."""
    driver = world.nodes["driver"]
    return len(driver.answers) == 1 and driver.job == 0


def rdd_shuffle(
    executors: int = 2,
    maps: int = 2,
    reducers: int = 2,
    crashes: int = 1,
    copies: int = 0,
    save: bool = False,
) -> Scenario:
    """Two stages and a shuffle between them: whoever crashes, the result is that of a machine that never fails.

    Pairs of numbers are reduced by key. With `copies`, so many tasks may be started a second time while they run. With
    `save` the result is written to stable storage, each partition by one attempt.
    """
    check(executors, maps, reducers)
    pairs = parallelize([(number % reducers, number) for number in range(2 * maps)], maps)
    program = Program((Job(pairs.reduce_by_key(Add(), reducers), Save() if save else Collect()),))
    return cluster(program, executors, crashes, copies=copies)


def cluster(
    program: Program,
    executors: int,
    crashes: int,
    *,
    wait: int = 0,
    copies: int = 0,
    room: int | None = None,
    driver: type[Driver] = Driver,
    executor: type[Executor] = Executor,
    storage: type[Storage] = Storage,
    invariants: tuple[Any, ...] | None = None,
) -> Scenario:
    """A driver, its executors and, where a job saves, stable storage."""
    workers = names(executors)
    saves = any(isinstance(job.action, Save) for job in program.jobs)
    asked = (*DETERMINISTIC, *(SAVED if saves else ()), *(() if copies else FRUGAL))
    goals = (property_of.every_job_is_answered, *((property_of.a_lost_block_is_computed_again,) if crashes else ()))
    return Scenario(
        nodes=(
            driver("driver", program, workers, wait, copies),
            *(executor(name, program, "driver", "storage", room) for name in workers),
            *((storage("storage"),) if saves else ()),
        ),
        faults=Faults(crashes=crashes, victims=workers),
        monitors={"work": Work()},
        invariants=asked if invariants is None else invariants,
        goals=goals,
        always_reachable=(the_jobs_can_end,),
    )


def the_jobs_can_end(world: World) -> bool:
    """All jobs are over."""
    return property_of.every_job_is_answered(world)


def names(executors: int) -> tuple[NodeId, ...]:
    """The ids of the executors."""
    return tuple(f"e{number}" for number in range(executors))


def check(*numbers: int) -> None:
    """Raise ScenarioError unless all numbers are positive."""
    if min(numbers) < 1:
        raise ScenarioError("a job needs an executor and a partition: let each number of them be 1 or more")
