"""Demands: users with tasks, and the cluster that they share, for dominant resource fairness and its like.

Ghodsi et al., "Dominant Resource Fairness", NSDI 2011. Quantities are whole numbers here, which become exact fractions.
"""

from attrs import evolve
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from stackproof.reference.scheduling.drf import Cluster, User


def demands(resources: int = 2, least: int = 0, most: int = 20) -> SearchStrategy[tuple[int, ...]]:
    """What one task needs of each resource: `least` to `most` units of each, and of the first 1 where it is of none.

    Shrinks to as little of everything as may be.
    """
    needs = st.lists(st.integers(least, most), min_size=resources, max_size=resources)
    return needs.map(lambda some: tuple(some) if any(some) else (1, *some[1:]))


def users(
    name: str = "u0", resources: int = 2, heaviest: int = 1, uneven: bool = False, least: int = 0
) -> SearchStrategy[User]:
    """A user of this name. Its weights go up to `heaviest`, and are the same for all resources unless `uneven`."""
    if heaviest <= 1:
        return st.builds(User, st.just(name), demands(resources, least))
    weight = st.integers(1, heaviest)
    drawn = (
        st.lists(weight, min_size=resources, max_size=resources) if uneven else weight.map(lambda w: [w] * resources)
    )
    return st.builds(User, st.just(name), demands(resources, least), drawn)


@st.composite
def clusters(
    draw: DrawFn,
    fewest: int = 1,
    most: int = 4,
    resources: int = 4,
    heaviest: int = 1,
    uneven: bool = False,
    least: int = 0,
) -> Cluster:
    """What there is of one to so many `resources`, 1 to 60 units of each, and `fewest` to `most` users u0, u1, ...

    heaviest, uneven   the weights of users, as in `users`
    least              what a task needs at least of each resource

    Shrinks to one unit of one resource and to the fewest users, whose tasks need one unit.
    """
    capacities = draw(st.lists(st.integers(1, 60), min_size=1, max_size=resources))
    names = [f"u{place}" for place in range(draw(st.integers(fewest, most)))]
    return Cluster(capacities, [draw(users(name, len(capacities), heaviest, uneven, least)) for name in names])


@st.composite
def lies(draw: DrawFn, about: SearchStrategy[Cluster]) -> tuple[Cluster, User]:
    """A cluster, and one of its users as it would be with a demand that may not be its own."""
    cluster = draw(about)
    user = draw(st.sampled_from(cluster.users))
    return cluster, evolve(user, demand=draw(demands(len(cluster.capacities))))
