"""Why W + R > N makes the sets meet, and why reads from sets that meet are regular, for any number of replicas.

Gifford, "Weighted Voting for Replicated Data", SOSP 1979, with one vote each. Lamport, "On Interprocess Communication",
Distributed Computing 1(2), 1986: a register is regular if a read returns the last value written before it, or one that
is being written meanwhile.

Two systems. In `counting`, members are counted one after another, each of which may be in A, in B, in both or in
neither: that the numbers of those in A and in B exceed the number of members only once somebody is in both is an
invariant, hence true of all finite sets. In `reads` nothing is counted any more: write sets and read sets are any sets
each two of which meet.

Departures. Values are their versions. A put picks any version that was not picked before, and no others need be lower:
a sole writer counts, and regularity asks for no more. Replicas do not fail; one that did is one that answers no more.
"""

import z3
from z3 import And, Exists, ForAll, If, Implies, Not, Or

from stackproof.spec.formulas import (
    Constant,
    Formula,
    Function,
    Relation,
    State,
    adds,
    keeps_all_but,
    sets,
    sort,
    variables,
)
from stackproof.spec.orders import total_order
from stackproof.spec.transition_system import System

INT = z3.IntSort()
in_a, in_b = z3.Bools("in_a in_b")


class Count(State):
    """How many members there were so far, in all, in A, in B, in both, and whether one in both was met."""

    members = Constant(INT)
    a = Constant(INT)
    b = Constant(INT)
    both = Constant(INT)
    met = Relation()


def nobody(s: Count) -> Formula:
    """Nobody is counted yet."""
    return And(s.members == 0, s.a == 0, s.b == 0, s.both == 0, Not(s.met))


def count(s: Count, t: Count) -> Formula:
    """One more member is counted, for each set that it is in."""
    sums = And(
        t.members == s.members + 1,
        t.a == s.a + If(in_a, 1, 0),
        t.b == s.b + If(in_b, 1, 0),
        t.both == s.both + If(And(in_a, in_b), 1, 0),
    )
    return Exists([in_a, in_b], And(sums, t.met == Or(s.met, And(in_a, in_b))))


def only_those_in_both_count_twice(s: Count) -> Formula:
    """Those in A and those in B are together no more than all members and, again, those in both."""
    return s.a + s.b <= s.members + s.both


def who_is_in_both_was_met(s: Count) -> Formula:
    """If somebody in both was counted, somebody in both was met."""
    return Implies(s.both > 0, s.met)


def large_sets_meet(s: Count) -> Formula:
    """If |A| + |B| > N, somebody is in both."""
    return Implies(s.a + s.b > s.members, s.met)


COUNTING = System(
    name="counting",
    state=Count,
    init=nobody,
    steps=[count],
    invariants=[only_those_in_both_count_twice, who_is_in_both_was_met],
    consequences=[large_sets_meet],
)

REPLICA, VERSION, GET = sort("Replica"), sort("Version"), sort("Get")
WRITE_SET, READ_SET = sort("WriteSet"), sort("ReadSet")
in_write_set = z3.Function("in_write_set", REPLICA, WRITE_SET, z3.BoolSort())
in_read_set = z3.Function("in_read_set", REPLICA, READ_SET, z3.BoolSort())
at_most = z3.Function("at_most", VERSION, VERSION, z3.BoolSort())
first = z3.Const("first", VERSION)
r, r2 = variables("r r2", REPLICA)
u, v, w = variables("u v w", VERSION)
g, other = variables("g other", GET)
(writers,) = variables("writers", WRITE_SET)
(readers,) = variables("readers", READ_SET)


def versions_are_in_order() -> Formula:
    """Of two versions one is at most the other, and `first` is at most all."""
    return total_order(at_most, first)


def sets_meet() -> Formula:
    """Every write set has a member in every read set."""
    return ForAll([writers, readers], Exists([r], And(in_write_set(r, writers), in_read_set(r, readers))))


class Store(State):
    """Replicas hold versions; puts are known by their version, gets by themselves.

    `by` is the write set with which a put was completed; `before` says which puts were, when a get began.
    """

    held = Function(REPLICA, VERSION)
    begun = Relation(VERSION)
    stored = Relation(REPLICA, VERSION)
    done = Relation(VERSION)
    by = Function(VERSION, WRITE_SET)
    asking = Relation(GET)
    before = Relation(GET, VERSION)
    answered = Relation(GET, REPLICA)
    heard = Function(GET, REPLICA, VERSION)
    returned = Relation(GET)
    result = Function(GET, VERSION)


def init(s: Store) -> Formula:
    """All replicas hold the first version, and nothing was asked of them."""
    nothing = And(
        ForAll([v], And(s.begun(v) == (v == first), Not(s.done(v)), ForAll([r], Not(s.stored(r, v))))),
        ForAll([g], And(Not(s.asking(g)), Not(s.returned(g)))),
        ForAll([g, v], Not(s.before(g, v))),
        ForAll([g, r], Not(s.answered(g, r))),
    )
    return And(ForAll([r], s.held(r) == first), nothing)


def begin_put(s: Store, t: Store) -> Formula:
    """A put picks a version that was not picked before."""
    return Exists([v], And(Not(s.begun(v)), adds(s.begun, t.begun, v), keeps_all_but(s, t, "begun")))


def store(s: Store, t: Store) -> Formula:
    """A replica holds what a put sent it, unless it holds a later version, and acknowledges."""
    later = If(at_most(v, s.held(r)), s.held(r), v)
    effect = And(sets(s.held, t.held, r, to=later), adds(s.stored, t.stored, r, v))
    return Exists([r, v], And(s.begun(v), effect, keeps_all_but(s, t, "held", "stored")))


def end_put(s: Store, t: Store) -> Formula:
    """A put that a write set acknowledged is over."""
    acknowledged = ForAll([r], Implies(in_write_set(r, writers), s.stored(r, v)))
    effect = And(adds(s.done, t.done, v), sets(s.by, t.by, v, to=writers))
    guard = And(s.begun(v), Not(s.done(v)), acknowledged)
    return Exists([v, writers], And(guard, effect, keeps_all_but(s, t, "done", "by")))


def begin_get(s: Store, t: Store) -> Formula:
    """A get asks all replicas; we note the puts completed before."""
    noted = ForAll([other, v], t.before(other, v) == If(other == g, s.done(v), s.before(other, v)))
    effect = And(adds(s.asking, t.asking, g), noted)
    return Exists([g], And(Not(s.asking(g)), effect, keeps_all_but(s, t, "asking", "before")))


def answer(s: Store, t: Store) -> Formula:
    """A replica tells a get what it holds."""
    guard = And(s.asking(g), Not(s.answered(g, r)))
    effect = And(adds(s.answered, t.answered, g, r), sets(s.heard, t.heard, g, r, to=s.held(r)))
    return Exists([g, r], And(guard, effect, keeps_all_but(s, t, "answered", "heard")))


def end_get(s: Store, t: Store) -> Formula:
    """A get that a read set answered returns the highest version that it heard of from them."""
    from_all = ForAll([r], Implies(in_read_set(r, readers), And(s.answered(g, r), at_most(s.heard(g, r), v))))
    from_one = Exists([r2], And(in_read_set(r2, readers), s.heard(g, r2) == v))
    effect = And(adds(s.returned, t.returned, g), sets(s.result, t.result, g, to=v))
    guard = And(s.asking(g), Not(s.returned(g)), from_all, from_one)
    return Exists([g, v, readers], And(guard, effect, keeps_all_but(s, t, "returned", "result")))


def what_is_stored_is_held(s: Store) -> Formula:
    """A replica that acknowledged a version holds it, or a later one."""
    return ForAll([r, v], Implies(s.stored(r, v), at_most(v, s.held(r))))


def what_is_done_is_stored(s: Store) -> Formula:
    """The write set of a completed put has acknowledged it."""
    return ForAll([r, v], Implies(And(s.done(v), in_write_set(r, s.by(v))), s.stored(r, v)))


def what_was_before_is_done(s: Store) -> Formula:
    """What we noted when a get began is complete, and it has asked."""
    return ForAll([g, v], Implies(s.before(g, v), And(s.done(v), s.asking(g))))


def who_is_answered_has_asked(s: Store) -> Formula:
    """Only gets that asked are answered, and return."""
    return ForAll([g, r], Implies(Or(s.answered(g, r), s.returned(g)), s.asking(g)))


def answers_are_recent(s: Store) -> Formula:
    """What a get hears from a put's write set is no older than that put, if it was completed before."""
    relevant = And(s.before(g, v), s.answered(g, r), in_write_set(r, s.by(v)))
    return ForAll([g, v, r], Implies(relevant, at_most(v, s.heard(g, r))))


def copies_are_of_puts(s: Store) -> Formula:
    """Replicas hold, and told of, versions of puts that began, or the first."""
    told = ForAll([g, r], Implies(s.answered(g, r), s.begun(s.heard(g, r))))
    return And(ForAll([r], s.begun(s.held(r))), told)


def not_older_than_the_last_put(s: Store) -> Formula:
    """A get returns no version older than that of a put completed before the get began."""
    return ForAll([g, v], Implies(And(s.returned(g), s.before(g, v)), at_most(v, s.result(g))))


def not_invented(s: Store) -> Formula:
    """A get returns the version of a put that began before the get ended, or the first."""
    return ForAll([g], Implies(s.returned(g), s.begun(s.result(g))))


READS = System(
    name="reads",
    state=Store,
    rigid=[in_write_set, in_read_set, at_most, first],
    axioms=[versions_are_in_order, sets_meet],
    init=init,
    steps=[begin_put, store, end_put, begin_get, answer, end_get],
    invariants=[
        what_is_stored_is_held,
        what_is_done_is_stored,
        what_was_before_is_done,
        who_is_answered_has_asked,
        answers_are_recent,
        copies_are_of_puts,
        not_older_than_the_last_put,
        not_invented,
    ],
    sizes={"Replica": 3, "Version": 3, "Get": 2, "WriteSet": 2, "ReadSet": 2},
    standard={"at_most": lambda sizes, one, other: one <= other},
)

SYSTEMS = (COUNTING, READS)
