"""Consistent hashing: nodes and keys share a circle, and a key belongs to the first node at or after it.

Karger et al., "Consistent Hashing and Random Trees: Distributed Caching Protocols for Relieving Hot Spots on the World
Wide Web", STOC 1997, section 4; on the circle of 2^m identifiers of Stoica et al., SIGCOMM 2001, section 4.2. Its use:

    balance        of K keys each of N nodes gets at most (1 + eps)K/N with high probability, where eps is O(log N), and
                   as small as one likes with O(log N) virtual nodes for each node
    monotonicity   when a node joins, keys move to it and nowhere else; when it leaves, its keys move and no others

Departures. The hash is SHA-1, as in Chord, cut to its first m bits; the theorems ask for a random function. A virtual
node is hashed from its node's name and its number. Of several nodes at one point the first by name is taken.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import cached_property
from hashlib import sha1

from attrs import evolve, field, frozen

SHA1_BITS = 160


def hashed(name: str, bits: int) -> int:
    """The identifier of a node or a key: the first `bits` bits of the SHA-1 of its name."""
    if not 0 < bits <= SHA1_BITS:
        raise ValueError(f"an identifier of {bits} bits: let it have between 1 and {SHA1_BITS}")
    digest = sha1(name.encode(), usedforsecurity=False).digest()
    return int.from_bytes(digest) >> SHA1_BITS - bits


def points_of(node: str, copies: int, bits: int) -> Iterator[tuple[int, str]]:
    """Where a node stands: at its own identifier, and at those of its virtual nodes beyond the first."""
    yield hashed(node, bits), node
    for copy in range(1, copies):
        yield hashed(f"{node}#{copy}", bits), node


def successor(identifiers: tuple[int, ...], key: int) -> int:
    """Of some identifiers in order, the first at or after the key."""
    return identifiers[bisect_left(identifiers, key) % len(identifiers)]


def in_order(points: Iterable[tuple[int, str]]) -> tuple[tuple[int, str], ...]:
    """Points as they come on the circle."""
    return tuple(sorted(points))


@frozen
class HashRing:
    """A circle of identifiers with nodes on it: `points` are (identifier, node), in order."""

    bits: int
    points: tuple[tuple[int, str], ...] = field(default=(), converter=in_order)

    @cached_property
    def identifiers(self) -> tuple[int, ...]:
        """The points at which a node stands."""
        return tuple(identifier for identifier, _ in self.points)

    @property
    def nodes(self) -> tuple[str, ...]:
        """The nodes, by name."""
        return tuple(sorted({node for _, node in self.points}))

    def joined_by(self, *nodes: str, copies: int = 1) -> "HashRing":
        """The ring with more nodes, each of them `copies` virtual ones."""
        twice = set(nodes) & set(self.nodes)
        if twice or copies < 1:
            raise ValueError(f"{min(twice)} is in the ring" if twice else "a node stands at one point at least")
        new = (point for node in nodes for point in points_of(node, copies, self.bits))
        return evolve(self, points=(*self.points, *new))

    def left_by(self, *nodes: str) -> "HashRing":
        """The ring without some nodes."""
        return evolve(self, points=(point for point in self.points if point[1] not in nodes))

    def owner(self, key: str) -> str:
        """The node that a key belongs to."""
        return self.owner_at(hashed(key, self.bits))

    def owner_at(self, identifier: int) -> str:
        """The node that an identifier belongs to."""
        return next(self.clockwise(identifier))

    def owners(self, key: str, count: int) -> tuple[str, ...]:
        """The first `count` nodes at or after a key, or all there are: the owner, and who may hold copies."""
        seen: dict[str, None] = {}
        for node in self.clockwise(hashed(key, self.bits)):
            seen[node] = None
            if len(seen) == count:
                break
        return tuple(seen)

    def clockwise(self, identifier: int) -> Iterator[str]:
        """The nodes in the order in which one comes to their points, going clockwise from an identifier."""
        if not self.points:
            raise LookupError("a ring without nodes owns nothing")
        first = bisect_left(self.identifiers, identifier)
        for step in range(len(self.points)):
            yield self.points[(first + step) % len(self.points)][1]


def moved(before: HashRing, after: HashRing, keys: Iterable[str]) -> dict[str, tuple[str, str]]:
    """The keys whose owner changes, each with the old one and the new."""
    owners = ((key, before.owner(key), after.owner(key)) for key in keys)
    return {key: (old, new) for key, old, new in owners if old != new}
