"""The buffers of the native explorer: lots, into which chunks are expanded, and caches of pairs."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from attrs import define, field

from stackproof.checker.explore import keys

CHUNKS = 8
CHUNK = 4096
LOT = 8192
MISS_ROOM = 2048
PAIRS = 1 << 19
ENTRIES = 1 << 20


@define(eq=False)
class Lots:
    """The buffers that chunks are expanded into, one for each thread."""

    number: int
    words: int
    components: int
    capacity: int
    lots: list[keys.Lot] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.lots = [self.lot() for _ in range(self.number)]

    def renewed(self, words: int, factor: int) -> "Lots":
        """Buffers for other rows, or for more of them; what was counted is kept."""
        new = Lots(self.number, words, self.components, factor * self.capacity)
        new.lots = [lot._replace(cover=old.cover) for lot, old in zip(new.lots, self.lots, strict=True)]
        return new

    def cover(self, effects: int) -> None:
        """Make room to count so many effects."""
        for place, lot in enumerate(self.lots):
            if len(lot.cover) < effects:
                more = np.zeros(2 * effects, np.int64)
                more[: len(lot.cover)] = lot.cover
                self.lots[place] = lot._replace(cover=more)

    def part(self, lot: keys.Lot, shard: int, count: int | None = None) -> tuple[Any, Any]:
        """The rows of one shard, or the first so many of them, and their parents."""
        first = shard * self.capacity
        last = first + (self.capacity if count is None else count)
        return lot.rows[first:last], lot.parents[first:last]

    def lot(self) -> keys.Lot:
        """An empty one."""
        return keys.Lot(
            rows=np.empty((keys.SHARDS * self.capacity, self.words), np.int64),
            parents=np.empty(keys.SHARDS * self.capacity, np.uint32),
            counts=np.zeros(keys.SHARDS, np.int64),
            misses=np.empty((MISS_ROOM, 2), np.int64),
            missed=np.empty(CHUNK, np.int64),
            cover=np.zeros(1024, np.int64),
            tally=np.zeros(5, np.int64),
            scratch=keys.Scratch(
                now=np.full(self.components, keys.NONE, np.int64),
                new=np.empty((1, self.words), np.int64),
                saved=np.empty(keys.SHARDS, np.int64),
                used=np.empty(keys.SHARDS * self.capacity, np.int32),
                recent=np.zeros(256, np.int64),
                lack=np.zeros(1, np.int64),
                gate=np.zeros(5, np.int64),
            ),
        )


@define(eq=False)
class Caches:
    """One cache of pairs for each thread that asks at the same time. They hold for one shape of rows."""

    nodes: int
    most: int = 0
    free: list[keys.Cache] = field(factory=list)

    def fit(self, most: int) -> None:
        """Make room for so many entries of one pair."""
        if 4 * most > self.most:
            self.most = 8 * most
            self.free.clear()

    @contextmanager
    def one(self) -> Iterator[keys.Cache]:
        """A cache to use for a while."""
        try:
            cache = self.free.pop()
        except IndexError:
            cache = self.fresh()
        yield cache
        self.free.append(cache)

    def fresh(self) -> keys.Cache:
        """An empty one."""
        entries = np.empty((max(ENTRIES, 4 * self.most), keys.COLUMNS), np.int64)
        direct = np.zeros((self.nodes, keys.DIRECT), np.int64)
        return keys.Cache(direct, np.zeros((PAIRS, 2), np.int64), entries, np.zeros(2, np.int64))
