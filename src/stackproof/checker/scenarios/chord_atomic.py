"""Chord in atomic steps, under questions: made correct, and as published.

What is assumed of failures is a rule of the ring itself here (`may_fail`): its members fail as they join, by a step.

No identifier is better than another: what follows from a ring that was turned is the same, but turned. So it is
declared of the corrected protocol, which begins as any ideal ring; the published one begins as a certain one.
"""

from copy import copy
from functools import lru_cache
from typing import Any

from attrs import evolve

from stackproof.checker.host import ScenarioError
from stackproof.checker.invariants import ring as ring_property
from stackproof.checker.invariants.repair import beyond_repair, ideal_is_closed, ideal_within_reach
from stackproof.checker.scenario import Scenario
from stackproof.checker.symmetry import renamed, turning
from stackproof.checker.world import World
from stackproof.reference.lookup.atomic_ring import MANY, NOBODY, State
from stackproof.reference.lookup.chord_2001_atomic import Ring2001
from stackproof.reference.lookup.chord_atomic import Ring


def chord_atomic(identifiers: int = 4, r: int = 2, start: int = 3, reuse: bool = False) -> Scenario:
    """Zave's Chord in atomic steps: from every ideal ring, whoever joins and fails, maintenance leads to another.

    At first the members are any `start` of the identifiers, and ideally placed. No failure leaves a member without a
    live successor, nor fewer than r + 1 principals. With `reuse`, who failed may join again.
    """
    if r < 1 or not 1 <= start <= identifiers:
        raise ScenarioError(
            f"{start} of {identifiers} identifiers, r={r}: start with 1 or more, lists have 1 entry or more"
        )
    return corrected(Ring(identifiers=identifiers, r=r, size=start, reuse=reuse))


def corrected(ring: Ring) -> Scenario:
    """All that is promised of the corrected protocol."""
    churning = ring.identifiers > max(ring.size, ring.r + 1) and ring.r > 1
    return Scenario(
        nodes=(ring,),
        invariants=(*ring_property.REQUIRED, *ring_property.CORRECT, ideal_within_reach(ring), ideal_is_closed(ring)),
        goals=(everybody_is_a_member, *([a_list_names_the_dead] if churning else [])),
        symmetry=None if ring.failing else turning(ring.identifiers, turned),
    )


def turned(world: World) -> World:
    """The world in which each identifier is the next one on the circle."""
    (host,) = world.hosts
    ring = copy(host.node)
    *relations, ring.failed = turned_state((*ring.relations, ring.failed))
    for name, relation in zip(ring.RELATIONS, relations, strict=True):
        setattr(ring, name, relation)
    return evolve(world, hosts=(evolve(host, node=ring, timers=further(host.timers, ring.identifiers)),))


def turned_state(state: State) -> State:
    """The relations of a ring, and who failed, where each identifier is the next: it is told of it, and named."""
    *relations, failed = state
    identifiers = len(relations[0])
    moved = [further(relation, identifiers) for relation in relations]
    return *((*one[-1:], *one[:-1]) for one in moved), further(failed, identifiers)


@lru_cache(maxsize=MANY)
def further(value: Any, identifiers: int) -> Any:
    """A value, each identifier in it being the next one on the circle."""
    return renamed(value, lambda x: (x + 1) % identifiers if type(x) is int and x != NOBODY else x)


def chord_2001_atomic(
    identifiers: int = 2,
    ring: tuple[int, ...] = (0,),
    join_fix: bool = False,
    stabilize_fix: bool = False,
    reuse: bool = False,
    failing: tuple[int, ...] = (),
    repairable: bool = False,
) -> Scenario:
    """Chord as published, in atomic steps: it loses its ring, with two identifiers already.

    At first `ring` is an ideal ring, or one member that has not stabilized yet. No failure leaves a member without a
    live successor; those of `failing` alone may fail, if any are named; with `reuse`, who failed may join again. A
    violation counts where no maintenance can repair it; with `repairable` every one counts, of all properties that
    were once claimed of Chord.
    """
    members = tuple(sorted(set(ring)))
    if not members or not {*members, *failing} <= set(range(identifiers)):
        raise ScenarioError(f"the ring, and who may fail, are among the identifiers 0 to {identifiers - 1}")
    node = Ring2001(
        identifiers=identifiers,
        ring=members,
        join_fix=join_fix,
        stabilize_fix=stabilize_fix,
        reuse=reuse,
        failing=failing,
    )
    return published(node, repairable)


def published(ring: Ring2001, repairable: bool = False) -> Scenario:
    """What was claimed of the published protocol, or what can be saved of it."""
    required = ring_property.REQUIRED
    return Scenario(
        nodes=(ring,),
        invariants=(*required, *ring_property.WISHED_FOR) if repairable else beyond_repair(required, ring),
        goals=(everybody_is_a_member, *([a_list_names_the_dead] if ring.identifiers > 1 else [])),
    )


def everybody_is_a_member(world: World) -> bool:
    """Every identifier is a member's."""
    return all(world.nodes["ring"].successors)


def a_list_names_the_dead(world: World) -> bool:
    """A member still has an entry of one that is no member."""
    ring = world.nodes["ring"]
    return any(not ring.live(s) for list_n in ring.successors for s in list_n)
