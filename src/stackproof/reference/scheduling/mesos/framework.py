"""The framework: it is offered resources, and decides by itself what to launch on which of them.

Hindman et al., NSDI 2011, sections 3.1 (the second level of scheduling), 3.2 (filters), 3.5 (needsOffers) and 3.6 (it
registers with a new master). A framework accepts an offer that it has a task for and declines others; when it lacks
nothing, it says that it needs no offers. It notes its tasks on stable storage, acknowledges each update once it has
noted it, and when it is registered again asks what became of them: the acceptance of an offer may have been lost.

A task that is lost is over: should it come back, with an agent that everybody had given up, it is killed.

Departures. Offers come one by one. A framework launches one task after the other, each with an offer of its own, and
its tasks all need the same.
"""

from typing import TypeAlias, assert_never

from attrs import define, evolve, frozen

from stackproof.reference.actor import NodeId, Out, durable
from stackproof.reference.scheduling.mesos.messages import (
    Accept,
    Acknowledge,
    Decline,
    Detected,
    FrameworkRegistered,
    Kill,
    Offer,
    OfferId,
    Question,
    Reconcile,
    RegisterFramework,
    ReregisterFramework,
    Rescind,
    Revive,
    Revoke,
    Suppress,
    Task,
    TaskId,
    TaskState,
    UnregisterFramework,
    Update,
)
from stackproof.reference.scheduling.mesos.resources import ANYBODY, Resources, Vector
from stackproof.reference.scheduling.mesos.timers import WaitOver

ToFramework: TypeAlias = Detected | FrameworkRegistered | Offer | Rescind | Update | Revoke | WaitOver


@frozen
class Accepted:
    """What a monitor sees: the framework accepts these offers, to launch these tasks."""

    offers: tuple[Offer, ...]
    tasks: tuple[Task, ...]


@frozen
class Heard:
    """What a monitor sees: the framework was told of this state of a task."""

    task: TaskId
    state: TaskState


@frozen(cache_hash=True)
class Known:
    """A task as its framework knows it."""

    id: TaskId
    agent: NodeId
    state: TaskState = TaskState.STAGING


@define
class Framework:
    """A framework that wants `wanted` tasks, each of which needs `demand`.

    launched   how many tasks it ever launched       tasks       those that are not over, as far as it knows
    finished   how many of them have finished        suppressed  it has said that it needs no offers
    """

    id: NodeId
    master: NodeId
    demand: Vector
    wanted: int = durable(1)
    role: str = durable(ANYBODY)
    capabilities: frozenset[str] = durable(frozenset())
    life: int = durable(0)
    launched: int = durable(0)
    finished: int = durable(0)
    tasks: tuple[Known, ...] = durable(())
    connected: bool = False
    suppressed: bool = False
    offers: tuple[Offer, ...] = ()

    def start(self, out: Out) -> None:
        self.suppressed = self.lacks <= 0
        if not self.connected:
            out.send(self.master, RegisterFramework(self.life, self.role, self.capabilities, self.suppressed))

    def recover(self, out: Out) -> None:
        self.life += 1
        self.start(out)

    def leave(self, out: Out) -> None:
        out.send(self.master, UnregisterFramework())

    def receive(self, message: ToFramework, source: NodeId, out: Out) -> None:
        match message:
            case Detected(leader):
                self.follow(leader, out)
            case WaitOver():
                self.stop_waiting(out)
            case FrameworkRegistered(life) if source == self.master and life == self.life:
                self.registered(out)
            case _ if source != self.master or not self.connected:
                pass
            case Offer():
                self.consider(message, out)
            case Rescind(offer):
                self.rescinded(offer, out)
            case Update(task, state, agent):
                self.hear(task, state, agent, out)
            case Revoke(task):
                self.warned(task, out)
            case FrameworkRegistered():
                pass
            case _:
                assert_never(message)

    @property
    def ends(self) -> bool:
        """Whether its tasks end by themselves."""
        return True

    @property
    def lacks(self) -> int:
        """How many tasks it should launch."""
        return self.wanted - self.finished - len(self.tasks)

    @property
    def questions(self) -> tuple[Question, ...]:
        """What it asks a master that may know more."""
        return tuple(Question(one.id, one.agent, one.state) for one in self.tasks)

    def known(self, task: TaskId) -> Known | None:
        """The task of this name, if it is not over."""
        return next((one for one in self.tasks if one.id == task), None)

    def follow(self, leader: NodeId, out: Out) -> None:
        """There is a new master: what the last one offered is void."""
        self.master, self.offers = leader, ()
        if not self.connected:
            self.start(out)
            return
        self.suppressed = self.lacks <= 0
        who = (self.life, self.role, self.capabilities, self.suppressed)
        out.send(leader, ReregisterFramework(*who, self.questions))

    def registered(self, out: Out) -> None:
        """Ask what became of the tasks."""
        self.connected = True
        if self.tasks:
            out.send(self.master, Reconcile(self.questions))

    def consider(self, offer: Offer, out: Out) -> None:
        """Accept an offer that a task can use, decline any other."""
        if self.lacks > 0 and self.suits(offer, out):
            self.accept((offer,), out)
        else:
            out.send(self.master, Decline(offer.id, self.lacks > 0))

    def rescinded(self, void: OfferId, out: Out) -> None:
        """An offer that was held is void."""
        self.offers = tuple(offer for offer in self.offers if offer.id != void)

    def suits(self, offer: Offer, out: Out) -> bool:
        """Whether a task may be launched with this offer."""
        return offer.resources.carve(self.demand, self.role) is not None

    def accept(self, offers: tuple[Offer, ...], out: Out) -> None:
        """Launch a task with these offers of one agent."""
        agent = offers[0].agent
        resources = sum((offer.resources for offer in offers[1:]), offers[0].resources).carve(self.demand, self.role)
        assert resources is not None  # noqa: S101 - only offers that suit are accepted
        task = self.task(agent, resources, out)
        self.launched += 1
        self.tasks = (*self.tasks, Known(task.id, agent))
        self.offers = tuple(offer for offer in self.offers if offer not in offers)
        self.state_needs(out)
        out.observe(Accepted(offers, (task,)))
        out.send(self.master, Accept(tuple(offer.id for offer in offers), (task,)))

    def task(self, agent: NodeId, resources: Resources, out: Out) -> Task:
        """The next task, for this agent."""
        return Task(TaskId(self.id, self.launched), resources, self.ends)

    def state_needs(self, out: Out) -> None:
        """Tell the master whether offers are needed, where that is new."""
        if self.suppressed != (self.lacks <= 0):
            self.suppressed = not self.suppressed
            out.send(self.master, Suppress() if self.suppressed else Revive())

    def hear(self, task: TaskId, state: TaskState, agent: NodeId | None, out: Out) -> None:
        """Note an update, then acknowledge it."""
        out.observe(Heard(task, state))
        known = self.known(task)
        if known is not None and state > known.state:
            self.note(evolve(known, state=state), out)
        if agent is not None:
            out.send(self.master, Acknowledge(task, state, agent))
        if known is None and not state.terminal:
            out.send(self.master, Kill(task))

    def note(self, known: Known, out: Out) -> None:
        """A task has come further; when it is over, another one may be needed in its place."""
        if not known.state.terminal:
            self.tasks = tuple(known if one.id == known.id else one for one in self.tasks)
            return
        self.tasks = tuple(one for one in self.tasks if one.id != known.id)
        if known.state is TaskState.FINISHED:
            self.finished += 1
        self.state_needs(out)

    def warned(self, task: TaskId, out: Out) -> None:
        """A task is to make room: end it now, or let the time of grace pass."""
        if self.known(task) is not None and out.choose((True, False)):
            out.send(self.master, Kill(task))

    def stop_waiting(self, out: Out) -> None:
        """Nobody waits here."""


@define
class Batch(Framework):
    """A framework whose tasks have their data on some agents, by delay scheduling.

    Zaharia et al., "Delay Scheduling", EuroSys 2010: offers of other agents are declined until it has waited for a
    while; the wait begins with the first offer that is declined for it, and anew once a task is launched where its data
    is. Without `preferred` agents, any will do.
    """

    preferred: frozenset[NodeId] = durable(frozenset())
    wait_ms: float = durable(5000)
    waiting: bool = False
    waited: bool = False

    def suits(self, offer: Offer, out: Out) -> bool:
        if not Framework.suits(self, offer, out):
            return False
        local = not self.preferred or offer.agent in self.preferred
        if local:
            self.waiting = self.waited = False
            out.cancel(WaitOver())
        elif not self.waiting and not self.waited:
            self.waiting = True
            out.after(self.wait_ms, WaitOver())
        return local or self.waited

    def stop_waiting(self, out: Out) -> None:
        """Any agent will do now, those included whose offers were declined."""
        self.waiting, self.waited = False, True
        if self.connected and self.lacks > 0:
            out.send(self.master, Revive())


@define
class Service(Framework):
    """A framework whose tasks run for ever; one that ends in whatever way is replaced."""

    @property
    def ends(self) -> bool:
        return False


@define
class Adversary(Framework):
    """A framework that is of no use: it wants everything, and declines it, holds it, or accepts what is void.

    `habits`: what it does with an offer: `decline`, `hoard`, and `cling`, which is to hoard and to accept an offer once
    it was rescinded.
    """

    habits: tuple[str, ...] = durable(("decline", "hoard"))

    @property
    def lacks(self) -> int:
        return 1

    def consider(self, offer: Offer, out: Out) -> None:
        match out.choose(self.habits):
            case "decline":
                out.send(self.master, Decline(offer.id))
            case _:
                self.offers = (*self.offers, offer)

    def rescinded(self, void: OfferId, out: Out) -> None:
        held = tuple(offer for offer in self.offers if offer.id == void)
        if "cling" in self.habits and held:
            self.accept(held, out)
        Framework.rescinded(self, void, out)
