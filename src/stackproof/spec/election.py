"""Electing a leader: in each term a majority promises itself to one candidate, so that no term has two leaders.

Lamport, "The Part-Time Parliament", TOCS 16(2), 1998, section 2.2 (ballots); Ongaro and Ousterhout, "In Search of an
Understandable Consensus Algorithm", USENIX ATC 2014, section 5.2 (terms, votes, election safety). A voter promises a
term to one candidate and keeps the promise through crashes; who has a quorum's promises leads the term. Nothing is
said of how terms are ordered, nor which term comes next. Of quorums only this is used: two have a voter in common.
"""

import z3
from z3 import And, Exists, ForAll, Implies, Not

from stackproof.spec.formulas import Formula, Relation, State, adds, keeps, sort, variables
from stackproof.spec.transition_system import System

VOTER, TERM, CANDIDATE, QUORUM = sort("Voter"), sort("Term"), sort("Candidate"), sort("Quorum")
member = z3.Function("member", VOTER, QUORUM, z3.BoolSort())
(v,), (term,) = variables("v", VOTER), variables("term", TERM)
c, d = variables("c d", CANDIDATE)
q, q1, q2 = variables("q q1 q2", QUORUM)


class Votes(State):
    """Who promised which term to whom, and who was elected."""

    promised = Relation(VOTER, TERM, CANDIDATE)
    elected = Relation(TERM, CANDIDATE)


def quorums_meet() -> Formula:
    """Two quorums have a voter in common."""
    return ForAll([q1, q2], Exists([v], And(member(v, q1), member(v, q2))))


def init(s: Votes) -> Formula:
    """Nobody has promised anything, and nobody leads."""
    return ForAll([v, term, c], And(Not(s.promised(v, term, c)), Not(s.elected(term, c))))


def promise(s: Votes, t: Votes) -> Formula:
    """Voter v promises a term to candidate c, having promised it to nobody."""
    fresh = ForAll([d], Not(s.promised(v, term, d)))
    effect = And(adds(s.promised, t.promised, v, term, c), keeps(s.elected, t.elected))
    return Exists([v, term, c], And(fresh, effect))


def elect(s: Votes, t: Votes) -> Formula:
    """Candidate c, to whom all of a quorum promised a term, leads it."""
    backed = ForAll([v], Implies(member(v, q), s.promised(v, term, c)))
    effect = And(adds(s.elected, t.elected, term, c), keeps(s.promised, t.promised))
    return Exists([term, c, q], And(backed, effect))


def promised_once(s: Votes) -> Formula:
    """A voter promises a term to one candidate."""
    return ForAll([v, term, c, d], Implies(And(s.promised(v, term, c), s.promised(v, term, d)), c == d))


def elected_by_a_quorum(s: Votes) -> Formula:
    """All of a quorum promised its term to a leader."""
    backed = Exists([q], ForAll([v], Implies(member(v, q), s.promised(v, term, c))))
    return ForAll([term, c], Implies(s.elected(term, c), backed))


def one_leader(s: Votes) -> Formula:
    """A term has at most one leader."""
    return ForAll([term, c, d], Implies(And(s.elected(term, c), s.elected(term, d)), c == d))


SYSTEMS = (
    System(
        name="election",
        state=Votes,
        rigid=[member],
        axioms=[quorums_meet],
        init=init,
        steps=[promise, elect],
        invariants=[promised_once, elected_by_a_quorum],
        consequences=[one_leader],
        sizes={"Voter": 3, "Term": 1, "Candidate": 2, "Quorum": 3},
    ),
)
