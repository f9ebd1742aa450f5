"""The allocation module: who is offered what, by hierarchical dominant resource fairness.

Hindman et al., NSDI 2011, sections 3.3 (pluggable modules, guaranteed allocations) and 3.3.1 (revocation); Ghodsi et
al., "Dominant Resource Fairness", NSDI 2011. Agent by agent, all that is free goes to one framework: of the role with
the least weighted dominant share, the framework with the least; who has what is counted anew after each offer. Roles
below their guarantee come before the others. Frameworks that want no offers, refused these resources, or cannot use the
agent are passed over. A tie goes to the framework served longest ago.

A module is a value that a master holds; it reads the master's books and changes nothing. Another one needs only the two
methods `allocate` and `revoke`.
"""

from collections.abc import Iterator
from fractions import Fraction
from typing import Protocol

from attrs import frozen

from stackproof.reference.scheduling.drf import User, dominant_share, exact
from stackproof.reference.scheduling.mesos.books import Agent, Books, Client, Placed
from stackproof.reference.scheduling.mesos.messages import Offer
from stackproof.reference.scheduling.mesos.resources import Resources, Vector, total


@frozen
class Role:
    """A group of frameworks: its weight, and what it may hold without fear of revocation."""

    name: str
    weight: int = 1
    guaranteed: Vector = ()


class Module(Protocol):
    """What a master asks of an allocation module."""

    def allocate(self, books: Books) -> tuple[Offer, ...]:
        """The offers to make now, in order."""

    def revoke(self, books: Books) -> Placed | None:
        """The task that should make room, if one should."""


def share(held: Resources, capacities: Vector, weight: int = 1) -> Fraction:
    """The weighted dominant share of a cluster that somebody holds."""
    if not held:
        return Fraction(0)
    return dominant_share(User("", exact(held.vector), exact((weight,) * len(capacities))), exact(capacities))


@frozen
class HierarchicalDRF:
    """Dominant resource fairness among roles, then among the frameworks of one. Roles not named here weigh 1."""

    roles: tuple[Role, ...] = ()

    def allocate(self, books: Books) -> tuple[Offer, ...]:
        offers: list[Offer] = []
        for agent in books.agents:
            free = books.free(agent)
            while free and (client := self.next_client(books, agent, free)) is not None:
                offer = Offer(books.next_offer(agent), client.id, free.open_to(client.role))
                books = books.with_offer(offer)
                free -= offer.resources
                offers.append(offer)
        return tuple(offers)

    def next_client(self, books: Books, agent: Agent, free: Resources) -> Client | None:
        """Who is offered what is free of an agent, if there is anybody."""
        able = tuple(client for client in books.clients if eligible(books, client, agent, free))
        return able[0] if len(able) == 1 else min(able, key=lambda client: self.standing(books, client), default=None)

    def standing(self, books: Books, client: Client) -> tuple[bool, Fraction, Fraction]:
        """Where a framework stands in the order of allocation; the least comes first."""
        role = self.role(client.role)
        held = books.allocated(*(one.id for one in books.clients if one.role == client.role))
        capacities = total(agent.resources for agent in books.agents).vector
        own = share(books.allocated(client.id), capacities)
        return not below(held.vector, role.guaranteed), share(held, capacities, role.weight), own

    def role(self, name: str) -> Role:
        """The role of this name."""
        return next((role for role in self.roles if role.name == name), Role(name))

    def revoke(self, books: Books) -> Placed | None:
        """A task of a role that keeps its guarantee without it, where a role below its own waits in vain."""
        waiting = any(self.waits_in_vain(books, client) for client in books.clients)
        if not waiting or books.revoking:
            return None
        return max(self.expendable(books), key=lambda one: (self.excess(books, one), one.task.id), default=None)

    def waits_in_vain(self, books: Books, client: Client) -> bool:
        """Whether a framework wants offers for a role below its guarantee, holds none, and nothing is free."""
        role = self.role(client.role)
        idle = any(books.free(agent).open_to(role.name) for agent in books.agents)
        holds = any(offer.framework == client.id for offer in books.offers)
        return not (client.suppressed or idle or holds) and below(self.held(books, role.name).vector, role.guaranteed)

    def held(self, books: Books, role: str) -> Resources:
        """What the frameworks of a role hold."""
        return books.allocated(*(one.id for one in books.clients if one.role == role))

    def expendable(self, books: Books) -> Iterator[Placed]:
        """The tasks without which their roles still hold what they are guaranteed."""
        for placed in books.tasks:
            client = books.client(placed.task.id.framework)
            if client is not None and not placed.state.terminal:
                left = self.held(books, client.role) - placed.task.resources
                if not below(left.vector, self.role(client.role).guaranteed):
                    yield placed

    def excess(self, books: Books, placed: Placed) -> Fraction:
        """The weighted dominant share of the role that a task is run for."""
        client = books.client(placed.task.id.framework)
        role = self.role(client.role if client else "")
        capacities = total(agent.resources for agent in books.agents).vector
        return share(self.held(books, role.name), capacities, role.weight)


def eligible(books: Books, client: Client, agent: Agent, free: Resources) -> bool:
    """Whether a framework may be offered what it can use of this, and has not said that it does not want it."""
    usable = free.open_to(client.role)
    able = agent.attributes <= client.capabilities
    return bool(usable) and able and not client.suppressed and not books.refused(client.id, agent.id, usable)


def below(held: Vector, guaranteed: Vector) -> bool:
    """Whether there is less of all that is guaranteed: who has enough of one kind may not use more of another."""
    have = held or (0,) * len(guaranteed)
    return any(guaranteed) and all(some < enough for some, enough in zip(have, guaranteed, strict=True) if enough)
