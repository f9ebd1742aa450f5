"""What Python and the compiled walks agree on: the lanes that walks are under way in, and where their worlds stand."""

import hashlib
from typing import Any, NamedTuple

import numpy as np
from attrs import define

from stackproof.checker.explore import keys
from stackproof.checker.explore.keys import DONE, LACKING
from stackproof.checker.explore.rows import Store
from stackproof.checker.faults import BUDGETS

LANES = 32
"""How many walks are under way at once."""
STRUCK = ("links", *BUDGETS)
"""What is counted where it strikes: cuts of links, and each other fault by the name of its budget."""

# the columns of a lane: the number of its walk, the key of that walk's chance, how often it has drawn, its step (-1: it
# has not begun), the step up to which its worlds were judged, how it went, and which claim found something
NUMBER, KEY, DRAWN, AT, JUDGED, STATE, FOUND = range(7)
LANE = 7

# how a lane goes, besides that it lacks something: it found a world that is asked for, or a run that may end with a
# promise unkept, or one cut off with a promise unkept so far
GOING = DONE
ENDED, SEEN, UNKEPT, CUT_OFF = range(LACKING + 1, LACKING + 5)

# the tally: steps taken and judged, walks ended, walks that ended because nothing could happen, and how many of those
# cut off are still of interest
STEPS, WALKS, ENDS, PATIENCE = range(4)

GOLDEN = 0x1E3779B97F4A7C15
SURE = 1 << 10
LEVELS, NEVER = 6, 2
HURRIED = 12


class Walkers(NamedTuple):
    """The lanes, what each walk makes likely, what it saw, and what is looked for.

    odds    for each lane and budget how likely a fault is taken that was drawn, of SURE; of a cut under 0
    paces   for each lane and node how likely one of its own steps is, of SURE
    kept    for each lane and claim the bits that were true in some world of its walk
    spans   scratch: for each node, and for the cuts, where its entries stand and how many they are
    claims  those to look up in every world; of each the bits to stop at, to see once, and to see at the end
    struck  how often each budget was drawn upon; cuts under 0
    """

    lanes: Any
    odds: Any
    paces: Any
    kept: Any
    spans: Any
    claims: Any
    stop: Any
    once: Any
    end: Any
    tally: Any
    struck: Any


class Bounds(NamedTuple):
    """Where walks begin (the first rows), how many worlds each may go through, and the mixed seed."""

    starts: int
    depth: int
    seed: int


@define(eq=False)
class Paths(Store):
    """The worlds of walks under way, written over by the next ones: nobody looks for a world among them."""

    @classmethod
    def of(cls, store: Store, more: int) -> "Paths":
        """The worlds of a store, and room for more behind them."""
        paths = cls(store.widths, store.apart)
        paths.rows = np.zeros((store.count + more, store.words), np.int64)
        paths.rows[: store.count] = store.rows[: store.count]
        paths.count = len(paths.rows)
        return paths

    def rebuild(self, slots: int) -> None:
        """Keep no set of them."""
        self.table = np.zeros((keys.SHARDS, self.rows.shape[1]), np.int64)


def fresh(nodes: int) -> Walkers:
    """Lanes in which nothing has begun."""
    lanes = np.zeros((LANES, LANE), np.int64)
    lanes[:, NUMBER] = np.arange(LANES) - LANES
    lanes[:, AT] = keys.NONE
    return Walkers(
        lanes=lanes,
        odds=np.zeros((LANES, len(STRUCK)), np.int64),
        paces=np.zeros((LANES, nodes), np.int64),
        kept=np.zeros((LANES, 0), np.int64),
        spans=np.zeros((nodes + 1, 2), np.int64),
        claims=np.zeros(0, np.int64),
        stop=np.zeros(0, np.int64),
        once=np.zeros(0, np.int64),
        end=np.zeros(0, np.int64),
        tally=np.zeros(4, np.int64),
        struck=np.zeros(len(STRUCK), np.int64),
    )


def number_from(seed: int) -> int:
    """A number of 62 bits that depends on all of a seed."""
    return int.from_bytes(hashlib.sha256(str(seed).encode()).digest()[:8], "big") >> 2
