"""Sharing over the reals: what a policy gives to so many users of so many resources, and what it may promise them.

Ghodsi et al., "Dominant Resource Fairness: Fair Allocation of Multiple Resource Types", NSDI 2011, sections 3 (the four
properties), 4.1 (tasks that can be divided) and 5 (other policies). Amounts are parts of the whole of a resource:
u(i, j) is what user i holds of resource j, in proportion to its demand, and x(i), the largest of these, is its dominant
share. An allocation is fair where every user has a bottleneck: a resource that it uses, that is used up, and on which
nobody's share is larger than its own (Bertsekas and Gallager, "Data Networks", 1992, section 6.5.2). Demands appear
only as these products, which keeps all of it linear.

Someone who lies gets u'; what the others hold in the two allocations is in proportion, of which only so much is used:
it rises, falls or stays all at once. What is proved from less than what is so, is so. Where a policy is refuted, the
proportion is exact (`exact`), so that a counterexample is one.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

import z3
from attrs import field, frozen

from stackproof.spec.formulas import Formula
from stackproof.spec.transition_system import System

Number: TypeAlias = z3.ArithRef


@frozen(eq=False)
class Allocation:
    """Who holds how much: `holds(user, resource)`, `share(user)`, the largest of these, and whether all is `used_up`.

    It speaks of these users and resources, which may be all there are, or some.
    """

    users: Sequence[Any]
    resources: Sequence[Any]
    holds: Callable[[Any, Any], Number]
    share: Callable[[Any], Number]
    used_up: Callable[[Any], Formula]

    def is_bottleneck(self, i: Any, j: Any, measure: Callable[[Any], Number]) -> Formula:
        """User i uses resource j, all of which is used, and by this measure nobody who does has more than user i."""
        others = (z3.Implies(self.holds(k, j) > 0, measure(k) <= measure(i)) for k in self.users)
        return z3.And(self.holds(i, j) > 0, self.used_up(j), *others)

    def bounded(self) -> Formula:
        """No amount is negative, and none is more than its user's share."""
        pairs = [(i, j) for i in self.users for j in self.resources]
        return z3.And(*(z3.And(self.holds(i, j) >= 0, self.holds(i, j) <= self.share(i)) for i, j in pairs))


def wants(one: Allocation, i: Any, other: Allocation, k: Any) -> Formula:
    """User i, with its demand in the one allocation, could run more tasks on what k holds in the other."""
    more = (z3.Implies(one.holds(i, j) > 0, other.holds(k, j) > one.holds(i, j)) for j in one.resources)
    return z3.And(*more)


def in_step(one: Allocation, other: Allocation, i: Any) -> Formula:
    """User i demands the same in two allocations: from one to the other all that it holds rises, falls or stays."""
    rises, falls = other.share(i) > one.share(i), other.share(i) < one.share(i)
    pairs = [(one.holds(i, j), other.holds(i, j)) for j in one.resources]
    return z3.And(
        z3.Implies(rises, z3.And(*(z3.If(u > 0, v > u, v == 0) for u, v in pairs))),
        z3.Implies(falls, z3.And(*(z3.If(u > 0, z3.And(v > 0, v < u), v == 0) for u, v in pairs))),
        z3.Implies(other.share(i) == one.share(i), z3.And(*(u == v for u, v in pairs))),
    )


def proportional(one: Allocation, other: Allocation, i: Any) -> Formula:
    """User i demands the same in two allocations: what it holds is in exact proportion."""
    amounts = ((one.holds(i, j), other.holds(i, j)) for j in one.resources)
    return z3.And(*(v * one.share(i) == u * other.share(i) for u, v in amounts))


# So many users and resources.


def allocation(users: int, resources: int, prime: str = "") -> Allocation:
    """The allocation u, x, or with a prime u', x', of so many resources to so many users."""
    u = [[z3.Real(f"u{prime}({i},{j})") for j in range(resources)] for i in range(users)]
    x = [z3.Real(f"x{prime}({i})") for i in range(users)]
    return Allocation(
        range(users),
        range(resources),
        lambda i, j: u[i][j],
        lambda i: x[i],
        lambda j: z3.Sum([amounts[j] for amounts in u]) == 1,
    )


def possible(a: Allocation) -> Formula:
    """Everybody has something, a dominant share is the largest, and nothing is given twice."""
    shares = (z3.And(a.share(i) > 0, z3.Or(*(a.holds(i, j) == a.share(i) for j in a.resources))) for i in a.users)
    totals = (z3.Sum([a.holds(i, j) for i in a.users]) <= 1 for j in a.resources)
    return z3.And(a.bounded(), *shares, *totals)


def dominant_resource_fairness(a: Allocation) -> Formula:
    """Every user has a bottleneck, where shares are dominant shares."""
    return z3.And(possible(a), *(z3.Or(*(a.is_bottleneck(i, j, a.share) for j in a.resources)) for i in a.users))


def asset_fairness(a: Allocation) -> Formula:
    """Every user has a bottleneck, where a share is the sum of those of all resources (section 5.1)."""

    def total(i: Any) -> Number:
        return z3.Sum([a.holds(i, j) for j in a.resources])

    return z3.And(possible(a), *(z3.Or(*(a.is_bottleneck(i, j, total) for j in a.resources)) for i in a.users))


def competitive_equilibrium(a: Allocation) -> Formula:
    """There are prices at which everybody spends an income of 1, and what has a price is sold out (section 5.2)."""
    prices = [z3.Real(f"{a.share(0)} p({j})") for j in a.resources]
    spent = (z3.Sum([prices[j] * a.holds(i, j) for j in a.resources]) == 1 for i in a.users)
    cleared = (z3.And(prices[j] >= 0, z3.Implies(prices[j] > 0, a.used_up(j))) for j in a.resources)
    return z3.And(possible(a), *spent, *cleared)


@frozen
class Sharing:
    """A policy, and what is to hold of it with so many users and resources. User 0 stands for any, user 1 for another.

    With `exact` what an honest user holds is in exact proportion, which is no longer linear.
    """

    users: int
    resources: int
    policy: Callable[[Allocation], Formula] = dominant_resource_fairness
    exact: bool = False
    before: Allocation = field(init=False, eq=False)
    after: Allocation = field(init=False, eq=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "before", allocation(self.users, self.resources))
        object.__setattr__(self, "after", allocation(self.users, self.resources, "'"))

    def sharing_incentive(self) -> Formula:
        """Nobody has less than it could run on an equal part of everything."""
        return z3.Implies(self.policy(self.before), self.users * self.before.share(0) >= 1)

    def envy_freeness(self) -> Formula:
        """Nobody would rather have what another has."""
        return z3.Implies(self.policy(self.before), z3.Not(wants(self.before, 0, self.before, 1)))

    def pareto_efficiency(self) -> Formula:
        """Nobody can have more without another having less."""
        one, other = self.before, self.after
        pairs = [(i, j) for i in one.users for j in one.resources]
        kept = (other.holds(i, j) >= one.holds(i, j) for i, j in pairs)
        totals = (z3.Sum([other.holds(i, j) for i in one.users]) <= 1 for j in one.resources)
        return z3.Not(z3.And(self.policy(one), wants(one, 0, other, 0), *kept, *totals))

    def strategy_proofness(self) -> Formula:
        """Nobody gets more of what it needs by asking for something else."""
        honest = (self.same_demand(i) for i in self.before.users if i != 0)
        both = z3.And(self.policy(self.before), self.policy(self.after), *honest)
        return z3.Implies(both, z3.Not(wants(self.before, 0, self.after, 0)))

    def one_allocation(self) -> Formula:
        """Demands leave no choice: what is fair is one allocation."""
        same = (self.same_demand(i) for i in self.before.users)
        both = z3.And(self.policy(self.before), self.policy(self.after), *same)
        return z3.Implies(both, self.before.share(0) == self.after.share(0))

    def same_demand(self, i: int) -> Formula:
        """User i demands the same in both allocations."""
        return (proportional if self.exact else in_step)(self.before, self.after, i)

    def system(self, name: str) -> System:
        """All of this, to be proved."""
        asked = [self.sharing_incentive, self.pareto_efficiency, self.strategy_proofness, self.one_allocation]
        asked += [self.envy_freeness] if self.users > 1 else []
        return System(name=name, rigid=list(self.symbols()), lemmas=asked)

    def symbols(self) -> Iterator[Any]:
        """All numbers that are spoken of."""
        for a in (self.before, self.after):
            yield from (a.holds(i, j) for i in a.users for j in a.resources)
            yield from (a.share(i) for i in a.users)
            if self.policy is competitive_equilibrium:
                yield from (z3.Real(f"{a.share(0)} p({j})") for j in a.resources)
