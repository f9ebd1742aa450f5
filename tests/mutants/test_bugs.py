"""Published bugs: each is found by the property it breaks, and gone where the reference stands in its place.

`FOUND` says which property, how many events the shortest run that shows it has, and how many of them go round for ever
(0: the run may end; None: no promise of runs), and the goal that is reached, in both variants, when the trigger occurs.
"""

from typing import Any

import pytest
from attrs import define, evolve, frozen

from stackproof.checker import Faults, Report, Scenario, Verdict, explore
from stackproof.checker.bugs.mesos_allocator import Endless
from stackproof.checker.registry import BUGS
from stackproof.checker.world import World
from stackproof.reference.actor import NodeId, Out
from stackproof.reference.scheduling.mesos.framework import Accepted, Batch, Framework

FOUND = {
    "A1": ("no_starvation", 20, 13, "a_slot_comes_back_while_somebody_waits"),
    "A2": ("a_round_is_shared_evenly", 5, None, "two_frameworks_await_two_agents"),
    "A3": ("a_refusal_outlasts_a_round", 8, None, "a_filter_may_expire_before_a_round"),
    "A6": ("the_capable_framework_has_both_agents", 16, 0, "the_first_in_line_is_incapable"),
    "A7": ("offers_never_exceed_what_was_announced", 7, None, "a_round_follows_a_rescission"),
    "A8": ("an_offer_is_somewhere", 12, None, "an_acceptance_and_a_rescission_cross"),
    "A10": ("everybody_is_offered_something", 7, 0, "an_offer_is_held_while_somebody_waits"),
    "A11": ("no_starvation", 22, 6, "the_needy_one_has_the_largest_share"),
    "A12": ("a_lost_task_does_not_run", 11, None, "a_launch_and_a_registration_cross"),
    "A13": ("a_lost_task_does_not_run", 15, None, "an_agent_registers_before_a_launch"),
    "A14": ("a_task_ends_once", 19, None, "an_end_and_a_question_cross"),
    "A17": ("acknowledged_updates_were_processed", 14, None, "a_scheduler_fails_with_an_update_unprocessed"),
    "A-expiry": ("no_starvation", 23, 13, "somebody_who_declined_is_needy"),
    "A-role": ("no_starvation", 35, 26, "a_slot_comes_back_while_somebody_waits"),
    "J2": ("the_job_ends", 5, None, "a_reducer_is_told_of_a_map_run_again"),
    "J3": ("completed_map_output_is_available_or_rerun", 7, None, "the_attempt_that_counts_is_lost"),
    "J6": ("the_job_ends", 10, None, "a_stopped_container_asks"),
    "J7": ("the_job_ends", 7, None, "the_attempt_that_may_commit_is_lost"),
    "J8": ("at_most_one_master_commits", 18, None, "both_masters_have_all_tasks_completed"),
    "S1": ("the_result_equals_the_failure_free_result", 23, None, "a_reader_has_ended_when_the_rows_are_dealt_again"),
    "S3": ("one_output_commit_per_partition", 10, None, "two_attempts_want_to_publish"),
    "S5": ("one_output_commit_per_partition", 11, None, "a_task_runs_again_though_its_output_is_there"),
    "S7": ("an_idle_executor_is_used_within_the_wait", 4, None, "a_near_task_starts_while_an_executor_waits"),
    "S9": ("one_attempt_of_a_stage_is_active", 15, None, "an_old_report_meets_a_new_attempt"),
    "S10": ("shuffle_reads_a_consistent_set_of_map_outputs", 12, None, "a_map_task_runs_again_beside_its_old_file"),
}
PROMISES = ("eventually", "eventually_always", "always_reachable")


def explored(bug: str, fixed: bool) -> Report:
    """What comes of exploring one variant of a bug."""
    return explore(BUGS[bug].load()(fixed=fixed), worlds=50_000)


def reached(report: Report) -> dict[str, bool]:
    """Whether each goal was reached."""
    return {goal.goal: goal.reached for goal in report.goals}


@pytest.mark.parametrize("bug", BUGS)
def test_a_bug_breaks_its_property(bug: str) -> None:
    report = explored(bug, fixed=False)
    *found, _ = FOUND[bug]
    assert report.verdict is Verdict.VIOLATED
    assert [[one.property, one.length, one.loop] for one in report.violated] == [found]


@pytest.mark.parametrize("bug", BUGS)
def test_what_sets_a_bug_off_happens_where_it_is(bug: str) -> None:
    *_, trigger = FOUND[bug]
    unasked = evolve(BUGS[bug].load()(), invariants=(), eventually=(), always_reachable=())
    assert reached(explore(unasked, worlds=50_000))[trigger]


@pytest.mark.parametrize("bug", BUGS)
def test_the_reference_holds_under_the_same_bounds(bug: str) -> None:
    report = explored(bug, fixed=True)
    *_, trigger = FOUND[bug]
    assert (report.verdict, report.why) == (Verdict.HELD, None)
    assert reached(report)[trigger]
    assert all(reached(report).values())


@pytest.mark.parametrize("bug", BUGS)
def test_both_variants_have_the_same_bounds(bug: str) -> None:
    broken, fixed = (BUGS[bug].load()(fixed=variant) for variant in (False, True))
    for bounds in ("names", "network", "faults", "monitors", "invariants", "goals", *PROMISES):
        assert getattr(broken, bounds) == getattr(fixed, bounds)


@frozen
class Begins:
    """Somebody begins to watch."""


@define
class Watcher:
    """A bystander who begins to watch at some moment, or never."""

    id: NodeId

    def start(self, out: Out) -> None:
        out.observe(Begins())

    def receive(self, message: Any, source: NodeId, out: Out) -> None:
        """Nobody says anything to it."""


@frozen
class Waiting:
    """A monitor: which of all frameworks have launched nothing since somebody began to watch."""

    all: tuple[NodeId, ...]
    now: tuple[NodeId, ...] = ()

    def observe(self, node: NodeId, event: Any) -> "Waiting":
        match event:
            case Begins():
                return evolve(self, now=self.all)
            case Accepted():
                return evolve(self, now=tuple(one for one in self.now if one != node))
            case _:
                return self


def nobody_waits(world: World) -> bool:
    """Whoever could not launch anything for some time, whenever that began, has launched something."""
    return not world.monitors["waiting"].now


def for_ever(scenario: Scenario) -> Scenario:
    """The same question of frameworks that all want tasks for ever: does every one launch tasks again and again?"""
    endless = tuple(
        Endless(node.id, "m", (1,), role=node.role) if type(node) is Batch else node for node in scenario.nodes
    )
    return Scenario(
        nodes=endless,
        absent=(Watcher("w"),),
        network=scenario.network,
        faults=Faults(joins=1),
        monitors={"waiting": Waiting(tuple(node.id for node in endless if isinstance(node, Framework)))},
        eventually_always=(nobody_waits,),
    )


@pytest.mark.parametrize("bug", ["A1", "A-expiry", "A-role"])
def test_with_fair_shares_and_filters_that_expire_everybody_is_served_again_and_again(bug: str) -> None:
    verdicts = [explore(for_ever(BUGS[bug].load()(fixed=fixed)), worlds=200_000).verdict for fixed in (False, True)]
    assert verdicts == [Verdict.VIOLATED, Verdict.HELD]
