"""Compiled: random walks over the explorer's tables.

Many walks are under way side by side, each in a lane of its own: a stretch of rows, one for each world that it went
through. A walk draws one of the entries of the world that it stands in (expansion.py), goes where that leads, and looks
up what the properties say there. One that lacks something waits until Python has filled it in, and then goes on.

All chance is a function of the seed, the number of the walk, and how often it has drawn, so that a walk depends on
nothing but these, neither on the lane nor on what was known when.
"""

from typing import Any, NamedTuple

from stackproof.checker.explore.compiled import native, within
from stackproof.checker.explore.expansion import become, copy_row, forget, looked_past, note_miss, pair_entries, passes
from stackproof.checker.explore.keys import (
    A_SHIFT,
    BUDGET,
    CAN_CUT,
    CLAIM,
    CUTS,
    DONE,
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
    LEFT_OUT,
    LIST_BITS,
    NONE,
    POSITIVE,
    SLOT_SHIFT,
)
from stackproof.checker.explore.lookups import claim_value, component, found, mixed

# the columns of a lane: the number of its walk, the key of that walk's chance, how often it has drawn, its step (-1: it
# has not begun), the step up to which its worlds were judged, how it went, and which claim found something
NUMBER, KEY, DRAWN, AT, JUDGED, STATE, FOUND = range(7)
LANE = 7

# how a lane goes, besides that it lacks something: it found a world that is asked for, or a run that may end with a
# promise unkept, or one cut off with a promise unkept so far
GOING = DONE
ENDED, SEEN, UNKEPT, CUT_OFF = range(LACKING + 1, LACKING + 5)

# the tally: steps taken and judged, walks ended, walks that ended because nothing could happen, and how many of those
# cut off are still of interest
STEPS, WALKS, ENDS, PATIENCE = range(4)

GOLDEN = 0x1E3779B97F4A7C15
SURE = 1 << 10
LEVELS, NEVER = 6, 2
HURRIED = 12


class Walkers(NamedTuple):
    """The lanes, what each walk makes likely, what it saw, and what is looked for.

    odds    for each lane and budget how likely a fault is taken that was drawn, of SURE; of a cut under 0
    paces   for each lane and node how likely one of its own steps is, of SURE
    kept    for each lane and claim the bits that were true in some world of its walk
    spans   scratch: for each node, and for the cuts, where its entries stand and how many they are
    claims  those to look up in every world; of each the bits to stop at, to see once, and to see at the end
    struck  how often each budget was drawn upon; cuts under 0
    """

    lanes: Any
    odds: Any
    paces: Any
    kept: Any
    spans: Any
    claims: Any
    stop: Any
    once: Any
    end: Any
    tally: Any
    struck: Any


class Bounds(NamedTuple):
    """Where walks begin (the first rows), how many worlds each may go through, and the mixed seed."""

    starts: int
    depth: int
    seed: int


@within
def drawn(lanes: Any, lane: int, among: int) -> int:
    """A number below `among`, by lot."""
    lanes[lane, DRAWN] += 1
    h = mixed(lanes[lane, KEY] + lanes[lane, DRAWN] * GOLDEN)
    return int((((h >> 31) & 0xFFFFFFFF) * among) >> 32) & POSITIVE


@native
def chance(lanes: Any, lane: int) -> int:
    """How likely something is for the length of one walk: never, as any other event, or a quarter of that, ..."""
    level = drawn(lanes, lane, LEVELS) - NEVER
    return SURE >> (2 * max(level, 0)) if level >= 0 else 0


@native
def begin(lane: int, rows: Any, base: int, walkers: Any, bounds: Any) -> None:
    """Begin a walk: where, and with what it makes likely."""
    lanes = walkers.lanes
    lanes[lane, NUMBER] += lanes.shape[0]
    lanes[lane, KEY] = mixed(bounds.seed + lanes[lane, NUMBER] * GOLDEN)
    lanes[lane, DRAWN] = 0
    lanes[lane, AT] = 0
    lanes[lane, JUDGED] = NONE
    copy_row(rows, base, rows, drawn(lanes, lane, bounds.starts))
    for budget in range(walkers.odds.shape[1]):
        walkers.odds[lane, budget] = chance(lanes, lane)
    hasty = drawn(lanes, lane, 2)
    for i in range(walkers.paces.shape[1]):
        walkers.paces[lane, i] = SURE >> (2 * drawn(lanes, lane, 4) if hasty else 0)
    for claim in range(walkers.kept.shape[1]):
        walkers.kept[lane, claim] = 0


@within
def judged(lane: int, rows: Any, world: int, shape: Any, tables: Any, lot: Any, walkers: Any) -> int:
    """Look up what the properties say of a world: whether to go on."""
    state = GOING
    for place in range(walkers.claims.shape[0]):
        claim = walkers.claims[place]
        value = claim_value(tables, claim, rows, world, shape, lot.scratch.lack)
        if value == NONE:
            state = LACKING
            note_miss(lot, lot.scratch.lack[0], (CLAIM << KIND_SHIFT) | (claim << SLOT_SHIFT), world)
        else:
            walkers.kept[lane, claim] |= value
            if value & walkers.stop[claim] and state == GOING:
                state = SEEN
                walkers.lanes[lane, FOUND] = claim
    return state


@native
def at_the_end(lane: int, rows: Any, world: int, shape: Any, tables: Any, lot: Any, walkers: Any) -> int:
    """Whether a run that ends in this world leaves a promise unkept."""
    state = ENDED
    for claim in range(walkers.end.shape[0]):
        if walkers.once[claim] & ~walkers.kept[lane, claim]:
            state = UNKEPT
            walkers.lanes[lane, FOUND] = claim
        if walkers.end[claim]:
            value = claim_value(tables, claim, rows, world, shape, lot.scratch.lack)
            if value == NONE:
                state = LACKING
                note_miss(lot, lot.scratch.lack[0], (CLAIM << KIND_SHIFT) | (claim << SLOT_SHIFT), world)
            elif walkers.end[claim] & ~value and state == ENDED:
                state = UNKEPT
                walkers.lanes[lane, FOUND] = claim
    return state


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


@native
def walk(
    quota: int, rows: Any, shape: Any, tables: Any, setting: Any, cache: Any, lot: Any, walkers: Any, bounds: Any
) -> int:
    """Take up to `quota` steps in each lane; how many lanes found something, which stop there."""
    lanes = walkers.lanes
    finds = 0
    for lane in range(lanes.shape[0]):
        base = bounds.starts + lane * (bounds.depth + 1)
        state = GOING
        left = quota
        while left > 0 and state == GOING:
            left -= 1
            if lanes[lane, AT] == NONE:
                begin(lane, rows, base, walkers, bounds)
            world = (base + lanes[lane, AT]) & POSITIVE
            if lanes[lane, JUDGED] < lanes[lane, AT]:
                state = judged(lane, rows, world, shape, tables, lot, walkers)
                if state == GOING:
                    lanes[lane, JUDGED] = lanes[lane, AT]
                    walkers.tally[STEPS] += lanes[lane, AT] > 0
            if state == GOING and lanes[lane, AT] == bounds.depth:
                state = ENDED
                if walkers.tally[PATIENCE] > 0:
                    state = at_the_end(lane, rows, world, shape, tables, lot, walkers)
                if state == UNKEPT:
                    state = CUT_OFF
                    walkers.tally[PATIENCE] -= 1
            if state == GOING:
                state = looked_past(rows, world, shape, tables, setting, lot)
                state = ENDED if state == LEFT_OUT else state
            if state == GOING:
                state = step(lane, rows, world, shape, tables, setting, cache, lot, walkers)
                if state == GOING:
                    copy_row(rows, world + 1, lot.scratch.new, 0)
                    lanes[lane, AT] += 1
                elif state == ENDED:
                    state = at_the_end(lane, rows, world, shape, tables, lot, walkers)
                    walkers.tally[ENDS] += state == ENDED
            if state == ENDED:
                lanes[lane, AT] = NONE
                walkers.tally[WALKS] += 1
                state = GOING
        lanes[lane, STATE] = state
        finds += state > ENDED
    return finds
