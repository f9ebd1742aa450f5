"""Hadoop's published bugs: each is found where it was, is gone where it was fixed, and could strike in both."""

from collections.abc import Callable

import pytest

from stackproof.checker import Report, Scenario, Verdict, explore
from stackproof.checker.bugs.mapreduce import (
    hadoop_1077,
    hadoop_2031,
    mapreduce_3274,
    mapreduce_4832,
    mapreduce_5009,
)

BUGS = [
    (hadoop_1077, "the_job_ends", 5, "a_reducer_is_told_of_a_map_run_again"),
    (hadoop_2031, "completed_map_output_is_available_or_rerun", 7, "the_attempt_that_counts_is_lost"),
    (mapreduce_3274, "the_job_ends", 10, "a_stopped_container_asks"),
    (mapreduce_5009, "the_job_ends", 7, "the_attempt_that_may_commit_is_lost"),
    (mapreduce_4832, "at_most_one_master_commits", 18, "both_masters_have_all_tasks_completed"),
]
REPAIRED = [
    (hadoop_1077, 273),
    (hadoop_2031, 1_406),
    (mapreduce_3274, 698),
    (mapreduce_5009, 190),
    (mapreduce_4832, 109),
]


def reached(report: Report) -> set[str]:
    """The goals that some world showed."""
    return {one.goal for one in report.goals if one.reached}


@pytest.mark.parametrize(("bug", "property_", "length", "probe"), BUGS)
def test_the_bug_is_found(bug: Callable[[], Scenario], property_: str, length: int, probe: str) -> None:
    report = explore(bug())
    assert {one.property: one.length for one in report.violated} == {property_: length}
    assert probe in reached(report)


@pytest.mark.parametrize(("bug", "distinct"), REPAIRED)
def test_the_repair_holds_within_the_same_bounds(bug: Callable[..., Scenario], distinct: int) -> None:
    report = explore(bug(fixed=True))
    assert (report.verdict, report.distinct) == (Verdict.HELD, distinct)


@pytest.mark.parametrize(("bug", "property_", "length", "probe"), BUGS)
def test_what_sets_the_bug_off_happens_after_the_repair_too(
    bug: Callable[..., Scenario], property_: str, length: int, probe: str
) -> None:
    assert {probe, "the_job_is_done"} <= reached(explore(bug(fixed=True)))
