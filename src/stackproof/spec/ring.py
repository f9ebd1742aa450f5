"""Chord made correct, for any number of nodes: what keeps the ring one ring.

Zave, "Reasoning about Identifier Spaces: How to Make Chord Correct", IEEE Transactions on Software Engineering 43(12),
2017, proved this with Alloy for rings of few nodes; here Z3 proves it for sorts of any size, with lists of two, three
and four successors. Two things hold for ever: each member has a live successor, and r + 1 members are principals, whom
no list skips. That lists are ordered and name nobody twice follows, and so does `no_principal_is_passed`: the first
live successor of a member is nearer to every principal than the member is, or is it. In a finite ring each path of
first live successors therefore comes to every principal, once each time round: there is one ring, it is in order, and
all others hang from it. This last step is no formula of first-order logic; `ring_shape` takes it in small rings.

Departures. Identifiers are circularly ordered, and there may be infinitely many. Predecessors and notifications decide
only which better successor a member hears of: here it may hear of any live one. The dead entry of a list is replaced by
any node beyond its end, if no member is skipped; in the reference by the next identifier.
"""

from collections.abc import Sequence
from itertools import combinations, pairwise
from typing import Any

import z3
from z3 import And, Exists, ForAll, Implies, Not, Or

from stackproof.spec.formulas import (
    Formula,
    Function,
    Relation,
    State,
    Term,
    adds,
    distinct,
    keeps,
    removes,
    sort,
    variables,
)
from stackproof.spec.transition_system import System

NODE = sort("Node")
between = z3.Function("between", NODE, NODE, NODE, z3.BoolSort())
a, b, c, d = variables("a b c d", NODE)
m, n, x = variables("m n x", NODE)


def goes_on() -> Formula:
    """What is before b on the way from a is before whatever is after b on that way."""
    return ForAll([a, b, c, d], Implies(And(between(a, b, c), between(a, c, d)), between(a, b, d)))


def goes_one_way() -> Formula:
    """On the way from a, b is before c or c before b, not both."""
    return ForAll([a, b, c], Implies(between(a, b, c), Not(between(a, c, b))))


def goes_everywhere() -> Formula:
    """On the way from a, b is before c or c before b, if the three are not the same in part."""
    return ForAll([a, b, c], Or(between(a, b, c), between(a, c, b), a == b, b == c))


def goes_round() -> Formula:
    """From wherever one begins, the order is the same."""
    return ForAll([a, b, c], Implies(And(between(a, b, c), a != c), between(b, c, a)))


AXIOMS = (goes_on, goes_one_way, goes_everywhere, goes_round)


def clockwise(sizes: Any, start: int, middle: int, end: int) -> bool:
    """The circle of the numbers."""
    return start < middle < end if start < end else middle > start or middle < end


STANDARD = {"between": clockwise}


def ring(r: int) -> type[State]:
    """The state of a ring whose lists have r entries: who is a member, and the entries of each list."""
    entries = {f"successor{i}": Function(NODE, NODE) for i in range(1, r + 1)}
    return type(f"Ring{r}", (State,), {"__doc__": "Members, and their lists.", "live": Relation(NODE), **entries})


def successors(s: State, node: Term) -> list[Term]:
    """A member's list."""
    return [s[name](node) for name in s.components if name != "live"]


def extended(s: State, node: Term) -> list[Term]:
    """A member, and its list."""
    return [node, *successors(s, node)]


def best(s: State, node: Term) -> Term:
    """The first live entry of a member's list."""
    *entries, found = successors(s, node)
    for entry in reversed(entries):
        found = z3.If(s["live"](entry), entry, found)
    return found


def principal(s: State, node: Term) -> Formula:
    """This member is skipped by no list, a list being read with its owner before it."""
    skipped = Or(*(between(one, node, other) for one, other in pairwise(extended(s, m))))
    return And(s["live"](node), ForAll([m], Implies(s["live"](m), Not(skipped))))


def principals(s: State, nodes: Sequence[Term]) -> Formula:
    """These are different principals."""
    return And(distinct(*nodes), *(principal(s, node) for node in nodes))


def adopts(s: State, t: State, node: Term, entries: Sequence[Term]) -> Formula:
    """These are the node's list from now on; the lists of others are what they were."""
    others = And(*(one == other for one, other in zip(successors(s, x), successors(t, x), strict=True)))
    mine = And(*(one == other for one, other in zip(entries, successors(t, node), strict=False)))
    return And(mine, ForAll([x], Implies(x != node, others)))


def corrected(r: int) -> System:
    """Chord with lists of r entries."""
    witnesses = variables(" ".join(f"p{i}" for i in range(r + 1)), NODE)
    j, q, f, pad = variables("j q f pad", NODE)

    def init(s: State) -> Formula:
        """An ideal ring of at least r + 1 members: each list names the next members, skipping none."""
        good = And(
            *(s["live"](entry) for entry in successors(s, n)),
            *(Not(between(one, m, other)) for one, other in pairwise(extended(s, n))),
        )
        complete = ForAll([n, m], Implies(And(s["live"](n), s["live"](m)), good))
        return Exists(witnesses, And(distinct(*witnesses), *(s["live"](p) for p in witnesses), complete))

    def join(s: State, t: State) -> Formula:
        """j becomes a member: it takes over the list of n, between which and whose first entry it belongs."""
        guard = And(Not(s["live"](j)), s["live"](n), between(n, j, successors(s, n)[0]))
        return Exists([j, n], And(guard, adds(s["live"], t["live"], j), adopts(s, t, j, successors(s, n))))

    def stabilize_from_successor(s: State, t: State) -> Formula:
        """n asks its first entry, which is live, and takes over its list."""
        head = successors(s, n)[0]
        guard = And(s["live"](n), s["live"](head))
        return Exists([n], And(guard, keeps(s["live"], t["live"]), adopts(s, t, n, extended(s, head))))

    def stabilize_from_predecessor(s: State, t: State) -> Formula:
        """n hears of a live node q between it and its first entry, and takes over q and its list."""
        guard = And(s["live"](n), s["live"](q), between(n, q, successors(s, n)[0]))
        return Exists([n, q], And(guard, keeps(s["live"], t["live"]), adopts(s, t, n, extended(s, q))))

    def drop_dead_successor(s: State, t: State) -> Formula:
        """n drops its first entry, which is dead, and puts a node at the end of its list, skipping no member."""
        head, *tail = successors(s, n)
        skips_none = ForAll([m], Implies(s["live"](m), Not(between([head, *tail][-1], m, pad))))
        guard = And(s["live"](n), Not(s["live"](head)), skips_none)
        return Exists([n, pad], And(guard, keeps(s["live"], t["live"]), adopts(s, t, n, [*tail, pad])))

    def leaves(s: State, t: State) -> Formula:
        """f is a member no longer, and leaves none without a live successor."""
        alive = Or(*(And(s["live"](entry), entry != f) for entry in successors(s, n)))
        others = ForAll([n], Implies(And(s["live"](n), n != f), alive))
        return And(s["live"](f), others, removes(s["live"], t["live"], f), adopts(s, t, f, []))

    def fail(s: State, t: State) -> Formula:
        """f, which is no principal, fails; no member is left without a live successor."""
        return Exists([f], And(Not(principal(s, f)), leaves(s, t)))

    def fail_as_principal(s: State, t: State) -> Formula:
        """f, which is a principal beside r + 1 others, fails; no member is left without a live successor."""
        return Exists([f, *witnesses], And(principals(s, [f, *witnesses]), leaves(s, t)))

    def one_live_successor(s: State) -> Formula:
        """Each member has a live successor."""
        return ForAll([n], Implies(s["live"](n), Or(*(s["live"](entry) for entry in successors(s, n)))))

    def sufficient_principals(s: State) -> Formula:
        """r + 1 members are principals."""
        return Exists(witnesses, principals(s, witnesses))

    def no_duplicates(s: State) -> Formula:
        """A member and its list are r + 1 different nodes."""
        return ForAll([n], Implies(s["live"](n), distinct(*extended(s, n))))

    def ordered_successor_lists(s: State) -> Formula:
        """A member and its list are in order."""
        order = And(*(between(*three) for three in combinations(extended(s, n), 3)))
        return ForAll([n], Implies(s["live"](n), order))

    def no_principal_is_passed(s: State) -> Formula:
        """A member has a first live successor, which is a principal or nearer to it, whichever principal one takes."""
        nearer = And(s["live"](best(s, n)), Or(best(s, n) == q, between(n, best(s, n), q)))
        return ForAll([n, q], Implies(And(s["live"](n), principal(s, q), n != q), nearer))

    return System(
        name=f"ring, {r} successors",
        state=ring(r),
        rigid=[between],
        axioms=AXIOMS,
        init=init,
        steps=[
            join,
            stabilize_from_successor,
            stabilize_from_predecessor,
            drop_dead_successor,
            fail,
            fail_as_principal,
        ],
        invariants=[one_live_successor, sufficient_principals],
        consequences=[no_duplicates, ordered_successor_lists, no_principal_is_passed],
        sizes={"Node": 2 * r + 1},
        at_least=r + 1,
        standard=STANDARD,
    )


SYSTEMS = tuple(corrected(r) for r in (2, 3, 4))
