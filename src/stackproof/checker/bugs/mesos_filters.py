"""Bugs of Mesos's filters, and of offers that are not answered: what is refused, for how long, and what is held.

Each is a scenario; with `fixed` the reference stands in the place of the part that is wrong, and all else is the same.
Timers fire whenever they like, so what the sources put down to slow allocators and to short times of refusal is found
here as one order of events among others.
"""

from collections.abc import Iterator
from typing import Any

from attrs import define, evolve, frozen

from stackproof.checker.bugs.mesos_allocator import ONE, SLOT, SLOTS, Endless, frameworks, no_starvation
from stackproof.checker.network import Network
from stackproof.checker.scenario import Scenario
from stackproof.checker.world import World
from stackproof.reference.actor import NodeId, Out
from stackproof.reference.scheduling.mesos.agent import Agent
from stackproof.reference.scheduling.mesos.books import Filter, in_order
from stackproof.reference.scheduling.mesos.broker import Allocated, Declined, Setting
from stackproof.reference.scheduling.mesos.framework import Adversary, Batch, Framework, Service
from stackproof.reference.scheduling.mesos.master import Master
from stackproof.reference.scheduling.mesos.messages import Decline, Offer
from stackproof.reference.scheduling.mesos.timers import Allocate, FilterExpired


@define
class ForgetsEarly(Master):
    """A master whose filters expire though no allocation has taken note of them."""

    def expire(self, framework: NodeId, agent: NodeId, out: Out) -> None:
        """A filter has served."""
        self.books = self.books.without_filter(framework, agent)
        self.changed(out)


@frozen
class Refusals:
    """A monitor: what was refused since the last round of allocation, and what was offered all the same."""

    refused: tuple[Filter, ...] = ()
    ignored: tuple[Offer, ...] = ()

    def observe(self, node: NodeId, event: Any) -> "Refusals":
        """The monitor after an event."""
        match event:
            case Declined(refusal):
                return evolve(self, refused=in_order({*self.refused, refusal}))
            case Allocated(_, offers):
                return Refusals(ignored=self.ignored or tuple(filter(self.ignores, offers)))
            case _:
                return self

    def ignores(self, offer: Offer) -> bool:
        """Whether an offer is one that its framework has refused."""
        refused = (
            one.resources for one in self.refused if (one.framework, one.agent) == (offer.framework, offer.agent)
        )
        return any(offer.resources <= resources for resources in refused)


def a_refusal_outlasts_a_round(world: World) -> Iterator[str]:
    """What a framework refuses is not offered to it again in the next round of allocation."""
    for offer in world.monitors["refusals"].ignored:
        yield f"{offer.framework} refused {offer.agent}, and was offered it in the next round"


def a_filter_expires_before_it_is_used(fixed: bool = False) -> Scenario:
    """A filter expires before the next allocation, and the framework is offered again what it has just refused.

    MESOS-4302, commit 447d814ac. The time of a filter began with the decline. With a backlog in the allocator it was
    over before the next round, so that the same resources went to the same framework, and to no other. Mended: a filter
    expires when its time is over, and a round of allocation too.
    """
    kind = Master if fixed else ForgetsEarly
    return Scenario(
        nodes=(
            kind("m", Setting(batch=True)),
            Agent("a0", "m", SLOT),
            Adversary("f0", "m", ONE, habits=("decline",)),
            Adversary("f1", "m", ONE, habits=("decline",)),
        ),
        network=Network.FIFO,
        monitors={"refusals": Refusals()},
        invariants=(a_refusal_outlasts_a_round,),
        goals=(a_filter_may_expire_before_a_round,),
    )


def a_filter_may_expire_before_a_round(world: World) -> bool:
    """The timer of a filter may fire, and the next round of allocation is still to come."""
    timers = world.timers["m"]
    return Allocate() in timers and any(isinstance(timer, FilterExpired) for timer in timers)


@define
class NeverForgets(Master):
    """A master whose filters do not expire."""

    def expire(self, framework: NodeId, agent: NodeId, out: Out) -> None:
        """A filter has served, and stays."""


@define
class Hesitant(Endless):
    """A framework that declines its first offer, and accepts any other, for ever."""

    hesitates: bool = True

    def suits(self, offer: Offer, out: Out) -> bool:
        """Whether a task may be launched with this offer."""
        hesitated, self.hesitates = self.hesitates, False
        return not hesitated and Framework.suits(self, offer, out)


def filters_never_expire(fixed: bool = False) -> Scenario:
    """Filters do not expire: who declines once is offered that agent never again.

    No published bug, but the promise of a filter read carelessly: nothing is heard of its timer. Others take turns with
    the slot for ever.
    """
    kind = Master if fixed else NeverForgets
    return Scenario(
        nodes=(
            kind("m", Setting()),
            Agent("a0", "m", SLOT),
            Endless("f0", "m", ONE),
            Hesitant("f1", "m", ONE),
        ),
        network=Network.FIFO,
        eventually=(no_starvation,),
        goals=(somebody_who_declined_is_needy,),
    )


def somebody_who_declined_is_needy(world: World) -> bool:
    """A framework has declined its first offer, and by now its filter's time is over."""
    books, timers = world.nodes["m"].books, world.timers["m"]
    declined = not world.nodes["f1"].hesitates and not world.sent(Decline)
    return declined and bool(books.client("f1")) and FilterExpired("f1", "a0") not in timers


@define
class Silent(Adversary):
    """A framework whose first answer is lost: it neither accepts that offer nor declines it."""

    silent: bool = True

    def consider(self, offer: Offer, out: Out) -> None:
        """Hold the first offer, and decline any other."""
        if self.silent:
            self.silent, self.offers = False, (offer,)
        else:
            out.send(self.master, Decline(offer.id))


def hoarded_offers_block_everybody(fixed: bool = False) -> Scenario:
    """A framework that does not answer an offer keeps its resources from everybody, for ever.

    MESOS-186, commit 707bf3b1d. A framework neither accepted nor declined. Mended by `--offer_timeout`: an offer that
    is held for too long is rescinded. The timeout may strike once here.
    """
    return Scenario(
        nodes=(
            Master("m", Setting(), offer_patience=int(fixed)),
            Agent("a0", "m", SLOT),
            Silent("f0", "m", ONE, wanted=0),
            Batch("f1", "m", ONE),
        ),
        network=Network.FIFO,
        eventually=(everybody_is_offered_something,),
        goals=(an_offer_is_held_while_somebody_waits,),
    )


def everybody_is_offered_something(world: World) -> bool:
    """Every framework that wants tasks has launched them, or an offer to it is out."""
    offered = {offer.framework for offer in world.nodes["m"].books.offers}
    return all(node.launched >= node.wanted or node.id in offered for node in frameworks(world))


def an_offer_is_held_while_somebody_waits(world: World) -> bool:
    """One framework holds an offer that it will not answer, and another one is registered that lacks something."""
    return bool(world.nodes["f0"].offers) and world.nodes["m"].books.client("f1") is not None


def many_small_frameworks_decline(fixed: bool = False) -> Scenario:
    """Frameworks that need nothing decline in turn, and the one that needs something is never reached.

    SPARK-13001 and Marathon issue 1931. Filters last for 5 s by default; before everybody with a smaller share had
    declined, the first one's filter had expired, and it was offered the same again. Mended by frameworks that suppress
    offers while they need none, and by longer filters.
    """
    return Scenario(
        nodes=(
            Master("m", Setting()),
            Agent("a0", "m", SLOTS),
            *(
                Batch(name, "m", ONE, wanted=0) if fixed else Adversary(name, "m", ONE, wanted=0, habits=("decline",))
                for name in ("f0", "f1")
            ),
            Service("f2", "m", ONE, wanted=2),
        ),
        network=Network.FIFO,
        eventually=(no_starvation,),
        goals=(the_needy_one_has_the_largest_share,),
    )


def the_needy_one_has_the_largest_share(world: World) -> bool:
    """All frameworks are registered; the one that lacks something runs a task, and the others do not."""
    needy = world.nodes["f2"]
    return (
        len(world.nodes["m"].books.clients) == len(tuple(frameworks(world))) and bool(needy.tasks) and needy.lacks > 0
    )
