"""The broker: it offers what agents have to frameworks, has launched what they accept, and passes on how that fares.

Hindman et al., "Mesos: A Platform for Fine-Grained Resource Sharing in the Data Center", NSDI 2011, section 3; offers,
filters, rescission (3.4). To whom something is offered the allocation module decides. An offer is accepted, declined,
or void: the broker rescinds it when its agent is gone or has less, when its framework begins anew, and when nobody
answers it for too long. It deals only with those who are registered: who is, the master knows, of which it is a part.

Departures. An answer to `Reconcile` is only what is news, and waits for the agent in question to register. With
`batch`, what became free is offered when a timer fires, otherwise at once.
"""

from collections.abc import Iterable

from attrs import define, evolve, frozen

from stackproof.reference.actor import NodeId, Out, durable
from stackproof.reference.scheduling.mesos.allocator import HierarchicalDRF, Module
from stackproof.reference.scheduling.mesos.books import Books, Filter, Placed
from stackproof.reference.scheduling.mesos.messages import (
    Acknowledge,
    Kill,
    Launch,
    Offer,
    OfferId,
    Question,
    Rescind,
    Revoke,
    Task,
    TaskId,
    TaskState,
    Update,
)
from stackproof.reference.scheduling.mesos.resources import Resources, total
from stackproof.reference.scheduling.mesos.timers import Allocate, FilterExpired, GraceOver, OfferTimedOut


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
class Broker:
    """What a master is to those who are registered.

    patience         how many agents it may still give up
    offer_patience   how many offers it may still rescind because nobody answers them
    """

    id: NodeId
    setting: Setting
    patience: int = durable(0)
    offer_patience: int = durable(0)
    leads: bool = True
    books: Books = Books()

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
                out.send(framework, Update(task.id, TaskState.LOST))
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

    def want(self, framework: NodeId, offers: bool, out: Out) -> None:
        """A framework wants offers, or none; when it wants some, it refuses nothing any more."""
        client = self.books.client(framework)
        assert client is not None  # noqa: S101 - only frameworks that are registered are heard
        self.books = self.books.changed(evolve(client, suppressed=not offers))
        if offers:
            self.forgive((one for one in self.books.filters if one.framework == framework), out)
            self.books = self.books.without_filter(framework)
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

    def resize(self, name: NodeId, resources: Resources, out: Out) -> None:
        """An agent has more than before, or less: that is entered first, then offers of what is gone are void."""
        agent = self.books.agent(name)
        assert agent is not None  # noqa: S101 - only agents that are registered are heard
        self.books = self.books.with_agent(evolve(agent, resources=resources))
        while self.books.offered(name) and not self.books.used(name) + self.books.offered(name) <= resources:
            self.rescind(tuple(offer for offer in self.books.offers if offer.agent == name)[-1:], out)
        self.changed(out)

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

    def forgive(self, refusals: Iterable[Filter], out: Out) -> None:
        """Nobody waits for these refusals to expire."""
        for one in refusals:
            out.cancel(FilterExpired(one.framework, one.agent))

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
        self.forward(task, TaskState.LOST if placed is None else placed.told, None, out)
