"""Stages: the jobs of a driver, cut where a shuffle begins.

Zaharia et al., NSDI 2012, section 5.1: a stage ends with a wide dependency, or with the result, and is made of all that
it reaches by narrow ones. `Program` numbers the RDDs of one or several jobs, and their stages.
"""

from collections.abc import Iterator
from functools import cached_property

from attrs import frozen

from stackproof.reference.processing.actions import Action, Collect, Job
from stackproof.reference.processing.rdd import RDD, Narrow, Shuffled, Wide
from stackproof.reference.processing.tasks import Output


@frozen(cache_hash=True)
class Stage:
    """The tasks between two shuffles: each writes the buckets of a shuffle, or answers a job.

    rdd          the number of the RDD whose partitions are computed
    writes       the number of the shuffled RDD for which they are, or None
    action       what is asked of them, where they answer a job
    partitions   those to compute
    """

    rdd: int
    partitions: tuple[int, ...]
    writes: int | None = None
    action: Action = Collect()


@frozen(cache_hash=True, slots=False)
class Program:
    """What a driver is to do: one job after the other, over RDDs that may be the same.

    With `arrival_order` a shuffle's buckets stand as they happened to arrive, and not in the order of the partitions
    that wrote them.
    """

    jobs: tuple[Job, ...]
    arrival_order: bool = False

    @cached_property
    def rdds(self) -> tuple[RDD, ...]:
        """Every RDD of the jobs, parents first; their places are their numbers."""
        known: dict[RDD, None] = {}
        for job in self.jobs:
            for rdd in ancestry(job.rdd):
                known.setdefault(rdd)
        return tuple(known)

    @cached_property
    def number(self) -> dict[RDD, int]:
        """The number of each RDD."""
        return {rdd: place for place, rdd in enumerate(self.rdds)}

    @cached_property
    def shuffles(self) -> tuple[int, ...]:
        """The numbers of the RDDs at the far end of a wide dependency."""
        return tuple(place for place, rdd in enumerate(self.rdds) if isinstance(rdd, Shuffled))

    @cached_property
    def stages(self) -> tuple[Stage, ...]:
        """A stage for each shuffle, those that come earlier first, and one for each job."""
        outputs = [(shuffle, self.outputs(shuffle)) for shuffle in self.shuffles]
        writing = [Stage(self.written_from(n), tuple(one.partition for one in some), n) for n, some in outputs]
        asking = [Stage(self.number[job.rdd], job.partitions, None, job.action) for job in self.jobs]
        return (*writing, *asking)

    def written_from(self, shuffle: int) -> int:
        """The number of the RDD whose elements a shuffle moves."""
        (dependency,) = self.rdds[shuffle].dependencies
        return self.number[dependency.parent]

    def stage_that_writes(self, shuffle: int) -> int:
        """The number of the stage that writes a shuffle."""
        return self.shuffles.index(shuffle)

    def stage_that_answers(self, job: int) -> int:
        """The number of the stage that answers a job."""
        return len(self.shuffles) + job

    def parents(self, rdd: int, partition: int) -> Iterator[tuple[int, int]]:
        """The partitions from which a partition is computed by narrow dependencies: (RDD, partition)."""
        for dependency in self.rdds[rdd].dependencies:
            if isinstance(dependency, Narrow):
                yield from ((self.number[dependency.parent], needed) for needed in dependency.needs[partition])

    def reads_shuffle(self, rdd: int) -> bool:
        """Whether an RDD is at the far end of a wide dependency."""
        return any(isinstance(dependency, Wide) for dependency in self.rdds[rdd].dependencies)

    def outputs(self, rdd: int) -> tuple[Output, ...]:
        """The map outputs that every partition of an RDD is computed from; none where it is no shuffled one."""
        wide = [dependency for dependency in self.rdds[rdd].dependencies if isinstance(dependency, Wide)]
        return tuple(Output(rdd, partition) for dependency in wide for partition in range(dependency.parent.partitions))

    def preferred(self, rdd: int, partition: int) -> tuple[str, ...]:
        """Where a partition's sources are."""
        return self.rdds[rdd].preferred_locations(partition)


def ancestry(rdd: RDD) -> Iterator[RDD]:
    """An RDD and all it is made of, parents first; one with several children comes several times."""
    for dependency in rdd.dependencies:
        yield from ancestry(dependency.parent)
    yield rdd
