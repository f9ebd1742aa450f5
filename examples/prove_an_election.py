"""A formal model of an election: `stackproof prove examples/prove_an_election.py:election`."""

import z3
from z3 import And, Exists, ForAll, Implies, Not

from stackproof.spec.formulas import Formula, Relation, State, adds, keeps, sort, variables
from stackproof.spec.transition_system import System

REPLICA, MACHINE, QUORUM = sort("Replica"), sort("Machine"), sort("Quorum")
member = z3.Function("member", REPLICA, QUORUM, z3.BoolSort())
(r,) = variables("r", REPLICA)
m, m2 = variables("m m2", MACHINE)
q, q2 = variables("q q2", QUORUM)


class Log(State):
    promised = Relation(REPLICA, MACHINE)
    elected = Relation(MACHINE)


def quorums_meet() -> Formula:
    """Any two quorums have a member in common."""
    return ForAll([q, q2], Exists([r], And(member(r, q), member(r, q2))))


def init(s: Log) -> Formula:
    """Nobody promised anything, and nobody is elected."""
    return ForAll([r, m], And(Not(s.promised(r, m)), Not(s.elected(m))))


def promise(s: Log, t: Log) -> Formula:
    """Replica r promises itself to m, having done so to nobody."""
    fresh = ForAll([m], Not(s.promised(r, m)))
    return Exists([r, m], And(fresh, adds(s.promised, t.promised, r, m), keeps(s.elected, t.elected)))


def promise_again(s: Log, t: Log) -> Formula:
    """Replica r promises itself to m, whatever it promised before."""
    return Exists([r, m], And(adds(s.promised, t.promised, r, m), keeps(s.elected, t.elected)))


def elect(s: Log, t: Log) -> Formula:
    """m is elected by a quorum that promised itself to it."""
    chosen = ForAll([r], Implies(member(r, q), s.promised(r, m)))
    return Exists([m, q], And(chosen, adds(s.elected, t.elected, m), keeps(s.promised, t.promised)))


def promised_once(s: Log) -> Formula:
    """A replica promises itself to one machine."""
    return ForAll([r, m, m2], Implies(And(s.promised(r, m), s.promised(r, m2)), m == m2))


def elected_by_a_quorum(s: Log) -> Formula:
    """Who is elected has the promise of a quorum."""
    backed = Exists([q], ForAll([r], Implies(member(r, q), s.promised(r, m))))
    return ForAll([m], Implies(s.elected(m), backed))


def one_leader(s: Log) -> Formula:
    """No two machines are elected."""
    return ForAll([m, m2], Implies(And(s.elected(m), s.elected(m2)), m == m2))


def election() -> System:
    """An election in which everybody keeps their promises."""
    return System(
        name="election",
        state=Log,
        rigid=[member],
        axioms=[quorums_meet],
        init=init,
        steps=[promise, elect],
        invariants=[promised_once, elected_by_a_quorum],
        consequences=[one_leader],
        sizes={"Replica": 3, "Machine": 2, "Quorum": 3},
    )


def careless() -> System:
    """An election in which replicas forget what they promised."""
    return election().replacing(promise=promise_again)
