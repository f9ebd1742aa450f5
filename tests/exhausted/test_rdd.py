"""Resilient distributed datasets, every world within stated bounds."""

from typing import Any

import pytest

from stackproof.checker.explore import explore
from stackproof.checker.host import ScenarioError
from stackproof.checker.report import Verdict
from stackproof.checker.scenarios.rdd import Add, Plus, cluster, rdd, rdd_shuffle
from stackproof.reference.processing.actions import Count, Job
from stackproof.reference.processing.rdd import Level, parallelize
from stackproof.reference.processing.stages import Program

HELD: list[tuple[Any, dict[str, Any], tuple[int, int, int]]] = [
    (rdd, {}, (7_304, 12_978, 26)),
    (rdd, {"between": True}, (1_366, 2_248, 24)),
    (rdd, {"between": True, "crashes": 2}, (4_836, 8_170, 27)),
    (rdd, {"partitions": 2, "wide": True}, (2_822, 5_206, 34)),
    (rdd, {"partitions": 2, "wide": True, "between": True}, (164, 259, 26)),
    (rdd, {"room": 1}, (1_958, 3_525, 22)),
    (rdd, {"wait": 1}, (13_168, 26_199, 35)),
    (rdd_shuffle, {}, (1_709, 3_275, 24)),
    (rdd_shuffle, {"copies": 1}, (26_659, 52_726, 33)),
    (rdd_shuffle, {"save": True}, (8_858, 18_979, 36)),
]
LARGE: list[tuple[Any, dict[str, Any], tuple[int, int, int]]] = [
    (rdd, {"crashes": 2}, (117_334, 219_385, 32)),
    (rdd_shuffle, {"maps": 3}, (40_542, 106_150, 37)),
    (rdd_shuffle, {"crashes": 2}, (125_809, 270_514, 42)),
    (rdd_shuffle, {"copies": 1, "save": True}, (166_893, 380_149, 47)),
]


@pytest.mark.parametrize(("scenario", "parameters", "counts"), HELD)
def test_whoever_is_lost_the_result_is_that_of_a_machine_that_never_fails(
    scenario: Any, parameters: dict[str, Any], counts: tuple[int, int, int]
) -> None:
    report = explore(scenario(**parameters))
    assert report.verdict is Verdict.HELD
    assert (report.distinct, report.transitions, report.depth) == counts
    assert all(goal.reached for goal in report.goals)


@pytest.mark.slow
@pytest.mark.parametrize(("scenario", "parameters", "counts"), LARGE)
def test_so_it_is_with_more_losses_more_tasks_and_more_attempts(
    scenario: Any, parameters: dict[str, Any], counts: tuple[int, int, int]
) -> None:
    report = explore(scenario(**parameters))
    assert report.verdict is Verdict.HELD
    assert (report.distinct, report.transitions, report.depth) == counts


@pytest.mark.parametrize(
    ("level", "counts"), [(Level.MEMORY, (833, 2_108, 44)), (Level.MEMORY_AND_DISK, (501, 1_246, 40))]
)
def test_what_is_evicted_from_a_small_memory_is_computed_again_or_read_from_disk(
    level: Level, counts: tuple[int, int, int]
) -> None:
    plus = parallelize([(i % 2, i) for i in range(4)], 2).map_values(Plus()).persist(level)
    summed = plus.reduce_by_key(Add(), 2).persist(level)
    jobs = Job(plus, Count()), Job(summed), Job(plus.join(summed, 2))
    report = explore(cluster(Program(jobs), executors=2, crashes=0, room=2))
    assert report.verdict is Verdict.HELD
    assert (report.distinct, report.transitions, report.depth) == counts


@pytest.mark.parametrize("bad", [{"executors": 0}, {"maps": 0}, {"reducers": 0}])
def test_a_cluster_that_makes_no_sense_is_refused(bad: dict[str, int]) -> None:
    with pytest.raises(ScenarioError, match="needs an executor and a partition"):
        rdd_shuffle(**bad)  # type: ignore[arg-type]


@pytest.mark.slow
def test_a_shuffle_with_a_second_attempt_and_output_reaches_every_handler_but_these() -> None:
    report = explore(rdd_shuffle(copies=1, save=True))
    never = {(one.node, one.message) for one in report.handlers if not one.count}
    assert never == {("Driver", "NextJob"), ("Driver", "Revive"), ("Storage", "Discard")}
