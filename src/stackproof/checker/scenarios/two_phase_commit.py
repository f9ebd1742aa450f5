"""Two-phase commit: the questions asked about it."""

from stackproof.checker.faults import Faults
from stackproof.checker.host import ScenarioError
from stackproof.checker.invariants.two_phase_commit import (
    agreement,
    all_that_are_up_can_decide,
    everybody_aborts,
    everybody_commits,
)
from stackproof.checker.network import Network
from stackproof.checker.scenario import Scenario
from stackproof.checker.symmetry.interchangeable import interchangeable
from stackproof.reference.coordination.two_phase_commit import Coordinator, Participant
from stackproof.reference.coordination.two_phase_commit_tla import ResourceManager, TransactionManager


def two_phase_commit_tla(participants: int = 3) -> Scenario:
    """Atomic commitment as TLA+ states it: resource managers, a transaction manager, messages that repeat."""
    names = numbered("rm", participants)
    return Scenario(
        nodes=(TransactionManager("tm", names), *(ResourceManager(name, "tm") for name in names)),
        network=Network.REPEATING,
        invariants=(agreement,),
        goals=(everybody_commits, everybody_aborts),
        symmetry=interchangeable(names),
    )


def two_phase_commit(participants: int = 2, crashes: int = 1, restarts: bool = True, drops: int = 0) -> Scenario:
    """Atomic commitment by messages: no two participants decide differently, whoever crashes and whatever is lost.

    Any node may crash, `crashes` times in all; with `--no-restarts` it stays down. Up to `drops` messages are lost. A
    timeout may strike at any moment. That everybody can still decide is what the protocol is known to fail:
    participants that have prepared wait for ever for a coordinator that is gone.
    """
    names = numbered("p", participants)
    return Scenario(
        nodes=(Coordinator("c", names), *(Participant(name, "c") for name in names)),
        faults=Faults(crashes=crashes, restarts=None if restarts else 0, drops=drops),
        invariants=(agreement,),
        goals=(everybody_commits, everybody_aborts),
        always_reachable=(all_that_are_up_can_decide,),
        symmetry=interchangeable(names),
    )


def numbered(prefix: str, count: int) -> tuple[str, ...]:
    """The names of `count` nodes."""
    if count < 1:
        raise ScenarioError("there must be a participant")
    return tuple(f"{prefix}{number}" for number in range(count))
