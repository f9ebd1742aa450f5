"""Dominant resource fairness: the user whose largest share of any resource is the smallest is served next.

Ghodsi, Zaharia, Hindman, Konwinski, Shenker and Stoica, "Dominant Resource Fairness: Fair Allocation of Multiple
Resource Types", NSDI 2011: section 4.1 (divisible tasks), 4.2 (Algorithm 1), 4.3 (weights). A cluster has r_j of
resource j, a task of user i needs d_ij of it, user i has weight w_ij for it. What user i holds of each resource, u_ij,
makes up its dominant share,

    s_i = max_j u_ij / (w_ij r_j)

and progressive filling raises the least of these first. `Filling` does so task by task, `drf` with tasks that can be
divided: all dominant shares rise together, and a user stops when a resource that it needs is used up. Every number is
a fraction, and exact.

Departures. Algorithm 1 ends when the task of the user whose turn it is does not fit; here the turn passes to the next
one whose task does (a loop that ended there left agents idle: MESOS-9554). The paper breaks ties as it likes; here the
turn is that of the user who came or was served longest ago (by name, small users starved: MESOS-1086). Weights are
compared resource by resource, so those of all users should add up to the same for every resource; otherwise a user may
get less than its part.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from functools import cached_property
from typing import Any, TypeAlias

from attrs import evolve, field, frozen

from stackproof.reference.actor import NodeId

Vector: TypeAlias = tuple[Fraction, ...]
Measure: TypeAlias = Callable[["User", Vector], Fraction]


def exact(numbers: Iterable[int | Fraction]) -> Vector:
    """Numbers as fractions."""
    return tuple(map(Fraction, numbers))


def times(count: int | Fraction, vector: Vector) -> Vector:
    """So many times a vector."""
    return tuple(count * part for part in vector)


def less(whole: Vector, parts: Iterable[Vector]) -> Vector:
    """A vector less some others."""
    return tuple(r - sum(used) for r, *used in zip(whole, *parts, strict=True))


@frozen
class User:
    """Somebody with tasks that need `demand` each. Weights: one for each resource, or none, where all are 1."""

    name: NodeId
    demand: Vector = field(converter=exact)
    weights: Vector = field(default=(), converter=exact)

    def __attrs_post_init__(self) -> None:
        if min(self.demand, default=-1) < 0 or not any(self.demand):
            raise ValueError(f"{self.name} demands {words(self.demand)}: let it be more than nothing")
        if self.weights and (len(self.weights) != len(self.demand) or min(self.weights) <= 0):
            raise ValueError(f"{self.name} has weights {words(self.weights)}: one above 0 for each resource, or none")

    def weight(self, resource: int) -> Fraction:
        """Its weight for one resource."""
        return self.weights[resource] if self.weights else Fraction(1)

    def shares(self, capacities: Vector) -> Vector:
        """The weighted share of each resource that one of its tasks takes up."""
        return tuple(d / (self.weight(j) * r) for j, (d, r) in enumerate(zip(self.demand, capacities, strict=True)))


def dominant_share(user: User, capacities: Vector, tasks: int | Fraction = 1) -> Fraction:
    """The largest weighted share that a user has of any resource, when so many of its tasks run."""
    return tasks * max(user.shares(capacities))


def positive(instance: Any, attribute: Any, capacities: Vector) -> None:
    """Raise ValueError for capacities of which nothing could have a share."""
    if min(capacities, default=0) <= 0:
        raise ValueError(f"capacities {words(capacities)}: let there be a resource, and something of each")


def words(vector: Sequence[int | Fraction]) -> str:
    """A vector as the paper writes it."""
    return f"<{', '.join(map(str, vector))}>"


@frozen
class Cluster:
    """What there is of each resource, and who shares it."""

    capacities: Vector = field(converter=exact, validator=positive)
    users: tuple[User, ...] = field(converter=tuple[User, ...])

    def __attrs_post_init__(self) -> None:
        for user in self.users:
            if len(user.demand) != len(self.capacities):
                raise ValueError(f"{user.name} demands {words(user.demand)} of {len(self.capacities)} resources")

    def given(self, tasks: Sequence[int | Fraction]) -> tuple[Vector, ...]:
        """What each user holds when it runs so many tasks."""
        return tuple(times(count, user.demand) for user, count in zip(self.users, tasks, strict=True))


def drf(cluster: Cluster) -> Vector:
    """How many tasks each user runs where tasks can be divided: dominant shares are equal as far as can be."""
    return filled(cluster, dominant_share)


def filled(cluster: Cluster, measure: Measure) -> Vector:
    """How many tasks each user runs when the measures of all rise together, each until a resource it needs is used up.

    `measure` is what one task adds to that of its user.
    """
    rates = [1 / measure(user, cluster.capacities) for user in cluster.users]
    tasks = exact([0] * len(rates))
    rising = [True] * len(rates)
    while any(rising):
        rates = [rate if still else Fraction(0) for rate, still in zip(rates, rising, strict=True)]
        left = less(cluster.capacities, cluster.given(tasks))
        drains = map(sum, zip(*cluster.given(rates), strict=True))
        step = min(have / drain for have, drain in zip(left, drains, strict=True) if drain)
        tasks = tuple(count + step * rate for count, rate in zip(tasks, rates, strict=True))
        left = less(cluster.capacities, cluster.given(tasks))
        rising = [still and runs_on(user, left) for user, still in zip(cluster.users, rising, strict=True)]
    return tasks


def runs_on(user: User, left: Vector) -> bool:
    """Whether there is something left of every resource that a user needs."""
    return all(have for have, need in zip(left, user.demand, strict=True) if need)


@frozen
class Account:
    """A user, how many of its tasks run, and how many more it wants to run (None: any number)."""

    user: User
    running: int = 0
    wanted: int | None = None

    @property
    def waits(self) -> bool:
        """Whether it wants to run another task."""
        return self.wanted is None or self.wanted > 0

    def served(self) -> "Account":
        """One more task runs."""
        return evolve(self, running=self.running + 1, wanted=None if self.wanted is None else self.wanted - 1)

    def returned(self) -> "Account":
        """One task less runs."""
        return evolve(self, running=self.running - 1)


@frozen
class Decision:
    """A row of the paper's table 1: who was served, the dominant share of each user then, and what is left.

    `running` and `shares` are pairs of a user's name and its number, in the order of the names.
    """

    user: NodeId
    running: tuple[tuple[NodeId, int], ...]
    shares: tuple[tuple[NodeId, Fraction], ...]
    left: Vector


@frozen
class Filling:
    """Algorithm 1 under way. The accounts are in the order in which a tie is broken."""

    capacities: Vector = field(converter=exact, validator=positive)
    accounts: tuple[Account, ...] = ()

    @cached_property
    def left(self) -> Vector:
        """What nobody holds."""
        return less(self.capacities, (times(one.running, one.user.demand) for one in self.accounts))

    def share(self, account: Account) -> Fraction:
        """The dominant share of an account."""
        return dominant_share(account.user, self.capacities, account.running)

    def fits(self, account: Account) -> bool:
        """Whether there is enough left for one more task of an account."""
        return all(need <= have for need, have in zip(account.user.demand, self.left, strict=True))

    def next_user(self) -> NodeId | None:
        """Who is served next: of those who wait for what there is, one with the least dominant share."""
        able = [one for one in self.accounts if one.waits and self.fits(one)]
        return min(able, key=self.share).user.name if able else None

    def serve(self, name: NodeId) -> "Filling":
        """One more task of a user runs; in a tie its turn is now the last."""
        others = tuple(one for one in self.accounts if one.user.name != name)
        return evolve(self, accounts=(*others, self.account(name).served()))

    def account(self, name: NodeId) -> Account:
        """The account of a user."""
        return next(one for one in self.accounts if one.user.name == name)

    def decision(self, name: NodeId) -> Decision:
        """This state as the row of a table, after a user was served."""
        rows = sorted((one.user.name, one.running, self.share(one)) for one in self.accounts)
        return Decision(name, tuple(row[:2] for row in rows), tuple((row[0], row[2]) for row in rows), self.left)


def progressive_filling(filling: Filling) -> Iterator[tuple[NodeId, Filling]]:
    """Who is served, one after the other, until nobody's next task fits; each with the state thereafter."""
    while (name := filling.next_user()) is not None:
        filling = filling.serve(name)
        yield name, filling


def decisions(cluster: Cluster) -> tuple[Decision, ...]:
    """The table of Algorithm 1 for users who want any number of tasks; of equals the first in the cluster is served."""
    empty = Filling(cluster.capacities, tuple(map(Account, cluster.users)))
    return tuple(filling.decision(name) for name, filling in progressive_filling(empty))
