"""Dominant resource fairness by messages, every world within stated bounds. The counts are in counts.toml."""

from collections.abc import Iterator
from typing import Any

import pytest
from attrs import evolve, frozen

from stackproof.checker.explore import explore
from stackproof.checker.explore.limits import Limits
from stackproof.checker.explore.plain import explore_plainly
from stackproof.checker.host import ScenarioError
from stackproof.checker.invariants.drf import dealing_is_over, ledger
from stackproof.checker.invariants.fairness import a_task_short
from stackproof.checker.report import Report, Verdict
from stackproof.checker.scenario import Scenario
from stackproof.checker.scenarios.drf import drf
from stackproof.checker.world import World
from stackproof.reference.scheduling.drf import times
from stackproof.reference.scheduling.drf_allocator import Allocator, Served, TaskRunner

THREE: dict[str, Any] = {"capacities": (4, 6), "demands": ("1,2", "2,1", "1,1")}


def explored(scenario: Scenario) -> Report:
    return explore_plainly(scenario, Limits())


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"finishes": 2},
        {"crashes": 2},
        {"partitions": 1},
        {"weights": (2, 1)},
        {"tasks": 2},
        {"finishes": 0, "leaves": 1},
        {"capacities": (1,), "demands": ("1", "1"), "finishes": 3},
        {"capacities": (4, 2), "demands": ("1,0", "1,1", "0,1")},
        THREE,
    ],
    ids=str,
)
def test_an_allocator_and_its_users_keep_to_dominant_resource_fairness(asked: dict[str, Any]) -> None:
    assert explored(drf(**asked)).verdict is Verdict.HELD


@pytest.mark.slow
@pytest.mark.parametrize("asked", [{"leaves": 1, "crashes": 1}, THREE | {"crashes": 1}, THREE | {"leaves": 1}], ids=str)
def test_they_do_so_whoever_crashes_or_leaves(asked: dict[str, Any]) -> None:
    assert explore(drf(**asked)).verdict is Verdict.HELD


def runs(world: World, *tasks: int) -> bool:
    """Whether each user runs so many tasks."""
    return tasks == tuple(node.running for node in world.nodes.values() if isinstance(node, TaskRunner))


def a_runs_three_tasks_and_b_two(world: World) -> bool:
    """The outcome of the paper's example."""
    return runs(world, 3, 2) and ledger(world).at_once


def test_the_papers_example_comes_about_by_messages() -> None:
    report = explored(evolve(drf(), goals=(a_runs_three_tasks_and_b_two,)))
    assert report.verdict is Verdict.HELD
    assert [goal.length for goal in report.goals] == [3 + 5]


def only_the_papers_example(world: World) -> Iterator[str]:
    """Whoever comes at once is dealt the paper's outcome."""
    seen = ledger(world)
    granted = {one.user.name: one.running for one in seen.entries}
    if seen.at_once and dealing_is_over(world) and len(granted) == 2 and granted != {"u0": 3, "u1": 2}:
        yield f"{granted}"


def test_nothing_else_comes_about_when_both_come_at_once() -> None:
    assert explored(evolve(drf(), invariants=(only_the_papers_example,))).verdict is Verdict.HELD


def everybody_has_its_part(world: World) -> Iterator[str]:
    """The sharing incentive for those, too, who come late."""
    seen = ledger(world)
    if dealing_is_over(world):
        for one in seen.entries:
            yield from a_task_short(seen.cluster, one.user, times(one.running, one.user.demand))


def test_who_comes_late_is_promised_no_part_since_no_task_is_taken_back() -> None:
    report = explored(evolve(drf(capacities=(4,), demands=("1", "1")), invariants=(everybody_has_its_part,)))
    assert [(one.reason, one.length) for one in report.violated] == [
        ("u1 has dominant share 0, 1/2 is its part, and no task takes more than 1/4", 3)
    ]


@frozen
class EverServed:
    """A monitor: who was ever granted a task."""

    names: frozenset[str] = frozenset()

    def observe(self, node: str, event: Any) -> "EverServed":
        return EverServed(self.names | {event.user}) if isinstance(event, Served) else self


def the_survivor_has_it_all(world: World) -> bool:
    """User 0, who had tasks, is down, and user 1 runs more than ever fitted beside them."""
    return "u0" in world.monitors["ever"].names and "u0" not in world.up and runs(world, 0, 3)


@pytest.mark.parametrize(("fault", "reached"), [({"crashes": 1}, True), ({"leaves": 1}, True), ({}, False)])
def test_what_a_user_held_who_is_gone_is_dealt_to_the_others(fault: dict[str, int], reached: bool) -> None:
    asked = drf(finishes=0, **fault)  # type: ignore[arg-type]
    monitors = {**asked.monitors, "ever": EverServed()}
    (goal,) = explored(evolve(asked, monitors=monitors, goals=(the_survivor_has_it_all,))).goals
    assert goal.reached is reached


def test_every_message_is_handled_in_some_world() -> None:
    report = explored(drf(leaves=1, crashes=1, finishes=1, tasks=1))
    assert {(one.node, one.message) for one in report.handlers if one.count} == {
        *((Allocator.__name__, name) for name in ("Register", "Finished", "Leaving", "Deal", "Bounced")),
        *((TaskRunner.__name__, name) for name in ("Launch", "Finish")),
    }


@pytest.mark.parametrize(
    "bad",
    [
        {"demands": ()},
        {"demands": ("1,x", "1,1")},
        {"demands": ("1", "1,1")},
        {"demands": ("0,0", "1,1")},
        {"capacities": (0, 1)},
        {"capacities": ()},
        {"weights": (1,)},
        {"weights": (0, 1)},
        {"finishes": -1},
        {"tasks": 0},
    ],
    ids=str,
)
def test_a_cluster_that_makes_no_sense_is_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(ScenarioError, match=r"demand|capacities|weights|task"):
        drf(**bad)
