"""What a fair division of several resources promises, of any policy that divides them.

Ghodsi et al., "Dominant Resource Fairness", NSDI 2011, section 3: sharing incentive, strategy-proofness, envy-freeness,
Pareto efficiency. A user needs its resources in the proportions of its demand, so what it gets of them is worth as many
tasks as can run on it. Each property yields a reason for everybody who has one to complain.

`given` is what each user of the cluster got, a vector for each in their order. Weighted, a user is entitled to the part
w_ij / sum_k w_kj of resource j, and looks at what another got as if it were larger or smaller by their weights.

Tasks that cannot be divided keep some promises only up to a task (`sharing_incentive_up_to_a_task`).
"""

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from math import floor
from typing import TypeAlias

from attrs import evolve

from stackproof.reference.scheduling.drf import Cluster, User, Vector, dominant_share, less, times, words

Policy: TypeAlias = Callable[[Cluster], Vector]
Given: TypeAlias = tuple[Vector, ...]
Promise: TypeAlias = Callable[[Cluster, Given], Iterator[str]]


def worth(user: User, got: Vector) -> Fraction:
    """How many tasks a user can run on what it got."""
    return min(have / need for have, need in zip(got, user.demand, strict=True) if need)


def part(cluster: Cluster, user: User) -> Vector:
    """What a user would have of each resource, if all of it were divided by weights."""
    totals = (sum(one.weight(j) for one in cluster.users) for j in range(len(cluster.capacities)))
    return tuple(
        user.weight(j) * r / total for j, (r, total) in enumerate(zip(cluster.capacities, totals, strict=True))
    )


def sharing_incentive(cluster: Cluster, given: Given) -> Iterator[str]:
    """Everybody runs at least as many tasks as on a cluster of its own with its part of each resource."""
    for user, got in zip(cluster.users, given, strict=True):
        alone = worth(user, part(cluster, user))
        if worth(user, got) < alone:
            yield f"{user.name} runs {worth(user, got)} tasks, and would run {alone} on its part of every resource"


def sharing_incentive_up_to_a_task(cluster: Cluster, given: Given) -> Iterator[str]:
    """The dominant share of everybody lacks less than one task, its own or another user's, to that of its part."""
    for user, got in zip(cluster.users, given, strict=True):
        yield from a_task_short(cluster, user, got)


def a_task_short(cluster: Cluster, user: User, got: Vector) -> Iterator[str]:
    """One user lacks as much as the largest task or more."""
    largest = max(dominant_share(one, cluster.capacities) for one in cluster.users)
    alone = dominant_share(user, cluster.capacities, worth(user, part(cluster, user)))
    share = dominant_share(user, cluster.capacities, worth(user, got))
    if share <= alone - largest:
        yield f"{user.name} has dominant share {share}, {alone} is its part, and no task takes more than {largest}"


def envy_freeness(cluster: Cluster, given: Given) -> Iterator[str]:
    """Nobody can run more tasks on what another got."""
    everybody = tuple(zip(cluster.users, given, strict=True))
    for user, mine in everybody:
        for other, theirs in everybody:
            scaled = tuple(have * user.weight(j) / other.weight(j) for j, have in enumerate(theirs))
            if worth(user, scaled) > worth(user, mine):
                yield f"{user.name} runs {worth(user, mine)} tasks, and {worth(user, scaled)} on what {other.name} got"


def pareto_efficiency(cluster: Cluster, given: Given, whole: bool = False) -> Iterator[str]:
    """Nobody could run more tasks without somebody running fewer; `whole`: tasks cannot be divided."""
    tasks = tuple(worth(user, got) for user, got in zip(cluster.users, given, strict=True))
    left = less(cluster.capacities, cluster.given(tuple(map(floor, tasks)) if whole else tasks))
    for user in cluster.users:
        more = worth(user, left)
        if more >= 1 if whole else more > 0:
            yield f"{user.name} could run {floor(more) if whole else more} tasks more on what is left: {words(left)}"


def feasibility(cluster: Cluster, given: Given) -> Iterator[str]:
    """No more is given of a resource than there is."""
    for j, left in enumerate(less(cluster.capacities, given)):
        if left < 0:
            yield f"{cluster.capacities[j] - left} of resource {j} is given, and there is {cluster.capacities[j]}"


def strategy_proofness(cluster: Cluster, policy: Policy, lies: Iterable[User]) -> Iterator[str]:
    """Nobody runs more tasks by a false demand; each lie is a user of the cluster with another demand than its own."""
    honest = cluster.given(policy(cluster))
    for lie in lies:
        place = [user.name for user in cluster.users].index(lie.name)
        user = cluster.users[place]
        truth, gained = worth(user, honest[place]), worth(user, bundle(cluster, policy, place, lie))
        if gained > truth:
            yield f"{user.name} {words(user.demand)} runs {truth} tasks, and {gained} as {words(lie.demand)}"


def bundle(cluster: Cluster, policy: Policy, place: int, lie: User) -> Vector:
    """What the user at a place gets when it lies."""
    declared = evolve(cluster, users=(*cluster.users[:place], lie, *cluster.users[place + 1 :]))
    return times(policy(declared)[place], lie.demand)
