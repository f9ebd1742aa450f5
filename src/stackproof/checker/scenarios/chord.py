"""Chord by messages, under churn: its ring made correct, its ring as published, its lookups, its keys."""

from typing import Any, TypeAlias

from stackproof.checker.host import ScenarioError
from stackproof.checker.invariants import lookup as lookup_property
from stackproof.checker.invariants import ring as ring_property
from stackproof.checker.invariants.lookup import Lookups, Operations, settled
from stackproof.checker.invariants.ring import ring_of
from stackproof.checker.scenario import Property, Scenario
from stackproof.checker.scenarios.chord_churn import (
    as_answered,
    as_answered_2001,
    churn,
    nobody_is_left_alone,
    seen_by,
    the_ring_can_spare_it,
)
from stackproof.checker.world import Event, World
from stackproof.reference.lookup.chord import ChordNode, identifier, name
from stackproof.reference.lookup.chord_2001 import Chord2001Node
from stackproof.reference.lookup.chord_lookup import LookupClient, LookupNode
from stackproof.reference.lookup.chord_storage import StorageClient, StorageNode
from stackproof.reference.lookup.consistent_hashing import successor

List: TypeAlias = tuple[int, ...]
NEEDED = seen_by(as_answered, ring_property.REQUIRED)
CORRECT = seen_by(as_answered, ring_property.CORRECT)
NEEDED_2001 = seen_by(as_answered_2001, ring_property.REQUIRED)


def chord(
    identifiers: int = 5,
    r: int = 2,
    ring: tuple[int, ...] = (0, 2, 4),
    joins: int = 1,
    fails: int = 1,
    leaves: int = 0,
    reuse: bool = False,
) -> Scenario:
    """Zave's Chord: whoever joins and fails, there is one ring, in order, and it can always become ideal again.

    Of the identifiers that are not in the ring at first any may join, `joins` in all. No failure leaves a member
    without a live successor, nor fewer than r + 1 principals. With `reuse`, who failed may come back as a new node.
    """
    started, absent = those(identifiers, ring, r + 1)
    return Scenario(
        nodes=tuple(ChordNode(name(n), n, r, started, **ideally(started, n, r)) for n in started),
        absent=tuple(ChordNode(name(n), n, r, started) for n in absent),
        faults=churn(joins, fails, leaves, the_ring_can_spare_it, reuse),
        invariants=(*NEEDED, *CORRECT),
        goals=goals(joins, fails + leaves),
        always_reachable=(settled,),
    )


def chord_2001(
    identifiers: int = 2,
    r: int = 2,
    ring: tuple[int, ...] = (0,),
    joins: int = 1,
    fails: int = 1,
    reuse: bool = False,
    join_fix: bool = False,
    stabilize_fix: bool = False,
) -> Scenario:
    """Chord as published in 2001: it loses its ring, with two nodes already.

    No failure leaves a member without a live successor, and none is the last. A ring of one has not stabilized yet.
    """
    started, absent = those(identifiers, ring, 1)
    options: dict[str, Any] = {
        "r": r,
        "contacts": started,
        "bits": 0,
        "join_fix": join_fix,
        "stabilize_fix": stabilize_fix,
    }
    alone: dict[str, Any] = {"joined": True, "successors": started}
    return Scenario(
        nodes=tuple(
            Chord2001Node(name(n), n, **options, **(ideally(started, n, r) if len(started) > 1 else alone))
            for n in started
        ),
        absent=tuple(Chord2001Node(name(n), n, **options) for n in absent),
        faults=churn(joins, fails, 0, nobody_is_left_alone, reuse),
        invariants=NEEDED_2001,
        goals=(somebody_has_joined,) if joins else (),
    )


def chord_lookup(
    bits: int = 2,
    r: int = 2,
    ring: tuple[int, ...] = (0, 1, 3),
    failed: tuple[int, ...] = (2,),
    keys: tuple[int, ...] = (2,),
    recursive: bool = False,
    joins: int = 0,
    fails: int = 0,
) -> Scenario:
    """Lookups end at the node that owns the key, though fingers are wrong; and no lookup goes round in circles.

    A client at the lowest member looks up one key after the other, while nodes fix their fingers. These are, at first,
    as they were when the nodes of `failed` were in the ring, too.
    """
    started, absent = those(2**bits, ring, r + 1)
    once = tuple(sorted({*started, *failed}))
    nodes = tuple(
        LookupNode(name(n), n, r, started, bits=bits, fingers=fingers(once, n, bits), **ideally(started, n, r))
        for n in started
    )
    calm = joins == fails == 0
    return Scenario(
        nodes=(*nodes, LookupClient("c0", started, keys, recursive)),
        absent=tuple(LookupNode(name(n), n, r, started, bits=bits) for n in absent),
        faults=churn(joins, fails, 0, the_ring_can_spare_it, victims=tuple(map(name, range(2**bits)))),
        monitors={"lookups": Lookups()},
        invariants=(
            lookup_property.lookups_end_at_the_owner,
            lookup_property.no_lookup_visits_a_node_twice,
            *([lookup_property.lookups_found_the_owner] if calm else NEEDED),
        ),
        goals=(every_key_is_found, *goals(joins, fails)),
    )


def chord_storage(
    identifiers: int = 4,
    r: int = 2,
    ring: tuple[int, ...] = (0, 1, 2, 3),
    replicas: int = 1,
    joins: int = 0,
    fails: int = 1,
    leaves: int = 0,
    key: int = 1,
    gets: int = 0,
    early: bool = False,
) -> Scenario:
    """Keys on the ring: once acknowledged, an item survives as many failures as it has copies besides the owner's.

    A client puts a value under a key, then gets it so many times. Copies are on the `replicas` nodes that follow the
    owner. Nodes fail or leave once the put is acknowledged; with `early`, before that, too. Where nodes both join and
    fail, a get may come back with nothing while the key is on its way, and is not asked not to.
    """
    started, absent = those(identifiers, ring, r + 1)
    if not 0 <= replicas <= r:
        raise ScenarioError(f"{replicas} copies besides the owner's: a node knows {r} successors to hold them")
    nodes = tuple(
        StorageNode(name(n), n, r, started, bits=0, replicas=replicas, **ideally(started, n, r)) for n in started
    )
    rule = the_ring_can_spare_it if early else once_acknowledged
    client = StorageClient("c0", started, (key,) * (1 + gets), False, values=("v", *[None] * gets))
    return Scenario(
        nodes=(*nodes, client),
        absent=tuple(StorageNode(name(n), n, r, started, bits=0, replicas=replicas) for n in absent),
        faults=churn(joins, fails, leaves, rule, victims=tuple(map(name, range(identifiers)))),
        monitors={"operations": Operations()},
        invariants=(
            lookup_property.acknowledged_keys_survive,
            *([] if joins and fails + leaves else [lookup_property.gets_return_what_was_put]),
        ),
        goals=(a_put_is_acknowledged, *([an_item_is_got] if gets else []), *goals(joins, fails + leaves)),
        always_reachable=(lookup_property.copies_are_where_they_belong,),
    )


def fingers(ring: List, n: int, bits: int) -> tuple[int | None, ...]:
    """The finger table of a node in a ring."""
    return tuple(successor(ring, (n + 2**i) % 2**bits) for i in range(bits))


def those(identifiers: int, ring: tuple[int, ...], least: int) -> tuple[List, List]:
    """The identifiers in the ring at first, and the others."""
    started = tuple(sorted(set(ring)))
    if len(started) < least or not set(started) <= set(range(identifiers)):
        raise ScenarioError(
            f"a ring of {least} or more of the identifiers 0 to {identifiers - 1} is needed, not {ring}"
        )
    return started, tuple(n for n in range(identifiers) if n not in started)


def ideally(ring: List, n: int, r: int) -> dict[str, Any]:
    """What a member of an ideal ring holds."""
    place = ring.index(n)
    following = (*ring[place + 1 :], *ring[: place + 1]) * r
    return {"joined": True, "successors": following[:r], "predecessor": ring[place - 1]}


def goals(joins: int, losses: int) -> tuple[Property, ...]:
    """What should happen at least once."""
    return (
        *([a_new_member_is_in_an_ideal_ring] if joins else []),
        *([a_ring_that_lost_a_member_is_ideal] if losses else []),
    )


def somebody_has_joined(world: World) -> bool:
    """Some node that was not there at first is a member."""
    return any(world.nodes[node.id].joined for node in world.scenario.absent)


def a_new_member_is_in_an_ideal_ring(world: World) -> bool:
    """Some node that was not there at first is a member, and the ring is ideal."""
    new = {identifier(node.id) for node in world.scenario.absent}
    return bool(new & set(ring_of(world).successors)) and settled(world)


def a_ring_that_lost_a_member_is_ideal(world: World) -> bool:
    """Some member of the first ring is gone, and the ring is ideal."""
    first = {node.identifier for node in world.scenario.nodes if hasattr(node, "identifier")}
    return not first <= set(ring_of(world).successors) and settled(world)


def every_key_is_found(world: World) -> bool:
    """The client has looked up all its keys."""
    client = world.nodes["c0"]
    return len(lookup_property.lookups(world)) == len(client.keys)


def once_acknowledged(world: World, event: Event) -> bool:
    """A rule for churn: as the ring can spare it, and nobody goes before a put has returned."""
    return (event.name == "join" or a_put_is_acknowledged(world)) and the_ring_can_spare_it(world, event)


def a_put_is_acknowledged(world: World) -> bool:
    """A put has returned."""
    return bool(lookup_property.operations(world).acknowledged)


def an_item_is_got(world: World) -> bool:
    """A get has returned what was put."""
    return bool(lookup_property.operations(world).got)
