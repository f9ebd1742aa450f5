"""Bugs of Mesos's books: what is offered that is not there, and what is there and never offered again.

Each is a scenario; with `fixed` the reference stands in the place of the part that is wrong, and all else is the same.
"""

from collections.abc import Iterator
from typing import Any

from attrs import define, frozen

from stackproof.checker.network import Network
from stackproof.checker.scenario import Scenario
from stackproof.checker.world import World
from stackproof.reference.actor import NodeId, Out
from stackproof.reference.scheduling.mesos.agent import Agent
from stackproof.reference.scheduling.mesos.broker import Setting
from stackproof.reference.scheduling.mesos.framework import Adversary, Batch, Framework
from stackproof.reference.scheduling.mesos.master import Master
from stackproof.reference.scheduling.mesos.messages import (
    Accept,
    Decline,
    Offer,
    OfferId,
    Rescind,
    Task,
    TaskId,
    TaskState,
    Update,
    UpdateAgent,
)
from stackproof.reference.scheduling.mesos.resources import NOTHING, Resources, anybodys
from stackproof.reference.scheduling.mesos.timers import Allocate

ONE, TWO = (1,), (2,)
SLOT, SLOTS = anybodys(1), anybodys(2)
LOST = TaskState.LOST


@frozen
class Resized:
    """A timer of an agent: what it has becomes more, or less."""


@define
class Elastic(Agent):
    """An agent that comes to have other resources than those that it registered with, once or more often."""

    later: tuple[Resources, ...] = ()

    def receive(self, message: Any, source: NodeId, out: Out) -> None:
        """Have other resources, or do as any agent does."""
        if isinstance(message, Resized):
            self.resources, *later = self.later
            self.later = tuple(later)
            out.send(self.master, UpdateAgent(self.resources))
            self.await_the_next(out)
        else:
            Agent.receive(self, message, source, out)

    def confirm(self, missing: tuple[TaskId, ...], out: Out) -> None:
        """The master knows this agent."""
        Agent.confirm(self, missing, out)
        self.await_the_next(out)

    def await_the_next(self, out: Out) -> None:
        """Have other resources later, if there are any to come."""
        if self.later:
            out.after(0, Resized())


@frozen
class AllocatorTold:
    """A timer of a master: its allocator hears what an agent has now."""

    agent: NodeId
    resources: Resources


@define
class RescindsFirst(Master):
    """A master that rescinds the offers of an agent which has less, and then tells its allocator that it has less."""

    def receive(self, message: Any, source: NodeId, out: Out) -> None:
        """Tell the allocator, or do as any master does."""
        if isinstance(message, AllocatorTold):
            Master.resize(self, message.agent, message.resources, out)
        else:
            Master.receive(self, message, source, out)

    def resize(self, name: NodeId, resources: Resources, out: Out) -> None:
        """The offers of an agent are void; if there were any, its other resources are entered later."""
        offers = tuple(offer for offer in self.books.offers if offer.agent == name)
        if not offers:
            Master.resize(self, name, resources, out)
            return
        self.rescind(offers, out)
        self.changed(out)
        out.after(0, AllocatorTold(name, resources))


def offers_never_exceed_what_was_announced(world: World) -> Iterator[str]:
    """What a master offers of an agent is no more than the agent had when the master last heard of it."""
    books = world.nodes["m"].books
    for entry in books.agents:
        has = world.nodes[entry.id].resources
        heard = not any(one.source == entry.id for one in world.sent(UpdateAgent))
        if heard and books.offered(entry.id) and not books.offered(entry.id) + books.used(entry.id) <= has:
            yield f"{entry.id} has {has.vector}, and {books.offered(entry.id).vector} of it are offered"


def offers_are_rescinded_before_the_update(fixed: bool = False) -> Scenario:
    """Offers of an agent that has less are rescinded, and what it no longer has is offered again.

    MESOS-6317, commit bb8b14456. When oversubscribed resources shrank the master rescinded first and told its allocator
    second; a round of allocation in between offered the old amount. Mended by turning them around.
    """
    kind = Master if fixed else RescindsFirst
    return Scenario(
        nodes=(
            kind("m", Setting(batch=True)),
            Elastic("a0", "m", SLOTS, later=(SLOT,)),
            Adversary("f0", "m", ONE, habits=("hoard",)),
        ),
        network=Network.FIFO,
        invariants=(offers_never_exceed_what_was_announced,),
        goals=(a_round_follows_a_rescission,),
    )


def a_round_follows_a_rescission(world: World) -> bool:
    """An offer was rescinded, and a round of allocation is still to come."""
    return bool(world.sent(Rescind)) and Allocate() in world.timers["m"]


@define
class KeepsTheValid(Master):
    """A master that forgets to free the other offers, where one of those that are accepted is void."""

    def accept(self, framework: NodeId, ids: tuple[OfferId, ...], tasks: tuple[Task, ...], out: Out) -> None:
        """Launch tasks on what was offered."""
        if all(self.books.offer(one, framework) for one in ids):
            Master.accept(self, framework, ids, tasks, out)
        else:
            for task in tasks:
                out.send(framework, Update(task.id, LOST))


@define
class Gathering(Batch):
    """A framework that holds offers until they suffice for a task together."""

    def consider(self, offer: Offer, out: Out) -> None:
        """Accept all offers, once they suffice."""
        self.offers = (*self.offers, offer)
        if self.lacks > 0 and sum((one.resources for one in self.offers), NOTHING).carve(self.demand, self.role):
            self.accept(self.offers, out)


def an_offer_is_somewhere(world: World) -> Iterator[str]:
    """An offer that the master takes to be out is on its way, or its framework holds it, or an answer is on its way."""
    there = {offer.id for node in world.nodes.values() if isinstance(node, Framework) for offer in node.offers}
    coming = {one.message.id for one in world.sent(Offer)} | {one.message.offer for one in world.sent(Decline)}
    accepted = {offer for one in world.sent(Accept) for offer in one.message.offers}
    for offer in world.nodes["m"].books.offers:
        if offer.id not in there | coming | accepted:
            yield f"the offer {offer.id} counts as {offer.framework}'s, who was done with it"


def an_invalid_offer_leaks_the_others(fixed: bool = False) -> Scenario:
    """Of several offers accepted at once one is void: the task is lost, and what the others held is never free again.

    MESOS-1400, commit 0b8f30e8a. The offer was rescinded while the acceptance was on its way. Mended by returning the
    resources of all offers that were named. Here the agent grows, so that there are two offers of it, and shrinks.
    """
    kind = Master if fixed else KeepsTheValid
    return Scenario(
        nodes=(
            kind("m", Setting()),
            Elastic("a0", "m", SLOT, later=(SLOTS, SLOT)),
            Gathering("f0", "m", TWO),
        ),
        network=Network.FIFO,
        invariants=(an_offer_is_somewhere,),
        goals=(an_acceptance_and_a_rescission_cross,),
    )


def an_acceptance_and_a_rescission_cross(world: World) -> bool:
    """A framework has accepted two offers, and one of them was rescinded before the master knew."""
    accepted = {offer for one in world.sent(Accept) for offer in one.message.offers}
    return len(accepted) > 1 and any(one.message.offer in accepted for one in world.sent(Rescind))
