"""MapReduce, beyond the counts of the manifest: what breaks without the atomic commit, and what makes no sense."""

import pytest

from stackproof.checker import Report, ScenarioError, Verdict, explore
from stackproof.checker.scenarios.mapreduce import mapreduce


def violated(report: Report) -> dict[str, int | None]:
    """The properties that do not hold, each with the length of its shortest trace."""
    return {one.property: one.length for one in report.violated}


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


@pytest.mark.parametrize("bad", [{"workers": 0}, {"maps": 0}, {"reduces": 0}])
def test_a_job_that_makes_no_sense_is_refused(bad: dict[str, int]) -> None:
    with pytest.raises(ScenarioError, match="needs a worker, a map task and a reduce task"):
        mapreduce(**bad)  # type: ignore[arg-type]
