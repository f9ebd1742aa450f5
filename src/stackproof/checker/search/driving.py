"""Driven rounds: runs that go on from rare situations, and Hypothesis's `target` toward rarer ones.

A situation is a node in a certain state to which a certain thing happens: a message arrives, a timer fires, it crashes.
How many runs came to each is counted over the whole search. Fuzzers that go on from inputs which take rare paths
(Böhme, Pham and Roychoudhury, "Coverage-based Greybox Fuzzing as Markov Chain", CCS 2016) or rare branches (Lemieux and
Sen, "FairFuzz", ASE 2018) get further than those that begin anew each time: what is rare is often a step on the way to
something rarer. So a driven run begins with the bytes that led first to one of the rarest situations, and what comes
after them is drawn.

A run scores 1 / (1 + n) for each of its situations, where n runs came to it before this leg: a score of 3.5 needs at
least four situations that were rare or new. Counts stand still within a leg, so that the same run has the same score.
`target` climbs by changing one number at a time, up or down, and begins with those drawn last. A tape in one piece is
one huge number to it, and one in a hundred pieces has too many numbers to try. Here it has a handful: which beginning,
and which few bytes behind it are what. It climbs in one leg of four (rounds.py); docs/search.md has the figures.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice

from attrs import define, field
from hypothesis import strategies as st

from stackproof.checker.search import tapes

RAREST = 50
"""How many beginnings a round goes on from at most."""
CHANGES = 3
"""How many bytes behind the beginning are drawn by themselves."""


@define(eq=False, repr=False)
class Rarity:
    """How many runs came to each situation, and the bytes that led there first; `best` is the highest score so far."""

    runs: Counter[int] = field(factory=Counter)
    first: dict[int, bytes] = field(factory=dict)
    before: Counter[int] = field(factory=Counter)
    best: float = 0.0

    def count(self, situations: Mapping[int, int], tape: bytes) -> None:
        """Count a run that came to these situations, each after so many bytes of its tape."""
        for one, read in situations.items():
            self.runs[one] += 1
            if one not in self.first:
                self.first[one] = tape[:read]

    def begin(self) -> tuple[bytes, ...]:
        """Let the counts stand still for a round; what led to the rarest situations, the latest first."""
        self.before = self.runs.copy()
        few = 2 * min(self.before.values(), default=0)
        rarest = (self.first[one] for one in sorted(self.before, reverse=True) if self.before[one] <= few)
        return tuple(islice(dict.fromkeys(rarest), RAREST))

    def score(self, situations: Iterable[int]) -> float:
        """How rare the situations of a run were before this round."""
        found = sum(1 / (1 + self.before[one]) for one in situations)
        self.best = max(self.best, found)
        return found


def going_on_from(beginnings: Sequence[bytes], length: int) -> st.SearchStrategy[bytes]:
    """Tapes of that length which begin in one of these ways."""
    change = st.tuples(st.integers(0, length - 1), st.integers(0, 255))
    return st.builds(
        joined, st.sampled_from(beginnings), st.binary(min_size=length, max_size=length), *[change] * CHANGES
    )


def joined(beginning: bytes, tape: bytes, *changes: tuple[int, int]) -> bytes:
    """A tape with another beginning, mended no earlier than that would be, and with other bytes in some places."""
    other = bytearray(tape)
    for place, byte in changes:
        other[-1 - place] = byte
    part = max(beginning[tapes.PART], other[tapes.PART])
    other[: len(beginning)] = beginning
    other[tapes.PART] = part
    return bytes(other)
