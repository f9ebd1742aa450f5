"""Compiled: random walks over the explorer's tables.

Many walks are under way side by side, each in a lane of its own: a stretch of rows, one for each world that it went
through. A walk looks up what the properties say of the world that it stands in, and takes a step (stepping.py). One
that lacks something waits until Python has filled it in, and then goes on.
"""

from typing import Any

from stackproof.checker.explore.compiled import native, within
from stackproof.checker.explore.expansion import looked_past
from stackproof.checker.explore.keys import CLAIM, KIND_SHIFT, LACKING, LEFT_OUT, NONE, POSITIVE, SLOT_SHIFT
from stackproof.checker.explore.lookups import claim_value, mixed, note_miss
from stackproof.checker.explore.taking import copy_row
from stackproof.checker.search.lanes import (
    AT,
    CUT_OFF,
    DRAWN,
    ENDED,
    ENDS,
    FOUND,
    GOING,
    GOLDEN,
    JUDGED,
    KEY,
    LEVELS,
    NEVER,
    NUMBER,
    PATIENCE,
    SEEN,
    STATE,
    STEPS,
    SURE,
    UNKEPT,
    WALKS,
)
from stackproof.checker.search.stepping import drawn, step


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
