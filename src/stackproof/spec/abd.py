"""The ABD register: why two phases, each with a majority, make it atomic, for any number of servers and operations.

Attiya, Bar-Noy and Dolev, "Sharing Memory Robustly in Message-Passing Systems", JACM 42(1), 1995; with several writers
as in Lynch and Shvartsman, FTCS 1997. An operation asks a quorum what it holds. A put then picks a version above all
that it heard of, a get the highest of them; either has a quorum record it before it ends.

What is proved are four conditions upon the versions of operations: one that ended before another began has no higher
version, and if the other is a put, a lower one; no two puts have the same; a get's is the first or some put's. That an
operation's version thus gives it a place in one order that keeps real time, puts before the gets that return them, is
a lemma of Lynch, "Distributed Algorithms", 1996, chapter 13, and is not repeated here.

Departures. Values are their versions, and a put picks one that nobody picked before: in the reference the writer's
name, and what it holds itself, see to that. Operations are coordinated by nobody in particular.
"""

import z3
from z3 import And, Exists, ForAll, If, Implies, Not, Or

from stackproof.spec.formulas import Formula, Function, Relation, State, adds, keeps_all_but, sets, sort, variables
from stackproof.spec.orders import total_order
from stackproof.spec.transition_system import System

SERVER, VERSION, OPERATION, QUORUM = sort("Server"), sort("Version"), sort("Operation"), sort("Quorum")
member = z3.Function("member", SERVER, QUORUM, z3.BoolSort())
at_most = z3.Function("at_most", VERSION, VERSION, z3.BoolSort())
first = z3.Const("first", VERSION)
is_put = z3.Function("is_put", OPERATION, z3.BoolSort())
r, r2 = variables("r r2", SERVER)
u, v, w = variables("u v w", VERSION)
o, p, other = variables("o p other", OPERATION)
q, q2 = variables("q q2", QUORUM)


def versions_are_in_order() -> Formula:
    """Of two versions one is at most the other, and `first` is at most all."""
    return total_order(at_most, first)


def quorums_meet() -> Formula:
    """Any two quorums have a member in common."""
    return ForAll([q, q2], Exists([r], And(member(r, q), member(r, q2))))


class Register(State):
    """Servers hold versions; operations ask, pick a version, have it recorded, and end.

    `by` is the quorum that recorded an operation's version; `before` says which operations had ended when one began;
    `author` is the put that picked a version.
    """

    held = Function(SERVER, VERSION)
    begun = Relation(OPERATION)
    before = Relation(OPERATION, OPERATION)
    answered = Relation(OPERATION, SERVER)
    heard = Function(OPERATION, SERVER, VERSION)
    picked = Relation(OPERATION)
    version = Function(OPERATION, VERSION)
    written = Relation(VERSION)
    author = Function(VERSION, OPERATION)
    recorded = Relation(OPERATION, SERVER)
    ended = Relation(OPERATION)
    by = Function(OPERATION, QUORUM)


def init(s: Register) -> Formula:
    """All servers hold the first version, and no operation has begun."""
    nothing = And(
        ForAll([o], Not(Or(s.begun(o), s.picked(o), s.ended(o)))),
        ForAll([o, p], Not(s.before(o, p))),
        ForAll([o, r], Not(Or(s.answered(o, r), s.recorded(o, r)))),
    )
    return And(ForAll([r], s.held(r) == first), ForAll([v], s.written(v) == (v == first)), nothing)


def begin(s: Register, t: Register) -> Formula:
    """An operation asks all servers; we note which operations have ended."""
    noted = ForAll([p, other], t.before(p, other) == If(p == o, s.ended(other), s.before(p, other)))
    effect = And(adds(s.begun, t.begun, o), noted)
    return Exists([o], And(Not(s.begun(o)), effect, keeps_all_but(s, t, "begun", "before")))


def answer(s: Register, t: Register) -> Formula:
    """A server tells an operation what it holds."""
    guard = And(s.begun(o), Not(s.picked(o)), Not(s.answered(o, r)))
    effect = And(adds(s.answered, t.answered, o, r), sets(s.heard, t.heard, o, r, to=s.held(r)))
    return Exists([o, r], And(guard, effect, keeps_all_but(s, t, "answered", "heard")))


def pick_to_get(s: Register, t: Register) -> Formula:
    """A get that a quorum answered picks the highest version that it heard of from them."""
    from_all = ForAll([r], Implies(member(r, q), And(s.answered(o, r), at_most(s.heard(o, r), v))))
    from_one = Exists([r2], And(member(r2, q), s.heard(o, r2) == v))
    guard = And(s.begun(o), Not(s.picked(o)), Not(is_put(o)), from_all, from_one)
    effect = And(adds(s.picked, t.picked, o), sets(s.version, t.version, o, to=v))
    return Exists([o, v, q], And(guard, effect, keeps_all_but(s, t, "picked", "version")))


def pick_to_put(s: Register, t: Register) -> Formula:
    """A put that a quorum answered picks a version above all that it heard of from them, which nobody picked before."""
    above = And(at_most(s.heard(o, r), v), s.heard(o, r) != v)
    from_all = ForAll([r], Implies(member(r, q), And(s.answered(o, r), above)))
    guard = And(s.begun(o), Not(s.picked(o)), is_put(o), from_all, Not(s.written(v)))
    effect = And(
        adds(s.picked, t.picked, o),
        sets(s.version, t.version, o, to=v),
        adds(s.written, t.written, v),
        sets(s.author, t.author, v, to=o),
    )
    return Exists([o, v, q], And(guard, effect, keeps_all_but(s, t, "picked", "version", "written", "author")))


def record(s: Register, t: Register) -> Formula:
    """A server holds the version of an operation, unless it holds a later one, and acknowledges."""
    later = If(at_most(s.version(o), s.held(r)), s.held(r), s.version(o))
    effect = And(sets(s.held, t.held, r, to=later), adds(s.recorded, t.recorded, o, r))
    return Exists([o, r], And(s.picked(o), effect, keeps_all_but(s, t, "held", "recorded")))


def end(s: Register, t: Register) -> Formula:
    """An operation whose version a quorum recorded is over."""
    everywhere = ForAll([r], Implies(member(r, q), s.recorded(o, r)))
    guard = And(s.picked(o), Not(s.ended(o)), everywhere)
    effect = And(adds(s.ended, t.ended, o), sets(s.by, t.by, o, to=q))
    return Exists([o, q], And(guard, effect, keeps_all_but(s, t, "ended", "by")))


def one_phase_after_the_other(s: Register) -> Formula:
    """Only what has begun is answered and picks; only what has picked is recorded and ends."""
    phases = And(Implies(s.picked(o), s.begun(o)), Implies(s.ended(o), s.picked(o)))
    messages = And(Implies(s.answered(o, r), s.begun(o)), Implies(s.recorded(o, r), s.picked(o)))
    return ForAll([o, r], And(phases, messages))


def what_is_recorded_is_held(s: Register) -> Formula:
    """A server that acknowledged a version holds it, or a later one."""
    return ForAll([o, r], Implies(s.recorded(o, r), at_most(s.version(o), s.held(r))))


def what_has_ended_is_recorded(s: Register) -> Formula:
    """The quorum of an operation that has ended recorded its version."""
    return ForAll([o, r], Implies(And(s.ended(o), member(r, s.by(o))), s.recorded(o, r)))


def what_was_before_has_ended(s: Register) -> Formula:
    """What had ended when an operation began has ended, and it has begun."""
    return ForAll([o, p], Implies(s.before(o, p), And(s.ended(p), s.begun(o))))


def answers_are_recent(s: Register) -> Formula:
    """What an operation hears from the quorum of one that ended before it began is no older than that one's version."""
    relevant = And(s.before(o, p), s.answered(o, r), member(r, s.by(p)))
    return ForAll([o, p, r], Implies(relevant, at_most(s.version(p), s.heard(o, r))))


def copies_are_written(s: Register) -> Formula:
    """Servers hold, and told of, the first version or some put's."""
    told = ForAll([o, r], Implies(s.answered(o, r), s.written(s.heard(o, r))))
    return And(ForAll([r], s.written(s.held(r))), told)


def versions_have_authors(s: Register) -> Formula:
    """Every version but the first was picked by one put."""
    by_it = And(is_put(s.author(v)), s.picked(s.author(v)), s.version(s.author(v)) == v)
    its_own = And(s.written(s.version(o)), s.author(s.version(o)) == o, s.version(o) != first)
    return And(
        ForAll([v], Implies(And(s.written(v), v != first), by_it)),
        ForAll([o], Implies(And(s.picked(o), is_put(o)), its_own)),
        s.written(first),
    )


def gets_pick_what_is_written(s: Register) -> Formula:
    """A get picks the first version or some put's."""
    return ForAll([o], Implies(And(s.picked(o), Not(is_put(o))), s.written(s.version(o))))


def versions_keep_real_time(s: Register) -> Formula:
    """What ended before an operation began has no higher version; if the operation is a put, a lower one."""
    lower = And(at_most(s.version(p), s.version(o)), Implies(is_put(o), s.version(p) != s.version(o)))
    return ForAll([o, p], Implies(And(s.before(o, p), s.picked(o)), lower))


def no_two_puts_are_one(s: Register) -> Formula:
    """No two puts have the same version."""
    both = And(s.picked(o), s.picked(p), is_put(o), is_put(p), s.version(o) == s.version(p))
    return ForAll([o, p], Implies(both, o == p))


def gets_return_what_was_put(s: Register) -> Formula:
    """A get returns the first version, or that of a put that has picked it."""
    its = s.author(s.version(o))
    some_puts = And(is_put(its), s.picked(its), s.version(its) == s.version(o))
    return ForAll([o], Implies(And(s.ended(o), Not(is_put(o))), Or(s.version(o) == first, some_puts)))


ABD = System(
    name="ABD register",
    state=Register,
    rigid=[member, at_most, first, is_put],
    axioms=[versions_are_in_order, quorums_meet],
    init=init,
    steps=[begin, answer, pick_to_get, pick_to_put, record, end],
    invariants=[
        one_phase_after_the_other,
        what_is_recorded_is_held,
        what_has_ended_is_recorded,
        what_was_before_has_ended,
        answers_are_recent,
        copies_are_written,
        versions_have_authors,
        gets_pick_what_is_written,
        versions_keep_real_time,
    ],
    consequences=[no_two_puts_are_one, gets_return_what_was_put],
    sizes={"Server": 3, "Version": 3, "Operation": 3, "Quorum": 2},
    standard={"at_most": lambda sizes, one, other: one <= other},
)

SYSTEMS = (ABD,)
