"""Chord with two successors and one node that never leaves: the ring as it was proved in Ivy.

Padon, McMillan, Panda, Sagiv and Shoham, "Ivy: Safety Verification by Interactive Generalization", PLDI 2016, whose
second largest example this is. It is another correction than Zave's. One node, the origin, never fails; nobody's
pointers reach beyond it; and when a member adopts a better successor, the old one becomes its second, in the same step.
Then every member comes to the origin by first live successors, each of which is nearer to it: there is one ring, and
all hang together. Of the order of the ring nothing is said, nor of predecessors, which may be anything.

Departures. Pointers are functions, with a flag where they may be missing, in place of relations of at most one value.
The set of those who come to the origin is not part of the state: that each first live successor is nearer says as
much, and that this ends in a finite ring is left to the reader, as there.
"""

import z3
from z3 import And, Exists, ForAll, Implies, Not, Or

from stackproof.spec.formulas import (
    Formula,
    Function,
    Relation,
    State,
    Term,
    adds,
    keeps,
    keeps_all_but,
    removes,
    sets,
    variables,
)
from stackproof.spec.ring import AXIOMS, NODE, STANDARD, between
from stackproof.spec.transition_system import System

origin = z3.Const("origin", NODE)
n, m, f = variables("n m f", NODE)


class Ring(State):
    """Members, their first successors, and second successors and predecessors where they are known."""

    live = Relation(NODE)
    successor = Function(NODE, NODE)
    has_second = Relation(NODE)
    second = Function(NODE, NODE)
    has_predecessor = Relation(NODE)
    predecessor = Function(NODE, NODE)


def another_live(s: Ring, node: Term, gone: Term) -> Formula:
    """A member has a live successor other than this."""
    first = And(s.live(s.successor(node)), s.successor(node) != gone)
    return Or(first, And(s.has_second(node), s.live(s.second(node)), s.second(node) != gone))


def best(s: Ring, node: Term) -> Term:
    """A member's first live successor."""
    return z3.If(s.live(s.successor(node)), s.successor(node), s.second(node))


def init(s: Ring) -> Formula:
    """The origin and another member, each the other's successor and predecessor."""
    pair = [
        And(s.successor(a) == b, s.has_predecessor(a), s.predecessor(a) == b) for a, b in ((origin, m), (m, origin))
    ]
    members = ForAll([n], s.live(n) == Or(n == origin, n == m))
    return Exists([m], And(m != origin, members, ForAll([n], Not(s.has_second(n))), *pair))


def join(s: Ring, t: Ring) -> Formula:
    """n becomes a member, with a successor m that is not beyond the origin."""
    guard = And(Not(s.live(n)), s.live(m), Not(between(n, origin, m)))
    pointers = And(
        sets(s.successor, t.successor, n, to=m),
        removes(s.has_second, t.has_second, n),
        removes(s.has_predecessor, t.has_predecessor, n),
    )
    kept = And(keeps(s.second, t.second), keeps(s.predecessor, t.predecessor))
    return Exists([n, m], And(guard, adds(s.live, t.live, n), pointers, kept))


def stabilize(s: Ring, t: Ring) -> Formula:
    """n adopts its successor's predecessor m, which is between them, and keeps the successor as its second."""
    old = s.successor(n)
    heard = And(s.has_predecessor(old), s.predecessor(old) == m)
    guard = And(s.live(n), s.live(old), heard, between(n, m, old))
    pointers = And(
        sets(s.successor, t.successor, n, to=m),
        adds(s.has_second, t.has_second, n),
        sets(s.second, t.second, n, to=old),
    )
    return Exists([n, m], And(guard, pointers, keeps_all_but(s, t, "successor", "has_second", "second")))


def inherit(s: Ring, t: Ring) -> Formula:
    """n takes its live successor's successor for its second."""
    guard = And(s.live(n), s.live(s.successor(n)))
    pointers = And(
        adds(s.has_second, t.has_second, n),
        sets(s.second, t.second, n, to=s.successor(s.successor(n))),
    )
    return Exists([n], And(guard, pointers, keeps_all_but(s, t, "has_second", "second")))


def remove(s: Ring, t: Ring) -> Formula:
    """n, whose successor is dead, takes its second for it."""
    guard = And(s.live(n), Not(s.live(s.successor(n))), s.has_second(n))
    pointers = And(sets(s.successor, t.successor, n, to=s.second(n)), removes(s.has_second, t.has_second, n))
    return Exists([n], And(guard, pointers, keeps_all_but(s, t, "successor", "has_second")))


def notify(s: Ring, t: Ring) -> Formula:
    """n's successor m takes n for its predecessor, having none, or a farther one."""
    better = Or(Not(s.has_predecessor(m)), between(s.predecessor(m), n, m))
    guard = And(s.live(n), s.successor(n) == m, s.live(m), better)
    pointers = And(adds(s.has_predecessor, t.has_predecessor, m), sets(s.predecessor, t.predecessor, m, to=n))
    return Exists([n, m], And(guard, pointers, keeps_all_but(s, t, "has_predecessor", "predecessor")))


def fail(s: Ring, t: Ring) -> Formula:
    """f, which is not the origin, fails; each member that names it has another live successor."""
    others = ForAll([n], Implies(And(s.live(n), n != f), another_live(s, n, f)))
    guard = And(s.live(f), f != origin, others)
    return Exists([f], And(guard, removes(s.live, t.live, f), keeps_all_but(s, t, "live")))


def origin_lives(s: Ring) -> Formula:
    """The origin is a member."""
    return s.live(origin)


def one_live_successor(s: Ring) -> Formula:
    """A member's successor is live, or its second is."""
    return ForAll([n], Implies(s.live(n), Or(s.live(s.successor(n)), And(s.has_second(n), s.live(s.second(n))))))


def successor_is_not_beyond(s: Ring) -> Formula:
    """No member's successor lies beyond the origin."""
    return ForAll([n], Implies(s.live(n), Not(between(n, origin, s.successor(n)))))


def second_is_not_beyond(s: Ring) -> Formula:
    """No member's second lies beyond the origin, but for those whose successor is the origin."""
    known = And(s.live(n), s.has_second(n), s.successor(n) != origin)
    return ForAll([n], Implies(known, Not(between(n, origin, s.second(n)))))


def origin_is_nearer(s: Ring) -> Formula:
    """Every other member has a first live successor, which is the origin or nearer to it."""
    nearer = And(s.live(best(s, n)), Or(best(s, n) == origin, between(n, best(s, n), origin)))
    return ForAll([n], Implies(And(s.live(n), n != origin), nearer))


RING_IVY = System(
    name="ring with an origin",
    state=Ring,
    rigid=[between, origin],
    axioms=AXIOMS,
    init=init,
    steps=[join, stabilize, inherit, remove, notify, fail],
    invariants=[origin_lives, one_live_successor, successor_is_not_beyond, second_is_not_beyond],
    consequences=[origin_is_nearer],
    sizes={"Node": 5},
    standard=STANDARD,
)

SYSTEMS = (RING_IVY,)
