"""MapReduce, every world within stated bounds."""

from typing import Any

import pytest

from stackproof.checker import Report, ScenarioError, Verdict, explore
from stackproof.checker.explore.limits import Limits
from stackproof.checker.explore.plain import explore_plainly
from stackproof.checker.scenarios.mapreduce import mapreduce


def counts(report: Report) -> tuple[int, int, int]:
    return report.distinct, report.transitions, report.depth


def violated(report: Report) -> dict[str, int | None]:
    """The properties that do not hold, each with the length of its shortest trace."""
    return {one.property: one.length for one in report.violated}


def test_two_workers_three_maps_two_reduces_one_crash_one_backup() -> None:
    report = explore(mapreduce(workers=2, maps=3, reduces=2, crashes=1, backups=1))
    assert report.verdict is Verdict.HELD
    assert counts(report) == (67_084, 133_093, 39)


@pytest.mark.parametrize("faults", [{"crashes": 1}, {"backups": 1}, {"crashes": 1, "backups": 1}])
def test_without_atomic_commit_a_crash_or_a_backup_leaves_an_output_twice(faults: dict[str, int]) -> None:
    report = explore(mapreduce(**({"crashes": 0, "backups": 0} | faults), atomic_commit=False))  # type: ignore[arg-type]
    assert set(violated(report)) == {"one_output_commit_per_task", "an_output_file_is_whole_as_soon_as_it_is_there"}


def test_without_atomic_commit_the_shortest_way_to_two_outputs_has_nineteen_events() -> None:
    report = explore(mapreduce(atomic_commit=False))
    assert violated(report)["one_output_commit_per_task"] == 19
    assert report.violated[0].reason == "output-0 was written in 2 parts, by w0, w1"


def test_without_atomic_commit_all_is_well_as_long_as_nothing_fails() -> None:
    assert explore(mapreduce(crashes=0, backups=0, atomic_commit=False)).verdict is Verdict.HELD


FEW = {"maps": 2, "reduces": 1}
HELD = [
    ({"crashes": 0, "backups": 0}, (182, 320, 22)),
    ({"crashes": 0}, (1_968, 4_340, 31)),
    ({"backups": 0}, (7_930, 13_909, 36)),
    ({**FEW, "restarts": True}, (36_951, 85_350, 36)),
    ({**FEW, "suspicions": 1}, (66_233, 149_142, 35)),
    ({**FEW, "crashes": 0, "suspicions": 2}, (70_389, 193_710, 36)),
    ({"master_crashes": True}, (5_767, 15_598, 33)),
    ({**FEW, "master_crashes": True, "checkpoints": True, "backups": 0}, (1_404, 3_212, 27)),
    ({"bad_record": True}, (71_557, 141_020, 43)),
    ({"computing": True}, (96_857, 198_739, 49)),
]
SLOW = [
    ({**FEW, "master_crashes": True, "checkpoints": True}, (414_635, 1_356_384, 45)),
    ({**FEW, "crashes": 2, "restarts": True, "backups": 0}, (1_074_115, 2_790_138, 52)),
    ({"backups": 0, "restarts": True}, (1_855_670, 6_311_183, 48)),
    ({"workers": 3}, (1_721_587, 5_777_186, 52)),
]


@pytest.mark.parametrize(("parameters", "expected"), HELD)
def test_whoever_fails_the_output_is_the_plain_one(parameters: dict[str, Any], expected: tuple[int, int, int]) -> None:
    report = explore(mapreduce(**parameters))
    assert violated(report) == {}
    assert counts(report) == expected


@pytest.mark.slow
@pytest.mark.parametrize(("parameters", "expected"), SLOW)
def test_larger_clusters_and_more_failures(parameters: dict[str, Any], expected: tuple[int, int, int]) -> None:
    report = explore(mapreduce(**parameters))
    assert violated(report) == {}
    assert counts(report) == expected


def test_the_plain_explorer_counts_the_same() -> None:
    scenario = mapreduce(backups=0)
    assert counts(explore_plainly(scenario, Limits())) == counts(explore(scenario)) == (7_930, 13_909, 36)


@pytest.mark.parametrize("bad", [{"workers": 0}, {"maps": 0}, {"reduces": 0}])
def test_a_job_that_makes_no_sense_is_refused(bad: dict[str, int]) -> None:
    with pytest.raises(ScenarioError, match="needs a worker, a map task and a reduce task"):
        mapreduce(**bad)  # type: ignore[arg-type]
