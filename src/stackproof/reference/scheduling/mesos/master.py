"""The master: it knows who is registered, brokers between agents and frameworks, and keeps no promise on a disk.

Hindman et al., "Mesos: A Platform for Fine-Grained Resource Sharing in the Data Center", NSDI 2011, section 3; fault
tolerance (3.6). Its books are soft state: a master that takes over knows nothing, tells everybody that it leads, and
knows what the last one knew as soon as everybody has registered again. Messages of who has not registered are from
before, and are ignored: links are first in, first out, as the connections of the real one are.

Departures. Whoever leads says so itself with `Detected`, or somebody else does; the paper has ZooKeeper for that. There
are no pings: an agent times out when its timer fires, at most `patience` times. Names are given and do not change, a
`life` tells one that crashed from the one that came after, and an agent that asks to be registered from one that asked
before.
"""

from typing import TypeAlias, assert_never

from attrs import define, evolve, frozen

from stackproof.reference.actor import NodeId, Out
from stackproof.reference.scheduling.mesos.books import Agent, Books, Client, lost_with
from stackproof.reference.scheduling.mesos.broker import Broker
from stackproof.reference.scheduling.mesos.messages import (
    Accept,
    Acknowledge,
    AgentRegistered,
    Decline,
    Detected,
    FrameworkRegistered,
    Held,
    Kill,
    Question,
    Reconcile,
    RegisterAgent,
    RegisterFramework,
    ReregisterAgent,
    ReregisterFramework,
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
from stackproof.reference.scheduling.mesos.timers import (
    AgentTimedOut,
    Allocate,
    FilterExpired,
    GraceOver,
    OfferTimedOut,
)


@frozen
class Elected:
    """What a monitor sees: this master begins to lead, with empty books."""


FromFramework: TypeAlias = Accept | Decline | Suppress | Revive | Kill | Acknowledge | Reconcile | UnregisterFramework
FromAgent: TypeAlias = Update | UpdateAgent | UnregisterAgent
Timer: TypeAlias = Allocate | AgentTimedOut | OfferTimedOut | FilterExpired | GraceOver
Registration: TypeAlias = RegisterAgent | ReregisterAgent | RegisterFramework | ReregisterFramework
ToMaster: TypeAlias = Detected | Registration | FromFramework | FromAgent | Timer


@define
class Master(Broker):
    """A master; it leads until it hears that another one does."""

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
        self.forgive((one for one in self.books.filters if one.agent == agent), out)
        self.books = self.books.without_agent(agent)
        out.cancel(AgentTimedOut(agent))
        for placed in lost:
            self.forward(placed.task.id, TaskState.LOST, None, out)

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
        self.settle(tuple(offer for offer in self.books.offers if offer.framework == framework), out)
        self.forgive((one for one in self.books.filters if one.framework == framework), out)
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
