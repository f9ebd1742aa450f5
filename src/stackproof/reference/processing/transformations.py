"""The transformations of the paper's Table 2, made of a few.

Zaharia et al., "Resilient Distributed Datasets", NSDI 2012, section 3. Every one of them is per partition, a union, a
coalescing or a shuffle; `rdd.py` has those. Where PySpark has an order of elements, this is it.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from stackproof.reference.processing import operators as op
from stackproof.reference.processing.operators import Elements, Function, Merge, Operator
from stackproof.reference.processing.partitioners import HashPartitioner, Partitioner, RangePartitioner

if TYPE_CHECKING:
    from stackproof.reference.processing.rdd import RDD

SAMPLED_PER_RANGE = 20.0


class Transformations:
    """What every RDD can be made into; the first five are left to it."""

    __slots__ = ()

    @property
    def partitions(self) -> int:
        """How many partitions there are; they are numbered from 0."""
        raise NotImplementedError

    def map_partitions(self, operator: Operator, keeps_keys: bool = False) -> "RDD":
        """Each partition becomes one; where keys are kept, so is the partitioner."""
        raise NotImplementedError

    def coalesce(self, partitions: int) -> "RDD":
        """Fewer partitions, each of several neighbours, without a shuffle."""
        raise NotImplementedError

    def partition_by(self, partitioner: Partitioner) -> "RDD":
        """The pairs, each in the partition of its key; nothing is moved where they are there already."""
        raise NotImplementedError

    def evaluated(self) -> tuple[Elements, ...]:
        """Every partition, computed here and now."""
        raise NotImplementedError

    def map(self, f: Function) -> "RDD":
        """One element for each."""
        return self.map_partitions(op.Map(f))

    def filter(self, f: Function) -> "RDD":
        """The elements for which f is true."""
        return self.map_partitions(op.Filter(f), keeps_keys=True)

    def flat_map(self, f: Callable[[Any], Iterable[Any]]) -> "RDD":
        """Any number of elements for each."""
        return self.map_partitions(op.FlatMap(f))

    def map_values(self, f: Function) -> "RDD":
        """Another value for each key; the partitioning stays."""
        return self.map_partitions(op.MapValues(f), keeps_keys=True)

    def flat_map_values(self, f: Callable[[Any], Iterable[Any]]) -> "RDD":
        """Any number of values for each; the partitioning stays."""
        return self.map_partitions(op.FlatMapValues(f), keeps_keys=True)

    def key_by(self, f: Function) -> "RDD":
        """Each element under a key."""
        return self.map(op.KeyedBy(f))

    def keys(self) -> "RDD":
        """The first of each pair."""
        return self.map(op.key_of)

    def values(self) -> "RDD":
        """The second of each pair."""
        return self.map(op.value_of)

    def sample(self, fraction: float, seed: int, replacement: bool = False) -> "RDD":
        """Elements drawn at random, always the same for the same seed."""
        return self.map_partitions(op.Sample(replacement, fraction, seed), keeps_keys=True)

    def hashed(self, partitions: int | None) -> "RDD":
        """Partitioned by hash, into as many partitions as before where nothing else is said."""
        return self.partition_by(HashPartitioner(partitions or self.partitions))

    def group_by_key(self, partitions: int | None = None) -> "RDD":
        """The values of each key, in a tuple."""
        return (
            self.map_partitions(op.Group(), keeps_keys=True).hashed(partitions).map_partitions(op.MergeGroups(), True)
        )

    def combine_by_key(
        self, create: Function | None, merge_value: Merge, merge: Merge, partitions: int | None = None
    ) -> "RDD":
        """The values of each key merged into one: within each partition first, then across them."""
        combined = self.map_partitions(op.Combine(create, merge_value), keeps_keys=True)
        return combined.hashed(partitions).map_partitions(op.Combine(None, merge), keeps_keys=True)

    def reduce_by_key(self, f: Merge, partitions: int | None = None) -> "RDD":
        """The values of each key, reduced by f."""
        return self.combine_by_key(None, f, f, partitions)

    def distinct(self, partitions: int | None = None) -> "RDD":
        """Each element once."""
        return self.map(op.Keyed()).reduce_by_key(op.Earlier(), partitions).keys()

    def cogroup(self, *others: "RDD", partitions: int | None = None) -> "RDD":
        """For each key the values that it has in each of several RDDs."""
        return self.marked(*others).group_by_key(partitions).map_values(op.Apart(len(others) + 1))

    def join(self, other: "RDD", partitions: int | None = None) -> "RDD":
        """For each key every value here with every value there."""
        return self.marked(other).group_by_key(partitions).flat_map_values(op.Pairs())

    def marked(self, *others: "RDD") -> "RDD":
        """The union with others, each value marked with where it came from."""
        together = self.map_values(op.From(0))
        for place, other in enumerate(others, 1):
            together = together.union(other.map_values(op.From(place)))
        return together

    def sort_by_key(self, ascending: bool = True, partitions: int | None = None) -> "RDD":
        """The pairs in the order of their keys, over all partitions; the bounds are those of a sample, drawn now."""
        ranges = partitions or self.partitions
        if ranges == 1:
            return self.coalesce(1).map_partitions(op.SortByKey(ascending), keeps_keys=True)
        sizes = sum(map(len, self.evaluated()))
        if not sizes:
            return self.coalesce(self.partitions)
        drawn = self.sample(min(ranges * SAMPLED_PER_RANGE / sizes, 1.0), seed=1)
        keys = sorted(key for partition in drawn.evaluated() for key, _ in partition)
        bounds = tuple(keys[len(keys) * place // ranges] for place in range(1, ranges))
        by_range = self.partition_by(RangePartitioner(bounds, ascending))
        return by_range.map_partitions(op.SortByKey(ascending), keeps_keys=True)

    def sort(self, by: Function, ascending: bool = True, partitions: int | None = None) -> "RDD":
        """The elements in the order that `by` gives them."""
        return self.key_by(by).sort_by_key(ascending, partitions).values()
