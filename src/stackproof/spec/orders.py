"""What is said of an order."""

from z3 import And, ForAll, Implies, Or

from stackproof.spec.formulas import Formula, Symbol, Term, variables


def total_order(at_most: Symbol, first: Term) -> Formula:
    """Of any two one is at most the other, of different ones not both, and `first` is at most all."""
    u, v, w = variables("u v w", first.sort())
    return And(
        ForAll([u, v, w], Implies(And(at_most(u, v), at_most(v, w)), at_most(u, w))),
        ForAll([u, v], Implies(And(at_most(u, v), at_most(v, u)), u == v)),
        ForAll([u, v], Or(at_most(u, v), at_most(v, u))),
        ForAll([u], at_most(first, u)),
    )
