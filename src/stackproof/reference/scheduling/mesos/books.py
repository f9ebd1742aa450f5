"""What a master knows: agents, frameworks, offers, tasks and filters, and what follows from them.

Hindman et al., NSDI 2011, section 3.6: this is all soft state. A new master has empty books and fills them from what
agents and frameworks say when they register again.

Departures. The number of an offer is used again once it was answered, so that books stay small. That of a rescinded
offer is not, while its agent lives: an answer to it may still be on its way.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from attrs import evolve, frozen

from stackproof.reference.actor import NodeId
from stackproof.reference.scheduling.mesos.messages import Held, Offer, OfferId, Question, Task, TaskId, TaskState
from stackproof.reference.scheduling.mesos.resources import Resources, total


@frozen(cache_hash=True)
class Agent:
    """An agent that is registered."""

    id: NodeId
    life: int
    resources: Resources
    attributes: frozenset[str] = frozenset()


@frozen(cache_hash=True)
class Client:
    """A framework that is registered. A suppressed one wants no offers."""

    id: NodeId
    life: int
    role: str
    capabilities: frozenset[str] = frozenset()
    suppressed: bool = False


@frozen(cache_hash=True)
class Placed:
    """A task on an agent; `unacknowledged`: the update that its agent waits to have acknowledged."""

    task: Task
    agent: NodeId
    state: TaskState = TaskState.STAGING
    unacknowledged: TaskState | None = None

    @property
    def told(self) -> TaskState:
        """The state that its framework has been told of, or is about to be."""
        return self.state if self.unacknowledged is None else self.unacknowledged


@frozen(cache_hash=True)
class Filter:
    """A framework that refused resources of an agent is offered no part of them."""

    framework: NodeId
    agent: NodeId
    resources: Resources


@frozen(cache_hash=True)
class Books:
    """All that a master knows. Frameworks stand in the order in which they were last served, longest ago first.

    rescinded   offers whose numbers must not be used again
    dirty       something has changed since the last allocation
    removed     agents that were given up and have not come back as new ones
    revoking    tasks that were told to end
    asked       tasks that frameworks asked about, on agents that have not registered
    """

    agents: tuple[Agent, ...] = ()
    clients: tuple[Client, ...] = ()
    offers: tuple[Offer, ...] = ()
    tasks: tuple[Placed, ...] = ()
    filters: tuple[Filter, ...] = ()
    rescinded: frozenset[OfferId] = frozenset()
    removed: frozenset[NodeId] = frozenset()
    revoking: frozenset[TaskId] = frozenset()
    asked: frozenset[Question] = frozenset()
    dirty: bool = False

    # What there is.

    def agent(self, name: NodeId) -> Agent | None:
        """The agent of this name, if it is registered."""
        return next((one for one in self.agents if one.id == name), None)

    def client(self, name: NodeId) -> Client | None:
        """The framework of this name, if it is registered."""
        return next((one for one in self.clients if one.id == name), None)

    def offer(self, offer: OfferId, framework: NodeId) -> Offer | None:
        """The outstanding offer of this name, if it is this framework's."""
        return next((one for one in self.offers if (one.id, one.framework) == (offer, framework)), None)

    def placed(self, task: TaskId) -> Placed | None:
        """The task of this name, if it is known."""
        return next((one for one in self.tasks if one.task.id == task), None)

    def on(self, agent: NodeId) -> tuple[Placed, ...]:
        """The tasks on an agent."""
        return tuple(one for one in self.tasks if one.agent == agent)

    def of(self, framework: NodeId) -> tuple[Placed, ...]:
        """The tasks of a framework."""
        return tuple(one for one in self.tasks if one.task.id.framework == framework)

    def used(self, agent: NodeId) -> Resources:
        """What the tasks on an agent use."""
        return total(one.task.resources for one in self.on(agent) if not one.state.terminal)

    def offered(self, agent: NodeId) -> Resources:
        """What of an agent is out in offers."""
        return total(offer.resources for offer in self.offers if offer.agent == agent)

    def free(self, agent: Agent) -> Resources:
        """What of an agent nobody uses or has been offered."""
        return agent.resources - self.used(agent.id) - self.offered(agent.id)

    def allocated(self, *frameworks: NodeId) -> Resources:
        """What these frameworks use or have been offered."""
        offers = (offer.resources for offer in self.offers if offer.framework in frameworks)
        return total(offers) + total(
            one.task.resources for one in self.tasks if one.task.id.framework in frameworks and not one.state.terminal
        )

    def refused(self, framework: NodeId, agent: NodeId, resources: Resources) -> bool:
        """Whether a filter of this framework keeps these resources of this agent from it."""
        return any(
            resources <= one.resources for one in self.filters if (one.framework, one.agent) == (framework, agent)
        )

    def next_offer(self, agent: Agent) -> OfferId:
        """An offer of an agent with the least number that none has, and none that was rescinded had."""
        taken = {offer.id for offer in self.offers} | self.rescinded
        ids = (OfferId(agent.id, agent.life, number) for number in range(len(taken) + 1))
        return next(one for one in ids if one not in taken)

    # What comes and goes.

    def with_agent(self, agent: Agent, tasks: Iterable[Held] = ()) -> "Books":
        """An agent registers, with its tasks."""
        others = tuple(one for one in self.agents if one.id != agent.id)
        return evolve(
            self,
            agents=tuple(sorted((*others, agent), key=lambda one: one.id)),
            tasks=in_order(
                (*self.tasks, *(Placed(held.task, agent.id, held.state, held.unacknowledged) for held in tasks))
            ),
            removed=self.removed - {agent.id},
        )

    def without_agent(self, name: NodeId) -> "Books":
        """An agent goes, with its offers, filters and tasks; those stay of whose end the framework may not know."""
        return evolve(
            self.without_offers(offer for offer in self.offers if offer.agent == name),
            agents=tuple(one for one in self.agents if one.id != name),
            tasks=tuple(one for one in self.tasks if one.agent != name or one.state.terminal),
            filters=tuple(one for one in self.filters if one.agent != name),
            rescinded=frozenset(one for one in self.rescinded if one.agent != name),
        )

    def with_client(self, client: Client) -> "Books":
        """A framework registers; it is served after the others."""
        return evolve(self, clients=(*(one for one in self.clients if one.id != client.id), client))

    def without_client(self, name: NodeId) -> "Books":
        """A framework goes, with its offers and filters; its tasks stay until they have ended."""
        return evolve(
            self.without_offers(offer for offer in self.offers if offer.framework == name),
            clients=tuple(one for one in self.clients if one.id != name),
            filters=tuple(one for one in self.filters if one.framework != name),
        )

    def changed(self, client: Client) -> "Books":
        """A framework stays in its place, and changes."""
        return evolve(self, clients=tuple(client if one.id == client.id else one for one in self.clients))

    def with_offer(self, offer: Offer) -> "Books":
        """An offer is made, and its framework is now the one served last."""
        served = tuple(one for one in self.clients if one.id == offer.framework)
        others = tuple(one for one in self.clients if one.id != offer.framework)
        return evolve(self, offers=in_order((*self.offers, offer)), clients=(*others, *served))

    def without_offers(self, offers: Iterable[Offer]) -> "Books":
        """Offers are answered, or void."""
        gone = frozenset(offers)
        return evolve(self, offers=tuple(one for one in self.offers if one not in gone))

    def with_task(self, placed: Placed) -> "Books":
        """A task is launched, or its state is another."""
        others = (one for one in self.tasks if one.task.id != placed.task.id)
        revoking = self.revoking - {placed.task.id} if placed.state.terminal else self.revoking
        return evolve(self, tasks=in_order((*others, placed)), revoking=revoking)

    def without_task(self, task: TaskId) -> "Books":
        """A task is forgotten."""
        return evolve(self, tasks=tuple(one for one in self.tasks if one.task.id != task))

    def with_filter(self, refusal: Filter) -> "Books":
        """A framework refuses resources of an agent; that is all it refuses there now."""
        others = self.without_filter(refusal.framework, refusal.agent).filters
        return evolve(self, filters=in_order((*others, refusal)))

    def without_filter(self, framework: NodeId, agent: NodeId | None = None) -> "Books":
        """A framework refuses nothing of an agent any more, or of any."""
        left = (one for one in self.filters if one.framework != framework or agent not in (None, one.agent))
        return evolve(self, filters=tuple(left))


def in_order(parts: Iterable[Any]) -> tuple[Any, ...]:
    """Parts of the books in the one order that equal books share."""
    return tuple(sorted(parts, key=rank))


def rank(part: Offer | Placed | Filter) -> tuple[Any, ...]:
    """Where a part stands among those of its kind."""
    match part:
        case Offer():
            return (part.id,)
        case Placed():
            return (part.task.id,)
        case Filter():
            return part.framework, part.agent


def lost_with(books: Books, agent: NodeId) -> Iterator[Placed]:
    """The tasks that are lost when an agent is."""
    return (one for one in books.on(agent) if not one.state.terminal)
