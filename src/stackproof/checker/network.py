"""What is in flight to one node, and what of it may arrive next.

UNORDERED  each message sent is delivered at most once, in any order: the inbox is a multiset.
FIFO       the messages of one sender arrive in the order sent: the inbox is a queue for each sender.
REPEATING  a message once sent may be delivered any number of times (the habit of TLA+): the inbox is a set.

An inbox is a tuple of envelopes sorted by sender, and within a sender by arrival (FIFO) or by the text that stands for the
message (the others), so that equal inboxes are equal tuples.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from enum import Enum
from functools import cached_property
from typing import Any, TypeAlias

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


def put(inbox: Inbox, envelope: Envelope, network: Network) -> Inbox:
    """The inbox with one more envelope in flight."""
    if network is Network.REPEATING and envelope in inbox:
        return inbox
    if network is Network.FIFO:
        place = bisect_right(inbox, envelope.source, key=lambda one: one.source)
    else:
        place = bisect_left(inbox, envelope.rank, key=lambda one: one.rank)
    return (*inbox[:place], envelope, *inbox[place:])


def duplicated(inbox: Inbox, envelope: Envelope) -> Inbox:
    """The inbox with a second copy of an envelope, right behind the first."""
    place = inbox.index(envelope)
    return (*inbox[:place], envelope, *inbox[place:])


def without(inbox: Inbox, envelope: Envelope) -> Inbox:
    """The inbox with one copy of an envelope less."""
    place = inbox.index(envelope)
    return (*inbox[:place], *inbox[place + 1 :])


def taken(inbox: Inbox, envelope: Envelope, network: Network) -> Inbox:
    """The inbox after a delivery."""
    return inbox if network is Network.REPEATING else without(inbox, envelope)


def arriving(inbox: Inbox, network: dict[NodeId, Network]) -> Iterator[Envelope]:
    """What may arrive next, each envelope once: the head of a FIFO queue, anything else of the others."""
    before: Envelope | None = None
    for envelope in inbox:
        fifo = network[envelope.source] is Network.FIFO
        if before is None or (before.source != envelope.source if fifo else before != envelope):
            yield envelope
        before = envelope
