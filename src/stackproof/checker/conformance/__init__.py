"""Conformance: every step of the reference is a step of its model, or none.

`REFINEMENTS` says for which scenarios and bugs there is a mapping from worlds to states of a model; each stands in a
file of its own here, as a function `refinement` of the scenario.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING

from stackproof.checker.host import ScenarioError
from stackproof.checker.scenario import Scenario

if TYPE_CHECKING:
    from stackproof.checker.conformance.refinement import Refinement

REFINEMENTS: Mapping[str, str] = {
    "quorum": "quorum",
    "two-phase-commit": "two_phase_commit",
    "two-phase-commit-tla": "two_phase_commit",
    "chord-atomic": "ring",
    "chord-2001-atomic": "ring",
    "mesos-offers": "offers",
    "mesos-failover": "offers",
    "rdd-shuffle": "lineage",
    "A12": "offers",
    "A13": "offers",
    "S1": "lineage",
}


def refinement_of(scenario: Scenario) -> "Refinement":
    """How the worlds of a scenario are states of its model; raises ScenarioError where nobody has said so."""
    module = REFINEMENTS.get(scenario.name)
    if module is None:
        raise ScenarioError(
            f"nothing says how {scenario.name or 'this scenario'} follows a model; these do: {', '.join(REFINEMENTS)}. "
            "To write such a mapping: docs/proofs.md"
        )
    return import_module(f"{__name__}.{module}").refinement(scenario)  # type: ignore[no-any-return]
