"""SPARK-23207 at length: rows that are dealt out in another order, and the two ways in which it was mended."""

import pytest
from attrs import evolve

from stackproof.checker.bugs import rdd as rdd_bugs
from stackproof.checker.explore import explore
from stackproof.checker.explore.limits import Limits
from stackproof.checker.explore.plain import explore_plainly
from stackproof.checker.report import Report, Verdict
from stackproof.checker.scenario import Scenario
from stackproof.checker.scenarios.rdd import DETERMINISTIC

RESULT = "the_result_equals_the_failure_free_result"
READS = "shuffle_reads_a_consistent_set_of_map_outputs"


def explored(scenario: Scenario) -> Report:
    return explore_plainly(scenario, Limits())


def violated(report: Report) -> dict[str, int | None]:
    """The properties that do not hold, with the lengths of their shortest traces."""
    return {one.property: one.length for one in report.violated}


def test_rows_dealt_out_again_are_noticed_before_anybody_reads_them() -> None:
    report = explored(evolve(rdd_bugs.spark_23207(), invariants=DETERMINISTIC))
    assert violated(report) == {"a_recomputed_partition_equals_the_lost_one": 15}
    held = explored(evolve(rdd_bugs.spark_23207(fixed=True), invariants=DETERMINISTIC))
    assert held.verdict is Verdict.HELD


def test_readers_of_rows_dealt_out_twice_have_read_no_one_run_of_the_dealer() -> None:
    (reads,) = (one for one in DETERMINISTIC if one.__name__ == READS)
    assert READS in violated(explored(evolve(rdd_bugs.spark_23207(), invariants=(reads,))))


@pytest.mark.slow
def test_rows_that_two_tasks_deal_out_are_lost_and_doubled_too() -> None:
    report = explore(rdd_bugs.spark_23207(dealers=2))
    assert violated(report) == {RESULT: 25}
    assert explore(rdd_bugs.spark_23207(dealers=2, fixed=True)).verdict is Verdict.HELD


def test_readers_that_begin_anew_mend_it_as_well() -> None:
    report = explored(rdd_bugs.spark_23207(rolls_back=True))
    assert report.verdict is Verdict.HELD
    assert report.goals[0].reached


@pytest.mark.slow
def test_readers_of_two_tasks_that_begin_anew_mend_it_as_well() -> None:
    report = explore(rdd_bugs.spark_23207(rolls_back=True, dealers=2))
    assert (report.verdict, report.distinct) == (Verdict.HELD, 185_779)
