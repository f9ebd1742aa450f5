"""A scheduler of one's own, held to promises by Hypothesis: `pytest examples/test_my_scheduler.py` (docs/pytest.md)."""

from hypothesis import given

from stackproof.checker import strategies
from stackproof.checker.invariants.fairness import feasibility, sharing_incentive
from stackproof.reference.scheduling.drf import Cluster, Vector


def equal_tasks(cluster: Cluster) -> Vector:
    """Everybody runs as many tasks as everybody else."""
    needs = [sum(parts) for parts in zip(*(user.demand for user in cluster.users), strict=True)]
    count = min(have / need for have, need in zip(cluster.capacities, needs, strict=True) if need)
    return (count,) * len(cluster.users)


@given(strategies.clusters())
def test_nothing_is_given_twice(cluster: Cluster) -> None:
    """It keeps this promise."""
    assert list(feasibility(cluster, cluster.given(equal_tasks(cluster)))) == []


@given(strategies.clusters())
def test_nobody_is_better_off_with_an_equal_part_of_its_own(cluster: Cluster) -> None:
    """It does not keep this one."""
    assert list(sharing_incentive(cluster, cluster.given(equal_tasks(cluster)))) == []
