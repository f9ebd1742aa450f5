"""The formal models: states, steps and invariants as formulas of first-order logic, and what Z3 proves of them.

A model's module defines `SYSTEMS`. It is imported when it is asked for, since Z3 is slow to import.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

MODELS: Mapping[str, str] = {
    "ring": "Chord as corrected by Zave: one ring, in order, for lists of two, three and four successors",
    "ring-ivy": "Chord with a node that never leaves, as proved in Ivy: all come to it",
    "quorum": "W + R > N makes the sets meet, and reads from sets that meet regular",
    "abd": "The ABD register: versions keep real time, no two puts share one, gets return what was put",
    "two-phase-commit": "All commit or all abort, whoever crashes and whatever is lost",
    "paxos": "Paxos for one decision: at most one value is decided",
    "election": "No term has two leaders",
    "lineage": "What was lost and is computed again is what it was, for any graph of blocks",
    "offers": "Resource offers: nothing of an agent is promised twice",
    "drf": "Dominant resource fairness over the reals: what nobody loses by it, and what nobody gains",
}


def systems_of(model: str) -> tuple[Any, ...]:
    """The systems that a model consists of."""
    systems: tuple[Any, ...] = import_module(f"stackproof.spec.{model.replace('-', '_')}").SYSTEMS
    return systems
