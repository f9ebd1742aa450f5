"""The allocation module of Mesos for books with an index: the same offers in the same order, found faster.

`HierarchicalDRF` looks at every agent, and weighs every framework anew for each. Here a round looks only at agents of
which something is free, unless it found nobody for them last time and nothing has changed that matters; and it keeps
the frameworks of each role in order of dominant share, where an offer moves one of them. Shares are whole numbers: the
share of the cluster, times the least common multiple of what there is of each resource.
"""

from bisect import insort
from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from math import lcm
from typing import Any, TypeAlias, cast

from attrs import define, field, frozen

from stackproof.checker.figures.mesos_books import MANY, IndexedBooks, amounts, minus, raised
from stackproof.reference.actor import NodeId
from stackproof.reference.scheduling.mesos.allocator import HierarchicalDRF, below
from stackproof.reference.scheduling.mesos.books import Agent, Books, Client, Placed
from stackproof.reference.scheduling.mesos.messages import Offer
from stackproof.reference.scheduling.mesos.resources import Resources, Vector

Place: TypeAlias = tuple[int, int, Client]


@lru_cache(MANY)
def usable(free: Resources, role: str) -> Resources:
    """What of this a framework of a role may be offered."""
    return free.open_to(role)


@frozen
class IndexedDRF(HierarchicalDRF):
    """Hierarchical dominant resource fairness over `IndexedBooks`."""

    def allocate(self, books: Books) -> tuple[Offer, ...]:
        return tuple(Round(self, cast("IndexedBooks", books)).offers())

    def revoke(self, books: Books) -> Placed | None:
        return HierarchicalDRF.revoke(self, books) if any(role.guaranteed for role in self.roles) else None


@define
class Round:
    """A round of allocation.

    queues    of each role the frameworks that want offers: the least share first, then the one served longest ago
    held      what each framework has, and each role, offers of this round included
    """

    module: IndexedDRF
    books: IndexedBooks
    scale: Vector = ()
    queues: dict[str, list[Place]] = field(factory=dict)
    held: dict[NodeId, Vector] = field(factory=dict)
    of_role: dict[str, Vector] = field(factory=dict)
    served: int = 0

    def __attrs_post_init__(self) -> None:
        there = self.books.index.there
        self.scale = tuple(lcm(*filter(None, there)) // amount if amount else 0 for amount in there)
        for client in self.books.index.clients.values():
            held = raised(self.books.index.held.get(client.id, ()), (0,) * len(there))
            self.of_role[client.role] = raised(self.of_role.get(client.role, ()), held)
            if not client.suppressed:
                self.enqueue(client, held)

    def offers(self) -> Iterator[Offer]:
        """The offers of this round, in order."""
        for name in sorted(self.books.index.fresh):
            agent = self.books.index.agents[name]
            free, made = self.books.free(agent), 0
            while free and (client := self.next_client(agent, free)) is not None:
                offer = Offer(self.books.next_offer(agent, made), client.id, usable(free, client.role))
                self.serve(client, amounts(offer.resources))
                free, made = minus(free, offer.resources), made + 1
                yield offer
        self.books.index.fresh.clear()

    def next_client(self, agent: Agent, free: Resources) -> Client | None:
        """Who is offered this; it leaves its queue."""
        firsts = [place for role in self.queues if (place := self.first(role, agent, free)) is not None]
        if not firsts:
            return None
        place = firsts[0] if len(firsts) == 1 else min(firsts, key=self.standing)
        self.queues[place[2].role].remove(place)
        return place[2]

    def first(self, role: str, agent: Agent, free: Resources) -> Place | None:
        """The first framework of a role that may be offered what it can use of this."""
        part = usable(free, role)
        return next((one for one in self.queues[role] if part and self.takes(one[2], agent, part)), None)

    def takes(self, client: Client, agent: Agent, part: Resources) -> bool:
        """Whether a framework can use an agent and has not refused it."""
        return agent.attributes <= client.capabilities and not self.books.refused(client.id, agent.id, part)

    def standing(self, place: Place) -> tuple[Any, ...]:
        """Where the first of a role stands among those of the others."""
        role = self.module.role(place[2].role)
        held = self.of_role[role.name]
        return not below(held, role.guaranteed), Fraction(self.share(held)) / role.weight, *place[:2]

    def serve(self, client: Client, more: Vector) -> None:
        """A framework is offered something, and is now the one served last."""
        self.of_role[client.role] = raised(self.of_role[client.role], more)
        self.enqueue(client, raised(self.held[client.id], more))

    def enqueue(self, client: Client, held: Vector) -> None:
        """A framework stands where it belongs with what it has."""
        self.served += 1
        self.held[client.id] = held
        insort(self.queues.setdefault(client.role, []), (self.share(held), self.served, client))

    def share(self, held: Vector) -> int:
        """The dominant share, in small parts of the cluster."""
        return max((amount * each for amount, each in zip(held, self.scale, strict=True)), default=0)
