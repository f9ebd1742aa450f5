"""What the ring's two invariants come to, in rings of so many nodes: Zave's properties of the ring as a whole.

That every first live successor is nearer to each principal, or is it, is proved for any number of nodes (`ring`). In a
finite ring the distance to a principal cannot shrink for ever. So every path of first live successors comes to every
principal, and the distance shrinks all the way round: what is on a cycle is one cycle, in order, and everybody is on
it or comes to it. Reachability is no formula of first-order logic, so this step is an argument on paper; here paths are
written out, up to the length that there can be, and the properties are exhausted in all rings of at most `most` nodes.

Zave, "Reasoning about Identifier Spaces: How to Make Chord Correct", IEEE TSE 43(12), 2017, whose names these are.
"""

from z3 import And, Exists, ForAll, Implies, Not, Or

from stackproof.spec.formulas import Formula, State, Term, variables
from stackproof.spec.ring import NODE, best, between, corrected, principal
from stackproof.spec.transition_system import System

n1, n2, n3, member = variables("n1 n2 n3 member", NODE)


def paths(s: State, start: Term, most: int) -> list[Term]:
    """Where one comes to from here by one first live successor after another."""
    path = [best(s, start)]
    while len(path) < most:
        path.append(best(s, path[-1]))
    return path


def shape(r: int, most: int) -> System:
    """The invariants of a ring of at most so many nodes, and what should follow."""
    whole = corrected(r)

    def comes_to(s: State, start: Term, end: Term) -> Formula:
        return Or(*(one == end for one in paths(s, start, most)))

    def on_ring(s: State, node: Term) -> Formula:
        return And(s["live"](node), comes_to(s, node, node))

    def at_least_one_ring(s: State) -> Formula:
        """Somebody comes back to itself."""
        return Exists([n1], on_ring(s, n1))

    def at_most_one_ring(s: State) -> Formula:
        """Whoever comes back to itself comes to everybody else who does."""
        return ForAll([n1, n2], Implies(And(on_ring(s, n1), on_ring(s, n2)), comes_to(s, n1, n2)))

    def ordered_ring(s: State) -> Formula:
        """Between a ring member and its first live successor lies no other ring member."""
        return ForAll([n1, n3], Implies(And(on_ring(s, n1), on_ring(s, n3)), Not(between(n1, n3, best(s, n1)))))

    def connected_appendages(s: State) -> Formula:
        """Everybody else comes to somebody on the ring."""
        somebody = Exists([n2], And(on_ring(s, n2), comes_to(s, n1, n2)))
        return ForAll([n1], Implies(And(s["live"](n1), Not(on_ring(s, n1))), somebody))

    def principals_in_ring(s: State) -> Formula:
        """Principals are on the ring."""
        return ForAll([n1], Implies(principal(s, n1), on_ring(s, n1)))

    return System(
        name=f"rings of at most {most} nodes, {r} successors",
        state=whole.state,
        rigid=whole.rigid,
        axioms=whole.axioms,
        invariants=whole.invariants,
        consequences=[
            *(one for one in whole.consequences if one.__name__ != "no_principal_is_passed"),
            principals_in_ring,
            at_least_one_ring,
            at_most_one_ring,
            ordered_ring,
            connected_appendages,
        ],
        sizes={"Node": most},
        at_least=1,
        standard=whole.standard,
    )
