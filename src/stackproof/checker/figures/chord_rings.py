"""Rings as they are after everything has settled, and lookups in them by messages.

A settled ring can be written down: each node's successors are those that follow it, and finger i is the first node at
or after its identifier + 2^i. From there on every step is taken by the nodes of `reference.lookup.chord_lookup`.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from random import Random
from typing import Any

from stackproof.checker.faults import Faults
from stackproof.checker.scenario import Scenario
from stackproof.checker.simulate import simulate
from stackproof.checker.simulate.latency import Constant
from stackproof.checker.simulate.simulated import Simulated
from stackproof.reference.lookup.chord import name
from stackproof.reference.lookup.chord_lookup import LookupClient, LookupNode
from stackproof.reference.lookup.consistent_hashing import hashed, successor

BITS = 40
CALM_MS = 29_000.0
"""Before this time a node that has just started does not stabilize."""


def identifiers_of(nodes: int, trial: int, bits: int = BITS) -> tuple[int, ...]:
    """The identifiers of the nodes of one trial, in order; names that hash to the same one count once."""
    return tuple(sorted({hashed(f"node {trial} {place}", bits) for place in range(nodes)}))


def settled(
    ring: tuple[int, ...], r: int, bits: int = BITS, kind: type[LookupNode] = LookupNode, **more: Any
) -> Iterator[LookupNode]:
    """The nodes of a ring with lists of r successors. A finger that is the successor is left out: the list has it."""
    for place, identifier in enumerate(ring):
        following = tuple(islice(around(ring, place + 1), r))
        yield kind(
            id=name(identifier),
            identifier=identifier,
            r=r,
            contacts=(ring[0],),
            joined=True,
            successors=following,
            predecessor=ring[place - 1],
            bits=bits,
            fingers=tuple(fingers(ring, identifier, following[0], bits)),
            **more,
        )


def around(ring: Sequence[int], place: int) -> Iterator[int]:
    """The ring from a place on, once."""
    for step in range(len(ring)):
        yield ring[(place + step) % len(ring)]


def fingers(ring: tuple[int, ...], identifier: int, following: int, bits: int) -> Iterator[int | None]:
    """The finger table of a node."""
    for power in range(bits):
        finger = successor(ring, (identifier + 2**power) % 2**bits)
        yield None if finger == following else finger


def settled_ring(nodes: int, r: int, trial: int) -> tuple[LookupNode, ...]:
    """A ring that has settled."""
    return tuple(settled(identifiers_of(nodes, trial), r))


def clients(ring: Sequence[int], lookups: int, random: Random, bits: int = BITS) -> Iterator[LookupClient]:
    """Clients that together look up so many keys; as far as these suffice, one client at each node."""
    step = max(1, len(ring) // lookups)
    for place in range(min(len(ring), lookups)):
        keys = tuple(int(random.random() * 2**bits) for _ in range(max(1, lookups // len(ring))))
        yield LookupClient(f"c{place}", (ring[place * step],), keys, recursive=False)


def looked_up(nodes: Sequence[LookupNode], lookups: Iterable[LookupClient], seed: int) -> Simulated:
    """A ring while clients look up their keys."""
    scenario = Scenario(nodes=(*nodes, *lookups), faults=Faults(detection=True))
    run = simulate(scenario, seed=seed, until_ms=CALM_MS, latency=Constant(10))
    if run.raised is not None:
        raise AssertionError(run.raised)
    return run
