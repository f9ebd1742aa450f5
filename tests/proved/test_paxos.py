"""Paxos: one value is proved for any number of nodes and rounds, and fails where a guard or a lemma is missing."""

from collections.abc import Callable

from attrs import evolve
from z3 import And, Exists, ForAll, Implies, Not, Or

from stackproof.spec.bounded import run_to
from stackproof.spec.formulas import Formula, adds, keeps_all_but
from stackproof.spec.paxos import (
    SYSTEMS,
    Ballots,
    before,
    last,
    m,
    member,
    n,
    q,
    r,
    r1,
    safe,
    v,
    w,
)
from tests.proved.conscience import Conscience, unproved

(SYSTEM,) = SYSTEMS
Step = Callable[[Ballots, Ballots], Formula]


def join_keeping_the_rest(s: Ballots, t: Ballots) -> Formula:
    """A node joins a round and leaves none before."""
    changes = And(adds(s.one_b, t.one_b, n, r), keeps_all_but(s, t, "one_b"))
    return Exists([n, r], And(s.one_a(r), Not(s.left(n, r)), changes))


def propose_anything(s: Ballots, t: Ballots) -> Formula:
    """The proposer proposes any value once a quorum has joined."""
    joined = ForAll([n], Implies(member(n, q), s.one_b(n, r)))
    changes = And(adds(s.proposal, t.proposal, r, v), keeps_all_but(s, t, "proposal"))
    return Exists([r, q, v], And(ForAll([w], Not(s.proposal(r, w))), joined, changes))


def propose_some_vote(s: Ballots, t: Ballots) -> Formula:
    """The proposer proposes what somebody of the quorum voted for, not necessarily the latest."""
    joined = ForAll([n], Implies(member(n, q), s.one_b(n, r)))
    voted = And(member(n, q), before(r1, r), s.vote(n, r1, w))
    found = Exists([n], And(member(n, q), before(last, r), s.vote(n, last, v)))
    changes = And(adds(s.proposal, t.proposal, r, v), keeps_all_but(s, t, "proposal"))
    guard = And(ForAll([w], Not(s.proposal(r, w))), joined, Or(ForAll([n, r1, w], Not(voted)), found))
    return Exists([r, q, last, v], And(guard, changes))


def propose_alone(s: Ballots, t: Ballots) -> Formula:
    """The proposer asks one node of the quorum only."""
    joined = Exists([m], And(member(m, q), s.one_b(m, r), ForAll([r1, w], Not(And(before(r1, r), s.vote(m, r1, w))))))
    changes = And(adds(s.proposal, t.proposal, r, v), keeps_all_but(s, t, "proposal"))
    return Exists([r, q, v], And(ForAll([w], Not(s.proposal(r, w))), joined, changes))


def propose_twice(s: Ballots, t: Ballots) -> Formula:
    """The proposer proposes what is safe, though it may have proposed another value in the round."""
    changes = And(adds(s.proposal, t.proposal, r, v), keeps_all_but(s, t, "proposal"))
    return Exists([r, q, last, v], And(safe(s, v), changes))


def cast_late(s: Ballots, t: Ballots) -> Formula:
    """A node votes in a round that it has left."""
    changes = And(adds(s.vote, t.vote, n, r, v), keeps_all_but(s, t, "vote"))
    return Exists([n, r, v], And(s.proposal(r, v), changes))


def cast_at_will(s: Ballots, t: Ballots) -> Formula:
    """A node votes for what nobody has proposed."""
    changes = And(adds(s.vote, t.vote, n, r, v), keeps_all_but(s, t, "vote"))
    return Exists([n, r, v], And(Not(s.left(n, r)), changes))


def decide_by_one(s: Ballots, t: Ballots) -> Formula:
    """What one of a quorum voted for is decided."""
    changes = And(adds(s.decision, t.decision, r, v), keeps_all_but(s, t, "decision"))
    return Exists([r, v, q], And(Exists([n], And(member(n, q), s.vote(n, r, v))), changes))


WEAKENED: list[tuple[str, Step]] = [
    ("join", join_keeping_the_rest),
    ("propose", propose_anything),
    ("propose", propose_some_vote),
    ("propose", propose_alone),
    ("propose", propose_twice),
    ("cast", cast_late),
    ("cast", cast_at_will),
    ("decide", decide_by_one),
]

NEEDED: list[tuple[str, str | None]] = [
    ("one_proposal", "propose"),
    ("votes_are_for_proposals", "propose"),
    ("decided_by_a_quorum", None),
    ("who_joins_leaves", "propose"),
    ("what_is_not_proposed_cannot_be_chosen", None),
    ("quorums_meet", "propose"),
    ("rounds_are_in_order", "propose"),
]


class TestPaxos(Conscience):
    system, needed, weakened = SYSTEM, NEEDED, WEAKENED


def test_the_proof_does_not_use_that_rounds_go_on() -> None:
    assert unproved(SYSTEM.without("rounds_go_on")) == {}


def test_where_quorums_do_not_meet_two_values_are_decided() -> None:
    system = evolve(SYSTEM, sizes={"Node": 2, "Round": 2, "Value": 2, "Quorum": 2})
    assert run_to(system.without("quorums_meet"), "one_value", 10) is not None
