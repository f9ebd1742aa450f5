"""Compiled: one step of a walk, drawn by lot among all that may happen in the world that it stands in.

All chance is a function of the seed, the number of the walk, and how often it has drawn, so that a walk depends on
nothing but these, neither on the lane nor on what was known when.
"""

from typing import Any

from stackproof.checker.explore.compiled import native, within
from stackproof.checker.explore.entries import forget, pair_entries
from stackproof.checker.explore.keys import (
    A_SHIFT,
    BUDGET,
    CAN_CUT,
    CUTS,
    EFFECT,
    ENTRY_BITS,
    ENTRY_MASK,
    FIRST,
    FLAGS,
    FREE,
    GATED,
    KIND_SHIFT,
    LACKING,
    LAST,
    LIST_BITS,
    NONE,
    POSITIVE,
)
from stackproof.checker.explore.lookups import component, found, mixed, note_miss
from stackproof.checker.explore.taking import become, copy_row, passes
from stackproof.checker.search.lanes import DRAWN, ENDED, GOING, GOLDEN, HURRIED, KEY, SURE


@within
def drawn(lanes: Any, lane: int, among: int) -> int:
    """A number below `among`, by lot."""
    lanes[lane, DRAWN] += 1
    h = mixed(lanes[lane, KEY] + lanes[lane, DRAWN] * GOLDEN)
    return int((((h >> 31) & 0xFFFFFFFF) * among) >> 32) & POSITIVE


@within
def count_entries(
    rows: Any, world: int, shape: Any, tables: Any, setting: Any, cache: Any, lot: Any, walkers: Any
) -> int:
    """How many entries a world has; `spans` gets which. -1 where something lacks."""
    spans = walkers.spans
    total = 0
    lacking = False
    if cache.used[0] + setting.nodes * setting.most > cache.entries.shape[0] or 4 * cache.used[1] > cache.map.shape[0]:
        forget(cache)
    for i in range(setting.nodes):
        pair = pair_entries(i, rows, world, shape, tables, setting, cache, lot)
        lacking |= pair == NONE
        spans[i, 0] = pair >> LIST_BITS
        spans[i, 1] = pair & ENTRY_MASK
        total += spans[i, 1]
    spans[setting.nodes, 1] = 0
    if tables.switches[CAN_CUT]:
        key = (CUTS << KIND_SHIFT) | (component(rows, world, shape, 0) << A_SHIFT)
        moves = found(tables.map, key)
        if moves == NONE:
            lacking = True
            note_miss(lot, key, key, world)
        spans[setting.nodes, 0] = moves >> ENTRY_BITS
        spans[setting.nodes, 1] = moves & ENTRY_MASK
        total += spans[setting.nodes, 1]
    return NONE if lacking else total


@native
def blow(
    move: int, hurried: bool, lane: int, rows: Any, world: int, shape: Any, tables: Any, lot: Any, walkers: Any
) -> int:
    """Put the row after a cut or a healing in hand, if the walk wants it: 1, or 0."""
    likely = SURE if tables.weather_heals[move] else walkers.odds[lane, 0]
    went = int(likely > 0 and (not hurried or drawn(walkers.lanes, lane, SURE) < likely))
    if went:
        weather = component(rows, world, shape, 0)
        copy_row(lot.scratch.new, 0, rows, world)
        lot.scratch.new[0, shape.word[0]] ^= (weather ^ tables.weather_move[move]) << shape.shift[0]
        walkers.struck[0] += not tables.weather_heals[move]
    return went


@within
def go(
    e: int,
    i: int,
    hurried: bool,
    lane: int,
    rows: Any,
    world: int,
    shape: Any,
    tables: Any,
    setting: Any,
    cache: Any,
    lot: Any,
    walkers: Any,
) -> int:
    """Put the row after an entry in hand, if it can be and the walk wants it: 1, 0, or -1 where something lacks."""
    gate = lot.scratch.gate
    weather = component(rows, world, shape, 0)
    budget, effect = cache.entries[e, BUDGET], cache.entries[e, EFFECT]
    fault = budget not in (FREE, setting.restart)
    likely = walkers.odds[lane, budget] if fault else walkers.paces[lane, i]
    went = int(likely > 0 and (not hurried or likely == SURE or drawn(walkers.lanes, lane, SURE) < likely))
    if went and cache.entries[e, FLAGS] & GATED:
        went = passes(e, i, weather, rows, world, shape, tables, setting, cache, lot)
        if went == 1 and gate[LAST] > gate[FIRST] + 1:
            effect = gate[FIRST] + drawn(walkers.lanes, lane, gate[LAST] - gate[FIRST])
        elif went == 1:
            effect = gate[FIRST]
            went = gate[LAST] - gate[FIRST]
    if went == 1:
        if not become(e, effect, i, weather, rows, world, shape, tables, setting, cache, lot):
            went = NONE
        else:
            walkers.struck[budget] += fault
            if effect != NONE:
                lot.cover[effect] += 1
    return went


@within
def step(
    lane: int, rows: Any, world: int, shape: Any, tables: Any, setting: Any, cache: Any, lot: Any, walkers: Any
) -> int:
    """Put the row after one of the things that may happen in hand: whether to go on.

    Entries are drawn until one can be; after some tries they are all looked at, from one of them on.
    """
    lanes, spans = walkers.lanes, walkers.spans
    before = lanes[lane, DRAWN]
    total = count_entries(rows, world, shape, tables, setting, cache, lot, walkers)
    went = min(total, 0)
    tries = 0
    place = 0
    while went == 0 and total > 0 and tries < HURRIED + total:
        hurried = tries < HURRIED
        if tries <= HURRIED:
            place = drawn(lanes, lane, total)
        elif place + 1 < total:
            place += 1
        else:
            place = 0
        tries += 1
        i = 0
        there = place
        while there >= spans[i, 1]:
            there -= spans[i, 1]
            i += 1
        if i < setting.nodes:
            went = go(spans[i, 0] + there, i, hurried, lane, rows, world, shape, tables, setting, cache, lot, walkers)
        else:
            went = blow(spans[i, 0] + there, hurried, lane, rows, world, shape, tables, lot, walkers)
    if went == NONE:
        lanes[lane, DRAWN] = before
    return GOING if went == 1 else (LACKING if went == NONE else ENDED)
