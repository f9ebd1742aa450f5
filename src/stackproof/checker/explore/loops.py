"""The compiled part of the native explorer: four loops over rows of integers.

A world is a row of 64-bit words into which the number of each component's value is packed; bit 62 of word 0 is always set, so
that no row is zero. What a step does is looked up in one open-addressing map from (kind, slot, a, b) to a number:

    STEP  node, host, cause      -> first effect and number of effects     PUT   node, inbox, item  -> inbox
    TAKE  node, inbox, item      -> inbox after a delivery                 DROP  node, inbox, item  -> inbox
    DOUBLE node, inbox, item     -> inbox                                  NOTE  monitor, ledger, observation -> ledger
    SPEND weather, budget        -> weather + 1, or 0 if it is spent       CUTS  weather -> first move and number of moves
    MEMO  claim or fold, payload -> 0 false, 1 true; the number of the fold

Whatever the map lacks is a miss: the row in hand is given back untouched, and Python fills the map in.
Everything is int64, and every function is free of Python, so that threads run side by side.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import njit

STEP, PUT, TAKE, DROP, DOUBLE, NOTE, SPEND, CUTS, MEMO, CLAIM = range(1, 11)
KIND_SHIFT, SLOT_SHIFT, A_SHIFT = 58, 46, 23
NUMBERS = 1 << 23
PAYLOAD_BITS = 46
MARK = 1 << 62
SHARDS = 8
MISSES = 2048
ENTRY_BITS = 16
ENTRY_MASK = (1 << ENTRY_BITS) - 1
UP, THERE = 1, 2
FREE = 0
NONE = -1

compiled: Any = njit(cache=True, nogil=True, boundscheck=False)
within: Any = njit(cache=True, nogil=True, inline="always")


class Shape(NamedTuple):
    """What a row looks like."""

    word: Any
    shift: Any
    mask: Any


class Tables(NamedTuple):
    """What is known of the components' values; see tables.py for how each is filled."""

    map: Any
    effect_host: Any
    effect_sends: Any
    effect_notes: Any
    send_node: Any
    send_item: Any
    note: Any
    host_flags: Any
    host_moves: Any
    move_cause: Any
    move_budget: Any
    move_claim: Any
    inbox_items: Any
    item: Any
    item_source: Any
    item_bounce: Any
    weather_cut: Any
    weather_move: Any
    claim_reads: Any
    read_component: Any
    read_row: Any
    read_shift: Any
    read_fold: Any
    read_aspect: Any
    faults: Any


class Budget(NamedTuple):
    """Numbers of the budgets that the loops spend themselves."""

    drop: int
    double: int
    suspicion: int


class Lot(NamedTuple):
    """What one call of `expand` fills: successors by shard, misses, and what to do again."""

    rows: Any
    parents: Any
    counts: Any
    misses: Any
    missed: Any
    cover: Any
    tally: Any


@within
def mixed(key: int) -> int:
    """A number whose low bits depend on all bits of `key`."""
    h = key * 0x2545F4914F6CDD1D
    h ^= (h >> 32) & 0xFFFFFFFF
    h *= 0x5851F42D4C957F2D
    return h ^ ((h >> 29) & 0x7FFFFFFFF)


@within
def found(table: Any, key: int) -> int:
    """The value under `key`, or -1."""
    mask = table.shape[0] - 1
    place = mixed(key) & mask
    while table[place, 0] != key:
        if table[place, 0] == 0:
            return NONE
        place = (place + 1) & mask
    return table[place, 1]


@compiled
def store(table: Any, key: int, value: int) -> bool:
    """Put a value under `key`; whether the key is new."""
    mask = table.shape[0] - 1
    place = mixed(key) & mask
    while table[place, 0] != 0:
        if table[place, 0] == key:
            table[place, 1] = value
            return False
        place = (place + 1) & mask
    table[place, 0] = key
    table[place, 1] = value
    return True


@compiled
def restore(old: Any, table: Any) -> None:
    """Move every entry of a map into a larger one."""
    for place in range(old.shape[0]):
        if old[place, 0] != 0:
            store(table, old[place, 0], old[place, 1])


@within
def row_hash(rows: Any, at: int) -> int:
    """The hash of one row."""
    h = mixed(rows[at, 0])
    for word in range(1, rows.shape[1]):
        h = mixed(h ^ rows[at, word])
    return h


@within
def claim_value(tables: Any, claim: int, now: Any, lack: Any) -> int:
    """0 or 1 if the claim's value is known for these components; else -1, and `lack` gets what was looked for."""
    payload = 0
    slot = tables.claim_reads[claim, 2]
    value = 0
    for read in range(tables.claim_reads[claim, 0], tables.claim_reads[claim, 1]):
        if tables.read_fold[read] != NONE:
            lack[0] = (MEMO << KIND_SHIFT) | (tables.read_fold[read] << SLOT_SHIFT) | payload
            payload = found(tables.map, lack[0])
            if payload == NONE:
                value = NONE
                break
        number = now[tables.read_component[read]]
        aspect = tables.read_aspect[tables.read_row[read], number]
        if aspect == NONE:
            lack[0] = (CLAIM << KIND_SHIFT) | (tables.read_row[read] << A_SHIFT) | number
            value = NONE
            break
        payload |= aspect << tables.read_shift[read]
    if value != NONE:
        lack[0] = (MEMO << KIND_SHIFT) | (slot << SLOT_SHIFT) | payload
        value = found(tables.map, lack[0])
    return value


@compiled
def expand(
    ids: Any, rows: Any, shape: Any, tables: Any, budget: Any, first_node: int, monitors: int, prune: int, pends: int, lot: Any
) -> int:
    """Write the successors of the worlds `ids` to `lot`; how many of them were done before the lot was full.

    `first_node` is the component of the first host, `prune` the claim that stops the search or -1, `pends` at least how many
    steps one world may offer. `lot.tally` counts transitions, pruned worlds, misses, missed worlds.
    """
    words = rows.shape[1]
    components = shape.word.shape[0]
    nodes = (components - first_node) // 2
    capacity = lot.parents.shape[1]
    now = np.empty(components, np.int64)
    origin = np.empty(components, np.int64)
    new = np.empty((1, words), np.int64)
    saved = np.empty(SHARDS, np.int64)
    used = np.empty(lot.parents.shape[0] * capacity + 1, np.int32)
    recent = np.zeros(256, np.int64)
    lack = np.zeros(1, np.int64)
    pend = np.empty((pends, 5), np.int64)
    table = tables.map
    done = 0
    for id_place in range(ids.shape[0]):
        world = ids[id_place]
        for c in range(components):
            now[c] = (rows[world, shape.word[c]] >> shape.shift[c]) & shape.mask[c]
            origin[c] = now[c]
        for s in range(SHARDS):
            saved[s] = lot.counts[s]
        uses = 0
        misses = 0
        full = False
        miss = 0
        same = 0
        pending = 0
        emits = 0
        weather = now[0]
        if prune != NONE:
            pruned = claim_value(tables, prune, now, lack)
            if pruned == NONE:
                miss = (CLAIM << KIND_SHIFT) | (prune << SLOT_SHIFT)
                same = lack[0]
            if pruned == 1:
                lot.tally[1] += 1
                done += 1
                continue
        if miss == 0:
            for i in range(nodes):
                host = now[first_node + 2 * i]
                inbox = now[first_node + 2 * i + 1]
                flags = tables.host_flags[i, host]
                for place in range(tables.inbox_items[i, inbox, 0], tables.inbox_items[i, inbox, 1]):
                    item = tables.item[place]
                    source = tables.item_source[i, item]
                    if flags & UP and not (tables.faults[0] and tables.weather_cut[weather, source * nodes + i]):
                        pend[pending, 0] = i
                        pend[pending, 1] = item
                        pend[pending, 2] = weather
                        pend[pending, 3] = i
                        pend[pending, 4] = item
                        pending += 1
                    if not tables.faults[1]:
                        continue
                    for way in range(2):
                        spend = budget.drop if way == 0 else budget.double
                        if not tables.faults[2 + way]:
                            continue
                        after = found(table, (SPEND << KIND_SHIFT) | (weather << A_SHIFT) | spend)
                        kind = DROP if way == 0 else DOUBLE
                        key = (kind << KIND_SHIFT) | (i << SLOT_SHIFT) | (inbox << A_SHIFT) | item
                        changed = found(table, key)
                        if after == NONE:
                            miss = (SPEND << KIND_SHIFT) | (weather << A_SHIFT) | spend
                        elif changed == NONE:
                            miss = key
                        elif after > 0 and changed > 0:
                            pend[pending, 0] = NONE
                            pend[pending, 1] = changed - 1
                            pend[pending, 2] = after - 1
                            pend[pending, 3] = i
                            pend[pending, 4] = NONE
                            pending += 1
                    if tables.faults[4] and tables.host_flags[source, now[first_node + 2 * source]] & UP:
                        bounce = tables.item_bounce[i, item]
                        if flags & THERE:
                            after = found(table, (SPEND << KIND_SHIFT) | (weather << A_SHIFT) | budget.suspicion)
                            if after == NONE:
                                miss = (SPEND << KIND_SHIFT) | (weather << A_SHIFT) | budget.suspicion
                            elif after > 0:
                                pend[pending, 0] = source
                                pend[pending, 1] = bounce
                                pend[pending, 2] = after - 1
                                pend[pending, 3] = NONE
                                pend[pending, 4] = NONE
                                pending += 1
                        else:
                            pend[pending, 0] = source
                            pend[pending, 1] = bounce
                            pend[pending, 2] = weather
                            pend[pending, 3] = i
                            pend[pending, 4] = item
                            pending += 1
                for move in range(tables.host_moves[i, host, 0], tables.host_moves[i, host, 1]):
                    after = weather + 1
                    if tables.move_budget[move] != FREE:
                        key = (SPEND << KIND_SHIFT) | (weather << A_SHIFT) | tables.move_budget[move]
                        after = found(table, key)
                        if after == NONE:
                            miss = key
                    claim = tables.move_claim[move]
                    if claim != NONE and after > 0:
                        may = claim_value(tables, claim, now, lack)
                        if may == NONE:
                            miss = (CLAIM << KIND_SHIFT) | (claim << SLOT_SHIFT)
                            same = lack[0]
                        if may != 1:
                            after = 0
                    if after > 0:
                        pend[pending, 0] = i
                        pend[pending, 1] = tables.move_cause[move]
                        pend[pending, 2] = after - 1
                        pend[pending, 3] = NONE
                        pend[pending, 4] = NONE
                        pending += 1
                if miss != 0:
                    break
        if miss == 0 and tables.faults[5]:
            entry = found(table, (CUTS << KIND_SHIFT) | (weather << A_SHIFT))
            if entry == NONE:
                miss = (CUTS << KIND_SHIFT) | (weather << A_SHIFT)
            else:
                for move in range(entry >> ENTRY_BITS, (entry >> ENTRY_BITS) + (entry & ENTRY_MASK)):
                    pend[pending, 0] = NONE
                    pend[pending, 1] = NONE
                    pend[pending, 2] = tables.weather_move[move]
                    pend[pending, 3] = NONE
                    pend[pending, 4] = NONE
                    pending += 1
        if miss != 0:
            pending = 0
            misses += 1
            if same == 0:
                same = miss
            if recent[mixed(same) & 255] != same and lot.tally[2] < MISSES:
                recent[mixed(same) & 255] = same
                lot.misses[lot.tally[2], 0] = miss
                lot.misses[lot.tally[2], 1] = world
                lot.tally[2] += 1
        for p in range(pending):
            actor = pend[p, 0]
            first = 0
            count = 1
            if actor != NONE:
                key = (STEP << KIND_SHIFT) | (actor << SLOT_SHIFT) | (now[first_node + 2 * actor] << A_SHIFT) | pend[p, 1]
                entry = found(table, key)
                first = entry >> ENTRY_BITS
                count = entry & ENTRY_MASK
                if entry == NONE:
                    count = 0
                    misses += 1
                    if recent[mixed(key) & 255] != key and lot.tally[2] < MISSES:
                        recent[mixed(key) & 255] = key
                        lot.misses[lot.tally[2], 0] = key
                        lot.misses[lot.tally[2], 1] = world
                        lot.tally[2] += 1
            for effect in range(first, first + count):
                for w in range(words):
                    new[0, w] = rows[world, w]
                new[0, shape.word[0]] ^= (weather ^ pend[p, 2]) << shape.shift[0]
                miss = 0
                if pend[p, 3] != NONE:
                    c = first_node + 2 * pend[p, 3] + 1
                    changed = pend[p, 1]
                    if actor != NONE:
                        key = (TAKE << KIND_SHIFT) | (pend[p, 3] << SLOT_SHIFT) | (now[c] << A_SHIFT) | pend[p, 4]
                        changed = found(table, key)
                        if changed == NONE:
                            miss = key
                            changed = 0
                    new[0, shape.word[c]] ^= (now[c] ^ changed) << shape.shift[c]
                    now[c] = changed
                if actor != NONE:
                    c = first_node + 2 * actor
                    new[0, shape.word[c]] ^= (now[c] ^ tables.effect_host[effect]) << shape.shift[c]
                    if miss == 0:
                        for send in range(tables.effect_sends[effect, 0], tables.effect_sends[effect, 1]):
                            target = tables.send_node[send]
                            c = first_node + 2 * target + 1
                            key = (PUT << KIND_SHIFT) | (target << SLOT_SHIFT) | (now[c] << A_SHIFT) | tables.send_item[send]
                            changed = found(table, key)
                            if changed == NONE:
                                miss = key
                                break
                            new[0, shape.word[c]] ^= (now[c] ^ changed) << shape.shift[c]
                            now[c] = changed
                        for place in range(tables.effect_notes[effect, 0], tables.effect_notes[effect, 1]):
                            for m in range(monitors):
                                c = 1 + m
                                key = (NOTE << KIND_SHIFT) | (m << SLOT_SHIFT) | (now[c] << A_SHIFT) | tables.note[place]
                                changed = found(table, key)
                                if changed == NONE:
                                    miss = miss if miss else key
                                    break
                                new[0, shape.word[c]] ^= (now[c] ^ changed) << shape.shift[c]
                                now[c] = changed
                            if miss != 0:
                                break
                        for send in range(tables.effect_sends[effect, 0], tables.effect_sends[effect, 1]):
                            c = first_node + 2 * tables.send_node[send] + 1
                            now[c] = origin[c]
                        for m in range(monitors):
                            now[1 + m] = origin[1 + m]
                if pend[p, 3] != NONE:
                    c = first_node + 2 * pend[p, 3] + 1
                    now[c] = origin[c]
                if miss != 0:
                    misses += 1
                    if recent[mixed(miss) & 255] != miss and lot.tally[2] < MISSES:
                        recent[mixed(miss) & 255] = miss
                        lot.misses[lot.tally[2], 0] = miss
                        lot.misses[lot.tally[2], 1] = world
                        lot.tally[2] += 1
                    continue
                if misses > 0:
                    continue
                shard = (row_hash(new, 0) >> 60) & (SHARDS - 1)
                at = lot.counts[shard]
                if at == capacity:
                    full = True
                    break
                for w in range(words):
                    lot.rows[shard, at, w] = new[0, w]
                lot.parents[shard, at] = world
                lot.counts[shard] = at + 1
                emits += 1
                if actor != NONE:
                    used[uses] = effect
                    uses += 1
            if full:
                break
        if full or misses > 0:
            for s in range(SHARDS):
                lot.counts[s] = saved[s]
        if full:
            break
        done += 1
        if misses > 0:
            lot.missed[lot.tally[3]] = world
            lot.tally[3] += 1
            continue
        lot.tally[0] += emits
        for use in range(uses):
            lot.cover[used[use]] += 1
    return done


@compiled
def insert(table: Any, rows: Any, parents: Any, count: int) -> int:
    """Put `count` rows into one shard of the visited set; the new ones, and their parents, are moved to the front.

    Returns how many are new; `table` is open-addressing, of rows, and has room for all. A first pass touches the slots of a
    block so that the second finds them in the cache.
    """
    mask = table.shape[0] - 1
    words = rows.shape[1]
    places = np.empty(256, np.int64)
    touched = 0
    new = 0
    for start in range(0, count, 256):
        stop = min(start + 256, count)
        for at in range(start, stop):
            place = row_hash(rows, at) & mask
            places[at - start] = place
            touched ^= table[place, 0]
        for at in range(start, stop):
            place = places[at - start]
            while table[place, 0] != 0:
                same = True
                for w in range(words):
                    same &= table[place, w] == rows[at, w]
                if same:
                    break
                place = (place + 1) & mask
            if table[place, 0] == 0:
                for w in range(words):
                    table[place, w] = rows[at, w]
                    rows[new, w] = rows[at, w]
                parents[new] = parents[at]
                new += 1
    return new + (touched & 0)


@compiled
def rehash(old: Any, table: Any) -> None:
    """Move every row of a shard into a larger one."""
    mask = table.shape[0] - 1
    for at in range(old.shape[0]):
        if old[at, 0] != 0:
            place = row_hash(old, at) & mask
            while table[place, 0] != 0:
                place = (place + 1) & mask
            for w in range(old.shape[1]):
                table[place, w] = old[at, w]


@compiled
def shards_of(rows: Any, counts: Any, shards: Any) -> None:
    """Note to which shard each row belongs, and how many belong to each."""
    for at in range(rows.shape[0]):
        shard = (row_hash(rows, at) >> 60) & (SHARDS - 1)
        counts[shard] += 1
        shards[at] = shard


@compiled
def reinsert(table: Any, rows: Any, shards: Any, shard: int) -> None:
    """Put every row that belongs to `shard` into an empty table."""
    mask = table.shape[0] - 1
    for at in range(rows.shape[0]):
        if shards[at] == shard:
            place = row_hash(rows, at) & mask
            while table[place, 0] != 0:
                place = (place + 1) & mask
            for w in range(rows.shape[1]):
                table[place, w] = rows[at, w]


@compiled
def repack(old_rows: Any, old: Any, rows: Any, new: Any) -> None:
    """Write rows of one shape in another."""
    for at in range(old_rows.shape[0]):
        for w in range(rows.shape[1]):
            rows[at, w] = 0
        rows[at, 0] = MARK
        for c in range(old.word.shape[0]):
            value = (old_rows[at, old.word[c]] >> old.shift[c]) & old.mask[c]
            rows[at, new.word[c]] |= value << new.shift[c]


@compiled
def inspect(ids: Any, rows: Any, shape: Any, tables: Any, claims: Any, misses: Any, again: Any, hits: Any, tally: Any) -> int:
    """Look up every one of `claims` for the worlds `ids`; how many worlds were looked at before `misses` was full.

    `misses` gets a (claim, world) row for each thing to work out, once; `again` every world that lacks something; `hits`, for
    each claim, the first world for which it is true. `tally` counts the rows of `misses` and of `again`.
    """
    components = shape.word.shape[0]
    now = np.empty(components, np.int64)
    lack = np.zeros(1, np.int64)
    recent = np.zeros(4096, np.int64)
    for at in range(ids.shape[0]):
        world = ids[at]
        if tally[0] + claims.shape[0] > misses.shape[0] or tally[1] == again.shape[0]:
            return at
        for c in range(components):
            now[c] = (rows[world, shape.word[c]] >> shape.shift[c]) & shape.mask[c]
        lacking = False
        for place in range(claims.shape[0]):
            claim = claims[place]
            value = claim_value(tables, claim, now, lack)
            if value == NONE:
                lacking = True
                if recent[mixed(lack[0]) & 4095] != lack[0]:
                    recent[mixed(lack[0]) & 4095] = lack[0]
                    misses[tally[0], 0] = claim
                    misses[tally[0], 1] = world
                    tally[0] += 1
            elif value == 1 and (hits[claim] == NONE or world < hits[claim]):
                hits[claim] = world
        if lacking:
            again[tally[1]] = world
            tally[1] += 1
    return ids.shape[0]
