"""The native explorer: breadth-first search over rows of integers, in compiled code.

Each distinct step of each node is run once, in Python (tables.py); each property is evaluated once for each
combination of what it reads (claims.py); everything else is compiled (lookups.py, entries.py, taking.py, expansion.py,
visited.py). A level is explored in rounds of eight chunks. Each thread expands a chunk into rows sorted by shard; then
each shard of the visited set takes in the rows that belong to it, by one thread again. After the round Python fills in
what was missed, and after the level the properties are asked (judge.py). Chunks and shards do not depend on the number
of threads, nor does anything that comes out.
"""

import gc
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import numpy as np
from attrs import define, field

from stackproof.checker.explore import keys
from stackproof.checker.explore.claims import Claims, Question
from stackproof.checker.explore.compiled import telling
from stackproof.checker.explore.expander import Expander
from stackproof.checker.explore.fairness import promises
from stackproof.checker.explore.findings import Findings
from stackproof.checker.explore.graph import Graph
from stackproof.checker.explore.judge import Judge, RunAll, is_true
from stackproof.checker.explore.limits import Limits, OutOfBudget, why_stopped
from stackproof.checker.explore.liveness import NO_WAY
from stackproof.checker.explore.lots import CHUNK, CHUNKS
from stackproof.checker.explore.tables import RULED, Book
from stackproof.checker.explore.visited import hand_back, insert
from stackproof.checker.host import ScenarioError
from stackproof.checker.report import Report
from stackproof.checker.scenario import Property, Scenario
from stackproof.checker.world import Event, World


def explore_natively(scenario: Scenario, limits: Limits, threads: int | None = None) -> Report:
    """Visit every world of the scenario, with so many threads (default: one for each core, eight at most)."""
    found = Findings(scenario)
    count = min(CHUNKS, threads or os.cpu_count() or 1)
    try:
        if count == 1:
            with keeping_everything(), telling(limits.say_compiling):
                Native(found, limits, map, 1).explore()
        else:
            with keeping_everything(), telling(limits.say_compiling), ThreadPoolExecutor(count) as pool:
                Native(found, limits, pool.map, count).explore()
    except (OutOfBudget, KeyboardInterrupt, MemoryError) as stop:
        found.stopped = why_stopped(stop)
    return found.report("native", limits)


@contextmanager
def keeping_everything() -> Iterator[None]:
    """Collect no garbage: what is interned stays, and looking through it over and over takes a sixth of the time."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


@define(eq=False)
class Native:
    """One exploration under way; `run_all` maps a function over chunks or shards, with threads or without."""

    found: Findings
    limits: Limits
    run_all: RunAll
    threads: int
    expander: Expander = field(init=False)
    judge: Judge = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.expander = prepared(self.found.scenario, self.threads)
        self.judge = Judge(self.expander, self.found, self.run_all)

    def explore(self) -> None:
        """Visit every world, level by level, until there are none left or a level shows a violation."""
        try:
            self.explore_levels()
            if not self.found.violations:
                for claim in self.found.scenario.always_reachable:
                    self.hold_reachable(claim)
                self.hold_promises()
        finally:
            self.found.distinct = self.expander.store.count
            self.found.handled = self.expander.handled()

    def explore_levels(self) -> None:
        """Safety and goals: one level after the other."""
        store = self.expander.store
        first, last = 0, store.count
        self.judge.judge(first, last)
        while first < last and not self.found.violations:
            self.level(first, last)
            first, last = last, store.count
            self.found.depth += first < last
            self.judge.judge(first, last)

    def level(self, first: int, last: int) -> None:
        """Expand every world of a level."""
        frontier = last - first
        while first < last:
            size = min(CHUNK, max(32, -(-(last - first) // CHUNKS)))
            ends = [min(first + size * (chunk + 1), last) for chunk in range(CHUNKS)]
            starts = [first, *ends[:-1]]
            self.rounds([np.arange(a, b) for a, b in zip(starts, ends, strict=True) if a < b], frontier)
            first = ends[-1]

    def rounds(self, chunks: list[Any], frontier: int) -> None:
        """Expand these worlds, and those that missed something again, until all are done."""
        while chunks:
            chunks = self.round(chunks[:CHUNKS]) + chunks[CHUNKS:]
            self.limits.check(self.expander.store.count, self.found.transitions, self.found.depth, frontier)

    def round(self, chunks: list[Any]) -> list[Any]:
        """Expand some chunks, one for each thread at a time; what remains to be expanded."""
        misses: list[list[int]] = []
        again: list[Any] = []
        for first in range(0, len(chunks), self.threads):
            now = chunks[first : first + self.threads]
            lots, done = self.expand(now)
            for ids, lot, count in zip(now, lots, done, strict=True):
                lacked, missed = self.expander.missed(lot)
                misses += lacked
                again += [rest for rest in (missed, ids[count:]) if len(rest)]
            if 0 in done:
                self.expander.lots = self.expander.lots.renewed(self.expander.store.words, 2)
        self.expander.fill(misses)
        return again

    def expand(self, chunks: list[Any]) -> tuple[list[keys.Lot], list[int]]:
        """Expand chunks, each into a lot, and take in what they lead to; how many worlds of each were done."""
        expander = self.expander
        self.limits.afford(expander.store.growth(expander.room()))
        expander.get_ready()
        tables, lots = expander.tables(), expander.lots.lots[: len(chunks)]
        done = list(self.run_all(expander.expand, chunks, lots, [tables] * len(chunks)))
        self.take_in(lots)
        self.found.transitions += sum(int(lot.tally[keys.TRANSITIONS]) for lot in lots)
        self.found.pruned += sum(int(lot.tally[keys.PRUNED]) for lot in lots)
        return lots, done

    def take_in(self, lots: list[keys.Lot]) -> None:
        """Insert what was found into the visited set; the new worlds are numbered by chunk, shard and place."""
        new = list(self.run_all(lambda shard: self.take_in_shard(shard, lots), range(keys.SHARDS)))
        for place, lot in enumerate(lots):
            for shard in range(keys.SHARDS):
                self.expander.store.append(*self.expander.lots.part(lot, shard, new[shard][place]))

    def take_in_shard(self, shard: int, lots: list[keys.Lot]) -> list[int]:
        """Insert the rows of one shard; how many of each lot are new."""
        table, places = self.expander.store.table, np.empty(keys.BLOCK, np.int64)
        parts = ((*self.expander.lots.part(lot, shard), lot.counts[shard]) for lot in lots)
        return [insert(table, rows, parents, count, places) for rows, parents, count in parts]

    def hold_reachable(self, claim: Property) -> None:
        """Find the first world from which steps that are no faults lead to none in which the claim is true."""
        store, prune = self.expander.store, self.found.scenario.prune
        good = np.zeros(store.count, np.uint8)
        self.judge.mark(claim, good)
        if prune is not None:
            self.judge.mark(prune, good)
        numbers = store.numbers()
        self.expander.calm = True
        while self.sweep(good, numbers):
            pass
        self.expander.calm = False
        if not good.all():
            self.found.violations[claim.__name__] = (NO_WAY.format(claim.__name__), self.judge.path(int(good.argmin())))

    def hold_promises(self) -> None:
        """Look for fair runs that break what the scenario says of all of them."""
        claims = promises(self.found.scenario)
        graph = Graph(self.expander, self.limits, self.judge, self.found) if claims else None
        for claim, stays in claims:
            if lasso := graph and graph.first_lasso(claim, stays):
                loop = [(graph.event(label), graph.world(after)) for label, after in lasso.loop]
                self.found.broken(claim, stays, [graph.world(world) for world in lasso.stem], loop)

    def sweep(self, good: Any, numbers: Any) -> int:
        """Mark worlds that have a good successor, the last first; how many are newly marked."""
        marked = 0
        for stop in range(self.expander.store.count, 0, -CHUNK):
            first = max(0, stop - CHUNK)
            marked += self.hand_back(first + np.flatnonzero(good[first:stop] == 0), good, numbers)
            self.limits.check(self.expander.store.count, self.found.transitions, self.found.depth, stop)
        return marked

    def hand_back(self, ids: Any, good: Any, numbers: Any) -> int:
        """Mark those of some worlds that have a good successor."""
        marked, expander = 0, self.expander
        while len(ids):
            lot = expander.lots.lots[0]
            done = expander.expand(ids, lot, expander.tables())
            for shard in range(keys.SHARDS):
                rows, parents = expander.lots.part(lot, shard)
                marked += hand_back(expander.store.table, numbers, rows, parents, lot.counts[shard], good)
            lacked, missed = expander.missed(lot)
            expander.fill(lacked)
            ids = np.concatenate([missed, ids[done:]])
        return marked


def prepared(scenario: Scenario, threads: int) -> Expander:
    """The initial worlds, with the prune and the rules of the faults as claims."""
    if len(scenario.names) >= keys.SLOTS:
        raise ScenarioError(f"{len(scenario.names):,} nodes are more than {keys.SLOTS - 1:,}: use --engine plain")
    book = Book.of(scenario)
    claims = Claims(book)
    prune = keys.NONE if scenario.prune is None else claims.add([is_true(scenario.prune)])
    if scenario.faults.may is not None:
        for turn in RULED:
            for place, name in enumerate(scenario.names):
                book.rules[turn, place] = claims.add([allows(scenario.faults.may, Event(turn, node=name))])
    return Expander(scenario, book, claims, prune, threads)


def allows(may: Callable[[World, Event], bool], event: Event) -> Question:
    """Whether the rule of the faults lets an event happen."""
    return lambda world: bool(may(world, event))
