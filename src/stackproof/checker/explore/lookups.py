"""Compiled: the open-addressing map, the misses of it, and the answers of claims that are looked up in it."""

from typing import Any

from stackproof.checker.explore.compiled import native, once, within
from stackproof.checker.explore.keys import A_SHIFT, CLAIM, KIND_SHIFT, MEMO, MISSES, NONE, POSITIVE, SLOT_SHIFT


@once
def mixed(key: int) -> int:
    """A number whose low bits depend on all bits of `key`."""
    h = key * 0x2545F4914F6CDD1D
    h ^= (h >> 32) & 0xFFFFFFFF
    h *= 0x5851F42D4C957F2D
    return h ^ ((h >> 29) & 0x7FFFFFFFF)


@once
def found(table: Any, key: int) -> int:
    """The value under `key`, or -1."""
    mask = (table.shape[0] - 1) & POSITIVE
    place = mixed(key) & mask
    while table[place, 0] != key and table[place, 0] != 0:
        place = (place + 1) & mask
    return int(table[place, 1]) if table[place, 0] == key else NONE


@once
def note_miss(lot: Any, same: int, key: int, world: int) -> None:
    """Write a miss down, unless the same was written lately."""
    recent = lot.scratch.recent
    if recent[mixed(same) & 255] != same and lot.tally[MISSES] < lot.misses.shape[0]:
        recent[mixed(same) & 255] = same
        lot.misses[lot.tally[MISSES], 0] = key
        lot.misses[lot.tally[MISSES], 1] = world
        lot.tally[MISSES] += 1


@native
def store(table: Any, key: int, value: int) -> bool:
    """Put a value under `key`; whether the key is new."""
    mask = table.shape[0] - 1
    place = mixed(key) & mask
    while table[place, 0] != key and table[place, 0] != 0:
        place = (place + 1) & mask
    new = table[place, 0] == 0
    table[place, 0] = key
    table[place, 1] = value
    return bool(new)


@native
def store_all(table: Any, entries: Any) -> int:
    """Put many values in, each row a key and its value; how many keys are new."""
    new = 0
    for at in range(entries.shape[0]):
        new += store(table, entries[at, 0], entries[at, 1])
    return new


@native
def restore(old: Any, table: Any) -> None:
    """Move every entry of a map into a larger one."""
    for place in range(old.shape[0]):
        if old[place, 0] != 0:
            store(table, old[place, 0], old[place, 1])


@within
def component(rows: Any, world: int, shape: Any, c: int) -> int:
    """The number that stands in one component of a row.

    Here and elsewhere `& POSITIVE` tells the compiler that an index is not counted from the end.
    """
    return int((rows[world, shape.word[c]] >> shape.shift[c]) & shape.mask[c]) & POSITIVE


@once
def claim_value(tables: Any, claim: int, rows: Any, world: int, shape: Any, lack: Any) -> int:
    """The claim's value if it is known for this row; else -1, and `lack` gets what was looked for."""
    payload = 0
    value = 0
    for read in range(tables.claim_reads[claim, 0], tables.claim_reads[claim, 1]):
        if tables.read_fold[read] != NONE:
            lack[0] = (MEMO << KIND_SHIFT) | (tables.read_fold[read] << SLOT_SHIFT) | payload
            payload = found(tables.memo, lack[0])
            if payload == NONE:
                value = NONE
                break
        number = component(rows, world, shape, tables.read_component[read])
        aspect = tables.read_aspect[tables.read_row[read], number]
        if aspect == NONE:
            lack[0] = (CLAIM << KIND_SHIFT) | (tables.read_row[read] << A_SHIFT) | number
            value = NONE
            break
        payload |= aspect << tables.read_shift[read]
    if value != NONE:
        lack[0] = (MEMO << KIND_SHIFT) | (tables.claim_reads[claim, 2] << SLOT_SHIFT) | payload
        value = found(tables.memo, lack[0])
    return value


@native
def inspect(
    ids: Any,
    rows: Any,
    shape: Any,
    tables: Any,
    claims: Any,
    asked: Any,
    misses: Any,
    again: Any,
    hits: Any,
    tally: Any,
    recent: Any,
    lack: Any,
    marks: Any,
) -> int:
    """Look up every one of `claims` for the worlds `ids`; how many worlds were looked at before `misses` was full.

    `misses` gets a (claim, world) row for each thing to work out, once; `again` every world that lacks something;
    `hits`, for each claim and each bit that `asked` has of it, the first world that has it, too. `tally` counts the
    rows of `misses` and of `again`; `recent` (4,096 zeros) and `lack` (one) are scratch. `marks`, unless it is empty,
    gets a 1 for each world that has any of those bits.
    """
    looked = 0
    for at in range(ids.shape[0]):
        world = ids[at]
        if tally[0] + claims.shape[0] > misses.shape[0] or tally[1] == again.shape[0]:
            break
        lacking = 0
        for place in range(claims.shape[0]):
            claim = claims[place]
            value = claim_value(tables, claim, rows, world, shape, lack)
            if value == NONE:
                lacking = 1
                if recent[mixed(lack[0]) & 4095] != lack[0]:
                    recent[mixed(lack[0]) & 4095] = lack[0]
                    misses[tally[0], 0] = claim
                    misses[tally[0], 1] = world
                    tally[0] += 1
            elif value & asked[claim]:
                if marks.shape[0]:
                    marks[world] = 1
                for bit in range(hits.shape[1]):
                    if (value & asked[claim]) >> bit & 1 and (hits[claim, bit] == NONE or world < hits[claim, bit]):
                        hits[claim, bit] = world
        if lacking:
            again[tally[1]] = world
            tally[1] += 1
        looked += 1
    return looked
