"""What a master of Mesos owes to agents and frameworks: no resource is promised twice, no task comes from nowhere.

Hindman et al., "Mesos: A Platform for Fine-Grained Resource Sharing in the Data Center", NSDI 2011, sections 3.1-3.6;
Ghodsi et al., "Dominant Resource Fairness", NSDI 2011. Properties of a world read the books of whoever leads, and hold
them against what agents run. What no world shows by itself the monitor `Dealings` keeps: what was rescinded, what was
acknowledged, how tasks ended; and each wrong that was done.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import TypeVar

from stackproof.checker.host import Status
from stackproof.checker.world import World
from stackproof.reference.actor import NodeId
from stackproof.reference.scheduling.mesos.agent import Agent, Process
from stackproof.reference.scheduling.mesos.books import Books, Client, Placed
from stackproof.reference.scheduling.mesos.framework import Adversary, Framework
from stackproof.reference.scheduling.mesos.master import Master
from stackproof.reference.scheduling.mesos.messages import (
    Acknowledge,
    AgentRegistered,
    Detected,
    FrameworkRegistered,
    Kill,
    Launch,
    RegisterAgent,
    RegisterFramework,
    ReregisterAgent,
    ReregisterFramework,
    Rescind,
    Revive,
    Shutdown,
    ShutdownFramework,
    Suppress,
    TaskState,
    UnregisterAgent,
    UnregisterFramework,
    Update,
    UpdateAgent,
)
from stackproof.reference.scheduling.mesos.resources import ANYBODY
from stackproof.reference.scheduling.mesos.timers import FilterExpired

Node = TypeVar("Node", Master, Agent, Framework)
BETWEEN_MASTER_AND_AGENT = (
    AgentRegistered,
    Acknowledge,
    Detected,
    Kill,
    Launch,
    RegisterAgent,
    ReregisterAgent,
    Shutdown,
    ShutdownFramework,
    UnregisterAgent,
    Update,
    UpdateAgent,
)
BETWEEN_MASTER_AND_FRAMEWORK = (
    Detected,
    FrameworkRegistered,
    RegisterFramework,
    ReregisterFramework,
    Revive,
    Suppress,
    UnregisterFramework,
)


def wrongs(world: World, name: str) -> Iterator[str]:
    """What the monitor has against a property."""
    return (reason for about, reason in sorted(world.monitors["dealings"].wrong) if about == name)


# Who is there.


def of_kind(world: World, kind: type[Node]) -> Iterator[Node]:
    """The nodes of a kind that are up."""
    for node in (*world.scenario.nodes, *world.scenario.absent):
        if isinstance(node, kind) and world.status[node.id] is Status.UP:
            yield world.nodes[node.id]


def leader(world: World) -> Master | None:
    """The master that leads, if one does."""
    return next((one for one in of_kind(world, Master) if one.leads), None)


# Safety.


def resources_never_overcommitted(world: World) -> Iterator[str]:
    """No agent runs more than it has; and no more of it is used and offered, by the books, than it has."""
    for agent in of_kind(world, Agent):
        if not agent.used <= agent.resources:
            yield f"{agent.id} has {agent.resources}, and its tasks use {agent.used}"
    master = leader(world)
    for entry in master.books.agents if master else ():
        promised = master.books.used(entry.id) + master.books.offered(entry.id)  # type: ignore[union-attr]
        if not promised <= entry.resources:
            yield f"of {entry.id}, which has {entry.resources}, {promised} is used or offered"
    yield from wrongs(world, "resources_never_overcommitted")


def an_offer_has_one_holder(world: World) -> Iterator[str]:
    """Of the frameworks that know of the present master, only the one that an offer was made to holds it."""
    master = leader(world)
    if master is None:
        return
    for one, other in pairwise(sorted(offer.id for offer in master.books.offers)):
        if one == other:
            yield f"{one} was made twice"
    holder = {offer.id: offer.framework for offer in master.books.offers}
    for framework in of_kind(world, Framework):
        for offer in framework.offers:
            known = holder.get(offer.id, framework.id)
            if known != framework.id and framework.master == master.id and not is_behind(world, framework):
                yield f"{framework.id} holds {offer.id}, which is {known}'s"


def is_behind(world: World, framework: Framework) -> bool:
    """Whether it has yet to hear that what it holds is void."""
    return any(one.target == framework.id for one in world.sent(Detected, Rescind))


def no_task_without_an_accepted_offer(world: World) -> Iterator[str]:
    """What runs, or is about to, its framework has launched by accepting an offer."""
    running = {process.task.id for agent in of_kind(world, Agent) for process in agent.processes}
    for task in sorted(running | {one.message.task.id for one in world.sent(Launch)}):
        if task.number >= world.nodes[task.framework].launched:
            yield f"{task} runs, and {task.framework} has launched no such task"
    yield from wrongs(world, "no_task_without_an_accepted_offer")


def rescinded_offers_launch_nothing(world: World) -> Iterator[str]:
    """A task is not launched with an offer that was rescinded."""
    return wrongs(world, "rescinded_offers_launch_nothing")


def task_states_only_advance(world: World) -> Iterator[str]:
    """A task ends once: no framework hears of two ends; and no master's books are ahead of the agent."""
    yield from wrongs(world, "task_states_only_advance")
    master = leader(world)
    for agent in of_kind(world, Agent):
        for process in agent.processes:
            placed = master.books.placed(process.task.id) if master else None
            lost = placed is not None and placed.state is TaskState.LOST
            if placed is not None and placed.agent == agent.id and placed.state > process.state and not lost:
                yield f"{process.task.id} is {process.state.name} on {agent.id}, and {placed.state.name} in the books"


def acknowledged_updates_are_not_repeated(world: World) -> Iterator[str]:
    """An agent does not send an update again once it was acknowledged."""
    return wrongs(world, "acknowledged_updates_are_not_repeated")


def filters_expire(world: World) -> Iterator[str]:
    """For every filter in the books there is a timer, and whoever refused is offered nothing of the kind before."""
    master = leader(world)
    for one in master.books.filters if master else ():
        if FilterExpired(one.framework, one.agent) not in world.timers[master.id]:  # type: ignore[union-attr]
            yield f"{one.framework} refuses {one.resources} of {one.agent} for ever"
    yield from wrongs(world, "filters_expire")


def drf_order(world: World) -> Iterator[str]:
    """An offer goes to the framework with the least dominant share, of those that may have it."""
    return wrongs(world, "drf_order")


def isolation(world: World) -> Iterator[str]:
    """A task uses no more than it was granted; nobody is offered, or uses, what is reserved for another role."""
    yield from wrongs(world, "isolation")
    for agent in of_kind(world, Agent):
        for process in agent.processes:
            role = world.nodes[process.task.id.framework].role
            for reserved, _ in process.task.resources.shares:
                if reserved not in (role, ANYBODY):
                    yield f"{process.task.id} of role {role} uses what is reserved for {reserved} on {agent.id}"


def soft_state_is_rebuilt(world: World) -> Iterator[str]:
    """Of everybody who is registered, and with whom nothing is under way, the books of the master say what is so."""
    master = leader(world)
    if master is None:
        return
    for agent in of_kind(world, Agent):
        wrong = agent.registered and agent.master == master.id and not agree(master.books, agent)
        if wrong and not is_busy(world, agent.id, BETWEEN_MASTER_AND_AGENT):
            said = ", ".join(str(placed.task.id) for placed in master.books.on(agent.id))
            yield f"{agent.id} runs {running(agent)}, and the books have {said or 'nothing'}"
    for one in of_kind(world, Framework):
        wrong = one.connected and one.master == master.id and master.books.client(one.id) != as_client(one)
        if wrong and not is_busy(world, one.id, BETWEEN_MASTER_AND_FRAMEWORK):
            yield f"{one.id} has registered, and the books have it otherwise"


def agree(books: Books, agent: Agent) -> bool:
    """Whether an agent is in the books, its tasks are, each as it last said, and no others that run."""
    entry, booked = books.agent(agent.id), {one.task.id: one for one in books.on(agent.id)}
    here = {process.task.id: process for process in agent.processes}
    running = {task for task, placed in booked.items() if not placed.state.terminal}
    return (
        entry is not None
        and (entry.life, entry.resources) == (agent.life, agent.resources)
        and running <= here.keys() <= booked.keys()
        and all(as_said(booked[task], process) for task, process in here.items())
    )


def as_said(placed: Placed, process: Process) -> bool:
    """Whether a task is in the books as its agent last said: the first update that waits, or all there is."""
    waits = next(iter(process.updates), None)
    said = process.state if waits is None else waits
    return placed.unacknowledged == waits and placed.told is said and placed.task == process.task


def as_client(framework: Framework) -> Client:
    """A framework as the books should have it."""
    return Client(framework.id, framework.life, framework.role, framework.capabilities, framework.suppressed)


def is_busy(world: World, node: NodeId, messages: tuple[type, ...]) -> bool:
    """Whether one of these messages is on its way to or from a node."""
    return any(node in (one.source, one.target) for one in world.sent(*messages))


def running(agent: Agent) -> str:
    """The tasks on an agent."""
    return ", ".join(str(process.task.id) for process in agent.processes) or "nothing"


SAFE = (
    resources_never_overcommitted,
    an_offer_has_one_holder,
    no_task_without_an_accepted_offer,
    rescinded_offers_launch_nothing,
    task_states_only_advance,
    acknowledged_updates_are_not_repeated,
    filters_expire,
    drf_order,
    isolation,
    soft_state_is_rebuilt,
)


# Liveness, and what should come about.


def useful(world: World) -> Iterator[Framework]:
    """The frameworks that are up and want to run something."""
    return (node for node in of_kind(world, Framework) if not isinstance(node, Adversary))


def no_starvation(world: World) -> bool:
    """Every framework that never declines what it can use has launched all that it wants, what was lost included."""
    return all(node.lacks <= 0 for node in useful(world))


def who_is_owed_is_served(world: World) -> bool:
    """Every framework has launched a task."""
    return all(node.launched for node in useful(world))


def everybody_has_launched(world: World) -> bool:
    """Every framework that wants to run something has launched it at the same time."""
    return all(node.launched >= node.wanted for node in useful(world))


def a_task_has_finished(world: World) -> bool:
    """A framework has heard that a task of its finished."""
    return any(node.finished for node in useful(world))


def a_lost_task_is_replaced(world: World) -> bool:
    """A framework launched more tasks than it wants, since one was lost, and the last of them runs."""
    return any(
        node.launched > node.wanted and any(one.state is TaskState.RUNNING for one in node.tasks)
        for node in useful(world)
    )


def a_new_master_knows_a_task(world: World) -> bool:
    """A master that took over has a task in its books."""
    master = leader(world)
    return master is not None and bool(master.books.tasks) and world.monitors["dealings"].elected > 0


def a_task_makes_room(world: World) -> bool:
    """A task was told to make room, and is over."""
    return any(state is TaskState.KILLED for _, state in world.monitors["dealings"].ended)
