"""Resource offers: nothing of an agent is promised twice, whoever fails, for any number of agents and frameworks.

Hindman et al., "Mesos: A Platform for Fine-Grained Resource Sharing in the Data Center", NSDI 2011, sections 3.1-3.6.
Resources are indivisible units, any number on each agent, each with a name: sums are not spoken of. Every step of the
master ends with a round of allocation, which offers what nobody uses or was offered. Its books are lost with it, and
the next master enters who registers again. An agent here is one life of it: who comes back after a crash is another,
and so is who was not answered and asks again to be registered. One master leads at a time.

Links are first in, first out, which is all that is said of them: an agent runs a task when whatever it was told to end
before has ended (`waits`), and names its tasks to a new master when it has run or ended all that the last one sent.
Tasks may be lost at any time with their agent, and so may messages to it. What was sent to a master is lost with it.
"""

from collections.abc import Callable, Sequence

import z3
from z3 import And, Exists, ForAll, Implies, Not, Or

from stackproof.spec.formulas import Formula
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
    g,
    init,
    k,
    losses,
    not_to,
    o,
    of_others,
    old,
    one_link,
    owner,
    p,
    task,
    there,
    u,
    w,
    x,
)
from stackproof.spec.transition_system import System

# Steps of the master.


def offer(s: Cluster, t: Cluster) -> Formula:
    """Offers are made."""
    return by_master(s, t, all_stay)


def register(s: Cluster, t: Cluster) -> Formula:
    """A fresh agent is entered; the life before it, if the books have it, is no more: its tasks and offers are void."""
    changes = And(
        ForAll([a], t.registered(a) == Or(And(s.registered(a), a != old), a == agent)),
        ForAll([a], Implies(t.fresh(a), And(s.fresh(a), a != agent))),
        ForAll([k, u], t.booked(k, u) == And(s.booked(k, u), agent_of(u) != old)),
    )
    taken = by_master(s, t, of_others(s, old), "registered", "booked", "fresh")
    return Exists([agent, old], And(s.fresh(agent), changes, taken))


def readmit(s: Cluster, t: Cluster) -> Formula:
    """An agent that is not in the books is entered, with the tasks that it names; another life of it is no more."""
    guard = And(s.reporting(agent), Not(s.registered(agent)))
    others = And(s.booked(k, u), agent_of(u) != old)
    changes = And(
        ForAll([a], t.registered(a) == Or(And(s.registered(a), a != old), a == agent)),
        ForAll([k, u], t.booked(k, u) == z3.If(agent_of(u) == agent, s.reported(k, u), others)),
        Not(t.reporting(agent)),
    )
    return Exists([agent, old], And(guard, changes, by_master(s, t, of_others(s, old), "registered", "booked")))


def accept(s: Cluster, t: Cluster) -> Formula:
    """A framework has a task launched that never was, on some of what it was offered."""
    guard = And(s.made(answered, framework), owner(task) == framework, Not(s.launched(task)))
    behind = And(s.doomed(x), there(t, x, u), t.launching(task, w), one_link(u, w))
    changes = And(
        t.launched(task),
        ForAll([k, u], Implies(k != task, t.booked(k, u) == s.booked(k, u))),
        ForAll([u], Implies(t.booked(task, u), s.offered(answered, u))),
        ForAll([k, u], Implies(t.launching(k, u), Or(s.launching(k, u), And(k == task, t.booked(k, u))))),
        ForAll([x, u, w], Implies(behind, t.waits(task, x))),
    )
    taken = by_master(s, t, all_but(answered), "booked", "launching")
    return Exists([framework, answered, task], And(guard, changes, taken))


def decline(s: Cluster, t: Cluster) -> Formula:
    """A framework declines an offer of its, or names it where nothing comes of it."""
    return Exists([framework, answered], And(s.made(answered, framework), by_master(s, t, all_but(answered))))


def rescind(s: Cluster, t: Cluster) -> Formula:
    """An offer is void, that nobody answered for too long."""
    return Exists([answered], by_master(s, t, all_but(answered)))


def hear_of_end(s: Cluster, t: Cluster) -> Formula:
    """The master hears from its agent that a task is over."""
    changes = ForAll([k, u], t.booked(k, u) == And(s.booked(k, u), k != task))
    return Exists([task], And(s.ended(task), changes, by_master(s, t, all_stay, "booked")))


def lose_agent(s: Cluster, t: Cluster) -> Formula:
    """An agent leaves or is given up, rightly or not: its tasks and offers are void."""
    changes = And(
        ForAll([a], t.registered(a) == And(s.registered(a), a != agent)),
        ForAll([k, u], t.booked(k, u) == And(s.booked(k, u), agent_of(u) != agent)),
    )
    return Exists([agent], And(changes, by_master(s, t, of_others(s, agent), "registered", "booked")))


def lose_framework(s: Cluster, t: Cluster) -> Formula:
    """A framework is gone, or another one is there in its place: its offers are void, its tasks go on."""
    return Exists([framework], by_master(s, t, not_to(s, framework)))


def dismiss(s: Cluster, t: Cluster) -> Formula:
    """A framework leaves: its offers are void, agents are told to end its tasks, and the books have these no longer."""
    leaves = And(owner(k) == framework, Exists([w], s.booked(k, w)))
    changes = And(
        ForAll([k, u], t.booked(k, u) == And(s.booked(k, u), owner(k) != framework)),
        ForAll([k, u], Implies(And(leaves, there(t, k, u)), t.doomed(k))),
        ForAll([k], Implies(t.doomed(k), Or(s.doomed(k), leaves))),
    )
    return Exists([framework], And(changes, by_master(s, t, not_to(s, framework), "booked", "doomed")))


def fail_over(s: Cluster, t: Cluster) -> Formula:
    """The master fails, and another one leads, with empty books."""
    empty = Not(Or(t.registered(a), t.reporting(a), t.made(o, f), t.offered(o, u), t.booked(k, u)))
    return And(ForAll([a, o, f, k, u], empty), losses(s, t))


# Steps of agents.


def start(s: Cluster, t: Cluster) -> Formula:
    """An agent is told to run a task, after all that it was told to end before."""
    ahead = And(s.waits(task, x), s.launching(task, w), one_link(u, w), there(s, x, u))
    changes = And(
        ForAll([k, u], Implies(t.runs(k, u), Or(s.runs(k, u), And(k == task, s.launching(k, u))))),
        ForAll([k, u], Implies(t.launching(k, u), And(s.launching(k, u), k != task))),
    )
    guard = ForAll([x, u, w], Not(ahead))
    return Exists([task], And(guard, changes, by_agent(s, t, "runs", "launching")))


def finish(s: Cluster, t: Cluster) -> Formula:
    """A task that is not on its way is over, and its agent says so; or the agent never had it, and says that."""
    guard = And(s.launched(task), ForAll([u], Not(s.launching(task, u))))
    changes = And(
        ForAll([k, u], Implies(t.runs(k, u), And(s.runs(k, u), k != task))),
        ForAll([k], Implies(t.ended(k), Or(s.ended(k), k == task))),
    )
    return Exists([task], And(guard, changes, by_agent(s, t, "runs", "ended")))


def crash(s: Cluster, t: Cluster) -> Formula:
    """Tasks are lost: those of an agent that crashed, and those that it was told to end."""
    return by_agent(s, t)


def report(s: Cluster, t: Cluster) -> Formula:
    """An agent hears of a new master, after all that the last one sent, and names its tasks."""
    to_come = Or(s.launching(k, u), And(s.runs(k, u), s.doomed(k)))
    quiet = ForAll([k, u], Implies(agent_of(u) == agent, Not(to_come)))
    guard = And(Not(s.registered(agent)), Not(s.fresh(agent)), quiet)
    named = t.reported(k, u) == z3.If(agent_of(u) == agent, s.runs(k, u), s.reported(k, u))
    changes = And(
        ForAll([a], Implies(t.reporting(a), Or(s.reporting(a), a == agent))),
        ForAll([k, u], Implies(t.reporting(agent_of(u)), named)),
    )
    return Exists([agent], And(guard, changes, by_agent(s, t, "reporting")))


# What holds.


def a_fresh_agent_is_empty(s: Cluster) -> Formula:
    """Of an agent that no books ever had, nothing is used, and it names no tasks."""
    unused = ForAll([k, u], Implies(s.fresh(agent_of(u)), Not(there(s, k, u))))
    return And(unused, ForAll([a], Implies(s.fresh(a), Not(Or(s.registered(a), s.reporting(a))))))


def books_are_of_who_is_registered(s: Cluster) -> Formula:
    """What is used or offered by the books is of an agent that they have."""
    return ForAll([o, k, u], Implies(Or(s.offered(o, u), s.booked(k, u)), s.registered(agent_of(u))))


def books_are_consistent(s: Cluster) -> Formula:
    """By the books a unit is in one offer, or used by one task."""
    offered = Implies(And(s.offered(o, u), s.offered(p, u)), o == p)
    booked = Implies(And(s.booked(k, u), s.booked(x, u)), k == x)
    return ForAll([o, p, k, x, u], And(offered, booked, Not(And(s.offered(o, u), s.booked(k, u)))))


def an_offer_has_one_holder(s: Cluster) -> Formula:
    """An offer is out to one framework."""
    return ForAll([o, f, g], Implies(And(s.made(o, f), s.made(o, g)), f == g))


def what_runs_is_booked(s: Cluster) -> Formula:
    """What is on an agent that is registered, or on its way, is in the books, or is to end."""
    given = And(s.registered(agent_of(u)), there(s, k, u))
    return ForAll([k, u], Implies(given, Or(s.booked(k, u), s.doomed(k))))


def reports_are_complete(s: Cluster) -> Formula:
    """An agent that reports is in no books, names all that it runs, no unit twice, and is sent nothing."""
    reporting = s.reporting(agent_of(u))
    named = Implies(And(reporting, s.runs(k, u)), s.reported(k, u))
    once = Implies(And(reporting, s.reported(k, u), s.reported(x, u)), k == x)
    nothing_else = Implies(reporting, Not(Or(s.launching(k, u), s.registered(agent_of(u)))))
    return ForAll([k, x, u], And(named, once, nothing_else))


def tasks_are_launched_once(s: Cluster) -> Formula:
    """What is used or named was launched, what runs is not on its way, and what is over is neither."""
    used = Or(s.booked(k, u), there(s, k, u), And(s.reporting(agent_of(u)), s.reported(k, u)))
    over = Implies(s.ended(k), And(s.launched(k), Not(there(s, k, u))))
    once = Not(And(s.runs(k, u), s.launching(k, w)))
    return ForAll([k, u, w], And(Implies(used, s.launched(k)), over, once))


def one_of_two_is_to_end(s: Cluster) -> Formula:
    """Of two tasks that are on a unit or on their way, one is to end, and the other waits for that, on its way."""
    both = And(there(s, k, u), there(s, x, u), k != x)
    one = And(s.doomed(x), s.waits(k, x), s.launching(k, u))
    other = And(s.doomed(k), s.waits(x, k), s.launching(x, u))
    return ForAll([k, x, u], Implies(both, Or(one, other)))


def no_unit_runs_two_tasks(s: Cluster) -> Formula:
    """No agent runs more than it has: no unit is used by two tasks."""
    return ForAll([k, x, u], Implies(And(s.runs(k, u), s.runs(x, u)), k == x))


def one_framework_holds_a_unit(s: Cluster) -> Formula:
    """A unit is offered to one framework at a time."""
    both = And(s.offered(o, u), s.made(o, f), s.offered(p, u), s.made(p, g))
    return ForAll([o, p, f, g, u], Implies(both, f == g))


def offered_units_are_idle(s: Cluster) -> Formula:
    """Where a unit is offered, a task that is still there is to end."""
    return ForAll([o, k, u], Implies(And(s.offered(o, u), there(s, k, u)), s.doomed(k)))


STEPS: Sequence[Callable[[Cluster, Cluster], Formula]] = (
    offer,
    register,
    readmit,
    accept,
    decline,
    rescind,
    hear_of_end,
    lose_agent,
    lose_framework,
    dismiss,
    fail_over,
    start,
    finish,
    crash,
    report,
)
SYSTEMS = (
    System(
        name="offers",
        state=Cluster,
        rigid=[agent_of, owner],
        init=init,
        steps=STEPS,
        invariants=[
            a_fresh_agent_is_empty,
            books_are_of_who_is_registered,
            books_are_consistent,
            an_offer_has_one_holder,
            what_runs_is_booked,
            reports_are_complete,
            tasks_are_launched_once,
            one_of_two_is_to_end,
        ],
        consequences=[no_unit_runs_two_tasks, one_framework_holds_a_unit, offered_units_are_idle],
        sizes={"Agent": 2, "Unit": 2, "Framework": 2, "Offer": 2, "Task": 3},
    ),
)
