"""The theorems on dominant resource fairness, over generated clusters; and what the other policies do not promise."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import product

import pytest
from attrs import evolve
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from stackproof.checker.invariants.fairness import (
    Policy,
    Promise,
    envy_freeness,
    feasibility,
    pareto_efficiency,
    sharing_incentive,
    sharing_incentive_up_to_a_task,
    strategy_proofness,
)
from stackproof.checker.strategies import clusters, lies
from stackproof.reference.scheduling.drf import Cluster, User, decisions, dominant_share, drf
from stackproof.reference.scheduling.fair_shares import asset_fairness, ceei

POLICIES: dict[str, Policy] = {"drf": drf, "asset fairness": asset_fairness, "ceei": ceei}
KEPT: list[tuple[str, Promise]] = [
    (name, promise)
    for name, promises in {
        "drf": (sharing_incentive, envy_freeness, pareto_efficiency),
        "asset fairness": (envy_freeness, pareto_efficiency),
        "ceei": (sharing_incentive, envy_freeness, pareto_efficiency),
    }.items()
    for promise in (feasibility, *promises)
]
thorough = settings(max_examples=300, deadline=None, derandomize=True)
patient = settings(max_examples=1000, deadline=None, derandomize=True)
no_shrinking = settings(patient, phases=[Phase.generate])


ANY = clusters(heaviest=4)
PAIRS = clusters(fewest=2, most=2)


def among(policy: str) -> st.SearchStrategy[Cluster]:
    """The clusters for which a policy is defined."""
    return PAIRS if policy == "ceei" else ANY


@pytest.mark.parametrize(("policy", "promise"), KEPT, ids=[f"{name}-{promise.__name__}" for name, promise in KEPT])
def test_what_each_policy_promises(policy: str, promise: Promise) -> None:
    @thorough
    @given(among(policy))
    def kept(cluster: Cluster) -> None:
        assert list(promise(cluster, cluster.given(POLICIES[policy](cluster)))) == []

    kept()


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["drf", "asset fairness"])
def test_no_false_demand_was_found_to_pay(policy: str) -> None:
    @patient
    @given(lies(ANY))
    def truthful(case: tuple[Cluster, User]) -> None:
        cluster, lie = case
        assert list(strategy_proofness(cluster, POLICIES[policy], [lie])) == []

    truthful()


def pays(policy: Policy, case: tuple[Cluster, User]) -> bool:
    """Whether a lie gains its user something."""
    cluster, lie = case
    return any(strategy_proofness(cluster, policy, [lie]))


def test_a_false_demand_that_pays_is_found_for_the_competitive_equilibrium() -> None:
    cluster, lie = find(lies(PAIRS), lambda case: pays(ceei, case), settings=no_shrinking)
    assert pays(ceei, (cluster, lie))
    assert not pays(drf, (cluster, lie))


PAPERS = Cluster((100, 100), (User("1", (16, 1)), User("2", (1, 2))))


def every_lie() -> Iterator[User]:
    """Every demand of up to 20 of each resource, declared by either user."""
    for user in PAPERS.users:
        yield from (evolve(user, demand=demand) for demand in product(range(1, 21), repeat=2))


def test_among_all_small_demands_the_one_in_the_paper_pays_in_the_equilibrium() -> None:
    found = list(strategy_proofness(PAPERS, ceei, every_lie()))
    assert "1 <16, 1> runs 100/31 tasks, and 25/6 as <16, 8>" in found
    assert len(found) == 185


def test_none_of_them_pays_under_dominant_resource_fairness() -> None:
    assert list(strategy_proofness(PAPERS, drf, every_lie())) == []


def test_asset_fairness_is_found_to_break_the_sharing_incentive() -> None:
    found = find(ANY, lambda one: any(sharing_incentive(one, one.given(asset_fairness(one)))), settings=no_shrinking)
    assert list(sharing_incentive(found, found.given(drf(found)))) == []


def test_weights_that_do_not_add_up_to_the_same_are_found_to_break_the_sharing_incentive() -> None:
    uneven = clusters(heaviest=4, uneven=True)
    found = find(uneven, lambda one: any(sharing_incentive(one, one.given(drf(one)))), settings=no_shrinking)
    totals = {sum(user.weight(j) for user in found.users) for j in range(len(found.capacities))}
    assert len(totals) > 1


@thorough
@given(clusters(heaviest=4, least=1))
def test_where_everybody_needs_everything_dominant_shares_are_equal(cluster: Cluster) -> None:
    shares = {dominant_share(*one) for one in zip(cluster.users, [cluster.capacities] * 4, drf(cluster), strict=False)}
    assert len(shares) == 1


@thorough
@given(ANY)
def test_task_by_task_nothing_fits_in_the_end_and_nobody_is_a_task_short(cluster: Cluster) -> None:
    table = decisions(cluster)
    running = dict(table[-1].running) if table else {}
    held = cluster.given([running.get(user.name, 0) for user in cluster.users])
    for promise in (feasibility, sharing_incentive_up_to_a_task):
        assert list(promise(cluster, held)) == []
    assert list(pareto_efficiency(cluster, held, whole=True)) == []


@thorough
@given(ANY)
def test_task_by_task_whoever_is_served_had_the_least_share_of_those_whose_task_fitted(cluster: Cluster) -> None:
    left, shares = cluster.capacities, dict.fromkeys((user.name for user in cluster.users), Fraction(0))
    for row in decisions(cluster):
        fit = [one.name for one in cluster.users if all(n <= have for n, have in zip(one.demand, left, strict=True))]
        assert row.user in fit
        assert shares[row.user] == min(shares[name] for name in fit)
        left, shares = row.left, dict(row.shares)
