"""Consistent hashing, in the order of Karger et al. (STOC 1997) and of section 4.2 of Stoica et al. (SIGCOMM 2001)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackproof.checker import strategies
from stackproof.reference.lookup.consistent_hashing import HashRing, hashed, moved, successor

KEYS = tuple(f"key {n}" for n in range(2_000))
NODES = tuple(f"node {n}" for n in range(10))


def test_an_identifier_is_the_first_bits_of_a_sha1() -> None:
    assert hashed("abc", 160) == 0xA9993E364706816ABA3E25717850C26C9CD0D89D
    assert hashed("abc", 32) == 0xA9993E36
    assert hashed("abc", 1) == 1


@pytest.mark.parametrize("bits", [0, 161])
def test_an_identifier_has_at_least_one_bit_and_at_most_160(bits: int) -> None:
    with pytest.raises(ValueError, match="between 1 and 160"):
        hashed("abc", bits)


def test_the_papers_circle_of_three_nodes_and_three_bits() -> None:
    assert [successor((0, 1, 3), key) for key in (1, 2, 6)] == [1, 3, 0]


def test_a_key_belongs_to_the_first_node_at_or_after_it() -> None:
    ring = HashRing(32).joined_by(*NODES)
    for key in KEYS:
        position = hashed(key, 32)
        ahead = {(hashed(node, 32) - position) % 2**32: node for node in NODES}
        assert ring.owner(key) == ahead[min(ahead)]


def test_a_ring_of_one_owns_everything() -> None:
    assert {HashRing(32).joined_by("alone").owner(key) for key in KEYS} == {"alone"}


def test_a_ring_of_none_owns_nothing() -> None:
    with pytest.raises(LookupError, match="without nodes"):
        HashRing(32).owner("key")


def test_the_order_in_which_nodes_join_does_not_matter() -> None:
    ring = HashRing(32).joined_by(*NODES)
    assert ring == HashRing(32).joined_by(*reversed(NODES))
    assert ring.left_by("node 3").joined_by("node 3") == ring


def test_when_a_node_joins_keys_move_to_it_and_nowhere_else() -> None:
    before = HashRing(32).joined_by(*NODES)
    changes = moved(before, before.joined_by("new"), KEYS)
    assert changes
    assert {new for _, new in changes.values()} == {"new"}


def test_when_a_node_leaves_its_keys_move_and_no_others() -> None:
    before = HashRing(32).joined_by(*NODES)
    changes = moved(before, before.left_by("node 3"), KEYS)
    assert set(changes) == {key for key in KEYS if before.owner(key) == "node 3"}


def test_the_keys_of_a_node_without_virtual_ones_move_to_its_successor() -> None:
    before = HashRing(32).joined_by(*NODES)
    around = [node for _, node in before.points]
    after = around[(around.index("node 3") + 1) % len(around)]
    assert {new for _, new in moved(before, before.left_by("node 3"), KEYS).values()} == {after}


def test_those_of_a_node_with_virtual_ones_move_to_many() -> None:
    before = HashRing(32).joined_by(*NODES, copies=20)
    assert len({new for _, new in moved(before, before.left_by("node 3"), KEYS).values()}) > 5


def spread(copies: int) -> float:
    """The keys of the fullest node, as a multiple of the mean."""
    ring = HashRing(32).joined_by(*NODES, copies=copies)
    owners = [ring.owner(key) for key in KEYS]
    return max(map(owners.count, NODES)) * len(NODES) / len(KEYS)


def test_virtual_nodes_even_out_the_load() -> None:
    assert spread(100) < 1.5 < spread(1)


def test_a_stronger_node_takes_more_virtual_nodes() -> None:
    ring = HashRing(32).joined_by("weak", copies=20).joined_by("strong", copies=80)
    share = sum(ring.owner(key) == "strong" for key in KEYS) / len(KEYS)
    assert 0.7 < share < 0.9


def test_copies_go_to_different_nodes() -> None:
    ring = HashRing(32).joined_by(*NODES, copies=20)
    for key in KEYS[:100]:
        assert len(set(ring.owners(key, 3))) == 3
        assert ring.owners(key, 3)[0] == ring.owner(key)
    assert sorted(ring.owners("key", 99)) == list(ring.nodes)


@pytest.mark.parametrize("bad", [{"nodes": ("node 3",)}, {"nodes": ("new",), "copies": 0}])
def test_a_node_joins_once_and_stands_somewhere(bad: dict[str, object]) -> None:
    nodes, copies = bad["nodes"], bad.get("copies", 1)
    with pytest.raises(ValueError, match=r"is in the ring|one point at least"):
        HashRing(32).joined_by(*NODES).joined_by(*nodes, copies=copies)  # type: ignore[misc, arg-type]


@given(strategies.hash_rings(least=2), st.integers(1, 5))
def test_leaving_and_joining_again_moves_every_key_back(ring: HashRing, copies: int) -> None:
    first, *others = ring.nodes
    before = HashRing(ring.bits).joined_by(*others, copies=copies)
    after = before.joined_by(first, copies=copies)
    assert all(new == first for _, new in moved(before, after, KEYS[:50]).values())
    assert after.left_by(first) == before
    assert moved(ring, ring.left_by(first), KEYS[:50]).keys() == {key for key in KEYS[:50] if ring.owner(key) == first}
