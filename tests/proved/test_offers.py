"""Offers: nothing is promised twice, for any number of agents and frameworks; and it is where a guard is missing."""

from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve
from z3 import And, BoolVal, Exists, ForAll, Implies, Not, Or

from stackproof.spec import offers_cluster
from stackproof.spec.bounded import run_to
from stackproof.spec.formulas import Formula
from stackproof.spec.offers import SYSTEMS
from stackproof.spec.offers_cluster import (
    Cluster,
    a,
    agent,
    agent_of,
    all_but,
    all_stay,
    answered,
    by_agent,
    by_master,
    f,
    framework,
    k,
    losses,
    not_to,
    o,
    of_others,
    old,
    owner,
    task,
    there,
    u,
    w,
    x,
)
from tests.proved.conscience import Conscience, first_refuted

(SYSTEM,) = SYSTEMS
Step = Callable[[Cluster, Cluster], Formula]


def accept_of_another(s: Cluster, t: Cluster) -> Formula:
    """The master launches on an offer without asking whether it is out, and if so to whom."""
    changes = And(
        t.launched(task),
        ForAll([k, u], Implies(k != task, t.booked(k, u) == s.booked(k, u))),
        ForAll([k, u], Implies(t.launching(k, u), Or(s.launching(k, u), And(k == task, t.booked(k, u))))),
    )
    taken = by_master(s, t, all_but(answered), "booked", "launching")
    return Exists([answered, task], And(Not(s.launched(task)), changes, taken))


def accept_twice(s: Cluster, t: Cluster) -> Formula:
    """An offer stays out when it is accepted."""
    guard = And(s.made(answered, framework), owner(task) == framework, Not(s.launched(task)))
    changes = And(
        t.launched(task),
        ForAll([k, u], Implies(k != task, t.booked(k, u) == s.booked(k, u))),
        ForAll([u], Implies(t.booked(task, u), s.offered(answered, u))),
        ForAll([k, u], Implies(t.launching(k, u), Or(s.launching(k, u), And(k == task, t.booked(k, u))))),
    )
    taken = by_master(s, t, all_stay, "booked", "launching")
    return Exists([framework, answered, task], And(guard, changes, taken))


def accept_unbooked(s: Cluster, t: Cluster) -> Formula:
    """The master launches a task and does not enter it."""
    guard = And(s.made(answered, framework), owner(task) == framework, Not(s.launched(task)))
    launch = Implies(t.launching(k, u), Or(s.launching(k, u), And(k == task, s.offered(answered, u))))
    changes = And(t.launched(task), ForAll([k, u], launch))
    taken = by_master(s, t, all_but(answered), "launching")
    return Exists([framework, answered, task], And(guard, changes, taken))


def accept_again(s: Cluster, t: Cluster) -> Formula:
    """A task is launched that may have been launched before."""
    guard = And(s.made(answered, framework), owner(task) == framework)
    behind = And(s.doomed(x), there(t, x, u), t.launching(task, w), agent_of(u) == agent_of(w))
    changes = And(
        t.launched(task),
        ForAll([k, u], Implies(k != task, t.booked(k, u) == s.booked(k, u))),
        ForAll([u], Implies(t.booked(task, u), s.offered(answered, u))),
        ForAll([k, u], Implies(t.launching(k, u), Or(s.launching(k, u), And(k == task, t.booked(k, u))))),
        ForAll([x, u, w], Implies(behind, t.waits(task, x))),
    )
    taken = by_master(s, t, all_but(answered), "booked", "launching")
    return Exists([framework, answered, task], And(guard, changes, taken))


def register_anybody(s: Cluster, t: Cluster) -> Formula:
    """An agent that says that it is new is entered as empty, though it was here before."""
    changes = And(
        ForAll([a], t.registered(a) == Or(And(s.registered(a), a != old), a == agent)),
        ForAll([k, u], t.booked(k, u) == And(s.booked(k, u), agent_of(u) != old)),
    )
    return Exists([agent, old], And(changes, by_master(s, t, of_others(s, old), "registered", "booked")))


def readmit_empty(s: Cluster, t: Cluster) -> Formula:
    """An agent that has been here is entered without the tasks that it names."""
    changes = ForAll([a], t.registered(a) == Or(s.registered(a), a == agent))
    guard = And(s.reporting(agent), Not(s.registered(agent)), Not(t.reporting(agent)))
    return Exists([agent], And(guard, changes, by_master(s, t, all_stay, "registered")))


def hear_too_early(s: Cluster, t: Cluster) -> Formula:
    """The master takes a task for over of which nobody has said so."""
    changes = ForAll([k, u], t.booked(k, u) == And(s.booked(k, u), k != task))
    return Exists([task], And(changes, by_master(s, t, all_stay, "booked")))


def lose_only_tasks(s: Cluster, t: Cluster) -> Formula:
    """An agent is given up, and offers of it stay out."""
    changes = And(
        ForAll([a], t.registered(a) == And(s.registered(a), a != agent)),
        ForAll([k, u], t.booked(k, u) == And(s.booked(k, u), agent_of(u) != agent)),
    )
    return Exists([agent], And(changes, by_master(s, t, all_stay, "registered", "booked")))


def dismiss_silently(s: Cluster, t: Cluster) -> Formula:
    """A framework leaves, its tasks are forgotten, and no agent is told to end them."""
    changes = ForAll([k, u], t.booked(k, u) == And(s.booked(k, u), owner(k) != framework))
    return Exists([framework], And(changes, by_master(s, t, not_to(s, framework), "booked")))


def fail_over_remembering_reports(s: Cluster, t: Cluster) -> Formula:
    """What an agent said to the last master, before that one had it launch more, the next one believes."""
    empty = Not(Or(t.registered(a), t.made(o, f), t.offered(o, u), t.booked(k, u)))
    same = And(ForAll([a], t.reporting(a)), ForAll([k, u], t.reported(k, u) == s.reported(k, u)))
    return And(ForAll([a, o, f, k, u], empty), same, losses(s, t))


def start_out_of_order(s: Cluster, t: Cluster) -> Formula:
    """An agent runs a task before it has ended what it was told to end before."""
    changes = And(
        ForAll([k, u], Implies(t.runs(k, u), Or(s.runs(k, u), And(k == task, s.launching(k, u))))),
        ForAll([k, u], Implies(t.launching(k, u), And(s.launching(k, u), k != task))),
    )
    return Exists([task], And(changes, by_agent(s, t, "runs", "launching")))


def finish_on_the_way(s: Cluster, t: Cluster) -> Formula:
    """An agent says that a task is over, or that it never had it, while the task is on its way to it."""
    changes = And(
        ForAll([k, u], Implies(t.runs(k, u), And(s.runs(k, u), k != task))),
        ForAll([k], Implies(t.ended(k), Or(s.ended(k), k == task))),
    )
    return Exists([task], And(s.launched(task), changes, by_agent(s, t, "runs", "ended")))


def report_before_the_rest_has_come(s: Cluster, t: Cluster) -> Formula:
    """An agent names its tasks while the last master's are on their way to it."""
    named = t.reported(k, u) == s.runs(k, u)
    changes = And(
        ForAll([a], Implies(t.reporting(a), Or(s.reporting(a), a == agent))),
        ForAll([k, u], Implies(agent_of(u) == agent, named)),
    )
    guard = And(Not(s.registered(agent)), Not(s.fresh(agent)))
    return Exists([agent], And(guard, changes, by_agent(s, t, "reporting")))


WEAKENED: list[tuple[str, Step]] = [
    ("accept", accept_of_another),
    ("accept", accept_twice),
    ("accept", accept_unbooked),
    ("accept", accept_again),
    ("register", register_anybody),
    ("readmit", readmit_empty),
    ("hear_of_end", hear_too_early),
    ("lose_agent", lose_only_tasks),
    ("dismiss", dismiss_silently),
    ("fail_over", fail_over_remembering_reports),
    ("start", start_out_of_order),
    ("finish", finish_on_the_way),
    ("report", report_before_the_rest_has_come),
]

NEEDED: list[tuple[str, str | None]] = [
    ("a_fresh_agent_is_empty", "register"),
    ("books_are_of_who_is_registered", "readmit"),
    ("books_are_consistent", "accept"),
    ("an_offer_has_one_holder", None),
    ("what_runs_is_booked", "accept"),
    ("reports_are_complete", "readmit"),
    ("tasks_are_launched_once", "offer"),
    ("one_of_two_is_to_end", "report"),
]


class TestOffers(Conscience):
    system, needed, weakened = SYSTEM, NEEDED, WEAKENED


@pytest.mark.parametrize("part", ["free", "one_of_two"])
def test_an_allocation_of_what_is_not_free_is_refuted(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offers_cluster, part, lambda *_: BoolVal(True))
    assert first_refuted(SYSTEM, "offer") is not None


# What can come about: a wish that it never does is refuted by a run.


def never(what: Callable[[Cluster], Formula]) -> Any:
    """The system with the wish that this never is in the place of a consequence; of one agent, with one unit."""
    sizes = {"Agent": 1, "Unit": 1, "Framework": 2, "Offer": 1, "Task": 2}
    wishful = SYSTEM.replacing(no_unit_runs_two_tasks=lambda s: Not(what(s)))
    return evolve(wishful, sizes=sizes)


def a_task_runs(s: Cluster) -> Formula:
    """A task runs that the books have."""
    return Exists([k, u], And(s.runs(k, u), s.booked(k, u)))


def an_agent_names_a_task_that_it_runs(s: Cluster) -> Formula:
    """To a new master, which does not know it."""
    return Exists([k, u], And(s.reporting(agent_of(u)), s.reported(k, u), s.runs(k, u)))


def a_task_waits_for_another_to_end(s: Cluster) -> Formula:
    """Where a task that is to end still runs, another is on its way."""
    return Exists([k, x, u], And(s.runs(x, u), s.launching(k, u), k != x))


@pytest.mark.parametrize(
    ("what", "length", "last"),
    [
        (a_task_runs, 3, "start"),
        pytest.param(a_task_waits_for_another_to_end, 5, "accept", marks=pytest.mark.slow),
        pytest.param(an_agent_names_a_task_that_it_runs, 5, "report", marks=pytest.mark.slow),
    ],
)
def test_this_can_come_about(what: Callable[[Cluster], Formula], length: int, last: str) -> None:
    run = run_to(never(what), "no_unit_runs_two_tasks", length)
    assert run is not None
    assert len(run.steps) == length
    assert run.steps[-1] == last


@pytest.mark.slow
@pytest.mark.parametrize(
    ("step", "weaker", "most"),
    [
        ("register", register_anybody, 6),
        ("readmit", readmit_empty, 9),
        ("hear_of_end", hear_too_early, 6),
        ("dismiss", dismiss_silently, 6),
        ("start", start_out_of_order, 6),
        ("accept", accept_twice, 5),
    ],
)
def test_with_a_weaker_guard_a_unit_runs_two_tasks_in_a_run(step: str, weaker: Step, most: int) -> None:
    sizes = {"Agent": 1, "Unit": 1, "Framework": 2, "Offer": 1, "Task": 2}
    assert run_to(evolve(SYSTEM.replacing(**{step: weaker}), sizes=sizes), "no_unit_runs_two_tasks", most) is not None
