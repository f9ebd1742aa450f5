"""Which functions of a lineage depend on order or on chance, and the two runs that show it."""

import random
from itertools import count
from typing import Any

import pytest

from stackproof.checker.determinism import differing, findings, groups_as_bags
from stackproof.reference.processing.actions import Count, Job, Save
from stackproof.reference.processing.partitioners import HashPartitioner
from stackproof.reference.processing.rdd import RDD, parallelize

PAIRS = parallelize([(number % 3, number) for number in range(12)], 3)


def plus(a: int, b: int) -> int:
    return a + b


def minus(a: int, b: int) -> int:
    return a - b


def moved(rdd: RDD) -> RDD:
    return rdd.partition_by(HashPartitioner(2))


def test_deterministic_functions_come_out_the_same_in_every_run() -> None:
    summed = PAIRS.map_values(abs).reduce_by_key(plus, 2)
    assert findings(summed.union(PAIRS.distinct(2)).map(str)) == ()
    assert differing(Job(summed)) == ()


def test_a_function_that_draws_on_chance_is_reported_with_two_runs_in_the_same_order() -> None:
    draw = random.Random(5)

    def noisy(x: int) -> float:
        return x + draw.random()

    (finding,) = findings(PAIRS.map_values(noisy).map_values(str))
    assert (finding.what, finding.cause) == ("MapValues(noisy)", "chance")
    assert (finding.first.run, finding.second.run) == ("in order", "in order, once more")
    assert finding.first.elements != finding.second.elements


def test_a_function_that_remembers_is_reported_too() -> None:
    counter = count()
    (finding,) = findings(PAIRS.map_values(lambda _: next(counter)))
    assert finding.cause == "chance"


@pytest.mark.parametrize(
    ("lineage", "what"),
    [
        (PAIRS.reduce_by_key(minus, 2), "Combine(minus)"),
        (PAIRS.group_by_key(2), "MergeGroups()"),
        (moved(PAIRS).sample(0.5, seed=1), "Sample()"),
        (moved(PAIRS).repartition(2, batch=1), "a shuffle by RoundRobin"),
    ],
)
def test_a_function_that_depends_on_the_order_of_arrival_is_reported(lineage: RDD, what: str) -> None:
    (finding,) = findings(lineage.map(str))
    assert (finding.what, finding.cause) == (what, "order")
    assert finding.second.run == "buckets arriving from the last to the first"
    assert str(finding).startswith(f"{what} depends on order: partition ")


def test_rows_that_are_sorted_before_they_are_dealt_out_do_not_depend_on_order() -> None:
    assert findings(moved(PAIRS).repartition(2, batch=1, sort=True)) == ()


def test_groups_may_be_looked_at_as_bags() -> None:
    assert findings(PAIRS.group_by_key(2), groups_as_bags) == ()


def test_runs_on_clusters_that_answer_differently_are_reported_with_the_first() -> None:
    first, *others = differing(Job(PAIRS.reduce_by_key(minus, 2)))
    assert others
    assert all(one.answer != first.answer for one in others)
    assert {one.crashed for one in others} > {None}


@pytest.mark.parametrize("action", [Count(), Save()])
def test_answers_are_compared_whatever_the_action(action: Any) -> None:
    assert differing(Job(PAIRS.reduce_by_key(plus, 2), action), seeds=(0, 1)) == ()
