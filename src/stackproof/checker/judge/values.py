"""Which values of a register are still to be seen, and who may still bring them.

Once a value was overwritten, and some call not yet taken has to see it, another call not yet taken has to bring it
back before that one's end. Where there is none, no order goes on from here: the search need not look.
"""

from bisect import bisect_left
from collections.abc import Hashable, Mapping, Sequence

from attrs import define, field

from stackproof.checker.judge.calls import Call

READS, WRITES = frozenset({"read", "get"}), frozenset({"write", "put"})


@define(eq=False)
class Values:
    """The calls on one register that see each value, by their end, and those that bring it, by their beginning."""

    calls: Sequence[Call]
    bit: Mapping[int, int]
    seers: dict[Hashable, list[tuple[int, int]]] = field(factory=dict)
    bringers: dict[Hashable, list[int]] = field(factory=dict)
    brings: dict[int, Hashable] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        for i in self.bit:
            call = self.calls[i]
            if call.done and call.end is not None and not call.refused and call.name not in WRITES:
                sees = call.result if call.name in READS else call.value[0]
                self.seers.setdefault(sees, []).append((call.end, i))
            if not call.refused and call.name not in READS:
                self.brings[i] = call.value if call.name in WRITES else call.value[1]
                self.bringers.setdefault(self.brings[i], []).append(call.begin)
        for seers in self.seers.values():
            seers.sort()
        for begins in self.bringers.values():
            begins.sort()

    def lost(self, value: Hashable, taken: int, now: int, under_way: Sequence[int]) -> bool:
        """Whether a value that was just overwritten, at the return with this number, is missed by some call."""
        seers = self.seers.get(value, ())
        for place in range(bisect_left(seers, (now, -1)), len(seers)):
            end, i = seers[place]
            if self.calls[i].begin > now or not taken >> self.bit[i] & 1:
                return not self.comes_again(value, taken, now, end, under_way)
        return False

    def comes_again(self, value: Hashable, taken: int, now: int, end: int, under_way: Sequence[int]) -> bool:
        """Whether a call that is under way, or one that begins before this end, may still bring a value."""
        begins = self.bringers.get(value, ())
        after = bisect_left(begins, now)
        if after < len(begins) and begins[after] < end:
            return True
        return any(self.brings.get(i) == value and not taken >> self.bit[i] & 1 for i in under_way)


def values_of(calls: Sequence[Call], bit: Mapping[int, int]) -> Values | None:
    """What is known of the values, where calls read, write, compare and set, and do nothing else."""
    known = READS | WRITES | {"cas"}
    return Values(calls, bit) if all(call.name in known for call in calls) else None
