"""A few nodes of Chord by themselves, to be led through a protocol step by step."""

from collections import deque
from typing import Any

from attrs import define, field

from stackproof.checker.scenarios.chord import fingers, ideally
from stackproof.reference.actor import Bounced, NodeId, Out
from stackproof.reference.lookup.chord import ChordNode, Stabilize, name
from stackproof.reference.lookup.chord_2001 import Chord2001Node
from stackproof.reference.lookup.chord_lookup import LookupNode
from stackproof.reference.lookup.chord_storage import StorageNode


@define
class Network:
    """Some nodes, and what they send each other: delivered in order; what is sent to nobody bounces."""

    nodes: dict[NodeId, Any] = field(factory=dict)
    sent: list[Any] = field(factory=list)
    seen: list[Any] = field(factory=list)
    on_its_way: deque[tuple[NodeId, NodeId, Any]] = field(factory=deque)

    def __getitem__(self, n: int) -> Any:
        return self.nodes[name(n)]

    def add(self, *nodes: Any) -> "Network":
        """Let nodes start, one after the other."""
        for node in nodes:
            self.nodes[node.id] = node
            out = Out()
            if hasattr(node, "start"):
                node.start(out)
            self.take(node.id, out)
        return self

    def fire(self, n: int, timer: Any) -> "Network":
        """Let a timer fire, and what comes of it happen."""
        return self.step(name(n), timer, name(n))

    def rounds(self, *members: int, count: int = 1) -> "Network":
        """Let each of these members stabilize, so many times."""
        for _ in range(count):
            for n in members:
                self.fire(n, Stabilize())
        return self

    def lose(self, n: int) -> "Network":
        """Let a node fail."""
        del self.nodes[name(n)]
        return self

    def leave(self, n: int) -> "Network":
        """Let a node say goodbye, and leave."""
        node, out = self.nodes.pop(name(n)), Out()
        node.leave(out)
        self.take(node.id, out)
        return self

    def step(self, target: NodeId, message: Any, source: NodeId) -> "Network":
        """Let a node receive a message, and what comes of it happen."""
        out = Out()
        self.nodes[target].receive(message, source, out)
        self.take(target, out)
        return self

    def take(self, source: NodeId, out: Out) -> None:
        """Deliver what was sent until there is nothing left."""
        self.seen += out.observed
        self.on_its_way += ((source, target, message) for target, message in out.sent)
        while self.on_its_way:
            sender, target, message = self.on_its_way.popleft()
            self.sent.append(message)
            if target in self.nodes:
                self.step(target, message, sender)
            elif sender in self.nodes:
                self.step(sender, Bounced(message), target)


def answers(node: Any, message: Any, source: NodeId) -> list[tuple[NodeId, Any]]:
    """What a node sends upon a message."""
    out = Out()
    node.receive(message, source, out)
    return out.sent


LECTURE = (4, 8, 15, 20, 32, 35, 44, 58)


def published(n: int, r: int = 1, **variables: Any) -> Chord2001Node:
    """A node as published."""
    defaults: dict[str, Any] = {"contacts": (15,), "bits": 0, "join_fix": False, "stabilize_fix": False}
    return Chord2001Node(name(n), n, r, **defaults | variables)


def published_ring(*members: int, r: int = 1, **variables: Any) -> Network:
    """An ideal ring of such nodes."""
    return Network().add(*(published(n, r, **ideally(members, n, r), **variables) for n in members))


def member(n: int, *members: int, r: int = 2, **variables: Any) -> ChordNode:
    """A node of the corrected protocol, in an ideal ring of these if it is one of them."""
    contacts = tuple(m for m in members if m != n) or (n,)
    return ChordNode(name(n), n, r, contacts, **(ideally(members, n, r) if n in members else {}) | variables)


def ring(*members: int, r: int = 2) -> Network:
    """An ideal ring of the corrected protocol."""
    return Network().add(*(member(n, *members, r=r) for n in members))


def lookup_ring(*members: int, bits: int, **variables: Any) -> Network:
    """A ring of nodes with fingers."""
    nodes = (
        LookupNode(
            name(n),
            n,
            1,
            members,
            bits=bits,
            **{"fingers": fingers(members, n, bits)} | ideally(members, n, 1) | variables,
        )
        for n in members
    )
    return Network().add(*nodes)


def storage_ring(*members: int, replicas: int = 1, r: int = 2) -> Network:
    """A ring of nodes that hold keys."""
    return Network().add(*(storing(n, *members, replicas=replicas, r=r, **ideally(members, n, r)) for n in members))


def storing(n: int, *contacts: int, replicas: int = 1, r: int = 2, **variables: Any) -> StorageNode:
    """A node that holds keys."""
    return StorageNode(name(n), n, r, contacts, bits=0, replicas=replicas, **variables)
