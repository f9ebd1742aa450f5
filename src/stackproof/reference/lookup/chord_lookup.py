"""Chord's lookup: who is responsible for a key, found in O(log N) hops.

Stoica et al., SIGCOMM 2001, section 4.3 (finger tables; figure 4: find_successor, closest_preceding_finger) and figure
7 (fix_fingers); Stoica et al., IEEE/ACM ToN 11(1), 2003, section IV, for the recursive style and the successor list.

Each hop is strictly closer to the key than the one before, so no lookup visits a node twice. Fingers make it short, and
nothing that is correct rests on them: one that is wrong costs hops, one that is dead a detour.

Iterative: the asker asks one node after the other, and goes back by one when a hop is dead. Recursive: each hop passes
the question on, and the last answers the asker; a hop that fails with the question in hand loses it.

Departures. A question says who on its way was found dead, so that the next answer leaves them out. A finger is replaced
when it is fixed, not when it is found dead. The first finger of the paper is the head of the successor list. A node
looks its fingers up iteratively, one at a time. Nodes that are busy answer questions about keys, too: no answer to them
changes the ring.
"""

from typing import TypeAlias, assert_never

from attrs import define, evolve, field, frozen

from stackproof.reference.actor import Bounced, NodeId, Out
from stackproof.reference.lookup.chord import ChordNode, RingMessage, identifier, name
from stackproof.reference.lookup.identifiers import HalfOpen

FIX_MS = 30_000.0


@frozen
class FixFingers:
    """A timer: look up another finger."""


@frozen
class FindSuccessor:
    """Recursive: whoever knows the key's successor tells the asker. `path` are the nodes that passed it on."""

    key: int
    asker: NodeId
    path: tuple[int, ...] = ()
    dead: tuple[int, ...] = ()


@frozen
class NextHop:
    """Iterative: the key's successor, please, or somebody who is closer to it."""

    key: int
    dead: tuple[int, ...] = ()


@frozen
class Forward:
    """An answer: ask this node, it is closer."""

    key: int
    node: int


@frozen
class Owner:
    """An answer: the first of these nodes is the key's successor, and the others follow it; none if nobody is known."""

    key: int
    nodes: tuple[int, ...]
    path: tuple[int, ...] = ()


@frozen
class Found:
    """What a monitor sees: a lookup is over. `path` are the nodes asked, first to last; the last one knew the owner."""

    key: int
    owner: int
    path: tuple[int, ...]


@frozen
class Lookup:
    """An iterative lookup under way: the last of its path was asked and has not answered."""

    key: int
    path: tuple[int, ...]
    dead: tuple[int, ...] = ()

    def ask(self, out: Out) -> "Lookup":
        """Send the question."""
        out.send(name(self.path[-1]), NextHop(self.key, self.dead))
        return self

    def at(self, node: int) -> "Lookup":
        """One hop further."""
        return evolve(self, path=(*self.path, node))

    def back(self) -> "Lookup":
        """One hop back: the last is dead, or knows nobody."""
        return evolve(self, path=self.path[:-1], dead=(*self.dead, self.path[-1]))


LookupMessage: TypeAlias = FixFingers | FindSuccessor | NextHop | Forward | Owner
ClientMessage: TypeAlias = Forward | Owner | Bounced


@define
class LookupNode(ChordNode):
    """A node of the ring with a finger table: `fingers[i]` is the first node known at or after its identifier + 2^i.

    Identifiers have `bits` bits. A node without fingers goes by its successor list.
    """

    bits: int = field(kw_only=True)
    fingers: tuple[int | None, ...] = ()
    lookup: Lookup | None = None

    def start(self, out: Out) -> None:
        super().start(out)
        if self.bits > 1:
            out.after(FIX_MS, FixFingers())

    def receive(self, message: LookupMessage | RingMessage, source: NodeId, out: Out) -> None:
        match message:
            case FixFingers():
                out.after(FIX_MS, FixFingers())
                if self.joined and self.lookup is None:
                    self.fix_fingers(out)
            case FindSuccessor():
                self.find_successor(message, out)
            case NextHop(key, dead):
                out.send(source, self.next_hop(key, dead))
            case Forward(_, node):
                self.lookup = self.lookup and self.lookup.at(node).ask(out)
            case Owner(key, nodes):
                self.lookup = None
                self.fix(key, nodes)
            case Bounced(NextHop()):
                self.lookup = self.lookup and self.lookup.back().ask(out)
            case Bounced(FindSuccessor() as question):
                around = evolve(question, path=question.path[:-1], dead=(*question.dead, identifier(source)))
                self.find_successor(around, out)
            case _:  # a message of the ring: mypy knows that nothing else is left
                super().receive(message, source, out)

    def known(self) -> tuple[int, ...]:
        return (*super().known(), *(finger for finger in self.fingers if finger is not None))

    def next_hop(self, key: int, dead: tuple[int, ...]) -> Forward | Owner:
        """Where a key belongs, or who is closer to it."""
        successors = tuple(node for node in self.successors if node not in dead)
        if not successors or key in HalfOpen(self.identifier, successors[0]):
            return Owner(key, successors)
        return Forward(key, self.closest_preceding_node(key, dead))

    def find_successor(self, question: FindSuccessor, out: Out) -> None:
        """Answer whoever asked for the key's successor, or pass the question on."""
        path = (*question.path, self.identifier)
        match self.next_hop(question.key, question.dead):
            case Forward(_, node):
                out.send(name(node), evolve(question, path=path))
            case Owner(key, nodes):
                out.send(question.asker, Owner(key, nodes, path))
            case hop:
                assert_never(hop)

    def fix_fingers(self, out: Out) -> None:
        """Look up a finger at random, beginning here."""
        start = self.identifier + 2 ** out.choose(range(1, self.bits))
        self.lookup = Lookup(start % 2**self.bits, (self.identifier,)).ask(out)

    def fix(self, start: int, nodes: tuple[int, ...]) -> None:
        """Replace the finger that begins there."""
        fixed = ((start - self.identifier) % 2**self.bits).bit_length() - 1
        table = self.fingers or (None,) * self.bits
        self.fingers = (*table[:fixed], nodes[0] if nodes else None, *table[fixed + 1 :])


@define
class LookupClient:
    """Somebody outside the ring who looks up one key after the other, beginning at a contact."""

    id: NodeId
    contacts: tuple[int, ...]
    keys: tuple[int, ...]
    recursive: bool
    begun: int = 0
    lookup: Lookup | None = None

    def start(self, out: Out) -> None:
        if self.begun < len(self.keys):
            self.begun += 1
            self.ask(Lookup(self.keys[self.begun - 1], ()), out)

    def receive(self, message: ClientMessage, source: NodeId, out: Out) -> None:
        if self.lookup is None:
            return
        match message:
            case Forward(_, node):
                self.ask(self.lookup.at(node), out)
            case Owner(_, ()) | Bounced():
                self.ask(self.lookup.back(), out)
            case Owner(_, nodes, path):
                self.found(nodes, path or self.lookup.path, out)
            case _:
                assert_never(message)

    def ask(self, lookup: Lookup, out: Out) -> None:
        """Ask the last node on the path; where there is none, a contact; and give up without one."""
        if not lookup.path:
            contact = next((node for node in self.contacts if node not in lookup.dead), None)
            lookup = lookup if contact is None else lookup.at(contact)
        self.lookup = lookup if lookup.path else None
        if lookup.path and self.recursive:
            out.send(name(lookup.path[-1]), FindSuccessor(lookup.key, self.id, (), lookup.dead))
        elif lookup.path:
            lookup.ask(out)

    def found(self, nodes: tuple[int, ...], path: tuple[int, ...], out: Out) -> None:
        """The answer; on to the next key."""
        if self.lookup is not None:
            out.observe(Found(self.lookup.key, nodes[0], path))
        self.lookup = None
        self.start(out)
