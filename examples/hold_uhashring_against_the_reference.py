"""Hold a consistent-hashing library, uhashring (https://pypi.org/project/uhashring), against the reference.

    pip install uhashring
    python examples/hold_uhashring_against_the_reference.py

Five questions to each of its rings. Does a key belong to the first point at or after it, as in the reference on the
same points? When a node leaves, do its keys move and no others? When it comes back, is all as before? Do nodes that
join in another order make the same ring? How much more than the mean has the fullest node?

What this shows of uhashring 2.5. Its own ring is a consistent one. Where a hash has few bits, a key that falls on a
point goes to the next one, and of two nodes at one point the last to join gets it. With weights, ketama gives a node
more or fewer points when others come and go, so that keys move which need not.
"""

from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from stackproof.reference.lookup.consistent_hashing import HashRing, hashed

NODES = tuple(f"node {n}" for n in range(8))
KEYS = tuple(f"key {n}" for n in range(5_000))
WEIGHTS = {node: 1 + place % 3 for place, node in enumerate(NODES)}


def rings() -> Iterator[tuple[str, int, Callable[[tuple[str, ...]], Any]]]:
    """The rings to look at: a name, the bits of an identifier, and how to make one of these nodes."""
    library = import_module("uhashring").HashRing
    yield "MD5, as it comes", 128, lambda nodes: library(list(nodes))
    yield "SHA-1, 32 bits", 32, lambda nodes: library(list(nodes), hash_fn=lambda key: hashed(key, 32))
    yield "SHA-1, 10 bits", 10, lambda nodes: library(list(nodes), hash_fn=lambda key: hashed(key, 10), vnodes=20)
    yield "ketama", 32, lambda nodes: library(list(nodes), hash_fn="ketama")
    yield "ketama, weights", 32, lambda nodes: library({node: WEIGHTS[node] for node in nodes}, hash_fn="ketama")


def owners(ring: Any) -> dict[str, str]:
    """The owner of each key."""
    return {key: ring.get_node(key) for key in KEYS}


def astray(ring: Any, bits: int) -> list[str]:
    """The keys that the reference gives to another node, on the same points and with the same hash."""
    reference = HashRing(bits, ring.get_points())
    return [key for key, owner in owners(ring).items() if owner != reference.owner_at(ring.get_key(key))]


def disturbed(before: dict[str, str], after: dict[str, str], gone: str) -> list[str]:
    """The keys that moved although the node that left did not own them."""
    return [key for key in KEYS if before[key] not in (after[key], gone)]


def judged(bits: int, make: Callable[[tuple[str, ...]], Any]) -> Iterator[str]:
    """The answers for one ring, in order."""
    ring = make(NODES)
    before = owners(ring)
    yield counted(astray(ring, bits))
    configuration = dict(ring.conf[NODES[3]])
    ring.remove_node(NODES[3])
    yield counted(disturbed(before, owners(ring), NODES[3]))
    ring.add_node(NODES[3], configuration)
    yield counted([key for key, owner in owners(ring).items() if owner != before[key]])
    yield counted([key for key, owner in owners(make(NODES[::-1])).items() if owner != before[key]])
    found = list(before.values())
    yield f"{max(map(found.count, NODES)) * len(NODES) / len(KEYS):.2f}"


def counted(keys: list[str]) -> str:
    """How many keys speak against it."""
    return f"{len(keys)} keys" if keys else "held"


def main() -> None:
    """Print a table."""
    if find_spec("uhashring") is None:
        print("uhashring is not installed, so there is nothing to hold against the reference: pip install uhashring")
        return
    print(f"{'':18}{'owner':>10}{'leave':>10}{'return':>10}{'order':>10}{'fullest':>10}")
    for name, bits, make in rings():
        print(f"{name:18}" + "".join(f"{answer:>10}" for answer in judged(bits, make)))
    print("\nheld: no key speaks against it. fullest: the keys of the fullest node, in multiples of the mean.")


if __name__ == "__main__":
    main()
