"""The native explorer: breadth-first search over rows of integers, in compiled code.

Each distinct step of each node is run once, in Python (tables.py); each property is evaluated once for each combination of what it
reads (claims.py); everything else happens in the loops of keys.py. A level is explored in rounds. In a round the worlds of eight
chunks are expanded, each chunk by one thread, into rows sorted by shard; then each shard of the visited set takes in the rows
that belong to it, by one thread again; then the new worlds are held against the claims. Chunks and shards do not depend on
the number of threads, nor does anything that comes out.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import numpy as np
from attrs import define, field

from stackproof.checker.explore import keys
from stackproof.checker.explore.claims import MOST, Claims
from stackproof.checker.explore.expansion import expand
from stackproof.checker.explore.findings import Findings
from stackproof.checker.explore.liveness import NO_WAY
from stackproof.checker.explore.limits import Limits, OutOfBudget
from stackproof.checker.explore.lookups import inspect
from stackproof.checker.explore.tables import BUDGET_NUMBER, RULED, SPENT_BY_MESSAGES, Book, switches
from stackproof.checker.explore.visited import hand_back, insert, number, reinsert, repack
from stackproof.checker.report import Report
from stackproof.checker.scenario import Property, Scenario, no_step_raises, reason_against, true_in
from stackproof.checker.world import Event, World

CHUNKS = 8
CHUNK = 2048
LOT = 8192
MISS_ROOM = 2048
NO_MARKS = np.zeros(0, np.uint8)


@define(eq=False)
class Store:
    """Every world seen, in the order of discovery, its parent, and the set of them in shards."""

    widths: list[int]
    apart: int
    shape: keys.Shape = field(init=False)
    rows: Any = field(init=False)
    parents: Any = field(init=False)
    count: int = 0
    table: Any = field(init=False)
    fields: list[tuple[int, int, int]] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.shape, words = packed(self.widths, self.apart)
        self.fields = fields(self.shape)
        self.rows = np.empty((1 << 12, words), np.int64)
        self.parents = np.empty(1 << 12, np.uint32)
        self.rebuild(1 << 13)

    def rebuild(self, slots: int) -> None:
        """Make the visited set anew, with so many slots."""
        self.table = None
        self.table = np.empty((slots, self.rows.shape[1]), np.int64)
        self.table.fill(0)
        reinsert(self.table, self.rows[: self.count], np.empty(keys.BLOCK, np.int64))

    def fit(self, sizes: list[int]) -> bool:
        """Widen the rows if some component has more values than its field can tell apart; whether they were."""
        needed = [(size - 1).bit_length() for size in sizes]
        if all(need <= width for need, width in zip(needed, self.widths, strict=True)):
            return False
        self.widths = roomy(needed, self.apart)
        shape, words = packed(self.widths, self.apart)
        rows = np.empty((len(self.rows), words), np.int64)
        repack(self.rows[: self.count], self.shape, rows, shape)
        self.shape, self.rows, self.fields = shape, rows, fields(shape)
        self.rebuild(len(self.table))
        return True

    def make_room(self, more: int) -> None:
        """Grow the visited set if so many more could crowd it."""
        slots = len(self.table)
        while 4 * (self.count + more) > 3 * slots:
            slots *= 2
        if slots > len(self.table):
            self.rebuild(slots)

    def append(self, rows: Any, parents: Any) -> None:
        """Add new worlds at the end."""
        last = self.count + len(rows)
        if last > len(self.rows):
            size = max(last, len(self.rows) * 3 // 2)
            self.rows.resize((size, self.rows.shape[1]), refcheck=False)
            self.parents.resize(size, refcheck=False)
        self.rows[self.count : last] = rows
        self.parents[self.count : last] = parents
        self.count = last

    def row(self, world: int) -> tuple[int, ...]:
        """The numbers of a world's components."""
        words = self.rows[world].tolist()
        return tuple([(words[word] >> shift) & mask for word, shift, mask in self.fields])

    def path(self, world: int) -> list[int]:
        """The worlds that lead to `world`, an initial one first."""
        path = [world]
        while (parent := int(self.parents[path[-1]])) != path[-1]:
            path.append(parent)
        return path[::-1]


def fields(shape: keys.Shape) -> list[tuple[int, int, int]]:
    """Word, shift and mask of each component."""
    return list(zip(shape.word.tolist(), shape.shift.tolist(), shape.mask.tolist(), strict=True))


def roomy(needed: list[int], apart: int) -> list[int]:
    """Widths that suffice, with some room to grow where there is much, as far as it costs no further word."""
    for room in (3, 2, 1):
        loose = [need + room if need > 4 else need for need in needed]
        if packed(loose, apart)[1] == packed(needed, apart)[1]:
            return loose
    return needed


def packed(widths: list[int], apart: int) -> tuple[keys.Shape, int]:
    """Where each component goes, and how many words that takes.

    No component stands across two words, nor does a node: from `apart` on, hosts and inboxes go in pairs.
    """
    word, shift, free = [], [], [62]
    sizes = [[width] for width in widths[:apart]] + [widths[c : c + 2] for c in range(apart, len(widths), 2)]
    for size in sizes:
        place = next((place for place, left in enumerate(free) if left >= sum(size)), len(free))
        if place == len(free):
            free.append(64)
        for width in size:
            word.append(place)
            shift.append((62 if place == 0 else 64) - free[place])
            free[place] -= width
    masks = [(1 << width) - 1 for width in widths]
    pairs = [(1 << sum(widths[c : c + 2])) - 1 for c in range(apart, len(widths), 2)]
    return keys.Shape(*(np.array(part, np.int64) for part in (word, shift, masks, pairs))), len(free)


@define(eq=False)
class Lots:
    """The buffers that chunks are expanded into."""

    words: int
    components: int
    capacity: int
    lots: list[keys.Lot] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.lots = [self.lot() for _ in range(CHUNKS)]

    def lot(self) -> keys.Lot:
        """An empty one."""
        return keys.Lot(
            rows=np.empty((keys.SHARDS, self.capacity, self.words), np.int64),
            parents=np.empty((keys.SHARDS, self.capacity), np.uint32),
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

    def renew(self, most: int) -> None:
        """Forget everything, and make room for so many entries of one pair."""
        self.most = most
        self.free.clear()

    @contextmanager
    def one(self) -> Iterator[keys.Cache]:
        """A cache to use for a while."""
        cache = self.free.pop() if self.free else self.fresh()
        yield cache
        self.free.append(cache)

    def fresh(self) -> keys.Cache:
        """An empty one."""
        entries = np.empty((max(1 << 20, 4 * self.most), keys.COLUMNS), np.int64)
        direct = np.zeros((self.nodes, keys.DIRECT), np.int64)
        return keys.Cache(direct, np.zeros((1 << 19, 2), np.int64), entries, np.zeros(2, np.int64))


@define(eq=False)
class Native:
    """One exploration under way."""

    scenario: Scenario
    limits: Limits
    run_all: Callable[[Callable[..., Any], Iterable[Any]], Iterable[Any]]
    found: Findings = field(init=False)
    book: Book = field(init=False)
    claims: Claims = field(init=False)
    store: Store = field(init=False)
    lots: Lots = field(init=False)
    caches: Caches = field(init=False)
    open: dict[int, dict[int, tuple[Property, bool]]] = field(factory=dict)
    watching_errors: bool = False
    calm: bool = False
    prune: int = keys.NONE
    frontier: int = 0

    def __attrs_post_init__(self) -> None:
        scenario = self.scenario
        self.found = Findings(scenario)
        self.book = Book.of(scenario)
        self.claims = Claims(self.book)
        self.caches = Caches(self.book.components.nodes)
        if scenario.prune is not None:
            self.prune = self.claims.add([partial_true(scenario.prune)])
        if scenario.faults.may is not None:
            self.add_rules(scenario.faults.may)

    def ask(self, properties: list[tuple[Property, bool]], row: tuple[int, ...]) -> None:
        """Watch some properties, each with whether it is an invariant; those that read the same together."""
        questions = [partial_broken(one) if invariant else partial_true(one) for one, invariant in properties]
        for group in self.claims.grouped(questions, row):
            number = self.claims.add([questions[place] for place in group])
            self.open[number] = {bit: properties[place] for bit, place in enumerate(group)}

    def add_rules(self, may: Callable[[World, Event], bool]) -> None:
        """The rule of the faults, as one claim for each turn and node that it rules."""
        for turn in RULED:
            for place, name in enumerate(self.scenario.names):
                rule = ruled(may, Event(turn, node=name))
                self.book.rules[turn, place] = self.claims.add([rule])

    def explore(self) -> None:
        """Visit every world, level by level, until there are none left or a level shows a violation."""
        first, last = 0, self.begin()
        self.judge(first, last)
        while first < last and not self.found.violations:
            self.level(first, last)
            first, last = last, self.store.count
            self.found.depth += first < last
            self.judge(first, last)
        if not self.found.violations:
            for claim in self.scenario.always_reachable:
                self.hold_reachable(claim)

    def hold_reachable(self, claim: Property) -> None:
        """Find the first world from which steps that are no faults lead to none in which the claim is true."""
        store = self.store
        good = np.zeros(store.count, np.uint8)
        self.mark(claim, good)
        if self.scenario.prune is not None:
            self.mark(self.scenario.prune, good)
        numbers = np.zeros(len(store.table), np.uint32)
        number(store.table, store.rows[: store.count], numbers)
        self.calm = True
        while self.sweep(good, numbers):
            pass
        self.calm = False
        if not good.all():
            worlds = [self.book.world(store.row(one)) for one in store.path(int(good.argmin()))]
            self.found.violations[claim.__name__] = (NO_WAY.format(claim.__name__), worlds)

    def mark(self, claim: Property, good: Any) -> None:
        """Mark every world in which the claim is true."""
        self.open = {}
        self.ask([(claim, False)], self.store.row(0))
        hits = np.full((len(self.claims.all), MOST), keys.NONE, np.int64)
        ids = np.arange(self.store.count)
        while len(ids):
            ids = self.inspect(ids, hits, good)

    def sweep(self, good: Any, numbers: Any) -> int:
        """Mark worlds that have a good successor, the last first; how many are newly marked."""
        marked = 0
        for stop in range(self.store.count, 0, -CHUNK):
            first = max(0, stop - CHUNK)
            ids = first + np.flatnonzero(good[first:stop] == 0)
            while len(ids):
                done = self.expand(0, [ids], self.tables(), self.most())
                lot = self.lots.lots[0]
                for shard in range(keys.SHARDS):
                    marked += hand_back(
                        self.store.table, numbers, lot.rows[shard], lot.parents[shard], lot.counts[shard], good
                    )
                missed = lot.missed[: lot.tally[keys.MISSED]].copy()
                self.fill([lot])
                ids = np.concatenate([missed, ids[done:]])
            self.limits.check(self.store.count, self.found.transitions, self.found.depth, stop)
        return marked

    def begin(self) -> int:
        """Enter the initial worlds; how many there are."""
        rows = list(dict.fromkeys(self.book.numbers(world) for _, world in self.scenario.initial()))
        apart = self.book.components.host(0)
        self.store = Store([(len(part) - 1).bit_length() for part in self.book.parts], apart)
        self.lots = Lots(self.store.rows.shape[1], self.book.components.count, LOT)
        shape = self.store.shape
        for number, row in enumerate(rows):
            words = np.zeros((1, self.store.rows.shape[1]), np.int64)
            words[0, 0] = keys.MARK
            for value, word, shift in zip(row, shape.word, shape.shift, strict=True):
                words[0, word] |= value << int(shift)
            reinsert(self.store.table, words, np.empty(keys.BLOCK, np.int64))
            self.store.append(words, np.array([number], np.uint32))
        scenario = self.scenario
        asked = [(one, True) for one in scenario.invariants] + [(one, False) for one in scenario.goals]
        self.ask(asked, rows[0])
        return len(rows)

    def level(self, first: int, last: int) -> None:
        """Expand every world of a level."""
        self.frontier = last - first
        while first < last:
            size = min(CHUNK, max(32, -(-(last - first) // CHUNKS)))
            ends = [min(first + size * (chunk + 1), last) for chunk in range(CHUNKS)]
            starts = [first, *ends[:-1]]
            self.rounds([np.arange(a, b) for a, b in zip(starts, ends, strict=True) if a < b])
            first = ends[-1]

    def rounds(self, chunks: list[Any]) -> None:
        """Expand these worlds, and those that missed something again, until all are done."""
        while chunks:
            now, chunks = chunks[:CHUNKS], chunks[CHUNKS:]
            tables, most = self.tables(), self.most()
            self.store.make_room(len(now) * keys.SHARDS * self.lots.capacity)
            if 4 * most > self.caches.most:
                self.caches.renew(8 * most)
            done = list(self.run_all(lambda chunk: self.expand(chunk, now, tables, most), range(len(now))))
            lots = self.lots.lots[: len(now)]
            self.take_in(lots)
            self.found.transitions += sum(int(lot.tally[0]) for lot in lots)
            self.found.pruned += sum(int(lot.tally[1]) for lot in lots)
            missed = [lot.missed[: lot.tally[3]].copy() for lot in lots if lot.tally[3]]
            rest = [ids[count:] for ids, count in zip(now, done, strict=True) if count < len(ids)]
            crowded = any(count == 0 for count in done)
            self.fill(lots)
            if crowded or self.lots.words != self.store.rows.shape[1]:
                self.renew_lots(2 if crowded else 1)
            chunks = missed + rest + chunks
            self.limits.check(self.store.count, self.found.transitions, self.found.depth, self.frontier)

    def expand(self, chunk: int, ids: list[Any], tables: keys.Tables, most: int) -> int:
        """Expand one chunk into its lot."""
        lot, store = self.lots.lots[chunk], self.store
        lot.counts[:] = 0
        lot.tally[:] = 0
        lot.scratch.recent[:] = 0
        slots = len(store.table)
        setting = keys.Setting(
            first_node=self.book.components.host(0),
            nodes=self.book.components.nodes,
            monitors=self.book.components.monitors,
            prune=self.prune,
            most=most,
            slots=slots,
            shard_shift=(slots // keys.SHARDS).bit_length() - 1,
            restart=BUDGET_NUMBER["restarts"],
            calm=self.calm,
        )
        with self.caches.one() as cache:
            return expand(ids[chunk], store.rows, store.shape, tables, setting, cache, lot)

    def most(self) -> int:
        """At least as many entries as a pair can have."""
        moves, items = self.book.longest.max(axis=0)
        return int((moves + items) * self.book.most_effects + 3 * items + 1)

    def take_in(self, lots: list[keys.Lot]) -> None:
        """Insert what was found into the visited set; the new worlds are numbered by shard, chunk and place."""
        new = list(self.run_all(lambda shard: self.take_in_shard(shard, lots), range(keys.SHARDS)))
        for shard in range(keys.SHARDS):
            for lot, count in zip(lots, new[shard], strict=True):
                if count:
                    self.store.append(lot.rows[shard, :count], lot.parents[shard, :count])

    def take_in_shard(self, shard: int, lots: list[keys.Lot]) -> list[int]:
        """Insert the rows of one shard; how many of each lot are new."""
        places = np.empty(keys.BLOCK, np.int64)
        return [
            int(insert(self.store.table, lot.rows[shard], lot.parents[shard], lot.counts[shard], places)) for lot in lots
        ]

    def fill(self, lots: list[keys.Lot]) -> None:
        """Work out everything that was missed, once."""
        misses = [(int(key), int(world)) for lot in lots for key, world in lot.misses[: lot.tally[2]]]
        if not misses:
            return
        seen = set()
        for key, world in misses:
            if key >> keys.KIND_SHIFT == keys.CLAIM:
                self.claims.resolve((key >> keys.SLOT_SHIFT) & 0xFFF, self.store.row(world))
            elif key not in seen:
                seen.add(key)
                self.book.fill(key)
        if self.store.fit([len(part) for part in self.book.parts]):
            self.caches.free.clear()
        effects = self.book.effect_host.used
        for place, lot in enumerate(self.lots.lots):
            if len(lot.cover) < effects:
                more = np.zeros(2 * effects, np.int64)
                more[: len(lot.cover)] = lot.cover
                self.lots.lots[place] = lot._replace(cover=more)

    def renew_lots(self, factor: int) -> None:
        """Make the buffers anew, for other rows or for more of them."""
        covers = [lot.cover for lot in self.lots.lots]
        self.lots = Lots(self.store.rows.shape[1], self.lots.components, factor * self.lots.capacity)
        self.lots.lots = [lot._replace(cover=cover) for lot, cover in zip(self.lots.lots, covers, strict=True)]

    def judge(self, first: int, last: int) -> None:
        """Hold the open claims against the worlds of one level."""
        if self.book.raised and not self.watching_errors:
            self.watching_errors = True
            self.ask([(no_step_raises, True)], self.store.row(first))
        hits = np.full((len(self.claims.all), MOST), keys.NONE, np.int64)
        ids = np.arange(first, last)
        while len(ids) and self.open:
            ids = self.inspect(ids, hits)
        for claim, bit in np.argwhere(hits != keys.NONE).tolist():
            self.settle(claim, bit, int(hits[claim, bit]))

    def inspect(self, ids: Any, hits: Any, marks: Any = NO_MARKS) -> Any:
        """Look the open claims up for some worlds, and work out what is not known; the worlds to look at again."""
        misses, again, tally = np.empty((1024, 2), np.int64), np.empty(1 << 16, np.int64), np.zeros(2, np.int64)
        recent, lack = np.zeros(4096, np.int64), np.zeros(1, np.int64)
        asked = np.zeros(len(self.claims.all), np.int64)
        for claim, bits in self.open.items():
            asked[claim] = sum(1 << bit for bit in bits)
        claims, rows, shape, tables = np.array(list(self.open)), self.store.rows, self.store.shape, self.tables()
        done = inspect(ids, rows, shape, tables, claims, asked, misses, again, hits, tally, recent, lack, marks)
        for claim, world in misses[: tally[0]].tolist():
            self.claims.resolve(claim, self.store.row(world))
        return np.concatenate([again[: tally[1]], ids[done:]])

    def settle(self, claim: int, bit: int, world: int) -> None:
        """A goal was reached, or an invariant violated, in this world."""
        settled, invariant = self.open[claim].pop(bit)
        if not self.open[claim]:
            del self.open[claim]
        if not invariant:
            self.found.goals[settled.__name__] = self.found.depth
            return
        worlds = [self.book.world(self.store.row(one)) for one in self.store.path(world)]
        self.found.violations[settled.__name__] = (reason_against(settled, worlds[-1]) or "", worlds)

    def tables(self) -> keys.Tables:
        """The arrays as they are now."""
        book = self.book
        return keys.Tables(
            book.map.array,
            book.memo.array,
            book.effect_host.array,
            book.effect_sends.array,
            book.effect_notes.array,
            book.send_node.array,
            book.send_item.array,
            book.note.array,
            book.host_flags.array,
            book.host_moves.array,
            book.move_cause.array,
            book.move_budget.array,
            book.move_claim.array,
            book.inbox_items.array,
            book.item.array,
            book.item_source.array,
            book.item_bounce.array,
            book.weather_cut.array,
            book.weather_move.array,
            book.weather_heals.array,
            *self.claims.arrays(),
            switches(self.scenario.faults),
            SPENT_BY_MESSAGES,
        )

    def close(self) -> None:
        """Count what was handled."""
        self.found.distinct = self.store.count
        handlers = self.book.handlers.values
        for lot in self.lots.lots:
            for effect, handler in enumerate(self.book.effect_handler):
                if handler != keys.NONE and effect < len(lot.cover) and lot.cover[effect]:
                    key = handlers[handler]
                    self.found.handled[key] = self.found.handled.get(key, 0) + int(lot.cover[effect])


def partial_broken(invariant: Property) -> Callable[[World], bool]:
    """Whether an invariant is violated."""
    return lambda world: reason_against(invariant, world) is not None


def partial_true(claim: Property) -> Callable[[World], bool]:
    """Whether a goal or a prune is true."""
    return lambda world: true_in(claim, world)


def ruled(may: Callable[[World, Event], bool], event: Event) -> Callable[[World], bool]:
    """Whether the rule lets an event happen."""
    return lambda world: bool(may(world, event))


def explore_natively(scenario: Scenario, limits: Limits, threads: int | None = None) -> Report:
    """Visit every world of the scenario, with so many threads (default: one for each core, eight at most)."""
    count = min(CHUNKS, threads or os.cpu_count() or 1)
    if count == 1:
        return finished(Native(scenario, limits, map), limits)
    with ThreadPoolExecutor(count) as pool:
        return finished(Native(scenario, limits, pool.map), limits)


def finished(native: Native, limits: Limits) -> Report:
    """Explore until the end or a limit, and report."""
    try:
        native.explore()
    except (OutOfBudget, KeyboardInterrupt) as stop:
        native.found.stopped = str(stop) or "interrupted"
    native.close()
    return native.found.report("native", limits)
