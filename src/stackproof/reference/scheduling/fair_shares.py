"""Asset fairness and competitive equilibrium: the two policies that dominant resource fairness is compared with.

Ghodsi et al., "Dominant Resource Fairness", NSDI 2011, section 5. Tasks can be divided; a policy says how many of them
each user runs. Each of the two breaks a promise that dominant resource fairness keeps (section 6.1):

    asset fairness   equal sums of the shares of all resources (5.1): a user may get less than its part of every one
    CEEI             equal incomes, and prices at which the market clears (5.2): a user may gain by a false demand

With demands in fixed proportions the equilibrium is the allocation with the greatest product of tasks (Nash's
bargaining solution), and each resource has one price.

Departure. The equilibrium is computed for two users, as in the paper, with any number of resources. The allocations
that are possible are then a polygon, and the greatest product lies at a corner or in the middle of a side's line:
rational, and found exactly. With three users it may be irrational.
"""

from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations

from stackproof.reference.scheduling.drf import Cluster, User, Vector, filled

Point = tuple[Fraction, Fraction]
PAIR = 2


def asset_fairness(cluster: Cluster) -> Vector:
    """How many tasks each user runs when the weighted sums of shares are equal as far as can be."""
    return filled(cluster, aggregate_share)


def aggregate_share(user: User, capacities: Vector) -> Fraction:
    """The sum of the shares of all resources that one task takes up."""
    return sum(user.shares(capacities), Fraction(0))


def ceei(cluster: Cluster) -> Vector:
    """How many tasks each of two users runs in the competitive equilibrium from equal incomes."""
    if len(cluster.users) != PAIR or any(user.weights for user in cluster.users):
        raise ValueError("the equilibrium is worked out for two users without weights")
    possible = (point for point in candidates(cluster) if affordable(cluster, point))
    return max(possible, key=lambda point: point[0] * point[1])


def candidates(cluster: Cluster) -> Iterator[Point]:
    """Where on the border of a x + b y <= r, for every resource, the product x y can be greatest."""
    one, other = cluster.users
    borders = tuple(zip(one.demand, other.demand, cluster.capacities, strict=True))
    for a, b, r in borders:
        if a and b:
            yield r / (2 * a), r / (2 * b)
    for (a, b, r), (c, d, s) in combinations(borders, 2):
        if a * d != b * c:
            yield (r * d - b * s) / (a * d - b * c), (a * s - r * c) / (a * d - b * c)


def affordable(cluster: Cluster, tasks: Point) -> bool:
    """Whether the cluster can run so many tasks of each user, none of them fewer than 0."""
    used = map(sum, zip(*cluster.given(tasks), strict=True))
    return min(tasks) >= 0 and all(need <= have for need, have in zip(used, cluster.capacities, strict=True))
