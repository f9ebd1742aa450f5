"""Nodes and clients that do as those of the paper's simulator did where the reference does otherwise.

In the paper a node looks all its fingers up in every period, and nobody tries a lookup again (SIGCOMM 2001, section
6.5).
"""

from attrs import define, frozen

from stackproof.reference.actor import Bounced, NodeId, Out
from stackproof.reference.lookup.chord import RingMessage
from stackproof.reference.lookup.chord_lookup import (
    ClientMessage,
    Lookup,
    LookupClient,
    LookupMessage,
    LookupNode,
    Owner,
)
from stackproof.reference.lookup.identifiers import HalfOpen


@frozen
class Failed:
    """What a monitor sees: a lookup met a dead node."""

    key: int


@define
class OneTry(LookupClient):
    """Looks up one key, and gives up at the first dead node."""

    def receive(self, message: ClientMessage, source: NodeId, out: Out) -> None:
        """Give up, or go on."""
        if self.lookup is not None and isinstance(message, Bounced):
            out.observe(Failed(self.lookup.key))
            self.lookup = None
        else:
            super().receive(message, source, out)


@define
class Sweeper(LookupNode):
    """Looks up all its fingers in every period; those before its successor are its successor."""

    unfixed: int = 0

    def fix_fingers(self, out: Out) -> None:
        """Begin with the furthest."""
        self.unfixed = self.bits
        self.next_finger(out)

    def receive(self, message: LookupMessage | RingMessage, source: NodeId, out: Out) -> None:
        """As any node, and on to the next finger."""
        super().receive(message, source, out)
        if isinstance(message, Owner | Bounced) and self.lookup is None:
            self.next_finger(out)

    def next_finger(self, out: Out) -> None:
        """Look up the next one that is not the successor."""
        while self.unfixed and self.lookup is None:
            self.unfixed -= 1
            start = (self.identifier + 2**self.unfixed) % 2**self.bits
            if start not in HalfOpen(self.identifier, self.successors[0]):
                self.lookup = Lookup(start, (self.identifier,)).ask(out)
