"""Blocks on Chord's ring: CFS (SOSP 2001), Dynamo's coordinators (SOSP 2007), GFS's checksums (SOSP 2003)."""

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackproof.checker import Faults, Scenario, simulate
from stackproof.checker.faults import Cut
from stackproof.checker.invariants.blocks import Blocks, replicas_are_where_they_belong
from stackproof.checker.scenarios.block_store import KEPT, Worker
from stackproof.checker.scenarios.chord import fingers, ideally
from stackproof.checker.simulate.latency import Constant
from stackproof.checker.world import Event
from stackproof.reference.actor import Bounced, Out
from stackproof.reference.lookup.chord import Stabilize, name
from stackproof.reference.lookup.chord_lookup import Forward, Lookup, NextHop, Owner
from stackproof.reference.lookup.chord_storage import Copied, Copy, Item, NotMine, Store, Stored
from stackproof.reference.lookup.consistent_hashing import hashed
from stackproof.reference.storage.block_messages import Answer, Decay, Overdue, Query, Quorum
from stackproof.reference.storage.block_store import BlockNode
from stackproof.reference.storage.blocks import (
    Block,
    Contents,
    Locate,
    Located,
    Read,
    Write,
    Written,
    block,
    checksum,
    cut,
    key,
)
from tests.paper.chord_rings import Network, answers

FIVE = (0, 2, 4, 6, 8)
BLOCK = block(b"some text")


def node(n: int, *members: int, quorum: Quorum, **variables: Any) -> BlockNode:
    """A node, in an ideal ring of these if it is one of them."""
    place = ideally(members, n, 3) if n in members else {}
    given: dict[str, Any] = {"r": 3, "contacts": members, "bits": 0, "patience_ms": None} | place
    return BlockNode(name(n), n, quorum=quorum, **given | variables)


def ring(n: int = 3, w: int = 3, r: int = 1, **variables: Any) -> Network:
    """An ideal ring of five."""
    return Network().add(*(node(i, *FIVE, quorum=Quorum(n, w, r), **variables) for i in FIVE))


def asked(network: Network, at: int, *requests: Any) -> Network:
    """The network after somebody made requests of one node and got the answers."""
    return network.add(Worker(f"c{len(network.nodes)}", (name(at),), requests))


def replies(network: Network) -> list[Any]:
    """What coordinators answered, in order."""
    return [one for one in network.sent if isinstance(one, Located | Contents | Written)]


def holding(network: Network, sound: bool = True) -> list[int]:
    """The nodes that hold a copy, sound or not."""
    nodes = (one for one in network.nodes.values() if isinstance(one, BlockNode))
    return [one.identifier for one in nodes if any(item.value.sound is sound for item in one.items)]


# Files and blocks.


def test_a_file_is_cut_where_records_end() -> None:
    assert list(cut("one\ntwo\nthree\n", 8, "\n")) == ["one\ntwo\n", "three\n"]
    assert list(cut("one\ntwo\nthree\n", 7, "\n")) == ["one\n", "two\n", "three\n"]


def test_a_record_that_is_longer_than_a_block_has_one_of_its_own() -> None:
    assert list(cut(b"a\nlonger than eight\nb", 8, b"\n")) == [b"a\n", b"longer than eight\n", b"b"]


def test_a_block_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="a block of 0"):
        next(cut("text", 0, "\n"))


@given(st.text("ab\n"), st.integers(1, 9))
def test_the_blocks_of_a_file_are_the_file_and_each_ends_with_a_record(text: str, size: int) -> None:
    pieces = list(cut(text, size, "\n"))
    assert "".join(pieces) == text
    assert all(piece.endswith("\n") for piece in pieces[:-1])
    assert all(len(piece) <= size or piece.count("\n", 0, -1) == 0 for piece in pieces)


def test_a_checksum_tells_a_decayed_block_from_what_was_written() -> None:
    assert checksum(b"123456789") == 0xCBF43926
    assert BLOCK.sound
    assert not BLOCK.decayed().sound
    assert not Block(b"some test", BLOCK.checksum).sound
    assert block(("a", 1)).sound


def test_the_blocks_of_a_file_are_spread_over_the_circle() -> None:
    keys = [key("input", number, 32) for number in range(40)]
    assert len(set(keys)) == 40
    assert keys[3] == hashed("input/3", 32)


# Writing.


@pytest.mark.parametrize(("n", "holders"), [(1, [4]), (2, [4, 6]), (3, [4, 6, 8])])
def test_a_block_is_held_by_the_owner_of_its_key_and_those_that_follow(n: int, holders: list[int]) -> None:
    network = asked(ring(n=n, w=n), 0, Write(3, BLOCK))
    assert replies(network) == [Written(3)]
    assert holding(network) == holders


@pytest.mark.parametrize(("w", "needed"), [(1, 0), (2, 1), (3, 2)])
def test_a_write_is_acknowledged_by_w_of_n(w: int, needed: int) -> None:
    owner, item = node(4, *FIVE, quorum=Quorum(3, w, 1)), Item(3, BLOCK)
    said = [(answers(owner, Store(item), "n0"))]
    said += [answers(owner, Copied((item,)), name(follower)) for follower in (6, 8)]
    acknowledged = [any(isinstance(message, Stored) for _, message in one) for one in said]
    assert acknowledged.index(True) == needed


def test_a_copy_that_has_decayed_does_not_count_among_the_w() -> None:
    owner, item = node(4, *FIVE, quorum=Quorum(2, 2, 1)), Item(3, BLOCK)
    answers(owner, Store(item), "n0")
    answers(owner, Decay(3), "disks")
    assert not any(isinstance(message, Stored) for _, message in answers(owner, Copied((item,)), "n6"))


def test_a_write_whose_owner_is_dead_goes_to_the_next_one() -> None:
    network = asked(ring().lose(4), 2, Write(3, BLOCK))
    assert replies(network) == []
    network.rounds(2, 6).rounds(2)
    assert replies(network) == [Written(3)]
    assert holding(network) == [0, 6, 8]


def test_a_write_to_a_node_that_does_not_own_the_key_any_more_is_taken_up_again() -> None:
    coordinator = node(2, *FIVE, quorum=Quorum(1, 1, 1))
    assert answers(coordinator, Write(3, BLOCK), "c") == [("n4", Store(Item(3, BLOCK)))]
    assert answers(coordinator, NotMine(3), "n4") == []
    assert ("n4", Store(Item(3, BLOCK))) in answers(coordinator, Stabilize(), "n2")


def test_two_writers_of_one_block_are_both_answered() -> None:
    coordinator = node(2, *FIVE, quorum=Quorum(1, 1, 1))
    for client in ("c", "d"):
        answers(coordinator, Write(3, BLOCK), client)
    assert answers(coordinator, Stored(Item(3, BLOCK)), "n4") == [("c", Written(3)), ("d", Written(3))]


# Reading.


def test_what_was_written_is_read_anywhere() -> None:
    network = asked(ring(), 0, Write(3, BLOCK))
    for n in FIVE:
        asked(network, n, Read(3))
    assert replies(network) == [Written(3), *[Contents(3, BLOCK)] * 5]


def test_a_worker_beside_a_copy_reads_it_without_a_message_to_anybody_else() -> None:
    network = asked(ring(), 0, Write(3, BLOCK))
    assert answers(network[6], Read(3), "c") == [("c", Contents(3, BLOCK))]


def test_a_worker_is_told_where_a_block_is() -> None:
    network = asked(ring(), 0, Write(3, BLOCK), Locate(3))
    assert replies(network)[-1] == Located(3, ("n4", "n6", "n8"))
    assert [int(one[1:]) for one in replies(network)[-1].nodes] == holding(network)


def test_what_nobody_wrote_is_not_there() -> None:
    assert replies(asked(ring(r=2), 0, Read(3))) == [Contents(3, None)]


@pytest.mark.parametrize("r", [1, 2, 3])
def test_r_holders_must_say_that_there_is_nothing(r: int) -> None:
    coordinator = node(0, *FIVE, quorum=Quorum(3, 1, r))
    coordinator.receive(Read(1), "c", Out())
    said = [answers(coordinator, Answer(1, None), name(holder)) for holder in (2, 4, 6)]
    assert [place for place, one in enumerate(said, 1) if one] == [r]


def test_the_first_sound_copy_is_enough() -> None:
    coordinator = node(0, *FIVE, quorum=Quorum(3, 1, 3))
    coordinator.receive(Read(1), "c", Out())
    assert answers(coordinator, Answer(1, None), "n2") == []
    assert answers(coordinator, Answer(1, Item(1, BLOCK)), "n4") == [("c", Contents(1, BLOCK))]
    assert answers(coordinator, Answer(1, None), "n6") == []


def test_a_read_goes_round_the_dead() -> None:
    network = asked(asked(ring(), 0, Write(3, BLOCK)).lose(4), 2, Read(3))
    assert replies(network)[-1] == Contents(3, BLOCK)


def test_a_read_that_too_few_answer_is_taken_up_again() -> None:
    coordinator = node(0, *FIVE, quorum=Quorum(1, 1, 1))
    assert answers(coordinator, Read(1), "c") == [("n2", Query(1, 1))]
    assert answers(coordinator, Bounced(Query(1, 1)), "n2") == []
    assert ("n2", Query(1, 1)) in answers(coordinator, Stabilize(), "n0")


def test_an_operation_is_begun_again_when_patience_is_lost() -> None:
    coordinator = node(0, *FIVE, quorum=Quorum(1, 1, 1), patience_ms=1000)
    out = Out()
    coordinator.receive(Read(1), "c", out)
    assert out.timers == [(Overdue(1), 1000)]
    assert answers(coordinator, Overdue(1), "n0") == [("n2", Query(1, 1))]
    out = Out()
    coordinator.receive(Answer(1, Item(1, BLOCK)), "n2", out)
    assert out.timers == [(Overdue(1), None)]
    assert answers(coordinator, Overdue(1), "n0") == []


def test_a_node_that_is_in_no_ring_yet_waits_until_it_is() -> None:
    newcomer = node(5, *FIVE, quorum=Quorum(1, 1, 1))
    assert answers(newcomer, Read(1), "c") == []
    assert newcomer.operations[0].rests


# The way to a block.

EIGHT = (0, 4, 8, 12, 16, 20, 24, 28)


def far(n: int) -> BlockNode:
    """A node of a larger ring, with fingers."""
    table = fingers(EIGHT, n, 5)
    return node(n, *EIGHT, quorum=Quorum(2, 2, 1), bits=5, fingers=table, **ideally(EIGHT, n, 2))


def test_a_coordinator_asks_its_way_by_fingers() -> None:
    network = asked(Network().add(*map(far, EIGHT)), 0, Write(30, BLOCK), Write(22, BLOCK), Read(22))
    assert replies(network) == [Written(30), Written(22), Contents(22, BLOCK)]
    assert [one.key for one in network.sent if isinstance(one, NextHop)] == [22] * 4


def test_a_hop_that_is_dead_is_gone_round() -> None:
    network = asked(Network().add(*map(far, EIGHT)).lose(16), 0, Read(22))
    assert replies(network) == [Contents(22, None)]


def test_a_lookup_of_a_finger_and_one_of_a_block_do_not_disturb_each_other() -> None:
    coordinator = far(0)
    coordinator.lookup = Lookup(16, (0, 8))
    assert answers(coordinator, Read(22), "c") == [("n16", NextHop(22))]
    assert answers(coordinator, Forward(22, 20), "n16") == [("n20", NextHop(22))]
    assert coordinator.lookup == Lookup(16, (0, 8))
    answers(coordinator, Owner(16, (16, 20)), "n8")
    assert coordinator.lookup is None
    assert len(coordinator.operations) == 1


def test_one_answer_serves_a_finger_and_a_block_of_the_same_key() -> None:
    coordinator = far(0)
    assert answers(coordinator, Read(18), "c") == [("n16", NextHop(18))]
    coordinator.lookup = Lookup(18, (0, 16))
    assert answers(coordinator, Owner(18, (20, 24)), "n16") == [("n20", Query(1, 18)), ("n24", Query(1, 18))]
    assert coordinator.lookup is None


# Decay.


def test_a_reader_does_not_take_a_copy_that_does_not_match_its_checksum() -> None:
    network = asked(ring(), 0, Write(3, BLOCK)).step("n4", Decay(3), "disks").step("n6", Decay(3), "disks")
    assert holding(network, sound=False) == [4, 6]
    asked(network, 0, Read(3))
    asked(network, 4, Read(3))
    assert replies(network)[1:] == [Contents(3, BLOCK)] * 2


@pytest.mark.parametrize("n", [4, 6, 8])
def test_a_holder_finds_out_when_it_stabilizes_and_reads_the_block_again(n: int) -> None:
    network = asked(ring(), 0, Write(3, BLOCK)).step(name(n), Decay(3), "disks")
    assert n not in holding(network)
    network.rounds(n)
    assert holding(network) == [4, 6, 8]
    assert network[n].decayed == frozenset()
    assert network[n].operations == ()


def test_a_decayed_copy_is_not_passed_on() -> None:
    network = asked(ring(), 0, Write(3, BLOCK)).step("n4", Decay(3), "disks")
    network.lose(6).rounds(4, 4)
    assert holding(network) == [0, 4, 8]
    assert all(item.value.sound for one in network.sent if isinstance(one, Copy) for item in one.items)


def test_a_holder_whose_copy_has_decayed_does_not_say_that_there_is_none() -> None:
    holder = node(4, *FIVE, quorum=Quorum(2, 2, 1), decayed=frozenset({3}))
    assert answers(holder, Query(7, 3), "n0") == [("n0", Answer(7, None, decayed=True))]
    coordinator = node(0, *FIVE, quorum=Quorum(2, 2, 1))
    coordinator.receive(Read(1), "c", Out())
    assert answers(coordinator, Answer(1, None, decayed=True), "n2") == []


def test_after_a_loss_there_are_n_copies_again() -> None:
    network = asked(ring(), 0, Write(3, BLOCK)).lose(4).lose(6).rounds(2, 8, 2, 8)
    assert holding(network) == [0, 2, 8]


# All of it at once.


@pytest.mark.parametrize("seed", range(4))
def test_ten_megabytes_are_read_as_they_were_written_while_machines_come_and_go(seed: int) -> None:
    random = Random(seed)
    text = b"".join(b"%x\n" % random.getrandbits(1 << 14) for _ in range(2500))
    pieces = list(cut(text, 1 << 18, b"\n"))
    machines = tuple(sorted(hashed(f"machine {seed}.{i}", 32) for i in range(8)))
    keys = [key("input", number, 32) for number in range(len(pieces))]
    writes = [Write(at, block(piece)) for at, piece in zip(keys, pieces, strict=True)]
    ran = simulate(
        eight(machines, hashed(f"new {seed}", 32), (*writes, *(Read(at) for _ in range(5) for at in keys))),
        seed=seed,
        until_ms=400_000,
        latency=Constant(5),
        jitter=0.3,
        schedule=trouble(machines, hashed(f"new {seed}", 32)),
    )
    seen = ran.monitors["blocks"]
    assert ran.reasons() == {}
    assert ran.nodes["c0"].begun == 6 * len(pieces)
    assert b"".join(next(item.value.data for item in seen.read if item.key == at) for at in keys) == text
    assert replicas_are_where_they_belong(ran.world)


def eight(machines: tuple[int, ...], new: int, script: tuple[Any, ...]) -> Scenario:
    """Eight machines, one that is to join, and a worker beside the first."""
    options: dict[str, Any] = {"bits": 32, "patience_ms": 60_000, "r": 4, "quorum": Quorum(3, 2, 3)}
    there = (
        node(i, *machines, **options, fingers=fingers(machines, i, 32), **ideally(machines, i, 4)) for i in machines
    )
    return Scenario(
        nodes=(*there, Worker("c0", (name(machines[0]),), script)),
        absent=(node(new, *machines, **options),),
        faults=Faults(detection=True),
        monitors={"blocks": Blocks()},
        invariants=KEPT,
    )


def trouble(machines: tuple[int, ...], new: int) -> list[tuple[float, Event]]:
    """Two crashes, a join, and a partition that heals."""
    names = tuple(map(name, machines))
    halves = Cut(names[:5], names[5:])
    return [
        (300, Event("crash", node=names[2])),
        (500, Event("join", node=name(new))),
        (1000, Event("cut", cut=halves)),
        (3000, Event("heal", cut=halves)),
        (4000, Event("crash", node=names[3])),
    ]
