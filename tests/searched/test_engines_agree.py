"""The native explorer and its plain twin say the same of hundreds of random protocols."""

from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings

from stackproof.checker.explore.limits import Limits
from stackproof.checker.explore.native import explore_natively
from stackproof.checker.explore.plain import explore_plainly
from stackproof.checker.replay import replay
from stackproof.checker.report import Report, Verdict, Violation
from stackproof.checker.scenario import Scenario
from tests.searched.puppets import scenarios

WORLDS = 1500


def told(report: Report) -> dict[str, Any]:
    """All that both engines must agree on."""
    form = report.form()
    for key in ("engine", "seconds", "peak_mib"):
        del form[key]
    form["violated"] = sorted((one.property, stem(one)) for one in report.violated)
    return form


def stem(one: Violation) -> int | None:
    """How many events lead to the loop, or to the end: there may be several nearest ones, with different loops."""
    return one.length if one.loop is None or one.length is None else one.length - one.loop


def replay_all(report: Report, scenario: Scenario) -> None:
    """Run every lasso again: replay sees to it that the loop closes, is fair, and breaks the promise."""
    for one in report.violated:
        if one.loop is not None and one.trace is not None:
            again = replay(one.trace, scenario)
            assert (again.verdict, again.reason) == (Verdict.VIOLATED, one.reason)


def compare(scenario: Scenario, threads: int) -> None:
    """Explore with both engines, if it is not too much for the plain one."""
    plain = explore_plainly(scenario, Limits(worlds=WORLDS))
    assume(plain.verdict is not Verdict.UNKNOWN or plain.why is None or "limit" not in plain.why)
    assume(plain.why is None or "limit" not in plain.why)
    native = explore_natively(scenario, Limits(), threads)
    assert told(native) == told(plain)
    for report in (plain, native):
        replay_all(report, scenario)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(scenarios())
def test_the_engines_agree_on_random_protocols(scenario: Scenario) -> None:
    compare(scenario, threads=1)


@pytest.mark.slow
@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(scenarios())
def test_the_engines_agree_on_hundreds_of_random_protocols(scenario: Scenario) -> None:
    compare(scenario, threads=2)
