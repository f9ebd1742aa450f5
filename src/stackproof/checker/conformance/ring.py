"""Chord in atomic steps, as the model of the ring sees it: who is a member, and the entries of each list.

Predecessors and notifications are no part of the model, so rectifying is a stutter. An entry that a list lacks, as all
do of who is no member, is its owner.
"""

from itertools import product

from stackproof.checker.conformance.formulas import Structure
from stackproof.checker.conformance.refinement import Image, Refinement
from stackproof.checker.scenario import Scenario
from stackproof.checker.world import World
from stackproof.reference.lookup.identifiers import between
from stackproof.spec.ring import corrected


def refinement(scenario: Scenario) -> Refinement:
    """The ring with lists as long as the scenario's."""
    return Refinement(corrected(scenario.nodes[0].r), circle, members_and_lists)


def circle(scenario: Scenario) -> Structure:
    """The identifiers, and which lies between which."""
    nodes = range(scenario.nodes[0].identifiers)
    return Structure(
        {"Node": nodes}, {"between": frozenset(three for three in product(nodes, repeat=3) if between(*three))}
    )


def members_and_lists(world: World, past: None) -> Image:
    """Who is a member, and the entries of each list, the first ones in a function, the second ones in the next."""
    ring = world.nodes["ring"]
    lists = {n: (*list_n, *(n,) * ring.r)[: ring.r] for n, list_n in enumerate(ring.successors)}
    live = frozenset((n,) for n, list_n in enumerate(ring.successors) if list_n)
    entries = {f"successor{i + 1}": {(n,): list_n[i] for n, list_n in lists.items()} for i in range(ring.r)}
    return {"live": live, **entries}
