"""The scheduler of RDDs: what it places where, and what it has computed again (NSDI 2012, section 5)."""

from typing import Any

import pytest
from attrs import evolve

from stackproof.checker.scenario import Scenario
from stackproof.checker.scenarios.rdd import Add, Plus, cluster
from stackproof.checker.simulate import simulate
from stackproof.checker.simulate.latency import Uniform
from stackproof.checker.simulate.simulated import Simulated
from stackproof.checker.world import Event
from stackproof.reference.actor import Out
from stackproof.reference.processing.actions import Collect, Count, Job, Save, collect
from stackproof.reference.processing.dag_scheduler import Driver
from stackproof.reference.processing.executor import Executor
from stackproof.reference.processing.rdd import RDD, parallelize
from stackproof.reference.processing.stages import Program
from stackproof.reference.processing.tasks import (
    Cached,
    Computed,
    Failed,
    Finished,
    Launch,
    Launched,
    Located,
    MayCommit,
    Output,
    Permission,
    Registered,
    Task,
)

BETWEEN_MS = 500.0


def twice(rdd: RDD, executors: int = 2, wait: int = 0) -> Scenario:
    """Two jobs on an RDD that is cached."""
    cached = rdd.persist()
    return cluster(Program((Job(cached, Count()), Job(cached, Count()))), executors, crashes=0, wait=wait)


def ran(scenario: Scenario, *crashed: str, at_ms: float = BETWEEN_MS, seed: int = 0) -> Simulated:
    """A run in which some executors crash and come back, by default between the two jobs."""
    turns = [(at_ms, Event(turn, node=name)) for name in crashed for turn in ("crash", "restart")]
    return simulate(scenario, seed=seed, schedule=turns)


def computed(run: Simulated, after_ms: float = 0.0) -> list[tuple[Any, int]]:
    """Each block that was computed after a time, with the number of its elements."""
    seen = [one.event for one in run.observations if isinstance(one.event, Computed) and one.at_ms >= after_ms]
    return [(one.block, sum(map(len, one.parts))) for one in seen]


def test_an_executor_that_held_4_of_8_cached_partitions_of_1000_elements_is_killed_and_500_are_recomputed() -> None:
    scenario = twice(parallelize(range(1000), 8).map(Plus()))
    run = ran(scenario, "e1")
    held = [one for one in run.observations if isinstance(one.event, Computed) and one.at_ms < BETWEEN_MS]
    assert [one.node for one in held].count("e1") == 4
    assert run.nodes["driver"].answers == (1000, 1000)
    again = computed(run, after_ms=BETWEEN_MS)
    assert len(again) == 4
    assert sum(elements for _, elements in again) == 500


@pytest.mark.parametrize("lost", [(), ("e0",), ("e0", "e1"), ("e0", "e1", "e2")])
def test_to_lose_k_of_n_cached_partitions_of_a_narrow_chain_costs_k_recomputations(lost: tuple[str, ...]) -> None:
    run = ran(twice(parallelize(range(60), 12).map(Plus()).map(Plus()), executors=3), *lost)
    before = [one for one in run.observations if isinstance(one.event, Computed) and one.at_ms < BETWEEN_MS]
    gone = [one.event.block for one in before if one.node in lost]
    assert len(before) == 12
    assert sorted(block for block, _ in computed(run, BETWEEN_MS)) == sorted(gone)
    assert len(gone) == 4 * len(lost)


def test_behind_a_shuffle_the_lost_map_tasks_run_again_too_and_the_others_do_not() -> None:
    pairs = parallelize([(number % 4, number) for number in range(16)], 4)
    run = ran(twice(pairs.reduce_by_key(Add())), "e1")
    before = [one for one in run.observations if isinstance(one.event, Computed) and one.at_ms < BETWEEN_MS]
    gone = {one.event.block for one in before if one.node == "e1"}
    again = [block for block, _ in computed(run, BETWEEN_MS)]
    assert {type(block) for block in gone} == {Cached, Output}
    assert len(again) == len(set(again))
    assert set(again) == gone


def test_map_outputs_that_nobody_needs_are_not_written_again() -> None:
    pairs = parallelize([(0, number) for number in range(4)], 2)
    run = ran(twice(pairs.reduce_by_key(Add(), 1)), "e1")
    assert computed(run, BETWEEN_MS) == []
    assert run.nodes["driver"].answers == (1, 1)


def test_a_task_goes_where_its_partition_is_cached() -> None:
    run = ran(twice(parallelize(range(8), 8).map(Plus()), executors=4))
    launches = [one.event for one in run.observations if isinstance(one.event, Launched)]
    places = {(one.task.stage, one.task.partition): one.executor for one in launches}
    assert all(places[0, partition] == places[1, partition] for partition in range(8))


@pytest.mark.parametrize(("wait", "near"), [(0, 5), (1, 10)])
def test_to_wait_a_little_brings_tasks_to_their_data(wait: int, near: int) -> None:
    source = parallelize(range(10), 10, (("e0",),) * 10)
    run = ran(cluster(Program((Job(source),)), 2, crashes=0, wait=wait))
    assert [one.event.executor for one in run.observations if isinstance(one.event, Launched)].count("e0") == near


def test_whoever_crashes_when_the_answer_is_the_same() -> None:
    words = parallelize([(number % 5, number) for number in range(40)], 5)
    summed = words.map_values(Plus()).reduce_by_key(Add(), 3)
    scenario = cluster(Program((Job(summed, Collect()),)), 3, crashes=0)
    for seed in range(30):
        turns = [(7.0 * seed, Event(turn, node=f"e{seed % 3}")) for turn in ("crash", "restart")]
        run = simulate(scenario, seed=seed, latency=Uniform(1, 20), schedule=turns)
        assert run.nodes["driver"].answers == (collect(summed),)
        assert run.reasons() == {}


SHUFFLED = parallelize([(0, 1), (1, 2)], 2).reduce_by_key(Add(), 1)


def driver(job: Job) -> tuple[Driver, Out]:
    """A driver of two executors that has started."""
    made, out = Driver("driver", Program((job,)), ("e0", "e1")), Out()
    made.start(out)
    return made, out


def told(node: Driver | Executor, message: Any, source: str) -> list[tuple[str, Any]]:
    """What a node sends upon a message."""
    out = Out()
    node.receive(message, source, out)
    return out.sent


MAP0, MAP1, REDUCE = Task(0, 0), Task(0, 1), Task(1, 0)
SHUFFLE = Program((Job(SHUFFLED),)).shuffles[0]


def mapped() -> tuple[Driver, list[tuple[str, Any]]]:
    """A driver whose map tasks are done, and what it sent then."""
    node, _ = driver(Job(SHUFFLED))
    told(node, Finished(MAP0), "e0")
    return node, told(node, Finished(MAP1), "e1")


def test_a_stage_waits_for_the_one_that_writes_its_shuffle() -> None:
    _, out = driver(Job(SHUFFLED))
    assert out.sent == [("e0", Launch(MAP0, 0)), ("e1", Launch(MAP1, 0))]
    places = tuple(Located(Output(SHUFFLE, p), f"e{p}") for p in range(2))
    assert mapped()[1] == [("e0", Launch(REDUCE, 0, places))]


def test_a_reader_that_cannot_fetch_has_the_output_written_again_and_begins_anew() -> None:
    node, _ = mapped()
    assert told(node, Failed(REDUCE, Located(Output(SHUFFLE, 1), "e1")), "e0") == [("e0", Launch(Task(0, 1, 1, 1), 0))]
    (launch,) = told(node, Finished(Task(0, 1, 1, 1)), "e0")
    assert launch[1].task == Task(1, 0, 1, 1)


def test_an_executor_that_comes_back_has_nothing_and_is_given_what_it_lost() -> None:
    node, _ = driver(Job(SHUFFLED))
    told(node, Finished(MAP0), "e0")
    assert told(node, Registered(1), "e0") == [("e0", Launch(Task(0, 0, 1), 1))]
    assert told(node, Registered(1), "e0") == []


def test_one_attempt_may_publish_and_after_its_loss_the_next() -> None:
    node, _ = driver(Job(parallelize([1], 1), Save()))
    task, rival = Task(0, 0), Task(0, 0, 1)
    assert told(node, MayCommit(task), "e0") == [("e0", Permission(task, granted=True))]
    assert told(node, MayCommit(rival), "e1") == [("e1", Permission(rival, granted=False))]
    ((_, launch),) = told(node, Registered(1), "e0")
    assert launch.task == rival
    assert told(node, MayCommit(task), "e0") == [("e0", Permission(task, granted=False))]
    assert told(node, MayCommit(rival), "e0") == [("e0", Permission(rival, granted=True))]


def test_a_launch_meant_for_an_earlier_incarnation_is_ignored() -> None:
    node = Executor("e0", Program((Job(SHUFFLED),)), "driver", "storage", incarnation=1)
    assert told(node, Launch(MAP0, 0), "driver") == []
    assert told(node, Launch(MAP0, 1), "driver") == [("driver", Finished(MAP0))]


def test_a_cached_partition_that_is_gone_is_computed_where_it_is_needed() -> None:
    cached = parallelize(range(2), 1).map(Plus()).persist()
    program = Program((Job(cached, Count()),))
    node = Executor("e0", program, "driver", "storage")
    block = Cached(program.number[cached], 0)
    ((target, fetch),) = told(node, Launch(Task(0, 0), 0, (Located(block, "e1"),)), "driver")
    answer = evolve(told(Executor("e1", program, "driver", "storage"), fetch, "e0")[0][1])
    assert (target, answer.elements) == ("e1", None)
    assert told(node, answer, "e1") == [("driver", Finished(Task(0, 0), 2, (block,)))]
