"""What is in flight to one node, and what of it may arrive next.

UNORDERED  each message sent is delivered at most once, in any order: the inbox is a multiset.
FIFO       the messages of one sender arrive in the order sent: the inbox is a queue for each sender.
REPEATING  a message once sent may be delivered any number of times (the habit of TLA+): the inbox is a set.

An inbox is a tuple of envelopes sorted by sender, and within a sender by arrival (FIFO) or by the text that stands for
the message (the others), so that equal inboxes are equal tuples.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from functools import cached_property
from typing import Any, TypeAlias, TypeVar

from attrs import frozen

from stackproof.checker.values import canonical
from stackproof.reference.actor import NodeId


class Network(Enum):
    """How the messages of a link travel."""

    UNORDERED = "unordered"
    FIFO = "fifo"
    REPEATING = "repeating"


@frozen(cache_hash=True)
class Envelope:
    """A message on its way."""

    source: NodeId
    target: NodeId
    message: Any

    @cached_property
    def rank(self) -> tuple[NodeId, str]:
        """Where it stands in an inbox."""
        return self.source, canonical(self.message)


Inbox: TypeAlias = tuple[Envelope, ...]
Item = TypeVar("Item")
Rank: TypeAlias = Callable[[Item], tuple[NodeId, str]]


def rank_of(envelope: Envelope) -> tuple[NodeId, str]:
    """The rank of an envelope."""
    return envelope.rank


def put(inbox: tuple[Item, ...], one: Item, network: Network, rank: Rank[Item]) -> tuple[Item, ...]:
    """The inbox with one more envelope in flight; `rank` is that of an envelope, or of whatever stands for one."""
    if network is Network.REPEATING and one in inbox:
        return inbox
    if network is Network.FIFO:
        place = bisect_right(inbox, rank(one)[0], key=lambda other: rank(other)[0])
    else:
        place = bisect_left(inbox, rank(one), key=rank)
    return (*inbox[:place], one, *inbox[place:])


def duplicated(inbox: tuple[Item, ...], one: Item) -> tuple[Item, ...]:
    """The inbox with a second copy of an envelope, right behind the first."""
    place = inbox.index(one)
    return (*inbox[:place], one, *inbox[place:])


def without(inbox: tuple[Item, ...], one: Item) -> tuple[Item, ...]:
    """The inbox with one copy of an envelope less."""
    place = inbox.index(one)
    return (*inbox[:place], *inbox[place + 1 :])


def taken(inbox: tuple[Item, ...], one: Item, network: Network) -> tuple[Item, ...]:
    """The inbox after a delivery."""
    return inbox if network is Network.REPEATING else without(inbox, one)


def arriving(inbox: tuple[Item, ...], kinds: Mapping[NodeId, Network], rank: Rank[Item]) -> Iterator[Item]:
    """What may arrive next, each envelope once: the head of a FIFO queue, anything else of the others."""
    source, before = None, None
    for one in inbox:
        sender = rank(one)[0]
        fifo = kinds[sender] is Network.FIFO
        if source != sender or (not fifo and before != one):
            yield one
        source, before = sender, one
