"""The block store under questions: what N, W and R buy while nodes fail and join and disks decay."""

from typing import Any, assert_never

from attrs import define

from stackproof.checker.host import ScenarioError
from stackproof.checker.invariants import blocks as property_of
from stackproof.checker.invariants.blocks import Blocks
from stackproof.checker.scenario import Scenario
from stackproof.checker.scenarios.chord import goals, ideally, those
from stackproof.checker.scenarios.chord_churn import churn, the_ring_can_spare_it
from stackproof.checker.world import Event, World
from stackproof.reference.actor import Bounced, NodeId, Out
from stackproof.reference.lookup.chord import name
from stackproof.reference.storage.block_messages import Decay, Quorum
from stackproof.reference.storage.block_store import BlockNode
from stackproof.reference.storage.blocks import Contents, Located, Read, Reply, Request, Write, Written, block

KEPT = (
    property_of.acknowledged_blocks_survive,
    property_of.reads_return_what_was_written,
    property_of.reads_find_what_was_acknowledged,
)


@define
class Worker:
    """Somebody who makes one request after the other, and turns to the next node where one is not there."""

    id: NodeId
    nodes: tuple[NodeId, ...]
    script: tuple[Request, ...]
    begun: int = 0

    def start(self, out: Out) -> None:
        """Make the next request."""
        if self.begun < len(self.script):
            self.begun += 1
            out.send(self.nodes[0], self.script[self.begun - 1])

    def receive(self, message: Reply | Bounced, source: NodeId, out: Out) -> None:
        """Take an answer for what it is, and go on."""
        match message:
            case Located() | Contents() | Written():
                self.start(out)
            case Bounced(request):
                out.send(self.nodes[(self.nodes.index(source) + 1) % len(self.nodes)], request)
            case _:
                assert_never(message)


@define
class Disks:
    """Copies that decay: whose, and of which key, is chosen; when, is anybody's guess."""

    id: NodeId
    nodes: tuple[NodeId, ...]
    keys: tuple[int, ...]
    corruptions: int

    def start(self, out: Out) -> None:
        """Choose."""
        for _ in range(self.corruptions):
            out.send(out.choose(self.nodes), Decay(out.choose(self.keys)))

    def receive(self, message: Bounced, source: NodeId, out: Out) -> None:
        """Nothing decays on a node that is gone."""


def block_store(
    identifiers: int = 4,
    ring: tuple[int, ...] = (0, 1, 2, 3),
    successors: int = 2,
    n: int = 2,
    w: int = 2,
    r: int = 2,
    keys: tuple[int, ...] = (1,),
    reads: int = 1,
    coordinator: int = 3,
    crashes: int = 1,
    joins: int = 0,
    corruptions: int = 0,
    early: bool = False,
) -> Scenario:
    """A block store on the ring: what was acknowledged survives n - 1 losses, and is read as it was written.

    A worker writes a block under each of the keys, then reads each so many times, by way of the coordinator. Nodes fail
    once all is acknowledged; with `early`, before that, too. Copies decay at any time. A read may find nothing where
    w + r is not more than n and the nodes that have come or gone since the last repair.
    """
    started, absent = those(identifiers, ring, successors + 1)
    sensible(n, w, r, successors, keys, coordinator, started)
    options: dict[str, Any] = {"r": successors, "bits": 0, "quorum": Quorum(n, w, r), "patience_ms": None}
    names = tuple(map(name, started))
    turn = started.index(coordinator)
    return Scenario(
        nodes=(
            *(BlockNode(name(i), i, contacts=started, **options, **ideally(started, i, successors)) for i in started),
            Worker("c0", (*names[turn:], *names[:turn]), script(keys, reads)),
            *([Disks("disks", names, keys, corruptions)] if corruptions else []),
        ),
        absent=tuple(BlockNode(name(i), i, contacts=started, **options) for i in absent),
        faults=churn(joins, crashes, 0, between_repairs if early else once_acknowledged, victims=names_of(identifiers)),
        monitors={"blocks": Blocks()},
        invariants=KEPT,
        goals=(
            property_of.a_block_is_acknowledged,
            *([property_of.a_block_is_read] if reads else []),
            *([property_of.a_decayed_copy_is_noticed] if corruptions else []),
            *goals(joins, crashes),
        ),
        always_reachable=(property_of.replicas_are_where_they_belong,),
    )


def names_of(identifiers: int) -> tuple[NodeId, ...]:
    """The names of all nodes that there may be."""
    return tuple(map(name, range(identifiers)))


def sensible(
    n: int, w: int, r: int, successors: int, keys: tuple[int, ...], coordinator: int, ring: tuple[int, ...]
) -> None:
    """Raise ScenarioError for a store that makes no sense."""
    if not 1 <= w <= n or not 1 <= r <= n or n > successors + 1 or r > successors:
        raise ScenarioError(
            f"n={n}, w={w}, r={r} and {successors} successors: let w and r lie between 1 and n, n be at most one more "
            "than the successors that a node knows, and r not more than these"
        )
    if coordinator not in ring or not keys or len(set(keys)) < len(keys):
        raise ScenarioError(
            f"keys {keys} by way of {coordinator}: let it be in the ring, and each key stand there once"
        )


def script(keys: tuple[int, ...], reads: int) -> tuple[Request, ...]:
    """Write a block under each key, then read each."""
    writes = (Write(key, block(f"block {key}")) for key in keys)
    return (*writes, *(Read(key) for key in keys for _ in range(reads)))


def once_acknowledged(world: World, event: Event) -> bool:
    """A rule for churn: as `between_repairs`, and nobody fails before all writes have returned."""
    under_way = {request.key for request in world.nodes["c0"].script} - property_of.acknowledged_keys(world)
    return (event.name == "join" or not under_way) and between_repairs(world, event)


def between_repairs(world: World, event: Event) -> bool:
    """A rule for churn: as the ring can spare it; and once n - 1 nodes have failed, the next waits for the repair."""
    failed = world.scenario.faults.crashes - world.left.crashes
    spare = failed < max(world.nodes[node].replicas for node in world.names if node.startswith("n"))
    repaired = event.name == "join" or spare or property_of.replicas_are_where_they_belong(world)
    return repaired and the_ring_can_spare_it(world, event)
