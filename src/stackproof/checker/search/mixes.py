"""What a run is made of: which faults may strike it and how often, whose messages are slow.

Swarm testing (Groce, Zhang, Eide, Chen and Regehr, "Swarm Testing", ISSTA 2012): runs in which everything may happen
are much alike, and some things only go wrong where others do not happen. So each run leaves some kinds of fault out,
and weighs the rest in its own way. A mix is read off a few bytes; zeros mean that everything may happen, evenly.
"""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from attrs import frozen

from stackproof.checker.search.terrain import Spot
from stackproof.checker.world import Event
from stackproof.reference.actor import NodeId

KINDS = ("drop", "duplicate", "crash", "bounce", "cut", "pause", "join", "leave")
"""The kinds of fault, a bit for each."""
FAULTS = (4, 1, 16, 64)
"""How often an event happens that is a fault; others weigh 16, unless they are favoured or slow."""
TIMERS = (16, 2, 128)
SLOW = 1
EVEN = 16
HALF = 128
BYTES = 4
MENDING = ("heal", "restart", "resume")


@frozen
class Mix:
    """How likely each event is.

    without  kinds of fault that do not strike in this run
    faults   the weight of a fault, and `timers` that of a timer; a message weighs EVEN
    slow     a node whose messages and timers hardly ever come; None: no node is
    mends    whether a node that is down or paused may come back, and a cut heal, before the run settles
    """

    without: frozenset[str] = frozenset()
    faults: int = FAULTS[0]
    timers: int = TIMERS[0]
    slow: NodeId | None = None
    mends: bool = True

    def weights(self, spot: Spot) -> list[int]:
        """The weight of each event that may happen."""
        return [self.weight(event, number in spot.faults) for number, event in enumerate(spot.events)]

    def weight(self, event: Event, fault: bool) -> int:
        """The weight of one event; 0 if it does not happen."""
        if fault:
            return 0 if event.name in self.without else self.faults
        if event.name in MENDING:
            return EVEN if self.mends else 0
        if self.slow is not None and self.slow in (event.source, event.target, event.node):
            return SLOW
        return self.timers if event.name == "fire" else EVEN

    def chosen(self, spot: Spot, lot: int, lots: int) -> int | None:
        """The number of the event on which a lot falls, of `lots` of them; None where nothing may happen."""
        ends = list(accumulate(self.weights(spot)))
        if not ends or not ends[-1]:
            return None
        return bisect_right(ends, lot * ends[-1] // lots)


def mix_of(lots: Sequence[int], names: Sequence[NodeId]) -> Mix:
    """The mix that BYTES bytes stand for, in a scenario with these nodes."""
    without, faults, timers, slow = lots
    return Mix(
        frozenset(kind for bit, kind in enumerate(KINDS) if without >> bit & 1),
        FAULTS[faults % len(FAULTS)],
        TIMERS[timers % len(TIMERS)],
        dict(enumerate(names)).get(slow % (3 * len(names)) - 2 * len(names)),
        timers < HALF,
    )
