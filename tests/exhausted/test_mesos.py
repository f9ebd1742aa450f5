"""Mesos, every world within stated bounds: what its scenarios refuse, and that their faults are what they say."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from attrs import evolve

from stackproof.checker import Report, Scenario, ScenarioError, Status, Verdict, World, explore
from stackproof.checker.scenarios.mesos import down, mesos_failover, mesos_offers, mesos_revocation
from stackproof.reference.scheduling.mesos.agent import Agent
from stackproof.reference.scheduling.mesos.framework import Framework
from stackproof.reference.scheduling.mesos.master import Master

SMALL: dict[str, Any] = {"agents": 1, "frameworks": ("batch",)}


def reached(report: Report) -> set[str]:
    """The goals that some world showed."""
    return {one.goal for one in report.goals if one.reached}


@pytest.mark.parametrize(
    ("made", "bad", "why"),
    [
        (mesos_offers, {"agents": 0}, "let one be there from the start"),
        (mesos_offers, {"joins": 2}, "2 of 2 agents join later: let one be there from the start"),
        (mesos_offers, {"joins": -1}, "let one be there from the start"),
        (mesos_offers, {"slots": 0}, "2 agents of 0 slots: let there be an agent, and a slot"),
        (mesos_offers, {"frameworks": ()}, "frameworks are batch, service, adversary"),
        (mesos_offers, {"frameworks": ("cron",)}, "frameworks are batch, service, adversary"),
        (mesos_offers, {"habits": ("sleep",)}, "habits decline, hoard, cling"),
        (mesos_failover, {"agents": 0}, "let there be an agent"),
        (mesos_failover, {"frameworks": ("cron",)}, "frameworks are batch, service, adversary"),
        (
            mesos_failover,
            {"registered": False},
            "who is not registered has launched nothing",
        ),
        (mesos_revocation, {"reserved": 3}, "some of the two slots are reserved, or none"),
        (mesos_revocation, {"reserved": -1}, "some of the two slots are reserved, or none"),
        (mesos_revocation, {"tasks": 0}, "the service wants a task or more"),
    ],
)
def test_a_cluster_that_makes_no_sense_is_refused(made: Callable[..., Scenario], bad: dict[str, Any], why: str) -> None:
    with pytest.raises(ScenarioError, match=why):
        made(**bad)


def master_failed(world: World) -> bool:
    """The master is down, or has come back with empty books."""
    return bool(world.status["m"] is Status.DOWN)


def agent_failed(world: World) -> bool:
    """An agent is down."""
    return any(world.status[one.id] is Status.DOWN for one in world.scenario.nodes if isinstance(one, Agent))


def framework_failed(world: World) -> bool:
    """A framework is down."""
    return any(world.status[one.id] is Status.DOWN for one in world.scenario.nodes if isinstance(one, Framework))


@pytest.mark.parametrize(
    ("budgets", "fail"),
    [
        ((1, 0, 0), {"agent_failed"}),
        ((0, 1, 0), {"master_failed"}),
        ((0, 0, 1), {"framework_failed"}),
        ((0, 1, 1), {"framework_failed", "master_failed"}),
    ],
)
def test_those_fail_who_may(budgets: tuple[int, int, int], fail: set[str]) -> None:
    crashes, failovers, framework_crashes = budgets
    scenario = mesos_failover(**SMALL, crashes=crashes, failovers=failovers, framework_crashes=framework_crashes)
    watched = evolve(scenario, invariants=(), goals=(master_failed, agent_failed, framework_failed))
    assert reached(explore(watched)) == fail


def one_has_failed_twice(world: World) -> Iterator[str]:
    """Two crashes of the master, or two of the agent, which begins anew once for each new master at most."""
    masters = world.monitors["dealings"].elected
    if masters + len(down(world, Master)) > 1:
        yield "two crashes of masters"
    if world.nodes["a0"].life + len(down(world, Agent)) > 1 + masters:
        yield "two crashes of agents"


@pytest.mark.parametrize("registered", [True, False])
def test_a_budget_of_one_kind_is_not_spent_on_another(registered: bool) -> None:
    scenario = mesos_failover(**SMALL, crashes=1, failovers=1, launched=registered, registered=registered)
    assert explore(evolve(scenario, invariants=(one_has_failed_twice,))).verdict is Verdict.HELD


@pytest.mark.parametrize(
    "scenario",
    [
        mesos_offers(**SMALL, timeouts=1),
        mesos_offers(**SMALL, timeouts=1, partitions=1),
        mesos_offers(agents=2, frameworks=("batch",), joins=1),
        mesos_offers(**SMALL, leaves=1),
        mesos_offers(**SMALL, crashes=2),
        mesos_offers(agents=1, frameworks=("batch", "batch")),
        mesos_offers(agents=1, frameworks=("batch", "adversary"), habits=("decline", "hoard", "cling")),
        mesos_failover(**SMALL, crashes=1, failovers=1),
        mesos_failover(**SMALL, crashes=0, failovers=1, framework_crashes=1),
        mesos_failover(**SMALL, crashes=0, failovers=2, launched=False, registered=False),
        mesos_revocation(reserved=1),
        mesos_revocation(guaranteed=0),
    ],
    ids=[
        "timeout", "partition", "join", "leave", "two crashes", "one slot for two", "adversary", "failover",
        "failing framework", "two failovers before an agent is registered", "reserved", "nothing guaranteed",
    ],
)  # fmt: skip
def test_whatever_happens_the_properties_hold_and_the_goals_are_reached(scenario: Scenario) -> None:
    report = explore(scenario, worlds=200_000)
    assert report.verdict is Verdict.HELD
    assert reached(report) == {goal.__name__ for goal in scenario.goals}


def test_starvation_is_not_spoken_of_where_there_is_no_room_for_all() -> None:
    assert [one.__name__ for one in mesos_offers().eventually_always] == ["no_starvation"]
    assert mesos_offers(agents=1).eventually_always == ()
    assert mesos_offers(frameworks=("batch", "adversary"), habits=("hoard",)).eventually_always == ()


def test_a_guarantee_is_kept_and_without_one_who_came_late_may_wait_for_ever() -> None:
    kept, promised = mesos_revocation(), mesos_revocation(guaranteed=0)
    assert explore(kept, engine="native").verdict is Verdict.HELD
    late = explore(evolve(promised, goals=(), eventually=kept.eventually))
    assert {one.property for one in late.violated} == {"who_is_owed_is_served"}
