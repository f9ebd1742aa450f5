"""The cluster that offers are made in: what there is in the model, and what a step leaves as it was.

A step of the master changes its books as it says, and ends with a round of allocation; a step of an agent leaves the
books alone. Whoever takes a step, tasks and messages may be lost, and orders that were given stand.

How a world of the scenario mesos-offers is read, with one slot on each agent: a unit is an agent's slot, one for each
of its lives; an agent is a pair of name and life. `registered`, `made`, `offered` and `booked` are the books of who
leads (`booked` where the task is not over). An agent is `fresh` that no books ever had, those of lives to come among
them. `launching` are the tasks of which a Launch is on its way to the life that it names, `runs` the processes
that are not over, `ended` the tasks of which a terminal Update is on its way to the master, `doomed` those that are on
an agent, or on their way, ahead of a ShutdownFramework for them; a Launch behind it `waits` for them. `reporting` is an
agent whose ReregisterAgent is on its way to a master that does not have it and did not give it up, `reported` its tasks
there that are not over. `launched` are the tasks whose framework has counted them, and whose Accept was answered.
"""

from collections.abc import Callable
from typing import TypeAlias

import z3
from z3 import And, Exists, ForAll, Implies, Not, Or

from stackproof.spec.formulas import Formula, Relation, State, Term, keeps, sort, variables

AGENT, UNIT, FRAMEWORK = sort("Agent"), sort("Unit"), sort("Framework")
OFFER, TASK = sort("Offer"), sort("Task")
agent_of = z3.Function("agent_of", UNIT, AGENT)
owner = z3.Function("owner", TASK, FRAMEWORK)
a, agent, old = variables("a agent old", AGENT)
u, w = variables("u w", UNIT)
f, g, framework = variables("f g framework", FRAMEWORK)
o, p, q, answered = variables("o p q answered", OFFER)
k, x, task = variables("k x task", TASK)


class Cluster(State):
    """The books of the master, what is on its way, and what agents run."""

    fresh = Relation(AGENT)
    registered = Relation(AGENT)
    made = Relation(OFFER, FRAMEWORK)
    offered = Relation(OFFER, UNIT)
    booked = Relation(TASK, UNIT)
    launched = Relation(TASK)
    launching = Relation(TASK, UNIT)
    runs = Relation(TASK, UNIT)
    ended = Relation(TASK)
    doomed = Relation(TASK)
    waits = Relation(TASK, TASK)
    reporting = Relation(AGENT)
    reported = Relation(TASK, UNIT)


Offers: TypeAlias = Callable[[Term], Formula]


def init(s: Cluster) -> Formula:
    """Agents are fresh, and there is nothing else."""
    nobody = Not(Or(s.registered(a), s.reporting(a), s.made(o, f), s.offered(o, u)))
    nothing = Not(Or(s.booked(k, u), s.launched(k), s.launching(k, u), s.runs(k, u), s.ended(k), s.reported(k, u)))
    return And(ForAll([a], s.fresh(a)), ForAll([a, o, f, u], nobody), ForAll([k, u], nothing))


def there(s: Cluster, task: Term, unit: Term) -> Formula:
    """A task is on this unit, or on its way to it."""
    return Or(s.runs(task, unit), s.launching(task, unit))


def one_link(one: Term, other: Term) -> Formula:
    """Two units are of one agent: what is said of them goes by one link."""
    return agent_of(one) == agent_of(other)


LOSSES = {"launching": (k, u), "runs": (k, u), "ended": (k,), "doomed": (k,), "fresh": (a,)}


def losses(s: Cluster, t: Cluster, *changed: str) -> Formula:
    """Unless they change: tasks and messages are where they were, or lost; and orders stand."""
    kept = [
        ForAll(list(terms), Implies(t[name](*terms), s[name](*terms)))
        for name, terms in LOSSES.items()
        if name not in changed
    ]
    return And(orders_stand(s, t), *kept)


def orders_stand(s: Cluster, t: Cluster) -> Formula:
    """A task that is to end is so as long as it is there, and one that waits for it waits; launched is launched."""
    doomed = Implies(And(s.doomed(x), there(t, x, u)), t.doomed(x))
    waits = Implies(And(s.waits(k, x), there(t, x, u), t.launching(k, w)), t.waits(k, x))
    launched = Implies(s.launched(k), t.launched(k))
    return And(ForAll([x, u], doomed), ForAll([k, x, u, w], waits), ForAll([k], launched))


def same_reports(s: Cluster, t: Cluster) -> Formula:
    """Agents that report name the tasks that they did; a report may be lost."""
    same = Implies(t.reporting(agent_of(u)), t.reported(k, u) == s.reported(k, u))
    return And(ForAll([a], Implies(t.reporting(a), s.reporting(a))), ForAll([k, u], same))


def by_agent(s: Cluster, t: Cluster, *changed: str) -> Formula:
    """The books stay; so does the rest unless it changes, but for losses."""
    books = (keeps(s[name], t[name]) for name in ("registered", "made", "offered", "booked"))
    reports = () if "reporting" in changed else (same_reports(s, t),)
    return And(*books, *reports, losses(s, t, *changed))


def by_master(s: Cluster, t: Cluster, stays: Offers, *changed: str) -> Formula:
    """Of the offers these stay, and new ones are made; the rest stays unless it changes, but for losses."""
    books = (keeps(s[name], t[name]) for name in ("registered", "booked") if name not in changed)
    return And(*books, same_reports(s, t), allocates(s, t, stays), losses(s, t, *changed))


def allocates(s: Cluster, t: Cluster, stays: Offers) -> Formula:
    """Of what nobody uses or was offered, some is offered, each unit once, and each offer to one framework."""
    same = And(t.made(o, f) == s.made(o, f), t.offered(o, u) == s.offered(o, u))
    return And(
        ForAll([o, f, u], Implies(out(s, stays, o), same)),
        ForAll([o, u], Implies(And(t.offered(o, u), Not(out(s, stays, o))), free(s, t, stays, u))),
        ForAll([o, p, u], one_of_two(s, stays, t.offered(o, u), t.offered(p, u), o == p)),
        ForAll([o, f, g], Implies(And(t.made(o, f), t.made(o, g), Not(out(s, stays, o))), f == g)),
    )


def one_of_two(s: Cluster, stays: Offers, one: Formula, other: Formula, same: Formula) -> Formula:
    """If both hold, of o and of p, which are new offers, the two are the same."""
    return Implies(And(one, other, Not(out(s, stays, o)), Not(out(s, stays, p))), same)


def out(s: Cluster, stays: Offers, offer: Term) -> Formula:
    """An offer that was out stays so."""
    return And(Exists([g], s.made(offer, g)), stays(offer))


def free(s: Cluster, t: Cluster, stays: Offers, unit: Term) -> Formula:
    """Nobody uses this unit of an agent that is registered, and it is in none of the offers that stay."""
    unused = ForAll([x], Not(t.booked(x, unit)))
    return And(t.registered(agent_of(unit)), unused, ForAll([q], Not(And(s.offered(q, unit), out(s, stays, q)))))


def all_stay(one: Term) -> Formula:
    """No offer is answered or void."""
    return z3.BoolVal(True)


def all_but(gone: Term) -> Offers:
    """All offers stay but this."""
    return lambda one: one != gone


def of_others(s: Cluster, gone: Term) -> Offers:
    """Offers of this agent are void."""
    return lambda one: ForAll([w], Implies(s.offered(one, w), agent_of(w) != gone))


def not_to(s: Cluster, gone: Term) -> Offers:
    """Offers to this framework are void."""
    return lambda one: Not(s.made(one, gone))
