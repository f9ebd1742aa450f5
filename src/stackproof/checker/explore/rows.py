"""Every world seen, as rows of integers in the order of discovery, and the set of them."""

from typing import Any

import numpy as np
from attrs import define, field

from stackproof.checker.explore import keys
from stackproof.checker.explore.limits import OutOfBudget
from stackproof.checker.explore.visited import number_all, reinsert, repack

MOST_WORLDS = (1 << 32) - 1
FEW_BITS, MANY_BITS = 1, 5


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

    @property
    def words(self) -> int:
        """How many words a row has."""
        return int(self.rows.shape[1])

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

    def slots_for(self, more: int) -> int:
        """How large the visited set must be so that so many more do not crowd it."""
        slots = len(self.table)
        while 4 * (self.count + more) > 3 * slots:
            slots *= 2
        return slots

    def growth(self, more: int) -> int:
        """How many bytes it takes to make room for so many more."""
        return (self.slots_for(more) - len(self.table)) * 8 * self.words

    def make_room(self, more: int) -> None:
        """Grow the visited set if so many more could crowd it."""
        slots = self.slots_for(more)
        if slots > len(self.table):
            self.rebuild(slots)

    def append(self, rows: Any, parents: Any) -> None:
        """Add new worlds at the end."""
        last = self.count + len(rows)
        if last > MOST_WORLDS:
            raise OutOfBudget(f"the native engine numbers {MOST_WORLDS:,} worlds at most")
        if last > len(self.rows):
            size = max(last, len(self.rows) * 3 // 2)
            self.rows.resize((size, self.rows.shape[1]), refcheck=False)
            self.parents.resize(size, refcheck=False)
        self.rows[self.count : last] = rows
        self.parents[self.count : last] = parents
        self.count = last

    def enter(self, row: tuple[int, ...]) -> None:
        """Add an initial world; it is its own parent."""
        words = np.zeros((1, self.rows.shape[1]), np.int64)
        words[0, 0] = keys.MARK
        for value, (word, shift, _) in zip(row, self.fields, strict=True):
            words[0, word] |= value << shift
        self.make_room(1)
        reinsert(self.table, words, np.empty(keys.BLOCK, np.int64))
        self.append(words, np.array([self.count], np.uint32))

    def row(self, world: int) -> tuple[int, ...]:
        """The numbers of a world's components."""
        words = self.rows[world].tolist()
        return tuple([(words[word] >> shift) & mask for word, shift, mask in self.fields])

    def numbers(self) -> Any:
        """For each slot of the set, which world's row stands there."""
        numbers = np.zeros(len(self.table), np.uint32)
        number_all(self.table, self.rows[: self.count], numbers)
        return numbers

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
    for few, many in ((1, 3), (1, 2), (1, 1), (0, 3), (0, 1)):
        more = [few if need <= FEW_BITS else many if need >= MANY_BITS else 0 for need in needed]
        loose = [min(need + extra, keys.A_SHIFT) for need, extra in zip(needed, more, strict=True)]
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
    far = [node for node, pair in enumerate(pairs) if pair >= keys.DIRECT]
    return keys.Shape(*(np.array(part, np.int64) for part in (word, shift, masks, pairs, far))), len(free)
