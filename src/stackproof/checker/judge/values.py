"""Which values of a register are still to be seen, and who may still bring them.

Once a value was overwritten, and some call not yet taken has to see it, another call not yet taken has to bring it
back before that one's end. Where there is none, no order goes on from here: the search need not look.
"""

import sys
from bisect import bisect_left
from collections.abc import Hashable, Mapping, Sequence
from itertools import accumulate
from typing import Any

from attrs import define, field

from stackproof.checker.judge.calls import Call
from stackproof.checker.judge.models import REFUSED

READS, WRITES = frozenset({"read", "get"}), frozenset({"write", "put"})


def seen(call: Call) -> Any:
    """The value that a call has seen; REFUSED where it saw none, or only what was not there."""
    if not call.done or call.refused or call.name in WRITES:
        return REFUSED
    return call.result if call.name in READS else call.value[0]


def brought(call: Call) -> Any:
    """The value that a call brings; REFUSED where it brings none."""
    if call.refused or call.name in READS:
        return REFUSED
    return call.value if call.name in WRITES else call.value[1]


@define(eq=False)
class Values:
    """The calls on one register that see each value, by their end, and those that bring it, by their beginning."""

    calls: Sequence[Call]
    mask: Mapping[int, int]
    seers: dict[Hashable, list[tuple[int, int]]] = field(factory=dict)
    bringers: dict[Hashable, list[int]] = field(factory=dict)
    brings: dict[int, Hashable] = field(factory=dict)
    begins: list[int] = field(factory=list)
    ends: list[int] = field(factory=list)
    only_written: bool = True

    def __attrs_post_init__(self) -> None:
        for i in self.mask:
            call = self.calls[i]
            if seen(call) is not REFUSED:
                self.seers.setdefault(seen(call), []).append((call.end or 0, i))
            if brought(call) is not REFUSED:
                self.brings[i] = brought(call)
                self.bringers.setdefault(self.brings[i], []).append(call.begin)
        for seers in self.seers.values():
            seers.sort()
        for begins in self.bringers.values():
            begins.sort()
        self.only_written = all(self.calls[i].name in READS | WRITES for i in self.mask)
        writes = [one for one in self.calls if one.name in WRITES and one.done]
        self.begins = [one.begin for one in writes]
        self.ends = [*accumulate((one.end or 0 for one in reversed(writes)), min)][::-1]

    def written_within(self, now: int, until: int) -> bool:
        """Whether a whole write lies between two events: at its end at the latest, no other value can stay."""
        after = bisect_left(self.begins, now)
        return after < len(self.ends) and self.ends[after] < until

    def lost(self, value: Hashable, taken: int, now: int, under_way: Sequence[int]) -> bool:
        """Whether a value that was just overwritten, at the return with this number, is missed by some call."""
        seers = self.seers.get(value, ())
        for place in range(bisect_left(seers, (now, -1)), len(seers)):
            end, i = seers[place]
            if self.calls[i].begin > now or not taken & self.mask[i]:
                return not self.comes_again(value, taken, now, end, under_way)
        return False

    def needed_until(self, value: Hashable, taken: int, now: int, under_way: Sequence[int]) -> int:
        """The last invocation of a call that has to see this value before anybody can bring it again."""
        if self.is_under_way(value, taken, under_way):
            return 0
        begins = self.bringers.get(value, ())
        after = bisect_left(begins, now)
        again = begins[after] if after < len(begins) else sys.maxsize
        seers = self.seers.get(value, ())
        places = range(bisect_left(seers, (now, -1)), bisect_left(seers, (again, -1)))
        return max((self.calls[seers[place][1]].begin for place in places), default=0)

    def comes_again(self, value: Hashable, taken: int, now: int, end: int, under_way: Sequence[int]) -> bool:
        """Whether a call that is under way, or one that begins before this end, may still bring a value."""
        begins = self.bringers.get(value, ())
        after = bisect_left(begins, now)
        if after < len(begins) and begins[after] < end:
            return True
        return self.is_under_way(value, taken, under_way)

    def is_under_way(self, value: Hashable, taken: int, under_way: Sequence[int]) -> bool:
        """Whether a call that is under way may bring a value."""
        return any(self.brings.get(i) == value and not taken & self.mask[i] for i in under_way)


def values_of(calls: Sequence[Call], mask: Mapping[int, int]) -> Values | None:
    """What is known of the values, where calls read, write, compare and set, and do nothing else."""
    known = READS | WRITES | {"cas"}
    return Values(calls, mask) if all(call.name in known for call in calls) else None
