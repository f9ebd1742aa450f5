"""Is a register regular? Each read is judged for itself.

Lamport, "On Interprocess Communication", Distributed Computing 1(2), 1986: of a register with one writer, a read
returns the value of the last write completed before it, or of one that overlaps it. With many writers there is no last
one: here a write is out of date once another that began after its end had ended before the read began. That is the
weakest of the four meanings in Shao, Welch, Pierce and Lee, "Multiwriter Consistency Conditions for Shared Memory
Registers", SIAM J. Comput. 40(1), 2011: some order of all writes and this one read keeps real time and explains the
read. Two reads may see two writes in different orders, and go back from a new value to an old one.

A write that was never answered overlaps whatever comes after its invocation. Where a value was written more than once,
any write of it may be the one that was read. The answer is exact, and takes n log n steps.
"""

from bisect import bisect_left
from collections.abc import Hashable, Iterator, Sequence
from typing import Any

from stackproof.checker.judge.calls import Call, shown
from stackproof.checker.judge.values import READS, WRITES

Stamped = tuple[float, Call]


def ended(call: Call) -> float:
    """When a call had ended for certain; infinity where nobody knows."""
    return call.end if call.done and call.end is not None else float("inf")


def out_of_date(calls: Sequence[Call], initial: Hashable) -> Iterator[tuple[str, tuple[Call, ...]]]:
    """Each read that returned what a regular register may not return, by its end: why, and the calls that show it."""
    writes = sorted((one for one in calls if one.name in WRITES), key=lambda one: one.begin)
    over = sorted((one for one in writes if one.done), key=ended)
    ends = [ended(one) for one in over]
    latest = latest_of([(one.begin, one) for one in over])
    of_value: dict[Any, list[Call]] = {}
    for one in writes:
        of_value.setdefault(one.value, []).append(one)
    longest = {value: latest_of([(ended(one), one) for one in own]) for value, own in of_value.items()}
    for read in sorted((one for one in calls if one.name in READS and one.done), key=ended):
        before = bisect_left(ends, read.begin)
        newest = latest[before - 1][1] if before else None
        began = bisect_left(of_value.get(read.result, ()), ended(read), key=lambda one: one.begin)
        seen = longest[read.result][began - 1] if began else None
        if seen is not None and (newest is None or seen[0] > newest.begin):
            continue
        if read.result == initial and newest is None:
            continue
        yield why(read, seen and seen[1], newest, initial, of_value.get(read.result, ()))


def latest_of(stamped: list[Stamped]) -> list[Stamped]:
    """By place, which so far has the largest stamp."""
    found: list[Stamped] = []
    for one in stamped:
        found.append(one if not found or found[-1][0] < one[0] else found[-1])
    return found


def why(
    read: Call, seen: Call | None, newest: Call | None, initial: Hashable, later: Sequence[Call]
) -> tuple[str, tuple[Call, ...]]:
    """Why a read is out of date, and the calls that show it."""
    said = f"process {read.process}: {read}, though "
    if newest is not None and seen is not None:
        return f"{said}{seen} had ended before {newest} began, and that one before the read", (seen, newest, read)
    if newest is not None and read.result == initial:
        return f"{said}{newest} had ended before it began", (newest, read)
    if later:
        return f"{said}{later[0]} began only after it had ended", (read, later[0])
    return f"{said}nobody wrote {shown(read.result)}", (read,)
