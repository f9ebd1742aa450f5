"""The whole stack, beyond its counts, which stand in the manifest: what is reached, and how the verdict is told."""

from typing import Any

import pytest

from stackproof.checker import ScenarioError, Verdict, explore
from stackproof.checker.scenarios.stack import stack


@pytest.mark.slow
def test_an_executor_that_is_lost_with_its_machine_is_replaced() -> None:
    report = explore(stack(rounds=1), engine="native")
    assert report.verdict is Verdict.HELD
    assert {one.goal: one.length for one in report.goals} == {
        "the_user_has_the_answer": 38,
        "another_executor_ends_the_job": 47,
    }


def test_the_verdict_says_that_it_is_one_within_bounds() -> None:
    report = explore(stack(crashes=0), engine="native")
    assert report.why is not None
    assert report.why.startswith("within bounds")


@pytest.mark.parametrize("asked", [{"machines": 1}, {"maps": 0}, {"crashes": 2}])
def test_what_makes_no_sense_is_refused(asked: dict[str, Any]) -> None:
    with pytest.raises(ScenarioError):
        stack(**asked)
