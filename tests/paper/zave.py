"""Zave's counterexamples as programs of events, and how to run a program.

The events of a program are written as in "J2 S2 N0<2 R0 U0 Fl2 F2": 2 joins; it stabilizes; 0 is notified by 2; 0
reconciles, updates; 2 flushes, fails. An event in brackets changes nothing, and so is none in a trace of ours.

The six of COUNTEREXAMPLES are those by which Zave's Alloy model of full Chord validates its counterexamples (AT&T Labs,
2010-2012; "Using Lightweight Modeling To Understand Chord", ACM SIGCOMM CCR 42(2), 2012, has them as figures).
Identifiers are 0 to 3, and at first 0 is alone. The four of SHORTEST lose the ring in as few events as is possible.
"""

import re
from collections.abc import Iterator
from typing import Any

from attrs import frozen

from stackproof import __version__
from stackproof.checker.registry import build
from stackproof.checker.trace import Step, Trace
from stackproof.checker.world import happenings
from stackproof.reference.actor import Out
from stackproof.reference.lookup.atomic_ring import AtomicRing, Fail, Join
from stackproof.reference.lookup.chord_2001_atomic import Flush, Notified, Reconcile, Stabilize, Update

EVENTS = {"J": Join, "S": Stabilize, "N": Notified, "R": Reconcile, "U": Update, "Fl": Flush, "F": Fail}
FIXED = {"join_fix": True, "stabilize_fix": True}
RING_OF_TWO = "J2 S2 N0<2 S0 N2<0"


def events(program: str) -> Iterator[tuple[Any, bool]]:
    """Each event of a program, and whether it changes anything."""
    for word in program.split():
        name, *numbers = re.findall(r"[A-Za-z]+|\d+", word)
        yield EVENTS[name](*map(int, numbers)), not word.startswith("(")


def run(ring: AtomicRing, program: str) -> AtomicRing:
    """A ring after its start and these events."""
    ring.start(Out())
    for event, changes in events(program):
        assert changes == (event in ring.steps), f"{event} in {ring}"
        if changes:
            ring.receive(event, ring.id, Out())
    return ring


@frozen
class Counterexample:
    """A program that ends in the violation of a property of the scenario chord-2001-atomic, and what is made of it."""

    violated: str
    program: str
    parameters: dict[str, Any]
    afterwards: str = ""
    quick: bool = True

    @property
    def length(self) -> int:
        """How many events her run has, those after the violation included."""
        return len([*events(self.program), *events(self.afterwards)])

    def trace(self) -> Trace:
        """The run, as a trace."""
        scenario = build("chord-2001-atomic", self.parameters)
        steps = [Step(*next(scenario.initial()))]
        for event, changes in events(self.program):
            if changes:
                ahead = (Step(*step) for step in happenings(steps[-1].world))
                steps.append(next(step for step in ahead if step.event.message == event))
        expect, found = (
            {"verdict": "violated", "property": self.violated},
            {"by": "hand", "seed": None, "version": __version__},
        )
        return Trace(scenario.name, scenario.parameters, expect, found, tuple(steps))


COUNTEREXAMPLES = {
    "an-appendage-merges-in-the-wrong-place": Counterexample(
        "ordered_merges",
        "J3 S3 N0<3 S0 N3<0  J1 J2  S1 N3<1  S2 N3<2  S0 N2<0",
        {"identifiers": 4, "repairable": True, **FIXED},
    ),
    "an-appendage-out-of-order": Counterexample(
        "ordered_appendages",
        "J1 J2 J3  S2 N0<2 S0 N2<0  S3 N0<3 S1 N3<1  R2 R3  F0 U2 U3  (Fl3) S3 N2<3",
        {"identifiers": 4, "repairable": True, **FIXED},
    ),
    "a-list-that-skips-whom-another-one-has": Counterexample(
        "valid_successor_lists",
        f"{RING_OF_TWO}  J1 R1  J3 S3 N0<3 S2 N3<2 R0  S1 N2<1 S0 N1<0  F2",
        {"identifiers": 4, "repairable": True, **FIXED},
        afterwards="U1",
    ),
    "an-appendage-joins-the-dead": Counterexample(
        "connected_appendages", f"{RING_OF_TWO} R0  F2  J1 U0", {"identifiers": 4, "stabilize_fix": True}
    ),
    "a-dead-successor-is-adopted-and-the-ring-is-lost": Counterexample(
        "at_least_one_ring", f"{RING_OF_TWO}  J1 S1 N2<1  F1  S0 N1<0 Fl2", {"identifiers": 4, "join_fix": True}
    ),
    "the-ring-splits-when-what-came-between-fails": Counterexample(
        "at_most_one_ring",
        f"{RING_OF_TWO} R0 R2  J1 S1 N2<1 S0 N1<0  J3 S3 N0<3 S2 N3<2  F1 F3 U0 U2",
        {"identifiers": 4, **FIXED},
    ),
}

SHORTEST = {
    "two-nodes-lose-their-ring-in-five-events": Counterexample("at_least_one_ring", "J1 S1 N0<1  F1  S0", {}),
    "the-third-node-joins-the-dead-in-seven-events": Counterexample(
        "connected_appendages", "R0  J2 S2 N0<2 S0  F2  J1", {"identifiers": 3, "stabilize_fix": True}
    ),
    "a-ring-of-two-splits-in-ten-events": Counterexample(
        "at_most_one_ring",
        "J1 S1  J3 S3  N2<1 S0  F1  N0<3 S2  F3",
        {"identifiers": 4, "ring": (0, 2), **FIXED},
    ),
    "a-ring-of-three-tangles-in-fifteen-events": Counterexample(
        "ordered_ring",
        "J1 S1  J3 S3  J5 S5  N2<1 S0  F1  N4<3 S2  F3  N0<5 S4  F5",
        {"identifiers": 6, "ring": (0, 2, 4), **FIXED},
    ),
}
