"""Lookups after a part of the nodes fails at once (Figure 11 of Stoica et al., SIGCOMM 2001).

Keys are stored once, nothing is replicated: a lookup fails when it does not end at the node that owned the key before.
After the failures the ring is left to itself until it is whole again, so that only keys of dead nodes are lost.
"""

from collections.abc import Sequence
from itertools import islice
from math import ceil, log2, sqrt
from random import Random
from typing import Any

from attrs import frozen

from stackproof.checker.faults import Faults
from stackproof.checker.figures.chord_rings import BITS, around, settled_ring
from stackproof.checker.figures.document import Figure, close, shape
from stackproof.checker.figures.plots import OURS, PAPER, named
from stackproof.checker.scenario import Scenario
from stackproof.checker.simulate import simulate
from stackproof.checker.simulate.latency import Constant
from stackproof.checker.simulate.simulated import Simulated
from stackproof.checker.world import Event
from stackproof.reference.lookup.chord import PERIOD_MS
from stackproof.reference.lookup.chord_lookup import Found, LookupClient, LookupNode
from stackproof.reference.lookup.consistent_hashing import successor

ROUNDS = 8
REPAIRED_MS = ROUNDS * PERIOD_MS
OVER_MS = REPAIRED_MS + PERIOD_MS
TEXT = f"""{{nodes:,}} nodes with {{successors}} successors each, {{lookups:,}} lookups from random nodes. A part of \
the nodes crashes at once; after {ROUNDS} periods of stabilization keys are looked up. A lookup fails if it does not \
end at the node that owned the key before: keys are not replicated. The tolerance is three standard deviations of the \
part of the circle that random nodes own."""


@frozen
class Failed:
    """What became of the lookups after a part of the nodes had failed.

    wrong   ended at another node than the key's owner before the failures, or nowhere
    whole   the part of the nodes left that know their true successor
    hops    the mean length of a path
    """

    part: float
    lookups: int
    wrong: float
    whole: float
    hops: float


def after_failures(nodes: int, part: float, lookups: int, trial: int) -> Failed:
    """Let a part of a settled ring fail, wait until it is whole, and look keys up."""
    random = Random(trial)
    ring = settled_ring(nodes, 2 * ceil(log2(nodes)), trial)
    identifiers = tuple(node.identifier for node in ring)
    victims = drawn(random, identifiers, round(part * len(ring)))
    left = tuple(one for one in identifiers if one not in victims)
    asking = tuple(
        LookupClient(f"c{place}", (left[int(random.random() * len(left))],), (int(random.random() * 2**BITS),), False)
        for place in range(lookups)
    )
    schedule = [(1.0, Event("crash", node=node.id)) for node in ring if node.identifier in victims]
    schedule += [(REPAIRED_MS, Event("join", node=client.id)) for client in asking]
    scenario = Scenario(nodes=ring, absent=asking, faults=Faults(detection=True))
    run = simulate(scenario, seed=trial, until_ms=OVER_MS, latency=Constant(10), jitter=0.5, schedule=schedule)
    return judged(run, part, identifiers, left, lookups)


def drawn(random: Random, among: Sequence[int], count: int) -> frozenset[int]:
    """So many of these, each set of them as likely."""
    return frozenset(sorted(among, key=lambda _: random.random())[:count])


def judged(run: Simulated, part: float, ring: tuple[int, ...], left: tuple[int, ...], lookups: int) -> Failed:
    """How the lookups of a run ended."""
    if run.raised is not None:
        raise AssertionError(run.raised)
    found = [one.event for one in run.observations if isinstance(one.event, Found)]
    right = sum(one.owner == successor(ring, one.key) for one in found)
    after = {one: next(islice(around(left, place + 1), 1)) for place, one in enumerate(left)}
    alive = [node for node in run.nodes.values() if isinstance(node, LookupNode) and node.identifier in after]
    whole = sum(node.successors[:1] == (after[node.identifier],) for node in alive) / len(alive)
    hops = sum(len(one.path) - 1 for one in found) / len(found)
    return Failed(part, lookups, 1 - right / lookups, whole, hops)


def tolerance(one: Failed, nodes: int) -> float:
    """Three standard deviations: of the part of the circle that random nodes own, and of the lookups that meet it."""
    variance = one.part * (1 - one.part) * (2 / nodes + 1 / one.lookups)
    return round(3 * sqrt(variance), 3)


def figure_11(nodes: int, parts: Sequence[float], lookups: int) -> Figure:
    """Failed lookups against the part of the nodes that failed."""
    found = [after_failures(nodes, part, lookups, trial) for trial, part in enumerate(parts)]
    repaired = min(one.whole for one in found)
    claims = [
        close(f"lookups failed, {one.part:.0%} of nodes failed", one.part, one.wrong, tolerance(one, nodes))
        for one in found
    ]
    return Figure(
        name="chord-failures",
        title="Lookups after a part of the nodes fails",
        source="Figure 11",
        text=TEXT.format(nodes=nodes, successors=2 * ceil(log2(nodes)), lookups=lookups),
        columns=("nodes failed", "paper", "lookups failed", "ring repaired", "mean path length"),
        rows=tuple(
            (f"{one.part:.0%}", f"{one.part:.3f}", f"{one.wrong:.3f}", f"{one.whole:.2%}", f"{one.hops:.2f}")
            for one in found
        ),
        claims=(*claims, shape("nodes left that know their successor", "all", f"{repaired:.2%}", repaired == 1)),
        draw=lambda axes: draw_11(axes, found),
    )


def draw_11(axes: Any, found: Sequence[Failed]) -> None:
    """Points beside the diagonal."""
    parts = [0.0, *(one.part for one in found)]
    axes.plot(parts, parts, "--", color=PAPER, lw=1.4, label="paper: almost exactly the part of the nodes")
    axes.plot(parts[1:], [one.wrong for one in found], "o", color=OURS, ms=6, label="here")
    named(axes, "part of the nodes that failed", "part of the lookups that failed", "upper left")
