"""What an executor keeps: the cached partitions of RDDs, in memory and on disk, and checkpoints beyond it.

Zaharia et al., NSDI 2012, sections 3.2 (persistence and its storage levels), 5.3 and 5.4. Memory is bounded, and an RDD
is the unit of reuse: when a partition is computed and there is no room, partitions of the least recently used RDD go,
unless that is the RDD of the new one. Then the older partition stays, so that a scan over an RDD that does not fit does
not push out partition after partition just before each is needed. What goes falls to disk, where its level says so, and
is otherwise forgotten: it can be computed again.

Departures. An RDD's size is its number of elements. Priorities are not here. Where memory has no bound the order of use
means nothing and is not kept.
"""

from operator import itemgetter
from typing import TypeAlias

from attrs import evolve, frozen

from stackproof.reference.processing.operators import Elements
from stackproof.reference.processing.rdd import RDD, Level, Source

Block: TypeAlias = tuple[int, int]
Held: TypeAlias = tuple[tuple[Block, Elements], ...]
IN_MEMORY = (Level.MEMORY, Level.MEMORY_AND_DISK)
ON_DISK = (Level.MEMORY_AND_DISK, Level.DISK)


@frozen
class Cache:
    """Partitions by (number of the RDD, number of the partition); those in memory stand from least to most recent use.

    `room` is how many elements memory holds; None: any number.
    """

    room: int | None = None
    memory: Held = ()
    disk: Held = ()
    spills: frozenset[int] = frozenset()

    @property
    def blocks(self) -> frozenset[Block]:
        """The partitions that are here."""
        return frozenset(block for block, _ in (*self.memory, *self.disk))

    def get(self, block: Block) -> Elements | None:
        """A partition, or None."""
        return next((elements for held, elements in (*self.memory, *self.disk) if held == block), None)

    def used(self, block: Block) -> "Cache":
        """The cache after somebody used a partition."""
        if self.room is None:
            return self
        again = tuple(one for one in self.memory if one[0] == block)
        return evolve(self, memory=(*(one for one in self.memory if one[0] != block), *again))

    def put(self, block: Block, elements: Elements, level: Level) -> "Cache":
        """The cache after a partition was computed and kept as its level says."""
        if block in self.blocks or level is Level.NONE:
            return self
        spilling = evolve(self, spills=self.spills | {block[0]}) if level in ON_DISK else self
        made = spilling.with_room(block, len(elements)) if level in IN_MEMORY else None
        if made is not None:
            held = (*made.memory, (block, elements))
            return evolve(made, memory=in_order(held) if self.room is None else held)
        return evolve(spilling, disk=in_order((*self.disk, (block, elements)))) if level in ON_DISK else self

    def with_room(self, block: Block, size: int) -> "Cache | None":
        """The cache once others made room for a partition; None where that RDD's own would have to go."""
        if self.room is None:
            return self
        kept, gone = list(self.memory), []
        while size + sum(len(elements) for _, elements in kept) > self.room:
            others = (one for one in kept if one[0][0] != block[0])
            victim = next(others, None)
            if victim is None:
                return None
            kept.remove(victim)
            gone.append(victim)
        spilled = (one for one in gone if one[0][0] in self.spills)
        return evolve(self, memory=tuple(kept), disk=in_order((*self.disk, *spilled)))


def in_order(held: Held) -> Held:
    """Partitions by their numbers."""
    return tuple(sorted(held, key=itemgetter(0)))


def checkpointed(rdd: RDD, elements: tuple[Elements, ...]) -> Source:
    """An RDD that was written to stable storage, and needs its parents no more (section 5.4)."""
    if len(elements) != rdd.partitions:
        raise ValueError(f"a checkpoint of {rdd.partitions} partitions, not of {len(elements)}")
    return Source(elements, level=rdd.level)
