"""Compiled: the set of rows seen so far, exact, in shards.

A row is one or more 64-bit words, never all zero. The set is open-addressing; the upper part of a row's place is its
shard, and a crowded row moves on within its shard only, so that each shard can be written by a thread of its own.
"""

from typing import Any

from stackproof.checker.explore.compiled import native, prefetch, within
from stackproof.checker.explore.keys import BLOCK, MARK, POSITIVE, SHARDS
from stackproof.checker.explore.lookups import mixed


@within
def home(rows: Any, at: int, slots: int) -> int:
    """The place where a row belongs."""
    h = mixed(rows[at, 0])
    for word in range(1, rows.shape[1]):
        h = mixed(h ^ rows[at, word])
    return int(h & (slots - 1)) & POSITIVE


@within
def beyond(place: int, inside: int) -> int:
    """The next place of the same shard."""
    return ((place & ~inside) | ((place + 1) & inside)) & POSITIVE


@within
def same_row(table: Any, place: int, rows: Any, at: int) -> bool:
    """Whether two rows are equal; most differ in their first word."""
    same = table[place, 0] == rows[at, 0]
    if same:
        for w in range(1, rows.shape[1]):
            same &= table[place, w] == rows[at, w]
    return bool(same)


@native
def insert(table: Any, rows: Any, parents: Any, count: int, places: Any) -> int:
    """Put `count` rows of one shard into the set; the new ones, and their parents, are moved to the front.

    Returns how many are new. The set must have room for all; `places` (BLOCK integers) is scratch.
    """
    slots = table.shape[0]
    inside = slots // SHARDS - 1
    words = rows.shape[1]
    new = 0
    for start in range(0, count, BLOCK):
        stop = min(start + BLOCK, count)
        for at in range(start, stop):
            places[at - start] = home(rows, at, slots)
            prefetch(table, places[at - start])
        for at in range(start, stop):
            place = places[at - start]
            while table[place, 0] != 0 and not same_row(table, place, rows, at):
                place = beyond(place, inside)
            if table[place, 0] == 0:
                for w in range(words):
                    table[place, w] = rows[at, w]
                    rows[new, w] = rows[at, w]
                parents[new] = parents[at]
                new += 1
    return new


@native
def reinsert(table: Any, rows: Any, places: Any) -> None:
    """Put rows, all different, into an empty set; `places` (BLOCK integers) is scratch."""
    slots = table.shape[0]
    inside = slots // SHARDS - 1
    for start in range(0, rows.shape[0], BLOCK):
        stop = min(start + BLOCK, rows.shape[0])
        for at in range(start, stop):
            places[at - start] = home(rows, at, slots)
            prefetch(table, places[at - start])
        for at in range(start, stop):
            place = places[at - start]
            while table[place, 0] != 0:
                place = beyond(place, inside)
            for w in range(rows.shape[1]):
                table[place, w] = rows[at, w]


@native
def repack(old_rows: Any, old: Any, rows: Any, new: Any) -> None:
    """Write rows of one shape in another."""
    for at in range(old_rows.shape[0]):
        for w in range(rows.shape[1]):
            rows[at, w] = 0
        rows[at, 0] = MARK
        for c in range(old.word.shape[0]):
            value = (old_rows[at, old.word[c]] >> old.shift[c]) & old.mask[c]
            rows[at, new.word[c]] |= value << new.shift[c]


@within
def sought(table: Any, rows: Any, at: int) -> int:
    """The place of a row that is in the set."""
    slots = table.shape[0]
    inside = slots // SHARDS - 1
    place = home(rows, at, slots)
    while not same_row(table, place, rows, at):
        place = beyond(place, inside)
    return place


@native
def number_all(table: Any, rows: Any, numbers: Any) -> None:
    """Write down at each row's place in the set which world it is."""
    for world in range(rows.shape[0]):
        numbers[sought(table, rows, world)] = world


@native
def hand_back(table: Any, numbers: Any, rows: Any, parents: Any, count: int, good: Any) -> int:
    """Mark each parent that has a good successor among these rows of one shard; how many are newly marked."""
    marked = 0
    for at in range(count):
        if not good[parents[at]] and good[numbers[sought(table, rows, at)]]:
            good[parents[at]] = 1
            marked += 1
    return marked
