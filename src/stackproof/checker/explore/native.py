"""The native explorer: breadth-first search over rows of integers, in compiled code.

Each distinct step of each node is run once, in Python (tables.py); each property is evaluated once for each combination of what it
reads (claims.py); everything else happens in the loops of loops.py. A level is explored in rounds. In a round the worlds of eight
chunks are expanded, each chunk by one thread, into rows sorted by shard; then each shard of the visited set takes in the rows
that belong to it, by one thread again; then the new worlds are held against the claims. Chunks and shards do not depend on
the number of threads, nor does anything that comes out.
"""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from attrs import define, field

from stackproof.checker.explore import loops
from stackproof.checker.explore.claims import Claims
from stackproof.checker.explore.findings import Findings
from stackproof.checker.explore.limits import Limits, OutOfBudget
from stackproof.checker.explore.tables import BUDGET_NUMBER, RULED, Book, fault_switches
from stackproof.checker.report import Report
from stackproof.checker.scenario import Property, Scenario, no_step_raises, reason_against, true_in
from stackproof.checker.world import Event, World

CHUNKS = 8
CHUNK = 2048
LOT = 4096


@define(eq=False)
class Store:
    """Every world seen, in the order of discovery, its parent, and the set of them in shards."""

    widths: list[int]
    shape: loops.Shape = field(init=False)
    rows: Any = field(init=False)
    parents: Any = field(init=False)
    count: int = 0
    shards: list[Any] = field(init=False)
    held: list[int] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.shape, words = packed(self.widths)
        self.rows = np.empty((1 << 12, words), np.int64)
        self.parents = np.empty(1 << 12, np.uint32)
        self.clear(1 << 10)

    def clear(self, slots: int) -> None:
        """An empty set with so many slots in each shard."""
        self.shards = [np.zeros((slots, self.rows.shape[1]), np.int64) for _ in range(loops.SHARDS)]
        self.held = [0] * loops.SHARDS

    def fit(self, sizes: list[int]) -> None:
        """Widen the rows if some component has more values than its field can tell apart."""
        widths = [max(width, (size - 1).bit_length()) for width, size in zip(self.widths, sizes, strict=True)]
        if widths == self.widths:
            return
        shape, words = packed(widths)
        rows = np.empty((len(self.rows), words), np.int64)
        loops.repack(self.rows[: self.count], self.shape, rows, shape)
        self.widths, self.shape, self.rows = widths, shape, rows
        self.shards = []
        known, counts = self.rows[: self.count], np.zeros(loops.SHARDS, np.int64)
        shards = np.empty(self.count, np.uint8)
        loops.shards_of(known, counts, shards)
        for shard in range(loops.SHARDS):
            slots = 1 << max(10, (2 * int(counts[shard])).bit_length())
            self.shards.append(np.zeros((slots, words), np.int64))
            loops.reinsert(self.shards[shard], known, shards, shard)
        self.held = [int(count) for count in counts]

    def make_room(self, shard: int, more: int) -> None:
        """Grow a shard that could get crowded."""
        slots = len(self.shards[shard])
        if 4 * (self.held[shard] + more) > 3 * slots:
            larger = np.zeros((2 * slots, self.rows.shape[1]), np.int64)
            loops.rehash(self.shards[shard], larger)
            self.shards[shard] = larger

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
        shape = self.shape
        row = self.rows[world]
        return tuple((int(row[w]) >> int(s)) & int(m) for w, s, m in zip(shape.word, shape.shift, shape.mask, strict=True))

    def path(self, world: int) -> list[int]:
        """The worlds that lead to `world`, an initial one first."""
        path = [world]
        while (parent := int(self.parents[path[-1]])) != path[-1]:
            path.append(parent)
        return path[::-1]


def packed(widths: list[int]) -> tuple[loops.Shape, int]:
    """Where each component goes, none across two words; and how many words that takes."""
    word, shift, free = [], [], [62]
    for width in widths:
        place = next((place for place, left in enumerate(free) if left >= width), None)
        if place is None:
            place = len(free)
            free.append(64)
        word.append(place)
        shift.append((62 if place == 0 else 64) - free[place])
        free[place] -= width
    masks = [(1 << width) - 1 for width in widths]
    return loops.Shape(*(np.array(part, np.int64) for part in (word, shift, masks))), len(free)


@define(eq=False)
class Lots:
    """The buffers that chunks are expanded into."""

    words: int
    capacity: int
    lots: list[loops.Lot] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.lots = [self.lot() for _ in range(CHUNKS)]

    def lot(self) -> loops.Lot:
        """An empty one."""
        return loops.Lot(
            rows=np.empty((loops.SHARDS, self.capacity, self.words), np.int64),
            parents=np.empty((loops.SHARDS, self.capacity), np.uint32),
            counts=np.zeros(loops.SHARDS, np.int64),
            misses=np.empty((loops.MISSES, 2), np.int64),
            missed=np.empty(CHUNK, np.int64),
            cover=np.zeros(1024, np.int64),
            tally=np.zeros(4, np.int64),
        )


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
    names: dict[int, tuple[str, bool]] = field(factory=dict)
    open: list[int] = field(factory=list)
    prune: int = loops.NONE
    frontier: int = 0

    def __attrs_post_init__(self) -> None:
        scenario = self.scenario
        self.found = Findings(scenario)
        self.book = Book.of(scenario)
        self.claims = Claims(self.book)
        for invariant in scenario.invariants:
            self.ask(invariant, invariant=True)
        for goal in scenario.goals:
            self.ask(goal, invariant=False)
        if scenario.prune is not None:
            self.prune = self.claims.add(partial_true(scenario.prune))
        if scenario.faults.may is not None:
            self.add_rules()

    def ask(self, claim: Property, *, invariant: bool) -> None:
        """Watch one property."""
        number = self.claims.add(partial_broken(claim) if invariant else partial_true(claim))
        self.names[number] = (claim.__name__, invariant)
        self.open.append(number)

    def add_rules(self) -> None:
        """The rule of the faults, as one claim for each turn and node that it rules."""
        may = self.scenario.faults.may
        for turn in RULED:
            for place, name in enumerate(self.scenario.names):
                rule = ruled(may, Event(turn, node=name))
                self.book.rules[turn, place] = self.claims.add(rule)

    def explore(self) -> None:
        """Visit every world, level by level, until there are none left or a level shows a violation."""
        first, last = 0, self.begin()
        self.judge(first, last)
        while first < last and not self.found.violations:
            self.level(first, last)
            first, last = last, self.store.count
            self.found.depth += first < last
            self.judge(first, last)

    def begin(self) -> int:
        """Enter the initial worlds; how many there are."""
        rows = list(dict.fromkeys(self.book.numbers(world) for _, world in self.scenario.initial()))
        self.store = Store([(len(part) - 1).bit_length() for part in self.book.parts])
        self.lots = Lots(self.store.rows.shape[1], LOT)
        shape, shards = self.store.shape, self.store.shards
        for number, row in enumerate(rows):
            words = np.zeros((1, self.store.rows.shape[1]), np.int64)
            words[0, 0] = loops.MARK
            for value, word, shift in zip(row, shape.word, shape.shift, strict=True):
                words[0, word] |= value << int(shift)
            counts, shard = np.zeros(loops.SHARDS, np.int64), np.zeros(1, np.uint8)
            loops.shards_of(words, counts, shard)
            loops.reinsert(shards[shard[0]], words, shard, int(shard[0]))
            self.store.held[shard[0]] += 1
            self.store.append(words, np.array([number], np.uint32))
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
            tables, pends = self.tables(), self.pends()
            done = list(self.run_all(lambda chunk: self.expand(chunk, now, tables, pends), range(len(now))))
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

    def expand(self, chunk: int, ids: list[Any], tables: loops.Tables, pends: int) -> int:
        """Expand one chunk into its lot."""
        lot, store = self.lots.lots[chunk], self.store
        lot.counts[:] = 0
        lot.tally[:] = 0
        first_node, monitors = self.book.components.host(0), self.book.components.monitors
        return int(
            loops.expand(
                ids[chunk], store.rows, store.shape, tables, BUDGETS_SPENT, first_node, monitors, self.prune, pends, lot
            )
        )

    def pends(self) -> int:
        """The most steps that one world may offer."""
        moves, items = self.book.longest.sum(axis=0)
        return int(moves + 4 * items + self.book.most_cuts + 1)

    def take_in(self, lots: list[loops.Lot]) -> None:
        """Insert what was found into the visited set; the new worlds are numbered by shard, chunk and place."""
        new = list(self.run_all(lambda shard: self.take_in_shard(shard, lots), range(loops.SHARDS)))
        for shard in range(loops.SHARDS):
            for lot, count in zip(lots, new[shard], strict=True):
                if count:
                    self.store.append(lot.rows[shard, :count], lot.parents[shard, :count])

    def take_in_shard(self, shard: int, lots: list[loops.Lot]) -> list[int]:
        """Insert the rows of one shard; how many of each lot are new."""
        store = self.store
        new = []
        for lot in lots:
            count = int(lot.counts[shard])
            store.make_room(shard, count)
            new.append(int(loops.insert(store.shards[shard], lot.rows[shard], lot.parents[shard], count)))
            store.held[shard] += new[-1]
        return new

    def fill(self, lots: list[loops.Lot]) -> None:
        """Work out everything that was missed, once."""
        misses = [(int(key), int(world)) for lot in lots for key, world in lot.misses[: lot.tally[2]]]
        if not misses:
            return
        seen = set()
        for key, world in misses:
            if key >> loops.KIND_SHIFT == loops.CLAIM:
                self.claims.resolve((key >> loops.SLOT_SHIFT) & 0xFFF, self.store.row(world))
            elif key not in seen:
                seen.add(key)
                self.book.fill(key)
        self.store.fit([len(part) for part in self.book.parts])
        effects = self.book.effect_host.used
        for place, lot in enumerate(self.lots.lots):
            if len(lot.cover) < effects:
                more = np.zeros(2 * effects, np.int64)
                more[: len(lot.cover)] = lot.cover
                self.lots.lots[place] = lot._replace(cover=more)

    def renew_lots(self, factor: int) -> None:
        """Make the buffers anew, for other rows or for more of them."""
        covers = [lot.cover for lot in self.lots.lots]
        self.lots = Lots(self.store.rows.shape[1], factor * self.lots.capacity)
        self.lots.lots = [lot._replace(cover=cover) for lot, cover in zip(self.lots.lots, covers, strict=True)]

    def judge(self, first: int, last: int) -> None:
        """Hold the open claims against the worlds of one level."""
        if self.book.raised and no_step_raises.__name__ not in {name for name, _ in self.names.values()}:
            self.ask(no_step_raises, invariant=True)
        hits = np.full(len(self.claims.all), loops.NONE, np.int64)
        ids = np.arange(first, last)
        while len(ids) and self.open:
            misses, again, tally = np.empty((1024, 2), np.int64), np.empty(1 << 16, np.int64), np.zeros(2, np.int64)
            store, tables = self.store, self.tables()
            asked = np.array(self.open, np.int64)
            done = loops.inspect(ids, store.rows, store.shape, tables, asked, misses, again, hits, tally)
            for claim, world in misses[: tally[0]]:
                self.claims.resolve(int(claim), store.row(int(world)))
            ids = np.concatenate([again[: tally[1]], ids[done:]])
        for claim in [claim for claim in self.open if hits[claim] != loops.NONE]:
            self.settle(claim, int(hits[claim]))

    def settle(self, claim: int, world: int) -> None:
        """A goal was reached, or an invariant violated, in this world."""
        self.open.remove(claim)
        name, invariant = self.names[claim]
        if not invariant:
            self.found.goals[name] = self.found.depth
            return
        worlds = [self.book.world(self.store.row(one)) for one in self.store.path(world)]
        broken = next(one for one in self.found.invariants if one.__name__ == name)
        self.found.violations[name] = (reason_against(broken, worlds[-1]) or "", worlds)

    def tables(self) -> loops.Tables:
        """The arrays as they are now."""
        book = self.book
        return loops.Tables(
            book.map.array,
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
            *self.claims.arrays(),
            fault_switches(self.scenario.faults),
        )

    def close(self) -> None:
        """Count what was handled."""
        self.found.distinct = self.store.count
        handlers = self.book.handlers.values
        for lot in self.lots.lots:
            for effect, handler in enumerate(self.book.effect_handler):
                if handler != loops.NONE and effect < len(lot.cover) and lot.cover[effect]:
                    key = handlers[handler]
                    self.found.handled[key] = self.found.handled.get(key, 0) + int(lot.cover[effect])


BUDGETS_SPENT = loops.Budget(BUDGET_NUMBER["drops"], BUDGET_NUMBER["duplicates"], BUDGET_NUMBER["suspicions"])


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
