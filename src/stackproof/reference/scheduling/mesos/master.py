"""The master: it offers what agents have to frameworks, passes on what they launch, and keeps no promise on a disk.

Hindman et al., "Mesos: A Platform for Fine-Grained Resource Sharing in the Data Center", NSDI 2011, section 3; offers,
filters, rescission (3.4), fault tolerance (3.6). Its books are soft state: a master that takes over knows nothing,
tells everybody that it leads, and knows what the last one knew as soon as everybody has registered again. Messages of
who has not registered are from before, and are ignored: links are first in, first out, as the connections of the real
one are.

Departures. Whoever leads says so itself with `Detected`, or somebody else does; the paper has ZooKeeper for that. There
are no pings: an agent times out when its timer fires, at most `patience` times. Names are given and do not change, a
`life` tells one that crashed from the one that came after, and an agent that asks to be registered from one that asked
before. An answer to `Reconcile` is only what is news, and waits for the agent in question to register. With `batch`,
what became free is offered when a timer fires, otherwise at once.
"""

from typing import TypeAlias, assert_never

from attrs import define, evolve, frozen

from stackproof.reference.actor import NodeId, Out, durable
from stackproof.reference.scheduling.mesos.allocator import HierarchicalDRF, Module
from stackproof.reference.scheduling.mesos.books import Agent, Books, Client, Filter, Placed, lost_with
from stackproof.reference.scheduling.mesos.messages import (
    Accept,
    Acknowledge,
    AgentRegistered,
    AgentTimedOut,
    Allocate,
    Decline,
    Detected,
    FilterExpired,
    FrameworkRegistered,
    GraceOver,
    Held,
    Kill,
    Launch,
    Offer,
    OfferId,
    OfferTimedOut,
    Question,
    Reconcile,
    RegisterAgent,
    RegisterFramework,
    ReregisterAgent,
    ReregisterFramework,
    Rescind,
    Revive,
    Revoke,
    Shutdown,
    ShutdownFramework,
    Suppress,
    Task,
    TaskId,
    TaskState,
    UnregisterAgent,
    UnregisterFramework,
    Update,
    UpdateAgent,
)
from stackproof.reference.scheduling.mesos.resources import Resources, total


@frozen
class Elected:
    """What a monitor sees: this master begins to lead, with empty books."""


@frozen
class Allocated:
    """What a monitor sees: with these books, these offers were made, in this order."""

    books: Books
    offers: tuple[Offer, ...]


@frozen
class Declined:
    """What a monitor sees: the master knows that a framework refuses these resources."""

    refusal: Filter


@frozen
class Rescinded:
    """What a monitor sees: this offer is void."""

    offer: OfferId


@frozen
class Revoked:
    """What a monitor sees: this task was told to make room, with these books."""

    task: TaskId
    books: Books


@frozen
class Launched:
    """What a monitor sees: the master sends a task to an agent, upon an acceptance of these offers."""

    task: Task
    agent: NodeId
    offers: tuple[Offer, ...]


FromFramework: TypeAlias = Accept | Decline | Suppress | Revive | Kill | Acknowledge | Reconcile | UnregisterFramework
FromAgent: TypeAlias = Update | UpdateAgent | UnregisterAgent
Timer: TypeAlias = Allocate | AgentTimedOut | OfferTimedOut | FilterExpired | GraceOver
Registration: TypeAlias = RegisterAgent | ReregisterAgent | RegisterFramework | ReregisterFramework
ToMaster: TypeAlias = Detected | Registration | FromFramework | FromAgent | Timer
LOST = TaskState.LOST


@frozen
class Setting:
    """How a master is set up.

    known   whom it tells that it leads when it comes back; nobody, where somebody else does that
    batch   what became free is offered when a timer fires, and not at once
    """

    known: tuple[NodeId, ...] = ()
    module: Module = HierarchicalDRF()
    batch: bool = False


@define
class Master:
    """A master; it leads until it hears that another one does.

    patience         how many agents it may still give up
    offer_patience   how many offers it may still rescind because nobody answers them
    """

    id: NodeId
    setting: Setting
    patience: int = durable(0)
    offer_patience: int = durable(0)
    leads: bool = True
    books: Books = Books()

    def start(self, out: Out) -> None:
        if self.books.agents:
            self.changed(out)

    def recover(self, out: Out) -> None:
        self.leads = bool(self.setting.known)
        if self.leads:
            out.observe(Elected())
            out.broadcast(self.setting.known, Detected(self.id))

    def receive(self, message: ToMaster, source: NodeId, out: Out) -> None:
        match message:
            case Detected(leader):
                self.lead(leader, out)
            case _ if not self.leads:
                pass
            case RegisterAgent(life, resources, attributes):
                self.admit(Agent(source, life, resources, attributes), out)
            case ReregisterAgent(life, resources, tasks, attributes):
                self.readmit(Agent(source, life, resources, attributes), tasks, out)
            case ReregisterFramework(life, role, capabilities, suppressed, tasks):
                self.readmit_framework(Client(source, life, role, capabilities, suppressed), tasks, out)
            case RegisterFramework(life, role, capabilities, suppressed):
                self.admit_framework(Client(source, life, role, capabilities, suppressed), out)
            case Allocate() | AgentTimedOut() | OfferTimedOut() | FilterExpired() | GraceOver():
                self.time_out(message, out)
            case Update() | UpdateAgent() | UnregisterAgent():
                if self.books.agent(source) is not None:
                    self.hear_agent(message, source, out)
            case _:
                if self.books.client(source) is not None:
                    self.hear_framework(message, source, out)

    def hear_agent(self, message: FromAgent, agent: NodeId, out: Out) -> None:
        """A message from an agent that is registered."""
        match message:
            case Update(task, state):
                self.pass_on(task, state, agent, out)
            case UpdateAgent(resources):
                self.resize(agent, resources, out)
            case UnregisterAgent():
                self.lose(agent, out)
                self.changed(out)
            case _:
                assert_never(message)

    def hear_framework(self, message: FromFramework, framework: NodeId, out: Out) -> None:
        """A message from a framework that is registered."""
        match message:
            case Accept(offers, tasks):
                self.accept(framework, offers, tasks, out)
            case Decline(offer, refuse):
                self.decline(framework, offer, refuse, out)
            case Suppress():
                self.want(framework, False, out)
            case Revive():
                self.want(framework, True, out)
            case Kill(task):
                self.kill(task, out)
            case Acknowledge(task, state, agent):
                self.acknowledge(task, state, agent, out)
            case Reconcile(tasks):
                self.reconcile(tasks, out)
            case UnregisterFramework():
                self.dismiss(framework, out)
            case _:
                assert_never(message)

    def time_out(self, timer: Timer, out: Out) -> None:
        """A timer fired."""
        match timer:
            case Allocate():
                self.allocate(out)
            case AgentTimedOut(agent):
                self.give_up(agent, out)
            case OfferTimedOut(offer):
                self.run_out(offer, out)
            case FilterExpired(framework, agent):
                self.expire(framework, agent, out)
            case GraceOver(task):
                self.kill(task, out)
            case _:
                assert_never(timer)

    def lead(self, leader: NodeId, out: Out) -> None:
        """Somebody leads: whoever takes over, and whoever steps down, has empty books."""
        if self.leads != (leader == self.id):
            self.leads, self.books = leader == self.id, Books()
            if self.leads:
                out.observe(Elected())

    # Agents.

    def admit(self, agent: Agent, out: Out) -> None:
        """A new agent, unless it says so twice."""
        self.strike_other_life(agent, out)
        if self.books.agent(agent.id) is None:
            self.welcome(agent, (), out)
        out.send(agent.id, AgentRegistered(agent.life))

    def readmit(self, agent: Agent, tasks: tuple[Held, ...], out: Out) -> None:
        """An agent that has been here. One that was given up is being shut down, and will come as a new one."""
        if agent.id in self.books.removed:
            return
        self.strike_other_life(agent, out)
        if self.books.agent(agent.id) is None:
            self.welcome(agent, tasks, out)
            return
        named = {held.task.id for held in tasks}
        missing = tuple(one.task.id for one in lost_with(self.books, agent.id) if one.task.id not in named)
        if missing:
            out.send(agent.id, AgentRegistered(agent.life, missing))

    def strike_other_life(self, agent: Agent, out: Out) -> None:
        """An agent of the same name that the books have in another life is no more."""
        known = self.books.agent(agent.id)
        if known is not None and known.life != agent.life:
            self.lose(agent.id, out)

    def welcome(self, agent: Agent, tasks: tuple[Held, ...], out: Out) -> None:
        """Enter an agent and its tasks into the books; pass its updates on, and answer what was asked of it."""
        self.books = self.books.with_agent(agent, tasks)
        for held in tasks:
            if held.unacknowledged is not None:
                self.forward(held.task.id, held.unacknowledged, agent.id, out)
        if self.patience > 0:
            out.after(75_000, AgentTimedOut(agent.id))
        waited = frozenset(question for question in self.books.asked if question.agent == agent.id)
        self.books = evolve(self.books, asked=self.books.asked - waited)
        self.reconcile(tuple(sorted(waited, key=lambda question: question.task)), out)
        self.changed(out)

    def give_up(self, agent: NodeId, out: Out) -> None:
        """Nothing was heard of an agent for too long: should it live, it is to kill everything and begin anew."""
        if self.patience <= 0:
            return
        self.patience -= 1
        self.lose(agent, out)
        self.books = evolve(self.books, removed=self.books.removed | {agent})
        out.send(agent, Shutdown())
        self.changed(out)

    def lose(self, agent: NodeId, out: Out) -> None:
        """An agent is no more: its tasks are lost, its offers void."""
        lost = tuple(lost_with(self.books, agent))
        self.rescind(tuple(offer for offer in self.books.offers if offer.agent == agent), out)
        for one in self.books.filters:
            if one.agent == agent:
                out.cancel(FilterExpired(one.framework, agent))
        self.books = self.books.without_agent(agent)
        out.cancel(AgentTimedOut(agent))
        for placed in lost:
            self.forward(placed.task.id, LOST, None, out)

    def resize(self, name: NodeId, resources: Resources, out: Out) -> None:
        """An agent has more than before, or less: that is entered first, then offers of what is gone are void."""
        agent = self.books.agent(name)
        assert agent is not None  # noqa: S101 - only agents that are registered are heard
        self.books = self.books.with_agent(evolve(agent, resources=resources))
        while self.books.offered(name) and not self.books.used(name) + self.books.offered(name) <= resources:
            self.rescind(tuple(offer for offer in self.books.offers if offer.agent == name)[-1:], out)
        self.changed(out)

    def pass_on(self, task: TaskId, state: TaskState, agent: NodeId, out: Out) -> None:
        """An update: note it, and tell the framework."""
        placed = self.books.placed(task)
        if placed is not None:
            self.books = self.books.with_task(evolve(placed, state=max(state, placed.state), unacknowledged=state))
        self.forward(task, state, agent, out)
        if state.terminal:
            out.cancel(GraceOver(task))
            self.changed(out)

    def forward(self, task: TaskId, state: TaskState, agent: NodeId | None, out: Out) -> None:
        """Tell a framework how its task stands, if the framework is there; without an agent, on one's own account."""
        if self.books.client(task.framework) is not None:
            out.send(task.framework, Update(task, state, agent))

    # Frameworks.

    def admit_framework(self, client: Client, out: Out) -> None:
        """A framework registers. If it is one that was here, what it was offered before it crashed is free again."""
        known = self.books.client(client.id)
        if known is not None and known.life != client.life:
            self.forget(client.id, out)
        out.send(client.id, FrameworkRegistered(client.life))
        self.enter(client, out)

    def readmit_framework(self, client: Client, tasks: tuple[Question, ...], out: Out) -> None:
        """A framework that has been here; what it was offered it has forgotten."""
        self.rescind(tuple(offer for offer in self.books.offers if offer.framework == client.id), out)
        self.enter(client, out)
        self.reconcile(tasks, out)

    def enter(self, client: Client, out: Out) -> None:
        """Enter a framework into the books, and send it the updates that it has not acknowledged."""
        known = self.books.client(client.id)
        self.books = self.books.with_client(client) if known is None else self.books.changed(client)
        for placed in self.books.of(client.id):
            if placed.unacknowledged is not None:
                self.forward(placed.task.id, placed.unacknowledged, placed.agent, out)
        self.changed(out)

    def forget(self, framework: NodeId, out: Out) -> None:
        """What a framework was offered and what it refused is void; it is not there to be told."""
        for offer in self.books.offers:
            if offer.framework == framework:
                out.cancel(OfferTimedOut(offer.id))
        for one in self.books.filters:
            if one.framework == framework:
                out.cancel(FilterExpired(framework, one.agent))
        self.books = self.books.without_client(framework)

    def dismiss(self, framework: NodeId, out: Out) -> None:
        """A framework leaves: its agents are told to end its tasks before they are told anything else."""
        self.forget(framework, out)
        mine = self.books.of(framework)
        for placed in mine:
            self.books = self.books.without_task(placed.task.id)
        for agent in sorted({one.agent for one in mine}):
            out.send(agent, ShutdownFramework(framework))
        self.changed(out)

    def want(self, framework: NodeId, offers: bool, out: Out) -> None:
        """A framework wants offers, or none; when it wants some, it refuses nothing any more."""
        client = self.books.client(framework)
        assert client is not None  # noqa: S101 - only frameworks that are registered are heard
        self.books = self.books.changed(evolve(client, suppressed=not offers))
        if offers:
            for one in self.books.filters:
                if one.framework == framework:
                    out.cancel(FilterExpired(framework, one.agent))
            self.books = self.books.without_filter(framework)
        self.changed(out)

    # Offers.

    def accept(self, framework: NodeId, ids: tuple[OfferId, ...], tasks: tuple[Task, ...], out: Out) -> None:
        """Launch tasks on what was offered. If one of the offers is void, none is launched, and the others are free."""
        found = (self.books.offer(one, framework) for one in sorted(set(ids)))
        offers = tuple(one for one in found if one is not None)
        self.settle(offers, out)
        agents = {offer.agent for offer in offers}
        wanted = total(task.resources for task in tasks)
        if len(offers) == len(ids) and len(agents) == 1 and wanted <= total(offer.resources for offer in offers):
            self.launch(min(agents), offers, tasks, out)
        else:
            for task in tasks:
                out.send(framework, Update(task.id, LOST))
        self.changed(out)

    def launch(self, agent: NodeId, offers: tuple[Offer, ...], tasks: tuple[Task, ...], out: Out) -> None:
        """Send tasks to the agent whose resources were offered, in the life in which they were."""
        entry = self.books.agent(agent)
        assert entry is not None  # noqa: S101 - the offers of an agent that is lost are void
        for task in tasks:
            self.books = self.books.with_task(Placed(task, agent))
            out.observe(Launched(task, agent, offers))
            out.send(agent, Launch(task, entry.life))

    def decline(self, framework: NodeId, offer_id: OfferId, refuse: bool, out: Out) -> None:
        """What was offered is free again; refused, it is not offered to this framework for a while."""
        offer = self.books.offer(offer_id, framework)
        if offer is None:
            return
        self.settle((offer,), out)
        if refuse:
            refusal = Filter(framework, offer.agent, offer.resources)
            self.books = self.books.with_filter(refusal)
            out.observe(Declined(refusal))
            out.after(5000, FilterExpired(framework, offer.agent))
        self.changed(out)

    def settle(self, offers: tuple[Offer, ...], out: Out) -> None:
        """Offers are no longer outstanding."""
        self.books = self.books.without_offers(offers)
        for offer in offers:
            out.cancel(OfferTimedOut(offer.id))

    def rescind(self, offers: tuple[Offer, ...], out: Out) -> None:
        """Offers are void, and those who hold them are told."""
        self.settle(offers, out)
        for offer in offers:
            self.books = evolve(self.books, rescinded=self.books.rescinded | {offer.id})
            out.observe(Rescinded(offer.id))
            out.send(offer.framework, Rescind(offer.id))

    def run_out(self, offer: OfferId, out: Out) -> None:
        """Nobody answered an offer for too long."""
        if self.offer_patience > 0:
            self.offer_patience -= 1
            self.rescind(tuple(one for one in self.books.offers if one.id == offer), out)
            self.changed(out)

    def expire(self, framework: NodeId, agent: NodeId, out: Out) -> None:
        """A filter has served; but one round of allocation at least takes note of it."""
        if self.books.dirty:
            out.after(5000, FilterExpired(framework, agent))
        else:
            self.books = self.books.without_filter(framework, agent)
            self.changed(out)

    def changed(self, out: Out) -> None:
        """There may be something to offer."""
        if not self.setting.batch:
            self.allocate(out)
        elif not self.books.dirty:
            self.books = evolve(self.books, dirty=True)
            out.after(1000, Allocate())

    def allocate(self, out: Out) -> None:
        """A round of allocation; then, where somebody's guarantee is not met, a task is told to make room."""
        self.books = evolve(self.books, dirty=False)
        offers = self.setting.module.allocate(self.books)
        if offers or self.setting.batch:
            out.observe(Allocated(self.books, offers))
        for offer in offers:
            self.books = self.books.with_offer(offer)
            out.send(offer.framework, offer)
            if self.offer_patience > 0:
                out.after(60_000, OfferTimedOut(offer.id))
        self.revoke(out)

    def revoke(self, out: Out) -> None:
        """Ask for a task to be ended; when its time of grace is over it is killed."""
        victim = self.setting.module.revoke(self.books)
        if victim is not None:
            self.books = evolve(self.books, revoking=self.books.revoking | {victim.task.id})
            out.observe(Revoked(victim.task.id, self.books))
            out.send(victim.task.id.framework, Revoke(victim.task.id))
            out.after(60_000, GraceOver(victim.task.id))

    # Tasks.

    def kill(self, task: TaskId, out: Out) -> None:
        """Have a task killed by its agent, if it is not over."""
        placed = self.books.placed(task)
        if placed is not None and not placed.state.terminal:
            out.send(placed.agent, Kill(task))

    def acknowledge(self, task: TaskId, state: TaskState, agent: NodeId, out: Out) -> None:
        """Pass an acknowledgement on; with that of its end, a task can be forgotten."""
        placed = self.books.placed(task)
        if placed is not None and placed.unacknowledged is state:
            if state.terminal:
                self.books = self.books.without_task(task)
            else:
                self.books = self.books.with_task(evolve(placed, unacknowledged=None))
        if self.books.agent(agent) is not None:
            out.send(agent, Acknowledge(task, state, agent))

    def reconcile(self, tasks: tuple[Question, ...], out: Out) -> None:
        """Say what is news; of tasks on agents that have not registered nothing can be said yet."""
        for asked in tasks:
            placed = self.books.placed(asked.task)
            if placed is None and self.books.agent(asked.agent) is None and asked.agent not in self.books.removed:
                self.books = evolve(self.books, asked=self.books.asked | {asked})
            elif placed is None or placed.told is not asked.state:
                self.answer(asked.task, out)

    def answer(self, task: TaskId, out: Out) -> None:
        """Tell a framework how its task stands; one that nobody knows is lost."""
        placed = self.books.placed(task)
        self.forward(task, LOST if placed is None else placed.told, None, out)
