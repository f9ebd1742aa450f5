"""Compiled: what may happen to a node.

That depends on its host and its inbox alone. For each such pair the list of entries is worked out once from the
tables; an entry holds how the node's own bits change (host and inbox stand in one word), which effect supplies the
messages sent and the things observed, and what gates it: a fault budget, a rule, a cut link.
"""

from typing import Any

from stackproof.checker.explore.compiled import native, within
from stackproof.checker.explore.keys import *  # noqa: F403
from stackproof.checker.explore.lookups import component, found, note_miss, store


@within
def write(
    entries: Any,
    at: int,
    tables: Any,
    delta: int,
    effect: int,
    inbox: int,
    budget: int,
    guard: int,
    source: int,
    bounce: int,
    event: int,
) -> None:
    """Write one entry."""
    gated = budget != FREE or guard != NONE or source != NONE
    says = bounce != NONE
    if effect != NONE:
        says = tables.effect_sends[effect, 0] < tables.effect_sends[effect, 1]
        says |= tables.effect_notes[effect, 0] < tables.effect_notes[effect, 1]
    entries[at, DELTA] = delta
    entries[at, EFFECT] = effect
    entries[at, FLAGS] = (event << EVENT_SHIFT) | (GATED if gated else 0) | (SAYS if says else 0)
    entries[at, INBOX] = inbox
    entries[at, BUDGET] = budget
    entries[at, GUARD] = guard
    entries[at, SOURCE] = source
    entries[at, BOUNCE] = bounce


@native
def list_entries(
    i: int, pair: tuple[int, int], shifts: tuple[int, int], tables: Any, cache: Any, lot: Any, world: int
) -> int:
    """Write every entry of a pair behind those in use; how many, or -1 where something lacks, or they are too many."""
    host, inbox = pair
    host_shift, inbox_shift = shifts
    entries = cache.entries
    at = cache.used[0]
    lacking = False
    flags = tables.host_flags[i, host]
    for place in range(tables.inbox_items[i, inbox, 0], tables.inbox_items[i, inbox, 1]):
        item = tables.item[place]
        source = tables.item_source[i, item]
        rest_key = (TAKE << KIND_SHIFT) | (i << SLOT_SHIFT) | (inbox << A_SHIFT) | item
        if flags & UP:
            key = (STEP << KIND_SHIFT) | (i << SLOT_SHIFT) | (host << A_SHIFT) | item
            steps = found(tables.map, key)
            rest = found(tables.map, rest_key) if steps & ENTRY_MASK else inbox
            if steps == NONE or rest == NONE:
                lacking = True
                note_miss(lot, key if steps == NONE else rest_key, key if steps == NONE else rest_key, world)
            elif steps & ENTRY_MASK:
                taken = (inbox ^ rest) << inbox_shift
                blocked_by = source if tables.switches[CAN_CUT] else NONE
                for effect in range(steps >> ENTRY_BITS, (steps >> ENTRY_BITS) + (steps & ENTRY_MASK)):
                    delta = taken ^ ((host ^ tables.effect_host[effect]) << host_shift)
                    write(entries, at, tables, delta, effect, rest, FREE, NONE, blocked_by, NONE, 2 * item)
                    at += 1
        for way in range(2):
            if tables.switches[CAN_DROP + way]:
                kind = DROP if way == 0 else DOUBLE
                key = (kind << KIND_SHIFT) | (i << SLOT_SHIFT) | (inbox << A_SHIFT) | item
                changed = found(tables.map, key)
                if changed == NONE:
                    lacking = True
                    note_miss(lot, key, key, world)
                elif changed > 0:
                    delta = (inbox ^ (changed - 1)) << inbox_shift
                    write(
                        entries, at, tables, delta, NONE, changed - 1, tables.budgets[way], NONE, NONE, NONE, 2 * item
                    )
                    at += 1
        missing = not flags & THERE
        if tables.switches[CAN_BOUNCE] and (missing or tables.switches[CAN_SUSPECT]):
            rest = found(tables.map, rest_key) if missing else inbox
            if rest == NONE:
                lacking = True
                note_miss(lot, rest_key, rest_key, world)
            else:
                budget = FREE if missing else tables.budgets[2]
                delta = (inbox ^ rest) << inbox_shift
                cause = tables.item_bounce[i, item]
                write(entries, at, tables, delta, NONE, rest, budget, NONE, source, cause, 2 * item + 1)
                at += 1
    for move in range(tables.host_moves[i, host, 0], tables.host_moves[i, host, 1]):
        key = (STEP << KIND_SHIFT) | (i << SLOT_SHIFT) | (host << A_SHIFT) | tables.move_cause[move]
        steps = found(tables.map, key)
        if steps == NONE:
            lacking = True
            steps = 0
            note_miss(lot, key, key, world)
        for effect in range(steps >> ENTRY_BITS, (steps >> ENTRY_BITS) + (steps & ENTRY_MASK)):
            delta = (host ^ tables.effect_host[effect]) << host_shift
            budget, guard = tables.move_budget[move], tables.move_claim[move]
            write(entries, at, tables, delta, effect, inbox, budget, guard, NONE, NONE, 2 * tables.move_cause[move])
            at += 1
    if at - cache.used[0] > ENTRY_MASK:
        lacking = True
        note_miss(lot, TOO_MANY << KIND_SHIFT, (TOO_MANY << KIND_SHIFT) | (i << SLOT_SHIFT), world)
    return NONE if lacking else at - cache.used[0]


@native
def simple_first(entries: Any, first: int, last: int) -> int:
    """Move the entries that neither say anything nor pass a gate to the front, in order; how many there are."""
    simple = first
    for at in range(first, last):
        if not entries[at, FLAGS] & (SAYS | GATED):
            for place in range(at, simple, -1):
                for column in range(COLUMNS):
                    kept = entries[place, column]
                    entries[place, column] = entries[place - 1, column]
                    entries[place - 1, column] = kept
            simple += 1
    return simple - first


@native
def forget(cache: Any) -> None:
    """Empty a cache that is full."""
    for place in range(cache.map.shape[0]):
        cache.map[place, 0] = 0
    for i in range(cache.direct.shape[0]):
        for pair in range(DIRECT):
            cache.direct[i, pair] = 0
    cache.used[0] = 0
    cache.used[1] = 0


@within
def pair_entries(i: int, rows: Any, world: int, shape: Any, tables: Any, setting: Any, cache: Any, lot: Any) -> int:
    """Where the entries of a node's pair stand, and how many there are, as one number; -1 where something lacks."""
    c = setting.first_node + 2 * i
    pair = (rows[world, shape.word[c]] >> shape.shift[c]) & shape.pair[i] & POSITIVE
    key = (PAIR << KIND_SHIFT) | (i << SLOT_SHIFT) | pair
    direct = shape.pair[i] < DIRECT
    value = cache.direct[i, pair] - 1 if direct else found(cache.map, key)
    if value == NONE:
        if cache.used[0] + setting.most > cache.entries.shape[0] or 2 * cache.used[1] > cache.map.shape[0]:
            forget(cache)
        pair_of = component(rows, world, shape, c), component(rows, world, shape, c + 1)
        count = list_entries(i, pair_of, (shape.shift[c], shape.shift[c + 1]), tables, cache, lot, world)
        if count != NONE:
            simple = simple_first(cache.entries, cache.used[0], cache.used[0] + count)
            value = (cache.used[0] << LIST_BITS) | (simple << ENTRY_BITS) | count
            cache.used[0] += count
            if direct:
                cache.direct[i, pair] = value + 1
            else:
                cache.used[1] += store(cache.map, key, value)
    return int(value)
