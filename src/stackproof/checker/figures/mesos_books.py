"""A master's books with an index, for simulations of thousands of agents.

The books of `reference.scheduling.mesos.books` are values: every change copies them, and every question scans them.
That is what exploration needs, and it makes a step as dear as the cluster is large. Here the same questions and changes
go to dictionaries, so that a step costs as much as what it changes, whatever else there is.

The price: `with_...` and `without_...` change these books and answer them, and the books before the change are gone.
The master never looks back at those, and a simulation copies no node, so a run is the same with either: a test compares
them.
"""

from collections.abc import Iterable
from functools import lru_cache
from operator import add, sub
from typing import Any

from attrs import define, evolve, field

from stackproof.reference.actor import NodeId
from stackproof.reference.scheduling.mesos.books import Agent, Client, Filter, Placed, in_order
from stackproof.reference.scheduling.mesos.messages import Held, Offer, OfferId, Question, TaskId
from stackproof.reference.scheduling.mesos.resources import NOTHING, Resources, Vector, total

MANY = 100_000


@lru_cache(MANY)
def plus(one: Resources, other: Resources) -> Resources:
    """The sum; agents are alike, so the same sums come up again and again."""
    return one + other


@lru_cache(MANY)
def minus(one: Resources, other: Resources) -> Resources:
    """The difference."""
    return one - other


@lru_cache(MANY)
def within(one: Resources, other: Resources) -> bool:
    """Whether there is enough."""
    return one <= other


@lru_cache(MANY)
def amounts(resources: Resources) -> Vector:
    """So much in all."""
    return resources.vector


def raised(held: Vector, by: Vector, how: Any = add) -> Vector:
    """What is held, and something more (or less, with `sub`)."""
    return tuple(map(how, held or (0,) * len(by), by))


@define(eq=False)
class Index:
    """What there is, by name.

    spent   what of an agent is used or offered       loose   the agents of which something is free
    held    what each framework uses or was offered   fresh   those of them for which somebody may be found who was not
    there   what all agents have together                     when they were last offered
    """

    agents: dict[NodeId, Agent] = field(factory=dict)
    clients: dict[NodeId, Client] = field(factory=dict)
    offers: dict[OfferId, Offer] = field(factory=dict)
    tasks: dict[TaskId, Placed] = field(factory=dict)
    filters: dict[tuple[NodeId, NodeId], Filter] = field(factory=dict)
    on: dict[NodeId, dict[TaskId, None]] = field(factory=dict)
    offered: dict[NodeId, dict[OfferId, None]] = field(factory=dict)
    spent: dict[NodeId, Resources] = field(factory=dict)
    held: dict[NodeId, Vector] = field(factory=dict)
    loose: set[NodeId] = field(factory=set)
    fresh: set[NodeId] = field(factory=set)
    there: Vector = ()

    def spend(self, agent: NodeId, framework: NodeId, resources: Resources) -> None:
        """A framework gets resources of an agent."""
        self.spent[agent] = plus(self.spent.get(agent, NOTHING), resources)
        self.held[framework] = raised(self.held.get(framework, ()), amounts(resources))
        self.weigh(agent)

    def save(self, agent: NodeId, framework: NodeId, resources: Resources) -> None:
        """A framework gives resources of an agent back."""
        self.spent[agent] = minus(self.spent[agent], resources)
        self.held[framework] = raised(self.held[framework], amounts(resources), sub)
        self.weigh(agent)

    def weigh(self, name: NodeId) -> None:
        """Note whether something of an agent is free."""
        agent = self.agents.get(name)
        if agent is not None and minus(agent.resources, self.spent.get(name, NOTHING)):
            self.loose.add(name)
            self.fresh.add(name)
        else:
            self.loose.discard(name)
            self.fresh.discard(name)

    def want(self, client: Client) -> None:
        """A framework is there, or has changed; it may take what nobody took."""
        self.clients[client.id] = client
        self.fresh |= self.loose

    def allow(self, framework: NodeId, agent: NodeId) -> None:
        """A framework refuses nothing of an agent any more."""
        if self.filters.pop((framework, agent), None) is not None and agent in self.loose:
            self.fresh.add(agent)

    def enter(self, agent: Agent) -> None:
        """An agent is there, or has other resources than before."""
        self.forget(agent.id)
        self.agents[agent.id] = agent
        self.there = raised(self.there, amounts(agent.resources))
        self.weigh(agent.id)

    def forget(self, name: NodeId) -> None:
        """An agent is not there."""
        agent = self.agents.pop(name, None)
        if agent is not None:
            self.there = raised(self.there, amounts(agent.resources), sub)
        self.weigh(name)

    def put(self, placed: Placed) -> None:
        """A task is as it says."""
        self.drop(placed.task.id)
        self.tasks[placed.task.id] = placed
        self.on.setdefault(placed.agent, {})[placed.task.id] = None
        if not placed.state.terminal:
            self.spend(placed.agent, placed.task.id.framework, placed.task.resources)

    def drop(self, task: TaskId) -> None:
        """A task is forgotten."""
        placed = self.tasks.pop(task, None)
        if placed is not None:
            del self.on[placed.agent][task]
            if not placed.state.terminal:
                self.save(placed.agent, task.framework, placed.task.resources)


@define(eq=False)
class IndexedBooks:
    """All that a master knows, as `Books` does; what was known before a change is not kept."""

    index: Index = field(factory=Index)
    rescinded: frozenset[OfferId] = frozenset()
    removed: frozenset[NodeId] = frozenset()
    revoking: frozenset[TaskId] = frozenset()
    asked: frozenset[Question] = frozenset()
    dirty: bool = False

    # What there is.

    @property
    def agents(self) -> tuple[Agent, ...]:
        return tuple(sorted(self.index.agents.values(), key=lambda one: one.id))

    @property
    def clients(self) -> tuple[Client, ...]:
        return tuple(self.index.clients.values())

    @property
    def offers(self) -> tuple[Offer, ...]:
        return in_order(self.index.offers.values())

    @property
    def tasks(self) -> tuple[Placed, ...]:
        return in_order(self.index.tasks.values())

    @property
    def filters(self) -> tuple[Filter, ...]:
        return in_order(self.index.filters.values())

    def agent(self, name: NodeId) -> Agent | None:
        return self.index.agents.get(name)

    def client(self, name: NodeId) -> Client | None:
        return self.index.clients.get(name)

    def offer(self, offer: OfferId, framework: NodeId) -> Offer | None:
        found = self.index.offers.get(offer)
        return found if found is not None and found.framework == framework else None

    def placed(self, task: TaskId) -> Placed | None:
        return self.index.tasks.get(task)

    def on(self, agent: NodeId) -> tuple[Placed, ...]:
        return in_order(self.index.tasks[task] for task in self.index.on.get(agent, ()))

    def of(self, framework: NodeId) -> tuple[Placed, ...]:
        return in_order(one for one in self.index.tasks.values() if one.task.id.framework == framework)

    def used(self, agent: NodeId) -> Resources:
        return total(one.task.resources for one in self.on(agent) if not one.state.terminal)

    def offered(self, agent: NodeId) -> Resources:
        return total(self.index.offers[one].resources for one in self.index.offered.get(agent, ()))

    def free(self, agent: Agent) -> Resources:
        return minus(agent.resources, self.index.spent.get(agent.id, NOTHING))

    def allocated(self, *frameworks: NodeId) -> Resources:
        offers = (offer.resources for offer in self.index.offers.values() if offer.framework in frameworks)
        tasks = (one for one in self.index.tasks.values() if one.task.id.framework in frameworks)
        return total(offers) + total(one.task.resources for one in tasks if not one.state.terminal)

    def refused(self, framework: NodeId, agent: NodeId, resources: Resources) -> bool:
        refusal = self.index.filters.get((framework, agent))
        return refusal is not None and within(resources, refusal.resources)

    def next_offer(self, agent: Agent, after: int = 0) -> OfferId:
        """The name of the next offer of an agent, `after` so many that are made in the same round."""
        number = 0
        while True:
            name = OfferId(agent.id, agent.life, number)
            if name not in self.index.offers and name not in self.rescinded:
                if not after:
                    return name
                after -= 1
            number += 1

    # What comes and goes.

    def with_agent(self, agent: Agent, tasks: Iterable[Held] = ()) -> "IndexedBooks":
        self.index.enter(agent)
        for held in tasks:
            self.index.put(Placed(held.task, agent.id, held.state, held.unacknowledged))
        return evolve(self, removed=self.removed - {agent.id}) if agent.id in self.removed else self

    def without_agent(self, name: NodeId) -> "IndexedBooks":
        self.without_offers([self.index.offers[one] for one in self.index.offered.get(name, ())])
        for placed in self.on(name):
            if not placed.state.terminal:
                self.index.drop(placed.task.id)
        for framework in [by for by, one in self.index.filters if one == name]:
            self.index.allow(framework, name)
        self.index.forget(name)
        return evolve(self, rescinded=frozenset(one for one in self.rescinded if one.agent != name))

    def with_client(self, client: Client) -> "IndexedBooks":
        self.index.clients.pop(client.id, None)
        self.index.want(client)
        return self

    def without_client(self, name: NodeId) -> "IndexedBooks":
        self.index.clients.pop(name, None)
        self.without_filter(name)
        return self.without_offers([offer for offer in self.index.offers.values() if offer.framework == name])

    def changed(self, client: Client) -> "IndexedBooks":
        self.index.want(client)
        return self

    def with_offer(self, offer: Offer) -> "IndexedBooks":
        self.index.offers[offer.id] = offer
        self.index.offered.setdefault(offer.agent, {})[offer.id] = None
        self.index.spend(offer.agent, offer.framework, offer.resources)
        self.index.clients[offer.framework] = self.index.clients.pop(offer.framework)
        return self

    def without_offers(self, offers: Iterable[Offer]) -> "IndexedBooks":
        for offer in offers:
            if self.index.offers.get(offer.id) == offer:
                del self.index.offers[offer.id], self.index.offered[offer.agent][offer.id]
                self.index.save(offer.agent, offer.framework, offer.resources)
        return self

    def with_task(self, placed: Placed) -> "IndexedBooks":
        self.index.put(placed)
        over = placed.state.terminal and placed.task.id in self.revoking
        return evolve(self, revoking=self.revoking - {placed.task.id}) if over else self

    def without_task(self, task: TaskId) -> "IndexedBooks":
        self.index.drop(task)
        return self

    def with_filter(self, refusal: Filter) -> "IndexedBooks":
        self.without_filter(refusal.framework, refusal.agent)
        self.index.filters[refusal.framework, refusal.agent] = refusal
        return self

    def without_filter(self, framework: NodeId, agent: NodeId | None = None) -> "IndexedBooks":
        refused = [agent] if agent else [one for by, one in self.index.filters if by == framework]
        for one in refused:
            self.index.allow(framework, one)
        return self
