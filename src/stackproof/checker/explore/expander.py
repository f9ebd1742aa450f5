"""Expanding worlds: the compiled loop, and the filling in of what it lacked."""

from typing import Any

import numpy as np
from attrs import define, field

from stackproof.checker.explore import keys
from stackproof.checker.explore.claims import Claims
from stackproof.checker.explore.edges import expand_named
from stackproof.checker.explore.expansion import expand
from stackproof.checker.explore.lots import LOT, Caches, Lots
from stackproof.checker.explore.rows import Store
from stackproof.checker.explore.tables import BUDGET_NUMBER, SPENT_BY_MESSAGES, Book, switches
from stackproof.checker.scenario import Scenario


@define(eq=False)
class Expander:
    """All that is known of a scenario, and of its worlds so far."""

    scenario: Scenario
    book: Book
    claims: Claims
    prune: int
    threads: int
    store: Store = field(init=False)
    lots: Lots = field(init=False)
    caches: Caches = field(init=False)
    calm: bool = False

    def __attrs_post_init__(self) -> None:
        rows = list(dict.fromkeys(self.book.numbers(world) for _, world in self.scenario.initial()))
        components = self.book.components
        self.store = Store([(size - 1).bit_length() for size in self.book.sizes], components.host(0))
        self.lots = Lots(self.threads, self.store.words, components.count, LOT)
        self.caches = Caches(components.nodes)
        for row in rows:
            self.store.enter(row)

    def get_ready(self) -> None:
        """Make room for what one chunk for each thread may lead to."""
        if self.lots.words != self.store.words:
            self.lots = self.lots.renewed(self.store.words, 1)
        self.lots.cover(self.book.effect_host.used)
        self.caches.fit(self.most())
        self.store.make_room(self.room())

    def room(self) -> int:
        """As many worlds as one chunk for each thread can lead to."""
        return self.threads * keys.SHARDS * self.lots.capacity

    def most(self) -> int:
        """At least as many entries as a pair can have."""
        moves, items = self.book.longest.max(axis=0)
        return int((moves + items) * self.book.most_effects + 3 * items + 1)

    def expand(self, ids: Any, lot: keys.Lot, tables: keys.Tables) -> int:
        """Expand some worlds into a lot; how many were done before it was full."""
        empty(lot)
        with self.caches.one() as cache:
            return expand(ids, self.store.rows, self.store.shape, tables, self.setting(), cache, lot)

    def expand_named(self, ids: Any, lot: keys.Lot, labels: Any) -> int:
        """The same, and in `labels` for each row the event that leads to it."""
        empty(lot)
        named = np.empty(keys.SHARDS, np.int64)
        with self.caches.one() as cache:
            return expand_named(
                ids, self.store.rows, self.store.shape, self.tables(), self.setting(), cache, lot, labels, named
            )

    def missed(self, lot: keys.Lot) -> tuple[list[list[int]], Any]:
        """What a lot lacked, and the worlds to expand again."""
        return lot.misses[: lot.tally[keys.MISSES]].tolist(), lot.missed[: lot.tally[keys.MISSED]].copy()

    def setting(self) -> keys.Setting:
        """What stays the same while a level is expanded."""
        components, slots = self.book.components, len(self.store.table)
        return keys.Setting(
            first_node=components.host(0),
            nodes=components.nodes,
            monitors=components.monitors,
            prune=self.prune,
            most=self.most(),
            slots=slots,
            shard_shift=(slots // keys.SHARDS).bit_length() - 1,
            capacity=self.lots.capacity,
            restart=BUDGET_NUMBER["restarts"],
            calm=self.calm,
        )

    def fill(self, misses: list[list[int]]) -> None:
        """Work out everything that was missed, once; each miss is a key and the world that lacked it."""
        for key in dict.fromkeys(key for key, _ in misses if key >> keys.KIND_SHIFT != keys.CLAIM):
            self.book.fill(key)
        for key, world in misses:
            if key >> keys.KIND_SHIFT == keys.CLAIM:
                self.claims.resolve((key >> keys.SLOT_SHIFT) & (keys.SLOTS - 1), self.store.row(world))
        if misses and self.store.fit(self.book.sizes):
            self.caches.free.clear()

    def tables(self) -> keys.Tables:
        """The arrays as they are now."""
        book = self.book
        of_the_book = [getattr(book, name).array for name in keys.Tables._fields[: keys.OF_THE_BOOK]]
        of_the_faults = [switches(self.scenario.faults), SPENT_BY_MESSAGES]
        return keys.Tables._make([*of_the_book, *self.claims.arrays(), *of_the_faults])

    def handled(self) -> dict[tuple[str, str], int]:
        """How often each handler ran: (class of node, type of message)."""
        counts: dict[tuple[str, str], int] = {}
        for lot in self.lots.lots:
            for handler, count in zip(self.book.effect_handler, lot.cover.tolist(), strict=False):
                if handler != keys.NONE and count:
                    key = self.book.handlers.values[handler]
                    counts[key] = counts.get(key, 0) + count
        return counts


def empty(lot: keys.Lot) -> None:
    """Forget what a lot holds."""
    lot.counts[:] = 0
    lot.tally[:] = 0
    lot.scratch.recent[:] = 0
