"""Atomic commitment: what two-phase commit promises.

Gray and Lamport, "Consensus on Transaction Commit", TODS 31(1), 2006, section 2 (consistency and stability).
"""

from collections.abc import Iterator

from stackproof.checker.world import World
from stackproof.reference.coordination.two_phase_commit import Phase


def phases(world: World) -> dict[str, Phase]:
    """The phase of every participant or resource manager."""
    found = ((name, getattr(node, "phase", None)) for name, node in world.nodes.items())
    return {name: phase for name, phase in found if phase is not None}


def agreement(world: World) -> Iterator[str]:
    """No participant commits while another aborts."""
    found = phases(world)
    committed = next((name for name, phase in found.items() if phase is Phase.COMMITTED), None)
    aborted = next((name for name, phase in found.items() if phase is Phase.ABORTED), None)
    if committed and aborted:
        yield f"{committed} has committed and {aborted} has aborted"


def everybody_commits(world: World) -> bool:
    """Every participant has committed."""
    return all(phase is Phase.COMMITTED for phase in phases(world).values())


def everybody_aborts(world: World) -> bool:
    """Every participant has aborted."""
    return all(phase is Phase.ABORTED for phase in phases(world).values())


def all_that_are_up_can_decide(world: World) -> bool:
    """Every participant that is up has decided."""
    return all(phase in (Phase.COMMITTED, Phase.ABORTED) for name, phase in phases(world).items() if name in world.up)
