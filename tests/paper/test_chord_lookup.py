"""Lookups on Chord's ring (SIGCOMM 2001, section 4.3; ToN 11(1), 2003, section IV)."""

import pytest

from stackproof.checker.scenarios.chord import fingers
from stackproof.reference.actor import Out
from stackproof.reference.lookup.chord_lookup import FindSuccessor, FixFingers, Found, LookupClient, LookupNode
from tests.paper.chord_rings import (
    Network,
    answers,
    lookup_ring,
)

TEN = (1, 8, 14, 21, 32, 38, 42, 48, 51, 56)


def test_the_papers_three_finger_tables() -> None:
    assert [fingers((0, 1, 3), n, 3) for n in (0, 1, 3)] == [(1, 3, 0), (3, 3, 0), (0, 0, 0)]


def test_3_finds_the_successor_of_1_by_way_of_0() -> None:
    network = lookup_ring(0, 1, 3, bits=3).add(LookupClient("c0", (3,), (1,), recursive=False))
    assert network.seen == [Found(1, owner=1, path=(3, 0))]


@pytest.mark.parametrize("recursive", [False, True])
def test_8_finds_the_owner_of_54_by_way_of_42_and_51(recursive: bool) -> None:
    network = lookup_ring(*TEN, bits=6).add(LookupClient("c0", (8,), (54,), recursive))
    assert network.seen == [Found(54, owner=56, path=(8, 42, 51))]


@pytest.mark.parametrize("recursive", [False, True])
def test_without_fingers_a_lookup_goes_round_the_ring(recursive: bool) -> None:
    network = lookup_ring(*TEN, bits=6, fingers=()).add(LookupClient("c0", (8,), (54,), recursive))
    assert network.seen == [Found(54, owner=56, path=(8, 14, 21, 32, 38, 42, 48, 51))]


@pytest.mark.parametrize("recursive", [False, True])
def test_a_lookup_goes_round_a_dead_finger(recursive: bool) -> None:
    network = lookup_ring(*TEN, bits=6).lose(42).add(LookupClient("c0", (8,), (54,), recursive))
    (found,) = network.seen
    assert (found.owner, found.path[:2]) == (56, (8, 32))


@pytest.mark.parametrize("recursive", [False, True])
def test_a_lookup_turns_to_another_contact_when_the_first_is_dead(recursive: bool) -> None:
    network = lookup_ring(*TEN, bits=6).lose(38).add(LookupClient("c0", (38, 8), (54,), recursive))
    assert network.seen == [Found(54, owner=56, path=(8, 42, 51))]


def test_a_lookup_without_a_living_contact_is_given_up() -> None:
    network = Network().add(LookupClient("c0", (38, 8), (54,), recursive=False))
    assert network.seen == []
    assert network.nodes["c0"].lookup is None


def test_a_node_alone_owns_every_key() -> None:
    network = lookup_ring(5, bits=3)
    for key in range(8):
        network.add(LookupClient(f"c{key}", (5,), (key,), recursive=False))
    assert {(found.owner, found.path) for found in network.seen} == {(5, (5,))}


def test_fingers_are_fixed_one_by_one() -> None:
    network = lookup_ring(*TEN, bits=6, fingers=())
    for power in range(1, 6):
        network.take("n8", chosen(network[8], power))
    assert network[8].fingers == (None, *fingers(TEN, 8, 6)[1:])


def chosen(node: LookupNode, power: int) -> Out:
    """What a node does that fixes this finger."""
    out = Out(pick=lambda options: power - 1)
    node.receive(FixFingers(), node.id, out)
    return out


def test_a_question_is_passed_on_to_the_closest_preceding_node() -> None:
    node = lookup_ring(*TEN, bits=6)[8]
    assert node.closest_preceding_node(54) == 42
    assert node.closest_preceding_node(54, dead=(42,)) == 32
    assert node.closest_preceding_node(14) == 8
    assert answers(node, FindSuccessor(54, "c0"), "c0") == [("n42", FindSuccessor(54, "c0", path=(8,)))]
