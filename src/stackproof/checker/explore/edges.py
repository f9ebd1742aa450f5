"""Compiled: the edges between worlds, each with the event that takes it, and the components of the graph they make.

What makes a component one that breaks a promise is said in fairness.py; runs.py does the same in plain Python.
"""

from typing import Any

from stackproof.checker.explore.compiled import native, within
from stackproof.checker.explore.entries import pair_entries
from stackproof.checker.explore.expansion import emit, follow, leap, looked_past
from stackproof.checker.explore.keys import (
    A_SHIFT,
    BUDGET,
    CAN_CUT,
    CUTS,
    DONE,
    ENTRY_BITS,
    ENTRY_MASK,
    EVENT_SHIFT,
    FLAGS,
    FREE,
    FULL,
    KIND_SHIFT,
    LABEL_SHIFT,
    LACKING,
    LIST_BITS,
    MISSED,
    NONE,
    POSITIVE,
    SHARDS,
    USED,
)
from stackproof.checker.explore.lookups import component, found, note_miss
from stackproof.checker.explore.taking import copy_row
from stackproof.checker.explore.visited import sought


@within
def name_new(lot: Any, labels: Any, named: Any, capacity: int, label: int) -> None:
    """Write down which event leads to the rows added last."""
    for shard in range(SHARDS):
        for at in range(named[shard], lot.counts[shard]):
            labels[shard * capacity + at] = label
        named[shard] = lot.counts[shard]


@within
def worse(went: int, one: int) -> int:
    """How a world went of which one more part was expanded."""
    return one if one != DONE and went != LACKING else went


@native
def follow_named(
    rows: Any, world: int, shape: Any, tables: Any, setting: Any, cache: Any, lot: Any, labels: Any, named: Any
) -> int:
    """Add every successor of one world, with the label of the event that leads to it, or -1 where it is not owed."""
    went = looked_past(rows, world, shape, tables, setting, lot)
    weather = component(rows, world, shape, 0)
    for i in range(setting.nodes if went == DONE else 0):
        pair = pair_entries(i, rows, world, shape, tables, setting, cache, lot)
        if pair == NONE:
            went = LACKING
            pair = 0
        first = (pair >> LIST_BITS) & POSITIVE
        middle = first + ((pair >> ENTRY_BITS) & ENTRY_MASK)
        for e in range(first, first + (pair & ENTRY_MASK)):
            one = DONE
            if e >= middle:
                one = follow(e, i, weather, rows, world, shape, tables, setting, cache, lot)
            elif went == DONE and not leap(e, e + 1, i, rows, world, shape, setting, cache, lot):
                one = FULL
            went = worse(went, one)
            budget = cache.entries[e, BUDGET]
            owed = budget in (FREE, setting.restart)
            event = (i << LABEL_SHIFT) | (cache.entries[e, FLAGS] >> EVENT_SHIFT)
            name_new(lot, labels, named, setting.capacity, event if owed else NONE)
    if went == DONE and tables.switches[CAN_CUT]:
        key = (CUTS << KIND_SHIFT) | (weather << A_SHIFT)
        moves = found(tables.map, key)
        if moves == NONE:
            went = LACKING
            moves = 0
            note_miss(lot, key, key, world)
        for move in range(moves >> ENTRY_BITS, (moves >> ENTRY_BITS) + (moves & ENTRY_MASK)):
            copy_row(lot.scratch.new, 0, rows, world)
            lot.scratch.new[0, shape.word[0]] ^= (weather ^ tables.weather_move[move]) << shape.shift[0]
            if not emit(lot, world, setting):
                went = FULL
            healed = tables.weather_heals[move] - 1
            event = (setting.nodes << LABEL_SHIFT) | healed
            name_new(lot, labels, named, setting.capacity, event if healed >= 0 else NONE)
    return went


@native
def expand_named(
    ids: Any, rows: Any, shape: Any, tables: Any, setting: Any, cache: Any, lot: Any, labels: Any, named: Any
) -> int:
    """As `expand`; `labels` gets the label of each row of the lot, `named` (SHARDS integers) is scratch."""
    saved = lot.scratch.saved
    done = 0
    for place in range(ids.shape[0]):
        for shard in range(SHARDS):
            saved[shard] = lot.counts[shard]
            named[shard] = lot.counts[shard]
        lot.tally[USED] = 0
        went = follow_named(rows, ids[place], shape, tables, setting, cache, lot, labels, named)
        if went in (LACKING, FULL):
            for shard in range(SHARDS):
                lot.counts[shard] = saved[shard]
        if went == FULL:
            break
        done += 1
        if went == LACKING:
            lot.missed[lot.tally[MISSED]] = ids[place]
            lot.tally[MISSED] += 1
    return done


@native
def look_up(table: Any, numbers: Any, rows: Any, count: int, worlds: Any) -> None:
    """Which world each of some rows is."""
    for at in range(count):
        worlds[at] = numbers[sought(table, rows, at)]


@native
def spread(offsets: Any, targets: Any, allowed: Any, before: Any, queue: Any, reached: int) -> int:
    """Reach what can be reached from the first `reached` worlds of `queue` by worlds that are allowed, nearest first.

    `before` gets where each was reached from, and holds -1 for all others; `queue` gets them in order. Returns how
    many there are.
    """
    at = 0
    while at < reached:
        world = queue[at]
        for edge in range(offsets[world], offsets[world + 1]):
            after = targets[edge]
            if allowed[after] and before[after] == NONE:
                before[after] = world
                queue[reached] = after
                reached += 1
        at += 1
    return reached


@native
def is_fair(
    stack: Any, first: int, top: int, offsets: Any, targets: Any, labels: Any, low: Any, number: int, seen: Any
) -> bool:
    """Whether whatever may happen in all the worlds of a component happens on an edge within it.

    They stand in `stack` from `first` to `top`, and have the `number` of the component in `low`. `seen` is scratch: for
    each label the component it was counted for, the world it was counted in last, in how many worlds, and whether it
    happens within.
    """
    for place in range(first, top):
        world = stack[place]
        for edge in range(offsets[world], offsets[world + 1]):
            label = labels[edge]
            if label != NONE:
                if seen[label, 0] != number:
                    seen[label, 0] = number
                    seen[label, 1] = NONE
                    seen[label, 2] = 0
                    seen[label, 3] = 0
                if seen[label, 1] != world:
                    seen[label, 1] = world
                    seen[label, 2] += 1
                if low[targets[edge]] == number:
                    seen[label, 3] = 1
    fair = True
    for edge in range(offsets[stack[first]], offsets[stack[first] + 1]):
        label = labels[edge]
        if label != NONE and seen[label, 2] == top - first and not seen[label, 3]:
            fair = False
    return fair


@native
def break_promises(
    queue: Any,
    reached: int,
    offsets: Any,
    targets: Any,
    labels: Any,
    bad: Any,
    pruned: Any,
    before: Any,
    order: Any,
    low: Any,
    stack: Any,
    trail: Any,
    ahead: Any,
    seen: Any,
) -> None:
    """Find the strongly connected components of what was reached; `bad` gets a 2 in the worlds of each that counts.

    It counts if it is fair, and has a world in which `bad` is 1, and that is not pruned. `order` holds zeros, `low`
    gets for each world the number of its component, negative; the others are scratch, `ahead` the next edge to look
    at, `seen` of `is_fair`.
    """
    count = 0
    parts = 0
    top = 0
    for place in range(reached):
        depth = 0
        if order[queue[place]] == 0:
            trail[0] = queue[place]
            depth = 1
        while depth:
            here = trail[depth - 1]
            if order[here] == 0:
                count += 1
                order[here] = count
                low[here] = count
                ahead[here] = offsets[here]
                stack[top] = here
                top += 1
            deeper = False
            while ahead[here] < offsets[here + 1] and not deeper:
                after = targets[ahead[here]]
                if before[after] != NONE:
                    if order[after] == 0:
                        trail[depth] = after
                        depth += 1
                        deeper = True
                    elif low[after] > 0:
                        low[here] = min(low[here], low[after])
                if not deeper:
                    ahead[here] += 1
            if not deeper:
                depth -= 1
                if low[here] == order[here]:
                    parts -= 1
                    first = top
                    counts = False
                    while first == top or stack[first] != here:
                        first -= 1
                        low[stack[first]] = parts
                        counts |= bad[stack[first]] == 1
                    counts = counts and not pruned[here]
                    if counts and is_fair(stack, first, top, offsets, targets, labels, low, parts, seen):
                        for at in range(first, top):
                            bad[stack[at]] |= 2
                    top = first
