"""Hold a small Chord that somebody else wrote, small_chord.py, against the reference.

    python examples/hold_a_foreign_chord_against_the_reference.py
    python examples/hold_a_foreign_chord_against_the_reference.py --gullible

The reference is `chord-atomic`: one event is what one member does at once, and its granularity is that of the methods
of small_chord.py. The adapter says which method an event stands for, and what can be seen on both sides: of each
member its list of successors, its predecessor, and what it has yet to do. By whom a new member joins is its own choice.
"""

import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from small_chord import Peer

from stackproof.checker import Event, Scenario, World
from stackproof.checker.oracle import Comparison, Refused, hold
from stackproof.checker.registry import build
from stackproof.checker.render.oracle import show
from stackproof.reference.lookup.atomic_ring import Fail, Join
from stackproof.reference.lookup.chord_atomic import (
    Rectify,
    Rectifying,
    StabilizeFromPredecessor,
    StabilizeFromSuccessor,
    Stabilizing,
)


class ForeignChord:
    """The adapter: the events of chord-atomic as calls."""

    def __init__(self, gullible: bool = False) -> None:
        self.gullible = gullible
        self.net: dict[str, Any] = {}

    def start(self, scenario: Scenario) -> None:
        ring = scenario.nodes[0]
        self.net = {"size": ring.identifiers, "keep": ring.r, "peers": {}}
        members = list(range(ring.size))
        for place, num in enumerate(members):
            peer = Peer(num, self.net, self.gullible)
            peer.set_succs((members[place + 1 :] + members[: place + 1]) * ring.r)
            peer.pred = members[place - 1]
            self.net["peers"][num] = peer

    def apply(self, event: Event) -> None:
        peers: dict[int, Peer] = self.net["peers"]
        match event.message:
            case Join(num):
                peer = Peer(num, self.net, self.gullible)
                peer.join(next(other for other in peers.values() if peer.between(other.num, num, other.succs[0])))
            case StabilizeFromSuccessor(num) if peers[num].todo is None:
                peers[num].stabilize()
            case StabilizeFromPredecessor(num, better) if peers[num].todo == ("try", better):
                peers[num].try_better(better)
            case Rectify(num, caller) if peers[num].todo == ("check", caller):
                peers[num].check_pred(caller)
            case Fail(num):
                peers[num].crash()
            case _:
                raise Refused("the peer has something else to do")

    def view(self) -> Mapping[str, Any]:
        return {f"peer {num}": (peer.succs, peer.pred, peer.todo) for num, peer in sorted(self.net["peers"].items())}

    def view_of(self, world: World) -> Mapping[str, Any]:
        ring = world.nodes["ring"]
        return {f"peer {n}": (ring.successors[n], ring.predecessor[n], todo(ring.status[n])) for n in ring.members}

    def stop(self) -> None:
        self.net = {}


def todo(status: Stabilizing | Rectifying | None) -> tuple[str, int] | None:
    """The status of a member in the words of small_chord.py."""
    match status:
        case Stabilizing(p):
            return "try", p
        case Rectifying(q):
            return "check", q
        case None:
            return None


def held(gullible: bool = False, identifiers: int = 4, runs: int = 2_000, seed: int = 0) -> Comparison:
    """The comparison, on a ring that begins with three members."""
    scenario = build("chord-atomic", {"identifiers": identifiers, "reuse": True})
    return hold(partial(ForeignChord, gullible), scenario, seed=seed, runs=runs, steps=40)


if __name__ == "__main__":
    show(held(gullible="--gullible" in sys.argv), Path("difference.jsonl"))
