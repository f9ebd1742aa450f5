"""A job: what the user writes, and what one map task and one reduce task compute from it.

Dean and Ghemawat, OSDI 2004, sections 2 (the model), 4.1 (partitioning), 4.2 (order), 4.3 (combiner), 4.6 (bad records)
and 4.8 (counters). A job is a value: its methods are pure, and where it needs parameters they are its fields. To count
something, `map` and `reduce` yield a `Count` among their results.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol, TypeAlias
from zlib import crc32

from attrs import frozen

Key: TypeAlias = Any
Value: TypeAlias = Any
Pair: TypeAlias = tuple[Key, Value]
Records: TypeAlias = tuple[Pair, ...]
Counters: TypeAlias = tuple[tuple[str, int], ...]

READ = "map input records"
WRITTEN = "reduce output records"


@frozen
class Count:
    """Yielded by a user's function: this counter goes up."""

    name: str
    by: int = 1


@frozen
class Job:
    """A job that copies its input, grouped and sorted by key; others change what they need."""

    def map(self, key: Key, value: Value) -> Iterator[Pair | Count]:
        """The intermediate pairs of one input record."""
        yield key, value

    def combine(self, key: Key, values: tuple[Value, ...]) -> Iterable[Value]:
        """What stands for some values of one key within a map task; a job without a combiner keeps them."""
        return values

    def reduce(self, key: Key, values: tuple[Value, ...]) -> Iterator[Value | Count]:
        """The output values of one key."""
        yield from values

    def partition(self, key: Key, reduces: int) -> int:
        """The reduce task of a key: hash(key) mod R."""
        return stable_hash(key) % reduces


class Storage(Protocol):
    """Where a worker reads its splits."""

    def read(self, split: int) -> Records:
        """The records of one split."""


@frozen
class Splits:
    """Splits that are held in memory."""

    records: tuple[Records, ...]

    def read(self, split: int) -> Records:
        """The records of one split."""
        return self.records[split]


class BadRecord(Exception):
    """The user's function raised an exception on the record of this number."""

    def __init__(self, record: int) -> None:
        super().__init__(record)
        self.record = record


def stable_hash(key: Key) -> int:
    """A hash that is the same in every process: CRC-32 of the key as Python writes it."""
    return crc32(repr(key).encode())


def mapped(job: Job, records: Records, reduces: int, skip: frozenset[int]) -> tuple[tuple[Records, ...], Counters]:
    """A map task: for each reduce task its pairs in order of key, and the counters; raises BadRecord."""
    counts: Counter[str] = Counter()
    groups: dict[Key, list[Value]] = {}
    for number, (key, value) in enumerate(records):
        if number not in skip:
            counts[READ] += 1
            for intermediate, one in called(job.map, key, value, number, counts):
                groups.setdefault(intermediate, []).append(one)
    partitions: list[list[Pair]] = [[] for _ in range(reduces)]
    for key in sorted(groups):
        combined = job.combine(key, tuple(groups[key]))
        partitions[job.partition(key, reduces)] += ((key, one) for one in combined)
    return tuple(map(tuple, partitions)), tuple(sorted(counts.items()))


def reduced(job: Job, runs: Iterable[Records], skip: frozenset[int]) -> tuple[Records, Counters]:
    """A reduce task over what the map tasks left for it: its output, and the counters; raises BadRecord."""
    counts: Counter[str] = Counter()
    groups: dict[Key, list[Value]] = {}
    for run in runs:
        for key, value in run:
            groups.setdefault(key, []).append(value)
    output: list[Pair] = []
    for number, key in enumerate(sorted(groups)):
        if number not in skip:
            output += ((key, one) for one in called(job.reduce, key, tuple(groups[key]), number, counts))
    counts[WRITTEN] += len(output)
    return tuple(output), tuple(sorted(counts.items()))


def called(
    function: Callable[[Key, Any], Iterator[Any]], key: Key, value: Any, number: int, counts: Counter[str]
) -> list[Any]:
    """What a user's function yields, except what it counts; raises BadRecord where it raises something."""
    results = []
    try:
        for result in function(key, value):
            if type(result) is Count:
                counts[result.name] += result.by
            else:
                results.append(result)
    except Exception as error:
        raise BadRecord(number) from error
    return results


def total(counters: Iterable[Counters]) -> Counters:
    """The sums of some counters."""
    sums: Counter[str] = Counter()
    for each in counters:
        sums.update(dict(each))
    return tuple(sorted(sums.items()))
