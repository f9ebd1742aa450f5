"""Resilient distributed datasets: partitioned collections that know how they were made.

Zaharia et al., "Resilient Distributed Datasets: A Fault-Tolerant Abstraction for In-Memory Cluster Computing", NSDI
2012. An RDD is made from stable storage or from other RDDs by the transformations of Table 2, and nothing is computed
until an action asks (`actions.py`). What is lost is computed again from its lineage, for which an RDD shows the
interface of Table 3: partitions(), preferredLocations(p), dependencies(), iterator(p, parentIters) and partitioner().
A dependency is narrow when each partition of the parent is used by few partitions of the child, and wide when all of
them may use it: then the parent's elements are sorted out into buckets, and stages are cut there (section 5.1).

An RDD is a frozen value, its lineage is what it is made of, and `compute` is a function of what it is given. Two RDDs
that were made in the same way are equal.

Departures. What stands where in which partition is as in PySpark, so that the two can be compared element by element:
groupByKey and reduceByKey first combine within each partition, join and cogroup are a union that is grouped, sort draws
a sample to find its bounds (and does so at once), and a shuffle puts its buckets in the order of the map partitions.
Groups are tuples. What depends in PySpark on how it packs elements for transport is plain here: a crossProduct has its
pairs in order, and not those of one pair of batches after another; a repartition of what was repartitioned cuts it into
runs anew. A sample needs a seed. Outer joins, zips and windows are not here. For a world to hold an RDD its functions
must be values, too: frozen classes with `__call__`.
"""

from collections.abc import Iterable, Sequence
from enum import Enum
from typing import Any, TypeAlias

from attrs import evolve, field, frozen

from stackproof.reference.actor import NodeId
from stackproof.reference.processing.operators import Elements, Operator
from stackproof.reference.processing.partitioners import (
    Distribution,
    Partitioner,
    RoundRobin,
)
from stackproof.reference.processing.transformations import Transformations

BATCH = 1024


class Level(Enum):
    """Where the partitions of an RDD are kept once they are computed."""

    NONE = "none"
    MEMORY = "memory"
    MEMORY_AND_DISK = "memory and disk"
    DISK = "disk"


@frozen
class Narrow:
    """Each partition p of the child is computed from the partitions `needs[p]` of the parent."""

    parent: "RDD"
    needs: tuple[tuple[int, ...], ...]


@frozen
class Wide:
    """Each partition p of the child is computed from bucket p of every partition of the parent."""

    parent: "RDD"


Dependency: TypeAlias = Narrow | Wide
Inputs: TypeAlias = Sequence[Sequence[Elements]]


@frozen(cache_hash=True)
class RDD(Transformations):
    """What every RDD can do; `level` says where its partitions are kept."""

    level: Level = field(default=Level.NONE, kw_only=True)

    @property
    def partitions(self) -> int:
        """How many partitions there are; they are numbered from 0."""
        raise NotImplementedError

    @property
    def dependencies(self) -> tuple[Dependency, ...]:
        """The RDDs that this is made of, and which of their partitions each of its own needs."""
        raise NotImplementedError

    @property
    def partitioner(self) -> Partitioner | None:
        """Which partition a key is in, where that is known."""
        return None

    def preferred_locations(self, partition: int) -> tuple[NodeId, ...]:
        """The nodes where a partition is near: those of the first parent that has any."""
        for dependency in self.dependencies:
            if isinstance(dependency, Narrow):
                for needed in dependency.needs[partition]:
                    if places := dependency.parent.preferred_locations(needed):
                        return places
        return ()

    def compute(self, partition: int, inputs: Inputs) -> Elements:
        """A partition's elements, of the partitions or buckets that each dependency gives it: the paper's iterator."""
        raise NotImplementedError

    def buckets(self, partition: int, elements: Elements) -> tuple[Elements, ...]:
        """What a map task writes for a wide dependency: the elements of a parent's partition, by where they go."""
        raise NotImplementedError

    def persist(self, level: Level = Level.MEMORY) -> "RDD":
        """The same RDD, whose partitions are kept once they are computed."""
        return evolve(self, level=level)

    def map_partitions(self, operator: Operator, keeps_keys: bool = False) -> "RDD":
        """Each partition becomes one; where keys are kept, so is the partitioner."""
        return PerPartition(self, operator, keeps_keys)

    def union(self, other: "RDD") -> "RDD":
        """The partitions of both; where both are partitioned alike, each with its like."""
        return Union((self, other))

    def cross_product(self, other: "RDD") -> "RDD":
        """Every element of this with every element of the other."""
        return CrossProduct(self, other)

    def coalesce(self, partitions: int) -> "RDD":
        """Fewer partitions, each of several neighbours, without a shuffle."""
        return Coalesced(self, min(partitions, self.partitions))

    def repartition(self, partitions: int, batch: int = 10, sort: bool = False) -> "RDD":
        """Another number of partitions, filled in turn by runs of `batch` elements; `sort` them first to be safe."""
        return Shuffled(self, RoundRobin(partitions, batch, sort))

    def partition_by(self, partitioner: Partitioner) -> "RDD":
        """The pairs, each in the partition of its key; nothing is moved where they are there already."""
        return self if self.partitioner == partitioner else Shuffled(self, partitioner)

    def evaluated(self) -> tuple[Elements, ...]:
        return evaluate(self, {})


@frozen(cache_hash=True)
class Source(RDD):
    """A file on stable storage: its partitions are there, at `locations`, whatever is lost elsewhere."""

    slices: tuple[Elements, ...]
    locations: tuple[tuple[NodeId, ...], ...] = ()

    @property
    def partitions(self) -> int:
        return len(self.slices)

    @property
    def dependencies(self) -> tuple[Dependency, ...]:
        return ()

    def preferred_locations(self, partition: int) -> tuple[NodeId, ...]:
        return self.locations[partition] if self.locations else ()

    def compute(self, partition: int, inputs: Inputs) -> Elements:
        return self.slices[partition]


@frozen(cache_hash=True)
class PerPartition(RDD):
    """Each partition of the parent, and what an operator makes of it."""

    parent: RDD
    operator: Operator
    keeps_keys: bool = False

    @property
    def partitions(self) -> int:
        return self.parent.partitions

    @property
    def dependencies(self) -> tuple[Dependency, ...]:
        return (one_to_one(self.parent),)

    @property
    def partitioner(self) -> Partitioner | None:
        return self.parent.partitioner if self.keeps_keys else None

    def compute(self, partition: int, inputs: Inputs) -> Elements:
        ((elements,),) = inputs
        return self.operator(partition, elements)


@frozen(cache_hash=True)
class Union(RDD):
    """The partitions of several parents, one after the other; or side by side, where all have one partitioner."""

    parents: tuple[RDD, ...]

    @property
    def partitions(self) -> int:
        sizes = [parent.partitions for parent in self.parents]
        return sizes[0] if self.partitioner else sum(sizes)

    @property
    def dependencies(self) -> tuple[Dependency, ...]:
        if self.partitioner:
            return tuple(one_to_one(parent) for parent in self.parents)
        each = [(place, p) for place, parent in enumerate(self.parents) for p in range(parent.partitions)]
        return tuple(
            Narrow(parent, tuple((p,) if mine == place else () for place, p in each))
            for mine, parent in enumerate(self.parents)
        )

    @property
    def partitioner(self) -> Partitioner | None:
        first, *others = (parent.partitioner for parent in self.parents)
        return first if all(other == first for other in others) else None

    def compute(self, partition: int, inputs: Inputs) -> Elements:
        return tuple(one for given in inputs for elements in given for one in elements)


@frozen(cache_hash=True)
class CrossProduct(RDD):
    """Every pair of partitions, and in it every pair of elements."""

    left: RDD
    right: RDD

    @property
    def partitions(self) -> int:
        return self.left.partitions * self.right.partitions

    @property
    def dependencies(self) -> tuple[Dependency, ...]:
        each = [divmod(partition, self.right.partitions) for partition in range(self.partitions)]
        left, right = tuple((p,) for p, _ in each), tuple((p,) for _, p in each)
        return Narrow(self.left, left), Narrow(self.right, right)

    def compute(self, partition: int, inputs: Inputs) -> Elements:
        (left,), (right,) = inputs
        return tuple((one, other) for one in left for other in right)


@frozen(cache_hash=True)
class Coalesced(RDD):
    """Groups of neighbouring partitions, as equal in number as can be."""

    parent: RDD
    groups: int

    @property
    def partitions(self) -> int:
        return self.groups

    @property
    def dependencies(self) -> tuple[Dependency, ...]:
        return (Narrow(self.parent, shares(self.parent.partitions, self.groups)),)

    def compute(self, partition: int, inputs: Inputs) -> Elements:
        (given,) = inputs
        return tuple(one for elements in given for one in elements)


@frozen(cache_hash=True)
class Shuffled(RDD):
    """Every element in the partition that a distribution sends it to; those of the first map partition come first."""

    parent: RDD
    distribution: Distribution

    @property
    def partitions(self) -> int:
        return self.distribution.partitions

    @property
    def dependencies(self) -> tuple[Dependency, ...]:
        return (Wide(self.parent),)

    @property
    def partitioner(self) -> Partitioner | None:
        return None if isinstance(self.distribution, RoundRobin) else self.distribution

    def buckets(self, partition: int, elements: Elements) -> tuple[Elements, ...]:
        return self.distribution.buckets(partition, elements)

    def compute(self, partition: int, inputs: Inputs) -> Elements:
        (buckets,) = inputs
        return tuple(one for bucket in buckets for one in bucket)


def one_to_one(parent: RDD) -> Narrow:
    """The dependency in which partition p needs partition p."""
    return Narrow(parent, tuple((p,) for p in range(parent.partitions)))


def shares(count: int, groups: int) -> tuple[tuple[int, ...], ...]:
    """The numbers below `count`, cut into groups of neighbours."""
    return tuple(tuple(range(count * i // groups, count * (i + 1) // groups)) for i in range(groups))


def parallelize(elements: Iterable[Any], partitions: int, locations: tuple[tuple[NodeId, ...], ...] = ()) -> Source:
    """A collection put on stable storage; a range is cut evenly, anything else into batches, which are dealt out."""
    whole = tuple(elements)
    batch = 1 if isinstance(elements, range) else max(1, min(len(whole) // partitions, BATCH))
    batches = [whole[start : start + batch] for start in range(0, len(whole), batch)]
    dealt = shares(len(batches), partitions)
    return Source(tuple(tuple(one for place in share for one in batches[place]) for share in dealt), locations)


def evaluate(rdd: RDD, known: dict[int, tuple[Elements, ...]]) -> tuple[Elements, ...]:
    """Every partition of an RDD, each of its parents evaluated once: what a machine that never fails computes."""
    if id(rdd) not in known:
        inputs = [handed_out(rdd, dependency, known) for dependency in rdd.dependencies]
        known[id(rdd)] = tuple(rdd.compute(p, [given[p] for given in inputs]) for p in range(rdd.partitions))
    return known[id(rdd)]


def handed_out(rdd: RDD, dependency: Dependency, known: dict[int, tuple[Elements, ...]]) -> list[list[Elements]]:
    """What each partition of a child is given by one dependency."""
    whole = evaluate(dependency.parent, known)
    if isinstance(dependency, Narrow):
        return [[whole[q] for q in needed] for needed in dependency.needs]
    buckets = [rdd.buckets(q, elements) for q, elements in enumerate(whole)]
    return [[sent[p] for sent in buckets] for p in range(rdd.partitions)]
