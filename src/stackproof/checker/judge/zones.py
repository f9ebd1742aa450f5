"""Is a register linearizable of which no value was written twice? Without a search, in n log n steps.

Gibbons and Korach, "Testing Shared Memories", SIAM J. Comput. 26(4), 1997, section 4: a value comes with one write, so
that write and the reads of its value stand together in every order. Let f be the first end among them, and s the last
invocation. Where f is before s, the value has to be there all the time from f to s; else it may come and go at once, at
some instant from s to f. There is an order if and only if no read ends before the write of its value begins, no two
values have to be there at a time, and none has to come and go while another has to stay. The value at first was written
before everything.
"""

from bisect import bisect_left
from collections.abc import Hashable, Iterator, Sequence
from itertools import pairwise
from operator import attrgetter

from attrs import frozen

from stackproof.checker.judge.calls import Call, shown
from stackproof.checker.judge.regular import ended
from stackproof.checker.judge.values import READS, WRITES


@frozen
class Zone:
    """A value, the calls on it that end first and begin last, and when: None for the write of the value at first."""

    value: Hashable
    first_end: float
    last_begin: float
    ends_first: Call | None
    begins_last: Call | None

    @property
    def stays(self) -> bool:
        """Whether the value has to be there from the first end to the last invocation."""
        return self.first_end < self.last_begin

    @property
    def calls(self) -> tuple[Call, ...]:
        """The calls that show it."""
        return tuple(dict.fromkeys(one for one in (self.ends_first, self.begins_last) if one is not None))

    def __str__(self) -> str:
        value = shown(self.value)
        began = "" if self.begins_last is None else f"{told(self.begins_last)} began"
        if self.ends_first is None:
            return f"{value} had to stay from the start until {began}"
        if self.stays:
            return f"{value} had to stay from when {told(self.ends_first)} ended until {began}"
        return f"{value} had to come after {began}, and before {told(self.ends_first)} ended"


def told(call: Call) -> str:
    """A call and whose it is."""
    return f"{call} (process {call.process})"


def fits(calls: Sequence[Call], initial: Hashable) -> bool:
    """Whether these are reads and writes, and no value is written twice."""
    values = [initial, *(one.value for one in calls if one.name in WRITES)]
    return all(one.name in READS | WRITES for one in calls) and len(set(values)) == len(values)


def clashes(calls: Sequence[Call], initial: Hashable) -> Iterator[tuple[str, tuple[Call, ...]]]:
    """What keeps such calls from having an order: why, and the calls that show it; nothing where they have one."""
    zones: list[Zone] = []
    for value, group in by_value(calls, initial).items():
        wrote = next((one for one in group if one.name in WRITES), None)
        early = min(group, key=ended)
        if wrote is None and value != initial:
            yield f"{told(early)}, though nobody wrote that", (early,)
        elif wrote is not None and ended(early) < wrote.begin:
            yield f"{told(early)}, though {told(wrote)} began only after it had ended", (early, wrote)
        else:
            late = max(group, key=attrgetter("begin"))
            first = None if value == initial else early
            zones.append(Zone(value, 0 if first is None else ended(first), late.begin, first, late))
    staying = sorted((one for one in zones if one.stays), key=attrgetter("first_end"))
    for one, other in pairwise(staying):
        if other.first_end < one.last_begin:
            yield f"{one}; and {other}", (*one.calls, *other.calls)
    starts = [one.first_end for one in staying]
    for other in zones:
        before = bisect_left(starts, other.last_begin) - 1
        if not other.stays and before >= 0 and other.first_end < staying[before].last_begin:
            yield f"{staying[before]}; and {other}", (*staying[before].calls, *other.calls)


def by_value(calls: Sequence[Call], initial: Hashable) -> dict[Hashable, list[Call]]:
    """The write of each value and the reads of it; without reads nobody answered, and writes that nobody saw so."""
    found: dict[Hashable, list[Call]] = {}
    for one in calls:
        if one.done or one.name in WRITES:
            found.setdefault(one.value if one.name in WRITES else one.result, []).append(one)
    return {value: group for value, group in found.items() if any(one.done for one in group) or value == initial}
