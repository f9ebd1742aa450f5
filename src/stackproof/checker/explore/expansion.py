"""Compiled: the successors of worlds.

A world is expanded by walking the lists of what may happen to its nodes (entries.py). A world that lacks anything
leaves no trace but its misses, and is expanded again later.
"""

from typing import Any

from stackproof.checker.explore.compiled import native, prefetch, within
from stackproof.checker.explore.entries import pair_entries
from stackproof.checker.explore.keys import *  # noqa: F403
from stackproof.checker.explore.lookups import claim_value, component, found, mixed, note_miss
from stackproof.checker.explore.taking import become, copy_row, passes
from stackproof.checker.explore.visited import home


@within
def emit(lot: Any, world: int, setting: Any) -> bool:
    """Add the row in hand to the lot; false where it is full."""
    new = lot.scratch.new
    shard = (home(new, 0, setting.slots) >> setting.shard_shift) & (SHARDS - 1)
    count = lot.counts[shard]
    room = count < setting.capacity
    if room:
        at = (shard * setting.capacity + count) & POSITIVE
        copy_row(lot.rows, at, new, 0)
        lot.parents[at] = world
        lot.counts[shard] = count + 1
        lot.tally[TRANSITIONS] += 1
    return bool(room)


@within
def follow(
    e: int, i: int, weather: int, rows: Any, world: int, shape: Any, tables: Any, setting: Any, cache: Any, lot: Any
) -> int:
    """Add the successors that one entry leads to."""
    gate = lot.scratch.gate
    went = DONE
    first = cache.entries[e, EFFECT]
    last = first + 1
    if cache.entries[e, FLAGS] & GATED:
        budget = cache.entries[e, BUDGET]
        fault = setting.calm and budget != FREE and budget != setting.restart
        opened = 0 if fault else passes(e, i, weather, rows, world, shape, tables, setting, cache, lot)
        first = gate[FIRST]
        last = gate[LAST] if opened == 1 else first
        went = LACKING if opened == NONE else DONE
    for effect in range(first, last):
        if not become(e, effect, i, weather, rows, world, shape, tables, setting, cache, lot):
            went = LACKING
        if went == DONE:
            if not emit(lot, world, setting):
                went = FULL
            elif effect != NONE:
                lot.scratch.used[lot.tally[USED]] = effect
                lot.tally[USED] += 1
    return went


@within
def leap(first: int, last: int, i: int, rows: Any, world: int, shape: Any, setting: Any, cache: Any, lot: Any) -> bool:
    """Add the successors of simple entries, which change their node's own bits only; false if the lot is full."""
    word = shape.word[setting.first_node + 2 * i]
    new = lot.scratch.new
    room = True
    for e in range(first, last):
        copy_row(new, 0, rows, world)
        new[0, word] ^= cache.entries[e, DELTA]
        room = room and emit(lot, world, setting)
        if room and cache.entries[e, EFFECT] != NONE:
            lot.scratch.used[lot.tally[USED]] = cache.entries[e, EFFECT]
            lot.tally[USED] += 1
    return room


@native
def follow_cuts(weather: int, rows: Any, world: int, shape: Any, tables: Any, setting: Any, lot: Any) -> int:
    """Add the worlds in which a link was cut or healed."""
    key = (CUTS << KIND_SHIFT) | (weather << A_SHIFT)
    moves = found(tables.map, key)
    went = DONE
    if moves == NONE:
        went = LACKING
        moves = 0
        note_miss(lot, key, key, world)
    for move in range(moves >> ENTRY_BITS, (moves >> ENTRY_BITS) + (moves & ENTRY_MASK)):
        copy_row(lot.scratch.new, 0, rows, world)
        lot.scratch.new[0, shape.word[0]] ^= (weather ^ tables.weather_move[move]) << shape.shift[0]
        if (tables.weather_heals[move] or not setting.calm) and not emit(lot, world, setting):
            went = FULL
    return went


@within
def looked_past(rows: Any, world: int, shape: Any, tables: Any, setting: Any, lot: Any) -> int:
    """Whether the prune lets one look past a world: DONE, LEFT_OUT, or LACKING where that is not known."""
    went = DONE
    if setting.prune != NONE:
        pruned = claim_value(tables, setting.prune, rows, world, shape, lot.scratch.lack)
        went = LEFT_OUT if pruned == 1 else DONE
        if pruned == NONE:
            went = LACKING
            note_miss(lot, lot.scratch.lack[0], (CLAIM << KIND_SHIFT) | (setting.prune << SLOT_SHIFT), world)
    return went


@within
def follow_all(rows: Any, world: int, shape: Any, tables: Any, setting: Any, cache: Any, lot: Any) -> int:
    """Add every successor of one world; what lacks in one place does not keep the others from being looked at."""
    went = looked_past(rows, world, shape, tables, setting, lot)
    weather = component(rows, world, shape, 0)
    if went == DONE:
        for i in range(setting.nodes):
            pair = pair_entries(i, rows, world, shape, tables, setting, cache, lot)
            if pair == NONE:
                went = LACKING
                pair = 0
            first = (pair >> LIST_BITS) & POSITIVE
            middle = first + ((pair >> ENTRY_BITS) & ENTRY_MASK)
            if went == DONE and not leap(first, middle, i, rows, world, shape, setting, cache, lot):
                went = FULL
            for e in range(middle, first + (pair & ENTRY_MASK)):
                one = follow(e, i, weather, rows, world, shape, tables, setting, cache, lot)
                went = one if one != DONE and went != LACKING else went
        if tables.switches[CAN_CUT]:
            one = follow_cuts(weather, rows, world, shape, tables, setting, lot)
            went = one if one != DONE and went != LACKING else went
    return went


@within
def look_ahead(rows: Any, world: int, shape: Any, setting: Any, cache: Any, near: bool) -> None:
    """Have brought near what a world's expansion will read: where its pairs are noted, then their entries."""
    for place in range(shape.far.shape[0]):
        i = shape.far[place]
        c = setting.first_node + 2 * i
        pair = (rows[world, shape.word[c]] >> shape.shift[c]) & shape.pair[i] & POSITIVE
        key = (PAIR << KIND_SHIFT) | (i << SLOT_SHIFT) | pair
        if near:
            value = found(cache.map, key)
            if value != NONE:
                prefetch(cache.entries, value >> LIST_BITS)
        else:
            prefetch(cache.map, mixed(key) & (cache.map.shape[0] - 1))


@native
def expand(ids: Any, rows: Any, shape: Any, tables: Any, setting: Any, cache: Any, lot: Any) -> int:
    """Write the successors of the worlds `ids` to `lot`; how many of them were done before the lot was full."""
    saved = lot.scratch.saved
    done = 0
    for place in range(ids.shape[0]):
        if place + FAR < ids.shape[0]:
            look_ahead(rows, ids[place + FAR], shape, setting, cache, False)
            look_ahead(rows, ids[place + NEAR], shape, setting, cache, True)
        for shard in range(SHARDS):
            saved[shard] = lot.counts[shard]
        transitions = lot.tally[TRANSITIONS]
        lot.tally[USED] = 0
        went = follow_all(rows, ids[place], shape, tables, setting, cache, lot)
        if went == LACKING or went == FULL:
            lot.tally[TRANSITIONS] = transitions
            for shard in range(SHARDS):
                lot.counts[shard] = saved[shard]
        if went == FULL:
            break
        done += 1
        if went == LACKING:
            lot.missed[lot.tally[MISSED]] = ids[place]
            lot.tally[MISSED] += 1
        elif went == LEFT_OUT:
            lot.tally[PRUNED] += 1
        elif not setting.calm:
            for use in range(lot.tally[USED]):
                lot.cover[lot.scratch.used[use]] += 1
    return done
