"""Compiled: what taking an entry makes of a world's row.

The gate of the entry is asked first. Then the node's own bits change, what was sent goes into inboxes, and what was
observed to the monitors. The explorer takes every entry (expansion.py), a walk one of them.
"""

from typing import Any

from stackproof.checker.explore.compiled import native, once, within
from stackproof.checker.explore.keys import *  # noqa: F403
from stackproof.checker.explore.lookups import claim_value, component, found, note_miss


@within
def current(now: Any, rows: Any, world: int, shape: Any, c: int) -> int:
    """The number of a component, as far as the step in hand has changed it."""
    return int(now[c]) if now[c] != NONE else component(rows, world, shape, c)


@within
def change(new: Any, now: Any, shape: Any, c: int, before: int, after: int) -> None:
    """Give a component another number."""
    new[0, shape.word[c]] ^= (before ^ after) << shape.shift[c]
    now[c] = after


@once
def say(effect: int, rows: Any, world: int, shape: Any, tables: Any, setting: Any, lot: Any) -> bool:
    """Put in flight what an effect sends, show the monitors what it lets be seen; whether anything lacks."""
    now = lot.scratch.now
    lacking = False
    for send in range(tables.effect_sends[effect, 0], tables.effect_sends[effect, 1]):
        target = tables.send_node[send]
        c = setting.first_node + 2 * target + 1
        inbox = current(now, rows, world, shape, c)
        key = (PUT << KIND_SHIFT) | (target << SLOT_SHIFT) | (inbox << A_SHIFT) | tables.send_item[send]
        after = found(tables.map, key)
        if after == NONE:
            lacking = True
            note_miss(lot, key, key, world)
        else:
            change(lot.scratch.new, now, shape, c, inbox, after)
    for place in range(tables.effect_notes[effect, 0], tables.effect_notes[effect, 1]):
        for m in range(setting.monitors):
            ledger = current(now, rows, world, shape, 1 + m)
            key = (NOTE << KIND_SHIFT) | (m << SLOT_SHIFT) | (ledger << A_SHIFT) | tables.note[place]
            after = found(tables.map, key)
            if after == NONE:
                lacking = True
                note_miss(lot, key, key, world)
            else:
                change(lot.scratch.new, now, shape, 1 + m, ledger, after)
    for send in range(tables.effect_sends[effect, 0], tables.effect_sends[effect, 1]):
        now[setting.first_node + 2 * tables.send_node[send] + 1] = NONE
    for m in range(setting.monitors):
        now[1 + m] = NONE
    return lacking


@within
def copy_row(into: Any, at: int, rows: Any, world: int) -> None:
    """Copy one row; most have a single word."""
    into[at, 0] = rows[world, 0]
    for w in range(1, rows.shape[1]):
        into[at, w] = rows[world, w]


@native
def passes(
    e: int, i: int, weather: int, rows: Any, world: int, shape: Any, tables: Any, setting: Any, cache: Any, lot: Any
) -> int:
    """Whether an entry's gate is open in this world: 1, 0, or -1 if something lacks; `gate` gets what lies behind."""
    gate = lot.scratch.gate
    budget, guard = cache.entries[e, BUDGET], cache.entries[e, GUARD]
    source, bounce = cache.entries[e, SOURCE], cache.entries[e, BOUNCE]
    gate[AFTER] = weather
    gate[ACTOR] = NONE
    gate[FIRST] = cache.entries[e, EFFECT]
    gate[LAST] = gate[FIRST] + 1
    opened = 1
    if budget != FREE:
        key = (SPEND << KIND_SHIFT) | (weather << A_SHIFT) | budget
        after = found(tables.map, key)
        gate[AFTER] = after - 1
        opened = min(after, 1)
        if after == NONE:
            note_miss(lot, key, key, world)
    if opened == 1 and bounce != NONE:
        gate[ACTOR] = setting.first_node + 2 * source
        gate[HOST] = component(rows, world, shape, gate[ACTOR])
        key = (STEP << KIND_SHIFT) | (source << SLOT_SHIFT) | (gate[HOST] << A_SHIFT) | bounce
        steps = found(tables.map, key)
        gate[FIRST] = steps >> ENTRY_BITS
        gate[LAST] = gate[FIRST] + (steps & ENTRY_MASK)
        if not tables.host_flags[source, gate[HOST]] & UP:
            opened = 0
        elif steps == NONE:
            opened = NONE
            note_miss(lot, key, key, world)
    elif opened == 1 and source != NONE and tables.weather_cut[weather, source * setting.nodes + i]:
        opened = 0
    if opened == 1 and guard != NONE:
        opened = claim_value(tables, guard, rows, world, shape, lot.scratch.lack)
        if opened == NONE:
            note_miss(lot, lot.scratch.lack[0], (CLAIM << KIND_SHIFT) | (guard << SLOT_SHIFT), world)
    return opened


@within
def become(
    e: int,
    effect: int,
    i: int,
    weather: int,
    rows: Any,
    world: int,
    shape: Any,
    tables: Any,
    setting: Any,
    cache: Any,
    lot: Any,
) -> bool:
    """Make the row in hand that of the world after one effect of an entry whose gate is open; false if it lacks it."""
    new, gate = lot.scratch.new, lot.scratch.gate
    own = setting.first_node + 2 * i
    flags = cache.entries[e, FLAGS]
    whole = True
    copy_row(new, 0, rows, world)
    new[0, shape.word[own]] ^= cache.entries[e, DELTA]
    if flags & GATED:
        new[0, shape.word[0]] ^= (weather ^ gate[AFTER]) << shape.shift[0]
        if gate[ACTOR] != NONE:
            new[0, shape.word[gate[ACTOR]]] ^= (gate[HOST] ^ tables.effect_host[effect]) << shape.shift[gate[ACTOR]]
    if flags & SAYS:
        lot.scratch.now[own + 1] = cache.entries[e, INBOX]
        whole = not say(effect, rows, world, shape, tables, setting, lot)
        lot.scratch.now[own + 1] = NONE
    return whole
