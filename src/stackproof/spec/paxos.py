"""Paxos for one decision: at most one value is decided, however many rounds are begun and whoever falls silent.

Lamport, "Paxos Made Simple", ACM SIGACT News 32(4), 2001, section 2; as formulas that quantify over nodes, rounds,
quorums and values in an order that Z3 can decide: Padon, Losa, Sagiv and Shoham, "Paxos Made EPR", OOPSLA 2017. Rounds
are totally ordered, and the proposer of each is one node, which need not be named. `one_a` and `one_b` are the messages
1a and 1b of a round, `proposal` its 2a and `vote` its 2b; `left` says that a node has promised not to vote in a round.
Messages once sent are sent for ever: that one is lost is that nobody hears it.

Departures. What a node voted for before a round is read when the proposal is made, and not carried by its 1b: after
that promise it casts no more such votes. A decision is known, and nobody in particular knows it.
"""

import z3
from z3 import And, Exists, ForAll, Implies, Not, Or

from stackproof.spec.formulas import (
    Formula,
    Relation,
    State,
    Term,
    adds,
    keeps_all_but,
    sort,
    variables,
)
from stackproof.spec.transition_system import System

NODE, ROUND, VALUE, QUORUM = sort("Node"), sort("Round"), sort("Value"), sort("Quorum")
member = z3.Function("member", NODE, QUORUM, z3.BoolSort())
before = z3.Function("before", ROUND, ROUND, z3.BoolSort())
n, m = variables("n m", NODE)
r, r1, r2, r3, last = variables("r r1 r2 r3 last", ROUND)
v, w = variables("v w", VALUE)
q, q1, q2 = variables("q q1 q2", QUORUM)


class Ballots(State):
    """What was sent in each round, and what came of it."""

    one_a = Relation(ROUND)
    one_b = Relation(NODE, ROUND)
    left = Relation(NODE, ROUND)
    proposal = Relation(ROUND, VALUE)
    vote = Relation(NODE, ROUND, VALUE)
    decision = Relation(ROUND, VALUE)


def quorums_meet() -> Formula:
    """Two quorums have a node in common."""
    return ForAll([q1, q2], Exists([n], And(member(n, q1), member(n, q2))))


def rounds_go_on() -> Formula:
    """What comes before a round comes before those after it, and no round before itself."""
    chain = Implies(And(before(r1, r2), before(r2, r3)), before(r1, r3))
    return And(ForAll([r1, r2, r3], chain), ForAll([r1], Not(before(r1, r1))))


def rounds_are_in_order() -> Formula:
    """Of two rounds one comes before the other."""
    return ForAll([r1, r2], Or(before(r1, r2), before(r2, r1), r1 == r2))


def init(s: Ballots) -> Formula:
    """Nothing was sent."""
    sent = (s.one_a(r), s.one_b(n, r), s.left(n, r), s.proposal(r, v), s.vote(n, r, v), s.decision(r, v))
    return ForAll([n, r, v], Not(Or(*sent)))


def begin(s: Ballots, t: Ballots) -> Formula:
    """Round r begins: 1a."""
    return Exists([r], And(adds(s.one_a, t.one_a, r), keeps_all_but(s, t, "one_a")))


def join(s: Ballots, t: Ballots) -> Formula:
    """Node n, which has not left it, joins round r and leaves all before: 1b."""
    guard = And(s.one_a(r), Not(s.left(n, r)))
    leaves = ForAll([m, r1], t.left(m, r1) == Or(s.left(m, r1), And(m == n, before(r1, r))))
    changes = And(adds(s.one_b, t.one_b, n, r), leaves, keeps_all_but(s, t, "one_b", "left"))
    return Exists([n, r], And(guard, changes))


def safe(s: Ballots, value: Term) -> Formula:
    """All of quorum q joined round r; of their votes before it, the last was for this value, or there is none."""
    joined = ForAll([n], Implies(member(n, q), s.one_b(n, r)))
    voted = And(member(n, q), before(r1, r), s.vote(n, r1, w))
    none = ForAll([n, r1, w], Not(voted))
    latest = ForAll([n, r1, w], Implies(voted, Not(before(last, r1))))
    found = Exists([n], And(member(n, q), before(last, r), s.vote(n, last, value)))
    return And(joined, Or(none, And(latest, found)))


def propose(s: Ballots, t: Ballots) -> Formula:
    """The proposer of round r, which has proposed nothing in it, proposes what is safe: 2a."""
    fresh = ForAll([w], Not(s.proposal(r, w)))
    changes = And(adds(s.proposal, t.proposal, r, v), keeps_all_but(s, t, "proposal"))
    return Exists([r, q, last, v], And(fresh, safe(s, v), changes))


def cast(s: Ballots, t: Ballots) -> Formula:
    """Node n, which has not left round r, votes for what was proposed in it: 2b."""
    guard = And(s.proposal(r, v), Not(s.left(n, r)))
    changes = And(adds(s.vote, t.vote, n, r, v), keeps_all_but(s, t, "vote"))
    return Exists([n, r, v], And(guard, changes))


def decide(s: Ballots, t: Ballots) -> Formula:
    """All of quorum q voted for v in round r: it is decided."""
    chosen = ForAll([n], Implies(member(n, q), s.vote(n, r, v)))
    changes = And(adds(s.decision, t.decision, r, v), keeps_all_but(s, t, "decision"))
    return Exists([r, v, q], And(chosen, changes))


def one_proposal(s: Ballots) -> Formula:
    """A round has one proposal."""
    return ForAll([r, v, w], Implies(And(s.proposal(r, v), s.proposal(r, w)), v == w))


def votes_are_for_proposals(s: Ballots) -> Formula:
    """A vote is for what was proposed in its round."""
    return ForAll([n, r, v], Implies(s.vote(n, r, v), s.proposal(r, v)))


def decided_by_a_quorum(s: Ballots) -> Formula:
    """What was decided in a round, all of a quorum voted for in it."""
    chosen = Exists([q], ForAll([n], Implies(member(n, q), s.vote(n, r, v))))
    return ForAll([r, v], Implies(s.decision(r, v), chosen))


def who_joins_leaves(s: Ballots) -> Formula:
    """Who has joined a round has left those before."""
    return ForAll([n, r1, r2], Implies(And(s.one_b(n, r2), before(r1, r2)), s.left(n, r1)))


def what_is_not_proposed_cannot_be_chosen(s: Ballots) -> Formula:
    """Where v is proposed, no quorum can yet vote for another value before: one of it left, without such a vote."""
    given = And(before(r1, r2), s.proposal(r2, v), v != w)
    barred = Exists([n], And(member(n, q), s.left(n, r1), Not(s.vote(n, r1, w))))
    return ForAll([r1, r2, v, w, q], Implies(given, barred))


def one_value(s: Ballots) -> Formula:
    """At most one value is decided."""
    return ForAll([r1, r2, v, w], Implies(And(s.decision(r1, v), s.decision(r2, w)), v == w))


SYSTEMS = (
    System(
        name="paxos",
        state=Ballots,
        rigid=[member, before],
        axioms=[quorums_meet, rounds_go_on, rounds_are_in_order],
        init=init,
        steps=[begin, join, propose, cast, decide],
        invariants=[
            one_proposal,
            votes_are_for_proposals,
            decided_by_a_quorum,
            who_joins_leaves,
            what_is_not_proposed_cannot_be_chosen,
        ],
        consequences=[one_value],
        sizes={"Node": 3, "Round": 3, "Value": 2, "Quorum": 3},
        standard={"before": lambda sizes, x, y: x < y},
    ),
)
