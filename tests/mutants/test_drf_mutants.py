"""Allocators and policies that a tired engineer might write, each caught by the promise it breaks.

Three of them were written: MESOS-1086 (ties by name), MESOS-1119 (all to one before shares are looked at again) and
MESOS-9554 (the round ends at the first user whose task does not fit).
"""

from fractions import Fraction
from typing import Any

from attrs import define, evolve, frozen

from stackproof.checker import Report, Scenario, explore
from stackproof.checker.explore.limits import Limits
from stackproof.checker.explore.plain import explore_plainly
from stackproof.checker.invariants import drf as property_of
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
from stackproof.checker.report import Verdict
from stackproof.checker.scenarios.drf import drf as scenario
from stackproof.reference.actor import NodeId, Out
from stackproof.reference.scheduling.drf import Account, Cluster, Filling, User, Vector, drf
from stackproof.reference.scheduling.drf_allocator import (
    Allocator,
    Deal,
    Finish,
    Finished,
    Launch,
    Served,
    TaskRunner,
    ToAllocator,
    ToUser,
)
from stackproof.reference.scheduling.fair_shares import aggregate_share, asset_fairness, ceei

EXAMPLE = Cluster((9, 18), (User("A", (1, 4)), User("B", (3, 1))))
UNEQUAL = Cluster((30, 30), (User("1", (1, 3)), User("2", (1, 1))))
PAPERS = Cluster((100, 100), (User("1", (16, 1)), User("2", (1, 2))))


def breaks(promise: Promise, policy: Policy, cluster: Cluster = EXAMPLE) -> bool:
    """Whether a policy breaks a promise that dominant resource fairness keeps."""
    assert list(promise(cluster, cluster.given(drf(cluster)))) == []
    return any(promise(cluster, cluster.given(policy(cluster))))


def first_come(cluster: Cluster) -> Vector:
    """The first user takes all that it can use."""
    first = cluster.users[0]
    most = min(r / d for r, d in zip(cluster.capacities, first.demand, strict=True))
    return (most, *(Fraction(0) for _ in cluster.users[1:]))


def own_part(cluster: Cluster) -> Vector:
    """Everybody keeps to its part of the cluster, and what it cannot use lies idle."""
    parts = (min(r / d for r, d in zip(cluster.capacities, user.demand, strict=True)) for user in cluster.users)
    return tuple(part / len(cluster.users) for part in parts)


def rounded_up(cluster: Cluster) -> Vector:
    """A task that is begun is a task."""
    return tuple(Fraction(-(-tasks // 1)) for tasks in asset_fairness(cluster))


def equal_tasks(cluster: Cluster) -> Vector:
    """Everybody runs the same number of tasks, so who asks for more gets more."""
    together = [sum(parts) for parts in zip(*(user.demand for user in cluster.users), strict=True)]
    return (min(r / need for r, need in zip(cluster.capacities, together, strict=True)),) * len(cluster.users)


def test_sharing_incentive_catches_asset_fairness() -> None:
    assert breaks(sharing_incentive, asset_fairness, UNEQUAL)


def test_sharing_incentive_catches_whoever_lets_the_first_take_all() -> None:
    assert breaks(sharing_incentive, first_come)
    assert breaks(sharing_incentive_up_to_a_task, first_come)


def test_envy_freeness_catches_whoever_lets_the_first_take_all() -> None:
    assert breaks(envy_freeness, first_come)


def test_envy_freeness_catches_equal_numbers_of_tasks() -> None:
    assert breaks(envy_freeness, equal_tasks, Cluster((12, 12), (User("1", (2, 2)), User("2", (1, 1)))))


def test_pareto_efficiency_catches_a_cluster_divided_for_good() -> None:
    assert breaks(pareto_efficiency, own_part)
    assert list(sharing_incentive(EXAMPLE, EXAMPLE.given(own_part(EXAMPLE)))) == []


def test_feasibility_catches_tasks_rounded_up() -> None:
    assert breaks(feasibility, rounded_up)


def test_strategy_proofness_catches_the_competitive_equilibrium() -> None:
    lie = User("1", (16, 8))
    assert list(strategy_proofness(PAPERS, ceei, [lie])) == ["1 <16, 1> runs 100/31 tasks, and 25/6 as <16, 8>"]
    assert list(strategy_proofness(PAPERS, drf, [lie])) == []


def test_strategy_proofness_catches_equal_numbers_of_tasks() -> None:
    lie = User("2", (2, 2))
    assert any(strategy_proofness(UNEQUAL, equal_tasks, [lie]))
    assert list(strategy_proofness(UNEQUAL, drf, [lie])) == []


def with_filling(kind: type[Filling], asked: Scenario) -> Scenario:
    """The scenario with an allocator that fills in another way."""
    (allocator, *users) = asked.nodes
    return evolve(asked, nodes=(evolve(allocator, filling=kind(allocator.filling.capacities)), *users))


def with_nodes(original: type, mutant: type, asked: Scenario) -> Scenario:
    """The scenario with the nodes of one class made by another."""

    def made(node: Any) -> Any:
        names = ("id", "filling") if original is Allocator else ("id", "allocator", "user", "tasks", "finishes")
        return mutant(**{name: getattr(node, name) for name in names})

    return evolve(asked, nodes=tuple(made(node) if type(node) is original else node for node in asked.nodes))


def explored(asked: Scenario) -> Report:
    return explore_plainly(asked, Limits(worlds=50_000))


def caught(mutated: Scenario, asked: Scenario) -> dict[str, str]:
    """What is violated by a mutant, and by the reference in the same scenario is not; with the reasons."""
    assert explored(asked).verdict is Verdict.HELD
    return {one.property: one.reason for one in explored(mutated).violated}


@frozen
class ByName(Filling):
    """MESOS-1086: breaks ties by name."""

    def next_user(self) -> NodeId | None:
        able = [one for one in self.accounts if one.waits and self.fits(one)]
        return min(able, key=lambda one: (self.share(one), one.user.name)).user.name if able else None


def test_ties_take_turns_catches_ties_broken_by_name() -> None:
    asked = scenario(capacities=(1,), demands=("1", "1"), finishes=2)
    assert caught(with_filling(ByName, asked), asked) == {
        "ties_take_turns": "u0 was served at 0, and u1 has waited longer at it"
    }


@define
class AllToOne(Allocator):
    """MESOS-1119: whoever has the least share is served until nothing fits it, before shares are looked at again."""

    def deal(self, out: Out) -> None:
        while (name := self.filling.next_user()) is not None:
            while self.filling.fits(self.filling.account(name)):
                self.filling = self.filling.serve(name)
                out.observe(Served(name))
                out.send(name, Launch())


def test_drf_order_and_sharing_incentive_catch_that_one_takes_all_in_a_round() -> None:
    asked = scenario(finishes=0)
    found = caught(with_nodes(Allocator, AllToOne, asked), asked)
    assert found["drf_order"] == "u0 was served at 2/9, and u1 waited at 0"
    asked = scenario(capacities=(4,), demands=("1", "1"), finishes=0)
    assert set(caught(with_nodes(Allocator, AllToOne, asked), asked)) == {"drf_order", "sharing_incentive"}


@frozen
class StopsAtTheFirst(Filling):
    """MESOS-9554: the round is over when the task of the user whose turn it is does not fit."""

    def next_user(self) -> NodeId | None:
        poorest = min((one for one in self.accounts if one.waits), key=self.share, default=None)
        return poorest.user.name if poorest is not None and self.fits(poorest) else None


def test_pareto_efficiency_catches_a_round_that_ends_at_the_first_user_whose_task_does_not_fit() -> None:
    asked = scenario(capacities=(7,), demands=("3", "1"), finishes=0)
    assert caught(with_filling(StopsAtTheFirst, asked), asked) == {"pareto_efficiency": "u1 waits, and <1> is left"}


@frozen
class ByAssets(Filling):
    """Looks at the sum of the shares, and not at the largest."""

    def share(self, account: Account) -> Fraction:
        return account.running * aggregate_share(account.user, self.capacities)


def test_drf_order_and_sharing_incentive_catch_asset_fairness() -> None:
    asked = scenario(capacities=(8, 8), demands=("1,3", "1,1"), finishes=0)
    assert "drf_order" in caught(with_filling(ByAssets, asked), asked)
    alone = evolve(scenario(capacities=(30, 30), demands=("1,3", "1,1"), finishes=0), invariants=SHARING, goals=())
    assert caught(with_filling(ByAssets, alone), alone) == {
        "sharing_incentive": "u1 has dominant share 2/5, 1/2 is its part, and no task takes more than 1/10"
    }


SHARING = (property_of.sharing_incentive,)


@frozen
class Unweighted(Filling):
    """Forgets the weights."""

    def share(self, account: Account) -> Fraction:
        return account.running * max(evolve(account.user, weights=()).shares(self.capacities))


def test_drf_order_catches_forgotten_weights() -> None:
    asked = scenario(capacities=(6,), demands=("1", "1"), weights=(2, 1), finishes=0)
    assert "drf_order" in caught(with_filling(Unweighted, asked), asked)


@frozen
class Slots(Filling):
    """Counts the first resource only, as if a slot of it came with enough of everything else."""

    def fits(self, account: Account) -> bool:
        return account.user.demand[0] <= self.left[0]


def test_nothing_is_overcommitted_catches_slots() -> None:
    asked = scenario(finishes=0)
    assert "nothing_is_overcommitted" in caught(with_filling(Slots, asked), asked)


@define
class Eager(TaskRunner):
    """Reports that a task has finished, and then stops it."""

    def receive(self, message: ToUser, source: NodeId, out: Out) -> None:
        match message:
            case Finish() if self.finishes:
                self.finishes -= 1
                out.send(self.allocator, Finished())
                out.after(10, Finish())
            case Finish():
                self.running -= 1
            case _:
                TaskRunner.receive(self, message, source, out)


def test_nothing_is_overcommitted_catches_a_task_that_is_reported_before_it_has_stopped() -> None:
    asked = scenario(capacities=(1,), demands=("1", "1"))
    assert "nothing_is_overcommitted" in caught(with_nodes(TaskRunner, Eager, asked), asked)


@define
class Deaf(Allocator):
    """Does not look after its connections."""

    def forget(self, name: NodeId, out: Out) -> None:
        """Wait for the user to come back."""


def test_that_the_books_come_right_catches_what_a_crashed_user_keeps() -> None:
    asked = scenario(crashes=1, finishes=0)
    assert set(caught(with_nodes(Allocator, Deaf, asked), asked)) == {"the_books_are_right"}


@define
class Leaky(Allocator):
    """Does not take back what a finished task held."""

    def take_back(self, name: NodeId, out: Out) -> None:
        """Be content with less."""


def test_that_the_books_come_right_catches_what_a_finished_task_keeps() -> None:
    asked = scenario(capacities=(2,), demands=("1", "1"))
    assert "the_books_are_right" in caught(with_nodes(Allocator, Leaky, asked), asked)


@define
class Hasty(Allocator):
    """Deals whenever somebody comes."""

    def receive(self, message: ToAllocator, source: NodeId, out: Out) -> None:
        Allocator.receive(self, message, source, out)
        out.cancel(Deal())
        self.deal(out)


def test_a_goal_catches_an_allocator_that_gives_nobody_time_to_come() -> None:
    asked = scenario(finishes=0)
    assert set(caught(with_nodes(Allocator, Hasty, asked), asked)) == {"those_who_came_at_once_are_dealt_to"}


@define
class Stingy(Allocator):
    """Lets the first who comes run one task, and nobody else."""

    def admit(self, user: User, tasks: int | None, out: Out) -> None:
        Allocator.admit(self, user, 0 if self.filling.accounts else 1, out)


def test_goals_catch_an_allocator_that_serves_one_user_once() -> None:
    asked = scenario(finishes=0)
    assert set(caught(with_nodes(Allocator, Stingy, asked), asked)) >= {"everybody_runs_a_task", "nothing_more_fits"}


def test_the_native_explorer_catches_them_too() -> None:
    asked = scenario(capacities=(1,), demands=("1", "1"), finishes=2)
    assert [one.property for one in explore(with_filling(ByName, asked)).violated] == ["ties_take_turns"]
