"""Dominant resource fairness, under questions."""

from stackproof.checker.faults import Faults
from stackproof.checker.host import ScenarioError
from stackproof.checker.invariants import drf as property_of
from stackproof.checker.invariants.fairness import feasibility
from stackproof.checker.scenario import Property, Scenario
from stackproof.reference.actor import NodeId
from stackproof.reference.scheduling.drf import Cluster, Filling, User
from stackproof.reference.scheduling.drf_allocator import Allocator, TaskRunner

ALLOCATOR = "allocator"
SAFE = (
    property_of.nothing_is_overcommitted,
    property_of.drf_order,
    property_of.ties_take_turns,
    property_of.pareto_efficiency,
    property_of.sharing_incentive,
)


def drf(
    capacities: tuple[int, ...] = (9, 18),
    demands: tuple[str, ...] = ("1,4", "3,1"),
    weights: tuple[int, ...] = (),
    tasks: int | None = None,
    finishes: int = 1,
    crashes: int = 0,
    leaves: int = 0,
    partitions: int = 0,
) -> Scenario:
    """Dominant resource fairness by messages: of those who wait, the one with the least dominant share is served.

    There is one user for each demand, which says what a task needs of each resource, as in `--demands 1,4`; weights are
    one for each user, or none. A user wants any number of tasks, or `tasks`; `finishes` of them finish. Users come in
    any order, at any time; some crash or leave, with or without a word, and stay away.
    """
    users = users_of(demands, weights)
    if finishes < 0 or (tasks is not None and tasks < 1):
        raise ScenarioError("a user wants a task or more, of which some finish, or none")
    try:
        allocator = Allocator(ALLOCATOR, Filling(capacities))
        Cluster(capacities, users)
    except ValueError as error:
        raise ScenarioError(str(error)) from None
    return Scenario(
        nodes=(allocator, *(TaskRunner(user.name, ALLOCATOR, user, tasks, finishes) for user in users)),
        faults=Faults(
            crashes=crashes,
            restarts=0,
            leaves=leaves,
            partitions=partitions,
            detection=crashes + leaves > 0,
            victims=tuple(user.name for user in users),
        ),
        monitors={"ledger": property_of.Ledger(allocator.filling.capacities)},
        invariants=SAFE,
        goals=goals(Cluster(capacities, users), tasks),
        always_reachable=(property_of.the_books_are_right,),
    )


def goals(cluster: Cluster, tasks: int | None) -> tuple[Property, ...]:
    """What can come about: everybody runs a task if there is room; without an end, more is wanted than there is."""
    together = not any(feasibility(cluster, cluster.given([1] * len(cluster.users))))
    return (
        property_of.those_who_came_at_once_are_dealt_to,
        *((property_of.everybody_runs_a_task,) if together else ()),
        *((property_of.nothing_more_fits,) if tasks is None else ()),
    )


def users_of(demands: tuple[str, ...], weights: tuple[int, ...]) -> tuple[User, ...]:
    """The users u0, u1, ... and what their tasks need."""
    if not demands or len(weights) not in (0, len(demands)):
        raise ScenarioError(f"{len(demands)} demands, {len(weights)} weights: a user at least, and all weights or none")
    each: list[tuple[int, ...]] = [(weight,) for weight in weights] or [()] * len(demands)
    return tuple(user(f"u{i}", demand, weight) for i, (demand, weight) in enumerate(zip(demands, each, strict=True)))


def user(name: NodeId, demand: str, weight: tuple[int, ...]) -> User:
    """A user, from what was typed."""
    try:
        needs = tuple(int(part) for part in demand.split(","))
        return User(name, needs, weight * len(needs))
    except ValueError as error:
        raise ScenarioError(f"the demand {demand!r} of {name} makes no sense: {error}") from None
