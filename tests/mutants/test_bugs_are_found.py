"""Every published bug is found by search, and the run that shows it is hardly longer than the shortest there is."""

from collections.abc import Mapping

import pytest

from stackproof.checker import Scenario, Verdict, explore, search
from stackproof.checker.registry import BUGS, build
from stackproof.checker.replay import replay
from stackproof.checker.search.report import Searched
from tests.mutants.test_bugs import FOUND

QUICK = ("A1", "A2", "A6", "A8", "A10", "A12", "J2", "J3", "J8", "S3", "S7", "S10")
PARAMETERS = {"quorum": {"w": 1, "r": 1}, "chord-2001": {}, "chord-2001-atomic": {}}
LONGER = 1.5


def shows(report: Searched, scenario: Scenario, shortest: Mapping[str, int | None]) -> None:
    """Hold a report against the shortest run for each property: it replays, and is hardly longer."""
    (found,) = report.violated
    assert found.trace is not None
    again = replay(found.trace, scenario)
    assert (again.verdict, again.reason) == (Verdict.VIOLATED, found.reason)
    assert (found.length or 0) <= LONGER * (shortest[found.property] or 0)


def found(bug: str, seed: int = 0) -> None:
    """Search for a bug."""
    name, shortest, _, _ = FOUND[bug]
    shows(search(build(bug), seed=seed), build(bug), {name: shortest})


@pytest.mark.parametrize("bug", QUICK)
def test_a_bug_is_found(bug: str) -> None:
    found(bug)


@pytest.mark.slow
@pytest.mark.parametrize("bug", [bug for bug in BUGS if bug not in QUICK])
def test_any_other_bug_is_found(bug: str) -> None:
    found(bug)


@pytest.mark.slow
@pytest.mark.parametrize("bug", [bug for bug in BUGS if bug not in QUICK])
def test_it_is_found_from_another_seed(bug: str) -> None:
    found(bug, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("name", PARAMETERS)
def test_what_is_kept_broken_is_found_to_be(name: str) -> None:
    scenario = build(name, PARAMETERS[name])
    shows(search(scenario), scenario, {one.property: one.length for one in explore(scenario).violated})


@pytest.mark.parametrize("bug", ["A1", "A10", "J2", "S3"])
def test_without_its_bug_a_system_survives(bug: str) -> None:
    report = search(build(bug, {"fixed": True}), examples=300, by="hypothesis")
    assert (report.verdict, report.why, report.runs) == (Verdict.HELD, None, 300)


@pytest.mark.slow
@pytest.mark.parametrize("bug", BUGS)
def test_without_its_bug_every_system_survives(bug: str) -> None:
    report = search(build(bug, {"fixed": True}), examples=500, by="hypothesis")
    assert (report.verdict, report.why, report.violated) == (Verdict.HELD, None, ())
