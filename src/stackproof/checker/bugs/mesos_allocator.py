"""Bugs of Mesos's allocation module: whose turn it is, and who waits for ever.

Each is a scenario; with `fixed` the reference stands in the place of the part that is wrong, and all else is the same.
The frameworks beside one that starves go on for ever, in a finite number of worlds: an `Endless` one gives the number
of a task that is over to the next.
"""

from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from itertools import permutations
from typing import Any

from attrs import define, evolve, frozen

from stackproof.checker.network import Network
from stackproof.checker.scenario import Scenario
from stackproof.checker.world import World
from stackproof.reference.actor import NodeId, Out
from stackproof.reference.scheduling.mesos.agent import Agent
from stackproof.reference.scheduling.mesos.allocator import HierarchicalDRF, eligible, share
from stackproof.reference.scheduling.mesos.books import Agent as Entry
from stackproof.reference.scheduling.mesos.books import Books, Client
from stackproof.reference.scheduling.mesos.broker import Allocated, Setting
from stackproof.reference.scheduling.mesos.framework import Adversary, Batch, Framework, Known, Service
from stackproof.reference.scheduling.mesos.master import Master
from stackproof.reference.scheduling.mesos.messages import Offer, RegisterAgent, Update
from stackproof.reference.scheduling.mesos.resources import Resources, anybodys, total

ONE, TWO = (1,), (2,)
SLOT, SLOTS = anybodys(1), anybodys(2)


def frameworks(world: World) -> Iterator[Framework]:
    """The frameworks of a world."""
    return (node for node in world.nodes.values() if isinstance(node, Framework))


def no_starvation(world: World) -> bool:
    """Every framework has launched the tasks that it wants."""
    return all(node.launched >= node.wanted for node in frameworks(world))


@define
class Endless(Batch):
    """A framework that launches as many tasks as it can, for ever; a task that is over lends its number to the next."""

    @property
    def lacks(self) -> int:
        """How many tasks it should launch: one more."""
        return 1

    def accept(self, offers: tuple[Offer, ...], out: Out) -> None:
        """Launch a task with the least number that none has."""
        taken = {one.id.number for one in self.tasks}
        self.launched = min(set(range(len(taken) + 1)) - taken)
        Batch.accept(self, offers, out)

    def note(self, known: Known, out: Out) -> None:
        """A task has come further; nobody counts those that have finished."""
        Batch.note(self, known, out)
        self.finished = 0


@frozen
class ByName(HierarchicalDRF):
    """A tie goes to the framework whose name comes first."""

    def next_client(self, books: Books, agent: Entry, free: Resources) -> Client | None:
        """Who is offered what is free of an agent, if there is anybody."""
        able = (client for client in books.clients if eligible(books, client, agent, free))
        return min(able, key=lambda client: (self.standing(books, client), client.id), default=None)


def a_tie_is_broken_by_name(fixed: bool = False) -> Scenario:
    """Of two frameworks with the same share the one whose name comes first is always offered the only slot.

    MESOS-1086, commit 1fefd1381. Who returns its slot has no share again, as everybody else; the tie went to the
    first in the alphabet, so the slot came back to the one that had just returned it. Mended by counting allocations.
    """
    return Scenario(
        nodes=(
            Master("m", Setting(module=HierarchicalDRF() if fixed else ByName())),
            Agent("a0", "m", SLOT),
            Endless("f0", "m", ONE),
            Endless("f1", "m", ONE),
        ),
        network=Network.FIFO,
        eventually=(no_starvation,),
        goals=(a_slot_comes_back_while_somebody_waits,),
    )


def a_slot_comes_back_while_somebody_waits(world: World) -> bool:
    """A task is over, its master is about to hear of it, and a framework is registered that has launched none."""
    back = any(one.target == "m" and one.message.state.terminal for one in world.sent(Update))
    return back and any(not node.launched and node.connected for node in frameworks(world))


@frozen
class OtherRole(HierarchicalDRF):
    """Frameworks stand in the order of what the other roles hold."""

    def standing(self, books: Books, client: Client) -> tuple[bool, Fraction, Fraction]:
        """Where a framework stands in the order of allocation; the least comes first."""
        others = books.allocated(*(one.id for one in books.clients if one.role != client.role))
        capacities = total(agent.resources for agent in books.agents).vector
        return True, share(others, capacities), share(books.allocated(client.id), capacities)


def roles_are_sorted_by_what_others_hold(fixed: bool = False) -> Scenario:
    """Roles are sorted by what another role holds: the role that holds something is served again.

    No published bug, but the mistake that a sorter of roles beside a sorter of frameworks invites: shares are looked up
    under the wrong role. As long as one role holds something the other is thought to hold it, and waits.
    """
    return Scenario(
        nodes=(
            Master("m", Setting(module=HierarchicalDRF() if fixed else OtherRole())),
            Agent("a0", "m", SLOTS),
            Endless("f0", "m", ONE, role="x"),
            Batch("f1", "m", ONE, role="y"),
        ),
        network=Network.FIFO,
        eventually=(no_starvation,),
        goals=(a_slot_comes_back_while_somebody_waits,),
    )


@frozen
class FrameworkByFramework(HierarchicalDRF):
    """Each framework is given all that is free, before the next one's turn."""

    def allocate(self, books: Books) -> tuple[Offer, ...]:
        """The offers to make now, in order."""
        offers: list[Offer] = []
        for client in sorted(books.clients, key=partial(self.standing, books)):
            for agent in books.agents:
                free = books.free(agent)
                if free and eligible(books, client, agent, free):
                    offers.append(Offer(books.next_offer(agent), client.id, free.open_to(client.role)))
                    books = books.with_offer(offers[-1])
        return tuple(offers)


@frozen
class Rounds:
    """A monitor: what was wrong with a round of allocation, if anything was."""

    uneven: str = ""

    def observe(self, node: NodeId, event: Any) -> "Rounds":
        """The monitor after an event."""
        if isinstance(event, Allocated) and not self.uneven:
            return Rounds(next(uneven(event.books, event.offers), ""))
        return self


def uneven(books: Books, offers: tuple[Offer, ...]) -> Iterator[str]:
    """Who was offered two agents more in a round than somebody who could have used them."""
    for one, other in permutations([client for client in books.clients if not client.suppressed], 2):
        mine = [offer for offer in offers if offer.framework == one.id]
        theirs = sum(offer.framework == other.id for offer in offers)
        if len(mine) > theirs + 1 and all(usable(books, other, offer) for offer in mine):
            yield f"{one.id} was offered {len(mine)} agents in one round, {other.id} {theirs}, and could use as many"


def usable(books: Books, client: Client, offer: Offer) -> bool:
    """Whether what was offered to another could have been offered to this framework."""
    return any(agent.id == offer.agent and eligible(books, client, agent, offer.resources) for agent in books.agents)


def a_round_is_shared_evenly(world: World) -> Iterator[str]:
    """In one round of allocation nobody is offered two agents more than somebody else who could use them."""
    if reason := world.monitors["rounds"].uneven:
        yield reason


def one_framework_takes_all(fixed: bool = False) -> Scenario:
    """A round of allocation gives all free agents to the first framework, before shares are looked at again.

    MESOS-1119, commit d376f05fe. The loop over frameworks was outside, that over agents inside. Mended by turning them
    around: after each agent the frameworks are sorted anew.
    """
    return Scenario(
        nodes=(
            Master("m", Setting(module=HierarchicalDRF() if fixed else FrameworkByFramework(), batch=True)),
            Agent("a0", "m", SLOT),
            Agent("a1", "m", SLOT),
            *(Adversary(name, "m", ONE, habits=("hoard",)) for name in ("f0", "f1")),
        ),
        network=Network.FIFO,
        monitors={"rounds": Rounds()},
        invariants=(a_round_is_shared_evenly,),
        goals=(two_frameworks_await_two_agents,),
    )


def two_frameworks_await_two_agents(world: World) -> bool:
    """A round of allocation will find two agents that are free, and two frameworks that want offers."""
    books = world.nodes["m"].books
    waiting = sum(not client.suppressed for client in books.clients)
    return books.dirty and waiting == len([agent for agent in books.agents if books.free(agent)]) == 2  # noqa: PLR2004


@frozen
class StopsAtTheFirst(HierarchicalDRF):
    """If the framework whose turn it is cannot use an agent, nobody is offered it."""

    def next_client(self, books: Books, agent: Entry, free: Resources) -> Client | None:
        """Who is offered what is free of an agent, if there is anybody."""
        plain = evolve(agent, attributes=frozenset())
        willing = (client for client in books.clients if eligible(books, client, plain, free))
        first = min(willing, key=partial(self.standing, books), default=None)
        return first if first is not None and agent.attributes <= first.capabilities else None


def allocation_stops_at_the_first_incapable_framework(fixed: bool = False) -> Scenario:
    """Allocation of an agent stops at the first framework that cannot use it, and those that can wait for ever.

    MESOS-9554, commit 4b83b0498. The framework with the least share lacked a capability; the loop over the frameworks
    ended there instead of going on to the next. Mended by going on.
    """
    gpu = frozenset({"gpu"})
    return Scenario(
        nodes=(
            Master("m", Setting(module=HierarchicalDRF() if fixed else StopsAtTheFirst())),
            Agent("a0", "m", SLOT),
            Agent("a1", "m", SLOT, gpu),
            Batch("f0", "m", TWO),
            Service("f1", "m", ONE, 2, capabilities=gpu),
        ),
        network=Network.FIFO,
        eventually=(the_capable_framework_has_both_agents,),
        goals=(the_first_in_line_is_incapable,),
    )


def the_capable_framework_has_both_agents(world: World) -> bool:
    """The framework that can use both agents has launched a task on each."""
    return bool(world.nodes["f1"].launched == world.nodes["f1"].wanted)


def the_first_in_line_is_incapable(world: World) -> bool:
    """An agent is about to register that the framework without any share cannot use, and the other can."""
    books = world.nodes["m"].books
    coming = any(one.source == "a1" for one in world.sent(RegisterAgent))
    return coming and bool(books.client("f0")) and bool(books.allocated("f1"))
