"""Partitioners: which partition a key belongs to.

Zaharia et al., "Resilient Distributed Datasets: A Fault-Tolerant Abstraction for In-Memory Cluster Computing", NSDI
2012, section 4: metadata that says whether an RDD is partitioned by hash or by range. Two partitioners that are equal
put equal keys in partitions of equal number, and then a join of what they made needs no shuffle.

The hash is PySpark's `portable_hash` as its workers compute it under PYTHONHASHSEED=0, whatever the seed of the
process that runs this: strings and bytes are hashed here, by SipHash-1-3 with the key 0 (Aumasson and Bernstein,
"SipHash: A Fast Short-Input PRF", INDOCRYPT 2012; one round per word and three at the end, as in CPython from 3.11 on).

Round-robin is no partitioner of keys: where an element goes depends on its place among its partition's elements. What
is recomputed in another order goes elsewhere, unless the elements are sorted first.
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from attrs import frozen

from stackproof.reference.processing.sampling import first_bucket

Key: TypeAlias = Any
Elements: TypeAlias = tuple[Any, ...]
WORD = (1 << 64) - 1
LARGEST = (1 << 63) - 1
TUPLE_SEED, TUPLE_FACTOR = 0x345678, 1000003
SIP = (0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573)
ONE_BYTE, TWO_BYTES = 0xFF, 0xFFFF


def portable_hash(key: Key) -> int:
    """A hash that is the same in every process; raises TypeError for what has none."""
    match key:
        case None:
            return 0
        case tuple():
            value = TUPLE_SEED
            for part in key:
                value = (value ^ portable_hash(part)) * TUPLE_FACTOR & LARGEST
            return value ^ len(key)
        case int() | float():
            return hash(key)
        case str():
            return signed(siphash(stored(key)))
        case bytes():
            return signed(siphash(key))
        case _:
            raise TypeError(f"{key!r} has no portable hash: use numbers, strings, bytes, None, and tuples of these")


def stored(text: str) -> bytes:
    """A string as CPython holds it: as few bytes for each character as the widest of them needs."""
    widest = max(map(ord, text), default=0)
    if widest <= ONE_BYTE:
        return text.encode("latin-1")
    return text.encode("utf-16-le" if widest <= TWO_BYTES else "utf-32-le", "surrogatepass")


def signed(value: int) -> int:
    """A word as Python's hash shows it: signed, and never -1."""
    value = value - (1 << 64) if value > LARGEST else value
    return -2 if value == -1 else value


def siphash(data: bytes) -> int:
    """SipHash-1-3 under the key 0; nothing hashes to 0."""
    if not data:
        return 0
    state = SIP
    padded = data + bytes(-(len(data) + 1) % 8) + bytes([len(data) & ONE_BYTE])
    for start in range(0, len(padded), 8):
        word = int.from_bytes(padded[start : start + 8], "little")
        a, b, c, d = sip_round(*state[:3], state[3] ^ word)
        state = a ^ word, b, c, d
    a, b, c, d = state[0], state[1], state[2] ^ 0xFF, state[3]
    for _ in range(3):
        a, b, c, d = sip_round(a, b, c, d)
    return a ^ b ^ c ^ d


def sip_round(a: int, b: int, c: int, d: int) -> tuple[int, int, int, int]:
    """One round of SipHash over its four words."""
    a = a + b & WORD
    b = rotated(b, 13) ^ a
    a = rotated(a, 32)
    c = c + d & WORD
    d = rotated(d, 16) ^ c
    a = a + d & WORD
    d = rotated(d, 21) ^ a
    c = c + b & WORD
    b = rotated(b, 17) ^ c
    return a, b, rotated(c, 32), d


def rotated(word: int, bits: int) -> int:
    """A word turned left."""
    return (word << bits | word >> 64 - bits) & WORD


@frozen
class HashPartitioner:
    """A key goes where its hash modulo the number of partitions says; `hashed` may replace the portable hash."""

    partitions: int
    hashed: Callable[[Key], int] | None = None

    def __call__(self, key: Key) -> int:
        return (self.hashed or portable_hash)(key) % self.partitions

    def buckets(self, partition: int, elements: Elements) -> tuple[Elements, ...]:
        """The pairs of one partition, by where they go; each bucket keeps their order."""
        return sorted_out(elements, [self(key) for key, _ in elements], self.partitions)


@frozen
class RangePartitioner:
    """A key goes to the range between two bounds that it falls into; the last range comes first in descending order."""

    bounds: tuple[Key, ...]
    ascending: bool = True

    @property
    def partitions(self) -> int:
        """One more than there are bounds."""
        return len(self.bounds) + 1

    def __call__(self, key: Key) -> int:
        place = bisect_left(self.bounds, key)
        return place if self.ascending else len(self.bounds) - place

    def buckets(self, partition: int, elements: Elements) -> tuple[Elements, ...]:
        """The pairs of one partition, by where they go; each bucket keeps their order."""
        return sorted_out(elements, [self(key) for key, _ in elements], self.partitions)


@frozen
class RoundRobin:
    """Runs of `batch` elements go to one partition after another; `sort`: once they are sorted.

    The first of a partition goes where Spark's does, one beyond what the partition's number draws.
    """

    partitions: int
    batch: int = 10
    sort: bool = False

    def buckets(self, partition: int, elements: Elements) -> tuple[Elements, ...]:
        """The elements of one partition, by where they go."""
        ordered = tuple(sorted(elements)) if self.sort else elements
        first = first_bucket(partition, self.partitions) + 1
        places = [(first + place // self.batch) % self.partitions for place in range(len(ordered))]
        return sorted_out(ordered, places, self.partitions)


Partitioner: TypeAlias = HashPartitioner | RangePartitioner
Distribution: TypeAlias = Partitioner | RoundRobin


def sorted_out(elements: Elements, places: Sequence[int], partitions: int) -> tuple[Elements, ...]:
    """The elements, by the partition that each was given."""
    buckets: list[list[Any]] = [[] for _ in range(partitions)]
    for element, place in zip(elements, places, strict=True):
        buckets[place].append(element)
    return tuple(map(tuple, buckets))
