"""A suite that checks a scenario of its own: `pytest examples/test_lease.py` (docs/pytest.md)."""

import pytest
from lease import held_once, lease

from stackproof.checker import Report


@pytest.mark.scenario(lease, leases=False)
def test_a_lock_is_held_once() -> None:
    """The marker says it all."""


@pytest.mark.scenario(lease, leases=True)
def test_a_lock_with_a_lease_is_held_once() -> None:
    """It is not: this test fails."""


@pytest.mark.scenario(lease, leases=False)
def test_nobody_waits_for_ever(scenario_report: Report) -> None:
    """What came of the scenario can be looked at."""
    assert all(goal.reached for goal in scenario_report.goals)
    assert held_once.__name__ not in [one.property for one in scenario_report.violated]
