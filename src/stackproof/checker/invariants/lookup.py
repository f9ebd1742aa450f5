"""What Chord promises to those who look up keys, put and get: the right node, in few hops, and nothing lost.

Stoica et al., SIGCOMM 2001, section 4.3: each hop is closer to the key, and the last knows its successor. Dabek et al.,
"Wide-area Cooperative Storage with CFS", SOSP 2001: a key is lost only if all that hold it fail before it is copied
again. The monitors keep what clients saw: `Lookups` of lookups, `Operations` of puts and gets.
"""

from collections.abc import Iterator
from typing import Any

from attrs import evolve, frozen

from stackproof.checker.invariants.ring import ring_of
from stackproof.checker.world import World
from stackproof.reference.actor import NodeId
from stackproof.reference.lookup.chord import name
from stackproof.reference.lookup.chord_lookup import FindSuccessor, Forward, Found, Owner
from stackproof.reference.lookup.chord_storage import Acknowledged, Asked, Copy, Got, Item
from stackproof.reference.lookup.consistent_hashing import successor


@frozen
class Lookups:
    """A monitor: the lookups that are over."""

    found: tuple[Found, ...] = ()

    def observe(self, node: NodeId, event: Any) -> "Lookups":
        """The monitor after an event at a node."""
        return evolve(self, found=(*self.found, event)) if isinstance(event, Found) else self


@frozen
class Operations:
    """A monitor: the items of which a put has returned, and what gets were asked and have returned.

    asked      clients with a get under way, each with the items acknowledged for its key before
    forgotten  items acknowledged before a get began that did not return them
    got        items that a get returned
    """

    acknowledged: frozenset[Item] = frozenset()
    asked: frozenset[tuple[NodeId, frozenset[Item]]] = frozenset()
    forgotten: frozenset[Item] = frozenset()
    got: frozenset[Item] = frozenset()

    def observe(self, node: NodeId, event: Any) -> "Operations":
        """The monitor after an event at a node."""
        match event:
            case Acknowledged(item):
                return evolve(self, acknowledged=self.acknowledged | {item})
            case Asked(key):
                known = frozenset(item for item in self.acknowledged if item.key == key)
                return evolve(self, asked=self.asked | {(node, known)})
            case Got(_, item):
                return self.returned(node, frozenset({item} if item else ()))
            case _:
                return self

    def returned(self, client: NodeId, items: frozenset[Item]) -> "Operations":
        """The monitor after a client's get."""
        known = frozenset(item for who, expected in self.asked if who == client for item in expected)
        asked = frozenset(one for one in self.asked if one[0] != client)
        return evolve(self, asked=asked, forgotten=self.forgotten | (known - items), got=self.got | items)


def members(world: World) -> tuple[int, ...]:
    """The identifiers in the ring, in order."""
    return tuple(sorted(ring_of(world).successors))


def settled(world: World) -> bool:
    """Every list names the members that follow its owner, and every predecessor is the member before."""
    there = members(world)
    for place, n in enumerate(there):
        node = world.nodes[name(n)]
        following = (*there[place + 1 :], *there[: place + 1]) * node.r
        if node.successors != following[: node.r] or node.predecessor != there[place - 1]:
            return False
    return True


def lookups_end_at_the_owner(world: World) -> Iterator[str]:
    """In a ring that has settled, a lookup of any key, begun anywhere, ends at the first member at or after it."""
    if not settled(world):
        return
    there = members(world)
    for n in there:
        for key in range(2 ** world.nodes[name(n)].bits):
            owner, (end, path) = successor(there, key), walked(world, there, n, key)
            if end != owner:
                yield f"a lookup of {key} goes {' '.join(map(str, path))} and ends at {end}, not at {owner}"


def walked(world: World, there: tuple[int, ...], start: int, key: int) -> tuple[int | None, list[int]]:
    """Where a lookup ends if nothing changes meanwhile, and its way; nowhere if it is sent to a node twice."""
    path, dead = [start], list[int]()
    while True:
        match world.nodes[name(path[-1])].next_hop(key, tuple(dead)):
            case Owner(_, nodes):
                return (nodes[0] if nodes else None), path
            case Forward(_, node) if node in path or node in dead:
                return None, [*path, node]
            case Forward(_, node):
                (path if node in there else dead).append(node)


def no_lookup_visits_a_node_twice(world: World) -> Iterator[str]:
    """A lookup does not go round in circles."""
    for key, path in under_way(world):
        if len(set(path)) < len(path):
            yield f"the lookup of {key} went {' '.join(map(str, path))}"


def under_way(world: World) -> Iterator[tuple[int, tuple[int, ...]]]:
    """The key and the path of each lookup, of those that are over, too."""
    for node in world.nodes.values():
        if getattr(node, "lookup", None) is not None:
            yield node.lookup.key, node.lookup.path
    for envelope in world.sent(FindSuccessor, Owner):
        yield envelope.message.key, envelope.message.path
    for found in lookups(world):
        yield found.key, found.path


def lookups(world: World) -> tuple[Found, ...]:
    """The lookups that are over."""
    seen: Lookups | None = world.monitors.get("lookups")
    return seen.found if seen else ()


def lookups_found_the_owner(world: World) -> Iterator[str]:
    """Where nobody comes or goes, each lookup that is over found the first member at or after its key."""
    for found in lookups(world):
        owner = successor(members(world), found.key)
        if found.owner != owner:
            yield f"{found.key} belongs to {owner}, and {found.owner} was found by way of {found.path}"


def operations(world: World) -> Operations:
    """What clients put and got."""
    seen: Operations = world.monitors["operations"]
    return seen


def holders(world: World, item: Item) -> Iterator[int]:
    """The members that hold an item, or will when a message arrives that is on its way to them."""
    arriving = {envelope.target for envelope in world.sent(Copy) if item in envelope.message.items}
    for n in members(world):
        if item in world.nodes[name(n)].items or name(n) in arriving:
            yield n


def acknowledged_keys_survive(world: World) -> Iterator[str]:
    """An item of which a put has returned is held by some member."""
    for item in sorted(operations(world).acknowledged):
        if next(holders(world, item), None) is None:
            yield f"nobody holds {item.value!r} any more, which was put under {item.key}"


def gets_return_what_was_put(world: World) -> Iterator[str]:
    """A get returns the item if a put of it had returned before."""
    for item in sorted(operations(world).forgotten):
        yield f"a get of {item.key} returned nothing, though a put of {item.value!r} had returned before it"


def copies_are_where_they_belong(world: World) -> bool:
    """In a ring that has settled, each acknowledged item is held by its owner and by the k nodes that follow it."""
    there = members(world)
    wanted = [(item, n) for item in operations(world).acknowledged for n in entitled(world, there, item.key)]
    return settled(world) and all(item in world.nodes[name(n)].items for item, n in wanted)


def entitled(world: World, there: tuple[int, ...], key: int) -> tuple[int, ...]:
    """The owner of a key, and the k members that follow it."""
    place = there.index(successor(there, key))
    replicas: int = world.nodes[name(there[place])].replicas
    return (*there[place:], *there[:place])[: replicas + 1]
