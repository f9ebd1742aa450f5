"""Actions: what a driver asks of an RDD, as a part that each partition answers and a total of these.

Zaharia et al., NSDI 2012, Table 2. Where PySpark has an order, this is it: reduce and fold go through each partition
and then across them, so that a fold's zero counts once for each partition and once more. A lookup in an RDD with a
partitioner asks one partition. `save` writes each partition to stable storage; its answer is None.
"""

from collections.abc import Callable
from functools import reduce
from typing import Any, TypeAlias

from attrs import field, frozen

from stackproof.reference.processing.operators import Elements, Merge
from stackproof.reference.processing.rdd import RDD

Parts: TypeAlias = tuple[Any, ...]


@frozen
class Collect:
    """All elements, in the order of the partitions."""

    def part(self, elements: Elements) -> Any:
        """A partition's answer."""
        return elements

    def total(self, parts: Parts) -> Any:
        """The answer of all."""
        return tuple(one for part in parts for one in part)


@frozen
class Count:
    """How many elements there are."""

    def part(self, elements: Elements) -> Any:
        """A partition's answer."""
        return len(elements)

    def total(self, parts: Parts) -> Any:
        """The answer of all."""
        return sum(parts)


@frozen
class Reduce:
    """The elements reduced by f; raises ValueError where there are none."""

    f: Merge

    def part(self, elements: Elements) -> Any:
        """A partition's answer: its elements, reduced to one or none."""
        return (reduce(self.f, elements),) if elements else ()

    def total(self, parts: Parts) -> Any:
        """The answer of all."""
        reduced = [one for part in parts for one in part]
        if not reduced:
            raise ValueError("an empty RDD cannot be reduced")
        return reduce(self.f, reduced)


@frozen
class Fold:
    """The elements reduced by f, beginning with zero, in each partition and across them."""

    zero: Any
    f: Merge

    def part(self, elements: Elements) -> Any:
        """A partition's answer."""
        return reduce(self.f, elements, self.zero)

    def total(self, parts: Parts) -> Any:
        """The answer of all."""
        return reduce(self.f, parts, self.zero)


@frozen
class Lookup:
    """The values of a key."""

    key: Any

    def part(self, elements: Elements) -> Any:
        """A partition's answer."""
        return tuple(value for key, value in elements if key == self.key)

    def total(self, parts: Parts) -> Any:
        """The answer of all."""
        return tuple(one for part in parts for one in part)


@frozen
class Save:
    """Each partition written to stable storage, once."""

    def part(self, elements: Elements) -> Any:
        """A partition's answer: what is to be written."""
        return elements

    def total(self, parts: Parts) -> Any:
        """The answer of all."""
        return None


Action: TypeAlias = Collect | Count | Reduce | Fold | Lookup | Save


@frozen(cache_hash=True)
class Job:
    """An RDD, and what is asked of it."""

    rdd: RDD
    action: Action = field(factory=Collect)

    @property
    def partitions(self) -> tuple[int, ...]:
        """The partitions that are asked."""
        if isinstance(self.action, Lookup) and self.rdd.partitioner:
            return (self.rdd.partitioner(self.action.key),)
        return tuple(range(self.rdd.partitions))


def run(job: Job) -> Any:
    """The answer of a machine that never fails."""
    partitions = job.rdd.evaluated()
    return job.action.total(tuple(job.action.part(partitions[p]) for p in job.partitions))


def collect(rdd: RDD) -> Elements:
    """All elements of an RDD."""
    return tuple(run(Job(rdd)))


def count(rdd: RDD) -> int:
    """How many elements an RDD has."""
    return int(run(Job(rdd, Count())))


def lookup(rdd: RDD, key: Any) -> Elements:
    """The values of a key."""
    return tuple(run(Job(rdd, Lookup(key))))


def reduced(rdd: RDD, f: Callable[[Any, Any], Any]) -> Any:
    """The elements of an RDD reduced to one."""
    return run(Job(rdd, Reduce(f)))
