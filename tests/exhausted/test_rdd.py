"""Resilient distributed datasets, beyond the counts of the manifest."""

import pytest

from stackproof.checker.explore import explore
from stackproof.checker.host import ScenarioError
from stackproof.checker.report import Verdict
from stackproof.checker.scenarios.rdd import Add, Plus, cluster, rdd_shuffle
from stackproof.reference.processing.actions import Count, Job
from stackproof.reference.processing.rdd import Level, parallelize
from stackproof.reference.processing.stages import Program


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
