"""Keys on Chord's ring (SIGCOMM 2001, sections 4.2 and 5.2; CFS, SOSP 2001)."""

from typing import Any

import pytest

from stackproof.checker.scenarios.chord import ideally
from stackproof.reference.actor import Out
from stackproof.reference.lookup.chord import (
    Stabilize,
    identifier,
)
from stackproof.reference.lookup.chord_storage import (
    Acknowledged,
    Asked,
    Copied,
    Got,
    Item,
    NotMine,
    StorageClient,
    Store,
)
from tests.paper.chord_rings import (
    Network,
    answers,
    storage_ring,
    storing,
)


def client(*operations: tuple[int, Any]) -> StorageClient:
    """Somebody who puts these values under these keys, or gets those without one."""
    keys, values = tuple(key for key, _ in operations), tuple(value for _, value in operations)
    return StorageClient(f"c{len(keys)}", (0,), keys, recursive=False, values=values)


def holding(network: Network) -> list[int]:
    """The nodes that hold something."""
    return sorted(identifier(name) for name, node in network.nodes.items() if getattr(node, "items", None))


FIVE = (0, 2, 4, 6, 8)


@pytest.mark.parametrize(("replicas", "holders"), [(0, [4]), (1, [4, 6]), (2, [4, 6, 8])])
def test_a_put_reaches_the_owner_of_the_key_and_the_nodes_that_follow(replicas: int, holders: list[int]) -> None:
    network = storage_ring(*FIVE, replicas=replicas).add(client((3, "v")))
    assert network.seen == [Acknowledged(Item(3, "v"))]
    assert holding(network) == holders


def test_a_get_returns_what_was_put() -> None:
    network = storage_ring(*FIVE).add(client((3, "v"), (3, None)))
    assert network.seen == [Acknowledged(Item(3, "v")), Asked(3), Got(3, Item(3, "v"))]


def test_a_get_of_what_nobody_put_returns_nothing() -> None:
    assert storage_ring(*FIVE).add(client((3, None))).seen == [Asked(3), Got(3, None)]


def test_a_put_is_acknowledged_when_the_copies_are() -> None:
    owner = storing(4, *FIVE, **ideally(FIVE, 4, 2))
    item = Item(3, "v")
    owner.receive(Stabilize(), "n4", Out())
    assert "c1" not in dict(answers(owner, Store(item), "c1"))
    assert "c1" in dict(answers(owner, Copied((item,)), "n6"))


def test_a_node_that_joins_gets_its_keys_from_its_successor() -> None:
    network = storage_ring(*FIVE).add(client((3, "v"))).add(storing(3, 0)).rounds(3, 2)
    assert holding(network) == [3, 4, 6]
    network.add(client((3, None), (3, None)))
    assert network.seen[-1] == Got(3, Item(3, "v"))


def test_a_node_that_leaves_gives_its_keys_to_its_successor() -> None:
    network = storage_ring(*FIVE, replicas=0).add(client((3, "v"))).leave(4)
    assert holding(network) == [6]


def test_when_the_owner_fails_the_next_one_has_the_key_and_sees_to_another_copy() -> None:
    network = storage_ring(*FIVE).add(client((3, "v"))).lose(4).rounds(2, 6)
    assert holding(network) == [6, 8]
    network.add(client((3, None), (3, None)))
    assert network.seen[-1] == Got(3, Item(3, "v"))


def test_when_a_follower_fails_the_owner_sees_to_another_copy() -> None:
    network = storage_ring(*FIVE).add(client((3, "v"))).lose(6).rounds(4)
    assert holding(network) == [4, 8]


def test_a_get_finds_a_copy_though_the_owner_is_dead_and_nobody_has_noticed() -> None:
    network = storage_ring(*FIVE).add(client((3, "v"))).lose(4).add(client((3, None), (3, None)))
    assert network.seen[-1] == Got(3, Item(3, "v"))


def test_a_node_that_is_not_the_owner_says_so() -> None:
    network = storage_ring(*FIVE)
    ((_, answer),) = answers(network[8], Store(Item(3, "v")), "c1")
    assert answer == NotMine(3)
