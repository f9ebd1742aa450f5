"""Dominant resource fairness: the four properties are proved, and fail for other policies and for half a definition."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
import z3

from stackproof.reference.scheduling.drf import Cluster, User, exact
from stackproof.reference.scheduling.drf import drf as by_the_reference
from stackproof.reference.scheduling.fair_shares import asset_fairness as assets_by_the_reference
from stackproof.reference.scheduling.fair_shares import ceei
from stackproof.spec import drf
from stackproof.spec.obligations import Answer, Result, obligations, prove
from stackproof.spec.sharing import (
    Allocation,
    Sharing,
    allocation,
    asset_fairness,
    competitive_equilibrium,
    dominant_resource_fairness,
    possible,
)
from tests.proved.conscience import unproved

Numbers = dict[str, Fraction]


def asked(sharing: Sharing, name: str, seconds: float = 60) -> Result:
    """What becomes of one property of a policy."""
    owed = {one.goal: one for one in obligations(sharing.system("drf"))}
    return prove(owed[name], seconds)


def numbers(result: Result) -> Numbers:
    """The numbers of a counterexample."""
    assert result.counterexample is not None
    return {row.name: Fraction(row.before) for row in result.counterexample.rows() if row.name[0] in "ux"}


def user(found: Numbers, i: int, resources: int, prime: str = "") -> User:
    """A user who demands what it holds in a counterexample."""
    return User(str(i), [found[f"u{prime}({i},{j})"] for j in range(resources)])


def is_so(formula: z3.BoolRef, a: Allocation, amounts: list[list[Fraction]]) -> bool:
    """A formula about an allocation, of these amounts."""
    values = [(a.holds(i, j), held) for i, row in enumerate(amounts) for j, held in enumerate(row)]
    values += [(a.share(i), max(row)) for i, row in enumerate(amounts)]
    said = [(symbol, z3.RealVal(str(value))) for symbol, value in values]
    return bool(z3.is_true(z3.simplify(z3.substitute(formula, *said))))


@pytest.mark.parametrize("system", drf.SYSTEMS, ids=lambda one: one.name)
def test_everything_is_proved(system: Any) -> None:
    assert unproved(system) == {}


@pytest.mark.slow
def test_six_users_of_six_resources_are_decided_too() -> None:
    assert unproved(Sharing(6, 6).system("six")) == {}


def test_somebody_can_share_and_somebody_can_lie() -> None:
    sharing = Sharing(2, 2, exact=True)
    truth, told = sharing.before, sharing.after
    fair = [dominant_resource_fairness(a) for a in (truth, told)]
    lie = truth.holds(0, 0) * told.share(0) < told.holds(0, 0) * truth.share(0)
    solver = z3.Solver()
    solver.add(*fair, sharing.same_demand(1), lie, told.share(0) < truth.share(0))
    assert solver.check() == z3.sat


# What half the definition does not give.


def only_efficient(a: Allocation) -> z3.BoolRef:
    """Every user uses something that is used up, however little it has."""
    used = (z3.Or(*(z3.And(a.holds(i, j) > 0, a.used_up(j)) for j in a.resources)) for i in a.users)
    return z3.And(possible(a), *used)


def only_equal(a: Allocation) -> z3.BoolRef:
    """All dominant shares are equal, whatever is left over."""
    return z3.And(possible(a), *(a.share(i) == a.share(0) for i in a.users))


def only_the_first_resource(a: Allocation) -> z3.BoolRef:
    """Every user has a bottleneck, where a share is that of resource 0."""
    users = (z3.Or(*(a.is_bottleneck(i, j, lambda k: a.holds(k, 0)) for j in a.resources)) for i in a.users)
    return z3.And(possible(a), *users)


@pytest.mark.parametrize(
    ("policy", "name"),
    [
        (only_efficient, "sharing_incentive"),
        (only_efficient, "envy_freeness"),
        (only_efficient, "strategy_proofness"),
        (only_efficient, "one_allocation"),
        (only_equal, "sharing_incentive"),
        (only_equal, "pareto_efficiency"),
        (only_equal, "strategy_proofness"),
        (only_the_first_resource, "sharing_incentive"),
        (only_the_first_resource, "strategy_proofness"),
        (asset_fairness, "sharing_incentive"),
        (competitive_equilibrium, "strategy_proofness"),
    ],
)
def test_another_policy_is_refuted_with_numbers(policy: Callable[[Allocation], z3.BoolRef], name: str) -> None:
    result = asked(Sharing(2, 2, policy, exact=True), name)
    assert result.answer is Answer.REFUTED
    assert numbers(result)["x(0)"] > 0


@pytest.mark.parametrize(
    ("policy", "name"),
    [
        (asset_fairness, "envy_freeness"),
        (asset_fairness, "pareto_efficiency"),
        (asset_fairness, "strategy_proofness"),
        (competitive_equilibrium, "sharing_incentive"),
        (competitive_equilibrium, "envy_freeness"),
        (competitive_equilibrium, "pareto_efficiency"),
    ],
)
def test_what_the_paper_grants_other_policies_is_proved(policy: Callable[[Allocation], z3.BoolRef], name: str) -> None:
    assert asked(Sharing(2, 2, policy, exact=True), name).answer is Answer.PROVED


def test_the_reference_confirms_who_is_short_changed_by_asset_fairness() -> None:
    found = numbers(asked(Sharing(2, 2, asset_fairness), "sharing_incentive"))
    cluster = Cluster((1, 1), (user(found, 0, 2), user(found, 1, 2)))
    assert assets_by_the_reference(cluster) == exact((1, 1))
    assert found["x(0)"] < Fraction(1, 2)


def test_the_reference_confirms_that_a_lie_pays_in_a_competitive_equilibrium() -> None:
    found = numbers(asked(Sharing(2, 2, competitive_equilibrium, exact=True), "strategy_proofness"))
    truth, lie, other = user(found, 0, 2), user(found, 0, 2, "'"), user(found, 1, 2)
    honest, (lied, _) = ceei(Cluster((1, 1), (truth, other))), ceei(Cluster((1, 1), (lie, other)))
    assert honest == exact((1, 1))
    assert all(lied * got > had for got, had in zip(lie.demand, truth.demand, strict=True) if had)


# The proofs for any number.


@pytest.mark.parametrize(
    ("fact", "broken"),
    [
        ("somebody_falls", {"pareto_efficiency", "strategy_proofness", "one_allocation"}),
        ("in_step", {"strategy_proofness", "one_allocation"}),
        ("fair_to_those_named", {"strategy_proofness"}),
        ("least_of_all", {"one_allocation"}),
    ],
)
def test_a_proof_for_any_number_fails_without_what_it_is_given(
    fact: str, broken: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drf, fact, lambda *_: z3.BoolVal(True))
    assert {name for name, answer in unproved(drf.ANY).items() if answer == "refuted"} == broken


@pytest.mark.parametrize("fact", ["bounded", "is_bottleneck"])
def test_no_proof_for_any_number_does_without_shares_and_bottlenecks(
    fact: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Allocation, fact, lambda *_: z3.BoolVal(True))
    assert {"sharing_incentive", "strategy_proofness", "one_allocation"} <= unproved(drf.ANY).keys()


# The reference.

DEMANDS = [
    ((9, 18), [(1, 4), (3, 1)]),
    ((1, 1), [(1, 0), (0, 1)]),
    ((1, 1, 1), [(1, 0, 0), (1, 1, 0), (0, 1, 2)]),
    ((10, 20, 5), [(1, 2, 3), (4, 1, 0), (2, 2, 2), (0, 7, 1)]),
    ((100, 100), [(16, 1), (1, 2), (16, 8), (0, 1)]),
]


@pytest.mark.parametrize(("capacities", "demands"), DEMANDS)
def test_what_the_reference_allocates_is_fair_as_the_model_has_it(
    capacities: tuple[int, ...], demands: list[tuple[int, ...]]
) -> None:
    cluster = Cluster(capacities, tuple(User(str(i), demand) for i, demand in enumerate(demands)))
    tasks = by_the_reference(cluster)
    amounts = [
        [count * need / whole for need, whole in zip(one.demand, cluster.capacities, strict=True)]
        for one, count in zip(cluster.users, tasks, strict=True)
    ]
    a = allocation(len(demands), len(capacities))
    assert is_so(dominant_resource_fairness(a), a, amounts)
    smaller = [[held * Fraction(9, 10) for held in row] for row in amounts]
    assert not is_so(dominant_resource_fairness(a), a, smaller)
