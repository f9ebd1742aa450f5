"""A large Chord ring that has settled, for `simulate`: how far is it to the owner of a key?"""

from random import Random

from stackproof.checker.faults import Faults
from stackproof.checker.figures.chord_rings import clients, settled_ring
from stackproof.checker.host import ScenarioError
from stackproof.checker.scenario import Scenario


def chord_ring(nodes: int = 1000, lookups: int = 1000, r: int = 8, trial: int = 0) -> Scenario:
    """A settled ring of many nodes with lists of r successors, while keys are looked up in it.

    The nodes are in place from the start, with their finger tables, and go on stabilizing; `trial` numbers the rings.
    Try: stackproof simulate stackproof.checker.scenarios.chord_ring:chord_ring --seed 1 --nodes 100000
    """
    if not 1 <= r < nodes or lookups < 1:
        raise ScenarioError("lists of successors have 1 entry or more, and less than there are nodes; look up a key")
    ring = settled_ring(nodes, r, trial)
    asking = clients([node.identifier for node in ring], lookups, Random(trial))
    return Scenario(nodes=(*ring, *asking), faults=Faults(detection=True))
