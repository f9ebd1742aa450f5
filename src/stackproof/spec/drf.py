"""Dominant resource fairness over the reals: what nobody loses by it, and what nobody gains.

Ghodsi et al., "Dominant Resource Fairness: Fair Allocation of Multiple Resource Types", NSDI 2011, section 3. What is
promised is stated in `sharing`, for so many users and resources.

`ANY` says it for any number of both. Some are named, and what is said of all is said of these: at most five users, and
four resources. Of sums the proofs use two facts, which are proved as steps of an induction over the users; of minima,
that of finitely many numbers one is the least.
"""

from typing import Any

import z3

from stackproof.spec.formulas import Formula, sort, variables
from stackproof.spec.sharing import Allocation, Sharing, in_step, wants
from stackproof.spec.transition_system import System

USER, RESOURCE = sort("User"), sort("Resource")
ME, LOSER, LEAST, RISER, FALLER = CAST = variables("me loser least riser faller", USER)
MINE, LEASTS, RISERS = NAMED = variables("mine leasts risers", RESOURCE)
LARGEST = z3.Const("largest", RESOURCE)


def anonymous(prime: str) -> Allocation:
    """An allocation to any number of users, of whom it speaks of those named."""
    symbols = (
        z3.Function(f"u{prime}", USER, RESOURCE, z3.RealSort()),
        z3.Function(f"x{prime}", USER, z3.RealSort()),
        z3.Function(f"used_up{prime}", RESOURCE, z3.BoolSort()),
    )
    return Allocation(CAST, [*NAMED, LARGEST], *symbols)


TRUE, TOLD = anonymous(""), anonymous("'")
S, V, C, N, U, W = z3.Reals("sum sum' most count u u'")
ROSE = z3.Bool("rose")


def somebody_falls(one: Allocation, other: Allocation, j: Any, i: Any, k: Any) -> Formula:
    """Where all of j was used and i has more of it, somebody has less, and let k be one: the sum is not larger."""
    rises = z3.And(one.used_up(j), other.holds(i, j) > one.holds(i, j))
    return z3.Implies(rises, other.holds(k, j) < one.holds(k, j))


def falls(k: Any) -> Formula:
    """User k has less after the lie."""
    return TOLD.share(k) < TRUE.share(k)


def what_nobody_exceeds_adds_up_to_no_more() -> Formula:
    """So many amounts of at most `most` add up to no more than so many times that; and so do these and one more."""
    return z3.Implies(z3.And(S <= N * C, U <= C), S + U <= (N + 1) * C)


def a_sum_rises_unless_an_amount_falls() -> Formula:
    """If no amount falls, the sum does not; if one rose, the sum did; and so with one amount more."""
    given = z3.And(S <= V, z3.Implies(ROSE, S < V), U <= W)
    return z3.Implies(given, z3.And(S + U <= V + W, z3.Implies(z3.Or(ROSE, U < W), S + U < V + W)))


def sharing_incentive() -> Formula:
    """Of a bottleneck nobody holds more than its user's share, so that n such shares are all of it, or more."""
    held = z3.And(*(TRUE.holds(k, MINE) <= TRUE.share(ME) for k in CAST))
    whole = z3.Implies(z3.And(TRUE.share(ME) == C, S == 1, S <= N * C), N * TRUE.share(ME) >= 1)
    return z3.Implies(z3.And(TRUE.bounded(), TRUE.is_bottleneck(ME, MINE, TRUE.share)), z3.And(held, whole))


def envy_freeness() -> Formula:
    """Nobody would rather have what another has: of the envious one's bottleneck the other has no larger share."""
    largest = TRUE.holds(ME, LARGEST) == TRUE.share(ME)
    fair = z3.And(TRUE.bounded(), largest, TRUE.is_bottleneck(ME, MINE, TRUE.share))
    return z3.Implies(fair, z3.Not(wants(TRUE, ME, TRUE, LOSER)))


def pareto_efficiency() -> Formula:
    """Nobody can have more without another having less: its bottleneck is used up."""
    fair = z3.And(TRUE.is_bottleneck(ME, MINE, TRUE.share), somebody_falls(TRUE, TOLD, MINE, ME, LOSER))
    return z3.Implies(z3.And(fair, wants(TRUE, ME, TOLD, ME)), TOLD.holds(LOSER, MINE) < TRUE.holds(LOSER, MINE))


def strategy_proofness() -> Formula:
    """Nobody gets more by a lie.

    If I did, somebody would lose at my bottleneck. Of all who lose let `least` have the least share after the lie. At
    its bottleneck then, somebody has gained: not I, whose share is larger; so somebody at whose bottleneck before
    another one lost, and has still less.
    """
    least = z3.Implies(z3.And(falls(LOSER), LOSER != ME), z3.And(falls(LEAST), LEAST != ME))
    lowest = z3.Implies(z3.And(falls(FALLER), FALLER != ME), TOLD.share(LEAST) <= TOLD.share(FALLER))
    sums = (
        somebody_falls(TRUE, TOLD, MINE, ME, LOSER),
        somebody_falls(TOLD, TRUE, LEASTS, LEAST, RISER),
        somebody_falls(TRUE, TOLD, RISERS, RISER, FALLER),
    )
    return z3.Implies(
        z3.And(TRUE.bounded(), TOLD.bounded(), fair_to_those_named(), least, lowest, *sums),
        z3.Not(wants(TRUE, ME, TOLD, ME)),
    )


def fair_to_those_named() -> Formula:
    """The named resources are bottlenecks, and all but me demand the same before and after."""
    return z3.And(
        TRUE.holds(ME, LARGEST) == TRUE.share(ME),
        TRUE.is_bottleneck(ME, MINE, TRUE.share),
        TOLD.is_bottleneck(LEAST, LEASTS, TOLD.share),
        TRUE.is_bottleneck(RISER, RISERS, TRUE.share),
        *(z3.Implies(k != ME, in_step(TRUE, TOLD, k)) for k in CAST),
    )


def one_allocation() -> Formula:
    """Demands leave no choice.

    Of all whose shares differ let `least` have the least share in either allocation, and let it be in the second, where
    somebody must have gained at its bottleneck, whose share in the first was still less.
    """
    differ = z3.And(falls(LEAST), z3.Implies(TRUE.share(RISER) != TOLD.share(RISER), least_of_all(RISER)))
    fair = TOLD.is_bottleneck(LEAST, LEASTS, TOLD.share)
    same = z3.And(*(in_step(TRUE, TOLD, k) for k in CAST))
    sums = somebody_falls(TOLD, TRUE, LEASTS, LEAST, RISER)
    return z3.Not(z3.And(TRUE.bounded(), TOLD.bounded(), fair, same, differ, sums))


def least_of_all(k: Any) -> Formula:
    """The least one's share in the second allocation is not larger than that of k in either."""
    return z3.And(TOLD.share(LEAST) <= TRUE.share(k), TOLD.share(LEAST) <= TOLD.share(k))


ANY = System(
    name="drf, any number of users and resources",
    rigid=[
        *(*CAST, *NAMED, LARGEST, S, V, C, N, U, W, ROSE),
        *(one for a in (TRUE, TOLD) for one in (a.holds, a.share, a.used_up)),
    ],
    lemmas=[
        what_nobody_exceeds_adds_up_to_no_more,
        a_sum_rises_unless_an_amount_falls,
        sharing_incentive,
        envy_freeness,
        pareto_efficiency,
        strategy_proofness,
        one_allocation,
    ],
)
FIVE = Sharing(users=5, resources=5).system("drf, five users and five resources")
SYSTEMS = (ANY, FIVE)
