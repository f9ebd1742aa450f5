"""Two-phase commit, by messages and as TLA+ states it, as the model sees it: phases, the decision, what is in flight.

The model's coordinator forgets whom it counted when it decides; that of TLA+ does not, and nothing depends on it.
"""

from collections.abc import Callable, Iterable
from typing import Any

from stackproof.checker.conformance.formulas import Structure
from stackproof.checker.conformance.refinement import Image, Refinement
from stackproof.checker.scenario import Scenario
from stackproof.checker.world import World
from stackproof.reference.coordination.two_phase_commit import Decided, Decision, Phase, Vote
from stackproof.reference.coordination.two_phase_commit_tla import Outcome, Prepared
from stackproof.spec.two_phase_commit import SYSTEMS

(TRANSACTION,) = SYSTEMS


def refinement(scenario: Scenario) -> Refinement:
    """The first node coordinates, the others participate."""
    return Refinement(TRANSACTION, participants, transaction)


def participants(scenario: Scenario) -> Structure:
    """Every node but the coordinator."""
    return Structure({"Participant": scenario.names[1:]}, {})


def transaction(world: World, past: None) -> Image:
    """The phase of each participant, what is counted and decided, and whom the messages in flight are from or to."""
    coordinator, *others = world.nodes.values()
    decision = coordinator.decision
    return {
        "prepared": in_phase(others, Phase.PREPARED),
        "committed": in_phase(others, Phase.COMMITTED),
        "aborted": in_phase(others, Phase.ABORTED),
        "counted": singles(coordinator.prepared if decision is None else ()),
        "commit": decision is Decision.COMMIT,
        "abort": decision is Decision.ABORT,
        "yes": singles(one.source for one in world.in_flight if one.message in (Vote(yes=True), Prepared())),
        "told_commit": told(world, Decision.COMMIT),
        "told_abort": told(world, Decision.ABORT),
    }


def in_phase(nodes: Iterable[Any], phase: Phase) -> frozenset[tuple[str]]:
    """Those who are in a phase."""
    return singles(node.id for node in nodes if node.phase is phase)


def told(world: World, decision: Decision) -> frozenset[tuple[str]]:
    """Those to whom a decision is on its way."""
    ways: tuple[Callable[[Decision], Any], ...] = (Decided, Outcome)
    return singles(one.target for one in world.in_flight if one.message in [way(decision) for way in ways])


def singles(names: Iterable[str]) -> frozenset[tuple[str]]:
    """A set as a relation of one argument."""
    return frozenset((name,) for name in names)
