"""Lineage: what was lost and is computed again is what it was, for any graph of blocks, and whatever is lost when.

Zaharia et al., "Resilient Distributed Datasets", NSDI 2012, section 2.1: datasets are immutable, and made by
deterministic operations from others; whatever is lost can be computed again from its lineage, block by block. A block
is one partition, or what one task wrote for one reader of a shuffle. An operation sees an input, which says what is
read of each block; that it is deterministic means that it makes the same of inputs that agree on the blocks it needs.
`lineage` is the input in which everything is as in a run without failure. Blocks need blocks that come before them.

Places hold blocks. One computes some from what it holds, or copies one from another place; what is held may be lost at
any time, and so may any part of what a place has just made. `was` may remember what a block was wherever it was held.

How a world of the scenario rdd-shuffle is read: places are the executors and the driver. An executor holds the buckets
that it wrote, those it gathered, those on their way to it in a Fetched, and of a task of the last stage the part in a
Finished on its way to the driver, which holds its `parts`. `was` is what the monitor `work` has as computed. A source
is no block: what it yields belongs to the operation. One input is enough: the lineage, as `run` computes it.
"""

import z3
from attrs import evolve
from z3 import And, Exists, ForAll, Implies, Not, Or

from stackproof.spec.formulas import Formula, Function, Relation, State, Term, sort, variables
from stackproof.spec.transition_system import Fact, System

BLOCK, PLACE, VALUE = sort("Block"), sort("Place"), sort("Value")
INPUT, ORDER = sort("Input"), sort("Order")
needs = z3.Function("needs", BLOCK, BLOCK, z3.BoolSort())
before = z3.Function("before", BLOCK, BLOCK, z3.BoolSort())
reads = z3.Function("reads", INPUT, BLOCK, VALUE)
makes = z3.Function("makes", BLOCK, INPUT, VALUE)
makes_in_order = z3.Function("makes_in_order", BLOCK, INPUT, ORDER, VALUE)
lineage = z3.Const("lineage", INPUT)
another = z3.Const("another", INPUT)
b, c, x = variables("b c x", BLOCK)
p, d, e = variables("p d e", PLACE)
i, j = variables("i j", INPUT)
(o,) = variables("o", ORDER)
(v,) = variables("v", VALUE)


class Store(State):
    """Who holds which block, with which content, and what each block was."""

    holds = Relation(PLACE, BLOCK)
    content = Function(PLACE, BLOCK, VALUE)
    was = Relation(BLOCK, VALUE)


def a_graph_without_cycles() -> Formula:
    """A block needs only what comes before it, and nothing comes before itself."""
    chain = ForAll([b, c, x], Implies(And(before(b, c), before(c, x)), before(b, x)))
    return And(chain, ForAll([b], Not(before(b, b))), ForAll([b, c], Implies(needs(b, c), before(c, b))))


def deterministic() -> Formula:
    """An operation makes the same of two inputs that agree on all that its block needs."""
    agree = ForAll([c], Implies(needs(b, c), reads(i, c) == reads(j, c)))
    return ForAll([b, i, j], Implies(agree, makes(b, i) == makes(b, j)))


def follows(one: Term) -> Formula:
    """In this input each block is what its operation makes of it."""
    return ForAll([b], reads(one, b) == makes(b, one))


def without_failure() -> Formula:
    """The lineage is an input in which each block is what its operation makes of it."""
    return follows(lineage)


def init(s: Store) -> Formula:
    """Nothing is held, and nothing was."""
    return And(ForAll([p, b], Not(s.holds(p, b))), ForAll([b, v], Not(s.was(b, v))))


def unless(s: Store, t: Store, made: Formula) -> Formula:
    """Place p holds block b in the end only as before, or if it was `made` there; what was may be remembered."""
    as_before = And(s.holds(p, b), t.content(p, b) == s.content(p, b))
    held = Exists([p], And(t.holds(p, b), t.content(p, b) == v))
    return And(
        ForAll([p, b], Implies(t.holds(p, b), Or(as_before, made))),
        ForAll([b, v], Implies(t.was(b, v), Or(s.was(b, v), held))),
    )


def has_inputs(s: Store, place: Term, block: Term) -> Formula:
    """A place holds all that a block needs."""
    return ForAll([c], Implies(needs(block, c), s.holds(place, c)))


def has_read(s: Store, place: Term, what: Term) -> Formula:
    """This input is what a place holds."""
    return ForAll([c], Implies(s.holds(place, c), reads(what, c) == s.content(place, c)))


def lose(s: Store, t: Store) -> Formula:
    """Some of what was held is lost: that of a place, or of many."""
    return unless(s, t, z3.BoolVal(False))


def compute(s: Store, t: Store) -> Formula:
    """Place e computes some blocks, for which it holds all that they need."""
    made = And(p == e, has_inputs(s, e, b), t.content(p, b) == makes(b, i))
    return Exists([e, i], And(has_read(s, e, i), unless(s, t, made)))


def copy(s: Store, t: Store) -> Formula:
    """Place e gets block x from d, which holds it."""
    made = And(p == e, b == x, t.content(p, b) == s.content(d, x))
    return Exists([d, e, x], And(s.holds(d, x), unless(s, t, made)))


def held_as_in_its_lineage(s: Store) -> Formula:
    """What is held of a block is what a run without failure makes of it."""
    return ForAll([p, b], Implies(s.holds(p, b), s.content(p, b) == reads(lineage, b)))


def was_as_in_its_lineage(s: Store) -> Formula:
    """What a block was is what a run without failure makes of it."""
    return ForAll([b, v], Implies(s.was(b, v), v == reads(lineage, b)))


def a_recomputed_block_equals_the_lost_one(s: Store) -> Formula:
    """Whatever is held of a block is what it ever was."""
    return ForAll([p, b, v], Implies(And(s.holds(p, b), s.was(b, v)), s.content(p, b) == v))


def copies_are_equal(s: Store) -> Formula:
    """Two places that hold a block hold the same."""
    return ForAll([p, d, b], Implies(And(s.holds(p, b), s.holds(d, b)), s.content(p, b) == s.content(d, b)))


def what_is_missing_can_be_computed(s: Store) -> Formula:
    """A place that lacks blocks has all that one of them needs: the first, in an order without infinite descent."""
    lacks, first = Not(s.holds(p, b)), ForAll([c], Implies(before(c, b), s.holds(p, c)))
    descent_ends = Implies(Exists([b], lacks), Exists([b], And(lacks, first)))
    ready = Exists([b], And(lacks, has_inputs(s, p, b)))
    return ForAll([p], Implies(And(descent_ends, Exists([b], lacks)), ready))


def lineage_is_one() -> Formula:
    """Two inputs in which each block is what its operation makes of it agree: else they would on no first block."""
    differ, earlier = reads(another, b) != reads(lineage, b), reads(another, c) == reads(lineage, c)
    first = Exists([b], And(differ, ForAll([c], Implies(before(c, b), earlier))))
    return Implies(And(follows(another), Implies(Exists([b], differ), first)), ForAll([b], Not(differ)))


LINEAGE = System(
    name="lineage",
    state=Store,
    rigid=[needs, before, reads, makes, lineage, another],
    axioms=[a_graph_without_cycles, deterministic, without_failure],
    init=init,
    steps=[lose, compute, copy],
    invariants=[held_as_in_its_lineage, was_as_in_its_lineage],
    consequences=[a_recomputed_block_equals_the_lost_one, copies_are_equal, what_is_missing_can_be_computed],
    lemmas=[lineage_is_one],
    sizes={"Block": 3, "Place": 2, "Value": 2, "Input": 2},
    standard={"before": lambda sizes, one, other: one < other},
)
SYSTEMS = (LINEAGE,)


# What happens where an operation is not deterministic: rows dealt out in turn, in the order in which they arrived.


def deterministic_in_order() -> Formula:
    """Of inputs that agree on all that its block needs, in the same order of arrival, an operation makes the same."""
    agree = ForAll([c], Implies(needs(b, c), reads(i, c) == reads(j, c)))
    return ForAll([b, i, j, o], Implies(agree, makes_in_order(b, i, o) == makes_in_order(b, j, o)))


def some_order() -> Formula:
    """A run without failure has some order of arrival."""
    return ForAll([b, i], Exists([o], makes_in_order(b, i, o) == makes(b, i)))


def sorted_first() -> Formula:
    """Rows are sorted before they are dealt out: the order of arrival makes no difference."""
    return ForAll([b, i, o], makes_in_order(b, i, o) == makes(b, i))


def compute_in_order_of_arrival(s: Store, t: Store) -> Formula:
    """Place e computes some blocks, for which it holds all that they need, in the order in which that arrived."""
    made = And(p == e, has_inputs(s, e, b), t.content(p, b) == makes_in_order(b, i, o))
    return Exists([e, i, o], And(has_read(s, e, i), unless(s, t, made)))


def round_robin(*axioms: Fact) -> System:
    """Lineage where operations depend on the order of arrival, of which these axioms hold (SPARK-23207)."""
    return evolve(
        LINEAGE.replacing(compute=compute_in_order_of_arrival),
        name="lineage, round robin",
        rigid=[*LINEAGE.rigid, makes_in_order],
        axioms=[*LINEAGE.axioms, deterministic_in_order, some_order, *axioms],
        sizes={**LINEAGE.sizes, "Order": 2},
    )
