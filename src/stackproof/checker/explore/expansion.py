"""Compiled: the successors of worlds.

What may happen to a node alone depends on its host and its inbox. For each such pair the list of entries is worked out once from
the tables; an entry holds how the node's own bits change (host and inbox stand in one word), which effect supplies the messages
sent and the things observed, and what gates it: a fault budget, a rule, a cut link. A world is then expanded by walking
the lists of its nodes. A world that lacks anything leaves no trace but its misses, and is expanded again later.
"""

from typing import Any

from stackproof.checker.explore.compiled import native, within
from stackproof.checker.explore.keys import (
    A_SHIFT,
    BOUNCE,
    BUDGET,
    CAN_BOUNCE,
    CAN_CUT,
    CAN_DROP,
    CAN_SUSPECT,
    CLAIM,
    COLUMNS,
    CUTS,
    DELTA,
    DIRECT,
    DOUBLE,
    DROP,
    EFFECT,
    ENTRY_BITS,
    ENTRY_MASK,
    FLAGS,
    FREE,
    GATED,
    GUARD,
    INBOX,
    KIND_SHIFT,
    MISSED,
    MISSES,
    NONE,
    NOTE,
    PAIR,
    PRUNED,
    PUT,
    SAYS,
    SHARDS,
    SLOT_SHIFT,
    SOURCE,
    SPEND,
    STEP,
    TAKE,
    THERE,
    TRANSITIONS,
    UP,
)
from stackproof.checker.explore.lookups import claim_value, component, found, mixed, store
from stackproof.checker.explore.visited import home


@within
def note_miss(lot: Any, same: int, key: int, world: int) -> None:
    """Write a miss down, unless the same was written lately."""
    recent = lot.scratch.recent
    if recent[mixed(same) & 255] != same and lot.tally[MISSES] < lot.misses.shape[0]:
        recent[mixed(same) & 255] = same
        lot.misses[lot.tally[MISSES], 0] = key
        lot.misses[lot.tally[MISSES], 1] = world
        lot.tally[MISSES] += 1


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
) -> None:
    """Write one entry."""
    gated = budget != FREE or guard != NONE or source != NONE
    says = bounce != NONE
    if effect != NONE:
        says = tables.effect_sends[effect, 0] < tables.effect_sends[effect, 1]
        says |= tables.effect_notes[effect, 0] < tables.effect_notes[effect, 1]
    entries[at, DELTA] = delta
    entries[at, EFFECT] = effect
    entries[at, FLAGS] = (GATED if gated else 0) | (SAYS if says else 0)
    entries[at, INBOX] = inbox
    entries[at, BUDGET] = budget
    entries[at, GUARD] = guard
    entries[at, SOURCE] = source
    entries[at, BOUNCE] = bounce


@native
def list_entries(
    i: int, host: int, inbox: int, host_shift: int, inbox_shift: int, tables: Any, entries: Any, at: int, lack: Any
) -> int:
    """Write every entry of one pair from `at` on; how many there are. `lack` gets a key that the map lacks, or 0."""
    first = at
    lack[0] = 0
    flags = tables.host_flags[i, host]
    for place in range(tables.inbox_items[i, inbox, 0], tables.inbox_items[i, inbox, 1]):
        item = tables.item[place]
        source = tables.item_source[i, item]
        rest_key = (TAKE << KIND_SHIFT) | (i << SLOT_SHIFT) | (inbox << A_SHIFT) | item
        if flags & UP:
            key = (STEP << KIND_SHIFT) | (i << SLOT_SHIFT) | (host << A_SHIFT) | item
            steps = found(tables.map, key)
            if steps == NONE:
                lack[0] = key
                break
            if steps & ENTRY_MASK:
                rest = found(tables.map, rest_key)
                if rest == NONE:
                    lack[0] = rest_key
                    break
                taken = (inbox ^ rest) << inbox_shift
                blocked_by = source if tables.switches[CAN_CUT] else NONE
                for effect in range(steps >> ENTRY_BITS, (steps >> ENTRY_BITS) + (steps & ENTRY_MASK)):
                    delta = taken ^ ((host ^ tables.effect_host[effect]) << host_shift)
                    write(entries, at, tables, delta, effect, rest, FREE, NONE, blocked_by, NONE)
                    at += 1
        for way in range(2):
            if tables.switches[CAN_DROP + way]:
                kind = DROP if way == 0 else DOUBLE
                key = (kind << KIND_SHIFT) | (i << SLOT_SHIFT) | (inbox << A_SHIFT) | item
                changed = found(tables.map, key)
                if changed == NONE:
                    lack[0] = key
                elif changed > 0:
                    delta = (inbox ^ (changed - 1)) << inbox_shift
                    write(entries, at, tables, delta, NONE, changed - 1, tables.budgets[way], NONE, NONE, NONE)
                    at += 1
        missing = not flags & THERE
        if tables.switches[CAN_BOUNCE] and (missing or tables.switches[CAN_SUSPECT]):
            rest = found(tables.map, rest_key) if missing else inbox
            if rest == NONE:
                lack[0] = rest_key
                break
            budget = FREE if missing else tables.budgets[2]
            delta = (inbox ^ rest) << inbox_shift
            write(entries, at, tables, delta, NONE, rest, budget, NONE, source, tables.item_bounce[i, item])
            at += 1
    for move in range(tables.host_moves[i, host, 0], tables.host_moves[i, host, 1]):
        key = (STEP << KIND_SHIFT) | (i << SLOT_SHIFT) | (host << A_SHIFT) | tables.move_cause[move]
        steps = found(tables.map, key)
        if steps == NONE:
            lack[0] = key
            break
        for effect in range(steps >> ENTRY_BITS, (steps >> ENTRY_BITS) + (steps & ENTRY_MASK)):
            delta = (host ^ tables.effect_host[effect]) << host_shift
            budget, guard = tables.move_budget[move], tables.move_claim[move]
            write(entries, at, tables, delta, effect, inbox, budget, guard, NONE, NONE)
            at += 1
    return at - first


@within
def pair_entries(i: int, rows: Any, world: int, shape: Any, tables: Any, first_node: int, cache: Any, lack: Any) -> int:
    """Where the entries of a node's pair stand, and how many there are, as one number; -1 where something lacks."""
    c = first_node + 2 * i
    pair = (rows[world, shape.word[c]] >> shape.shift[c]) & shape.pair[i]
    key = (PAIR << KIND_SHIFT) | (i << SLOT_SHIFT) | pair
    direct = shape.pair[i] < DIRECT
    value = cache.direct[i, pair] - 1 if direct else found(cache.map, key)
    if value == NONE:
        host = component(rows, world, shape, c)
        inbox = component(rows, world, shape, c + 1)
        at = cache.used[0]
        count = list_entries(i, host, inbox, shape.shift[c], shape.shift[c + 1], tables, cache.entries, at, lack)
        if lack[0] == 0:
            value = (at << ENTRY_BITS) | count
            cache.used[0] = at + count
            if direct:
                cache.direct[i, pair] = value + 1
            else:
                cache.used[1] += store(cache.map, key, value)
    return value


@within
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
def current(now: Any, rows: Any, world: int, shape: Any, c: int) -> int:
    """The number of a component, as far as the step in hand has changed it."""
    return now[c] if now[c] != NONE else component(rows, world, shape, c)


@within
def change(new: Any, now: Any, shape: Any, c: int, before: int, after: int) -> None:
    """Give a component another number."""
    new[0, shape.word[c]] ^= (before ^ after) << shape.shift[c]
    now[c] = after


@within
def say(
    effect: int,
    rows: Any,
    world: int,
    shape: Any,
    tables: Any,
    first_node: int,
    monitors: int,
    lot: Any,
) -> bool:
    """Put in flight what an effect sends, and show the monitors what it lets be seen; whether anything lacks for that."""
    now = lot.scratch.now
    lacking = False
    for send in range(tables.effect_sends[effect, 0], tables.effect_sends[effect, 1]):
        target = tables.send_node[send]
        c = first_node + 2 * target + 1
        inbox = current(now, rows, world, shape, c)
        key = (PUT << KIND_SHIFT) | (target << SLOT_SHIFT) | (inbox << A_SHIFT) | tables.send_item[send]
        after = found(tables.map, key)
        if after == NONE:
            lacking = True
            note_miss(lot, key, key, world)
        else:
            change(lot.scratch.new, now, shape, c, inbox, after)
    for place in range(tables.effect_notes[effect, 0], tables.effect_notes[effect, 1]):
        for m in range(monitors):
            ledger = current(now, rows, world, shape, 1 + m)
            key = (NOTE << KIND_SHIFT) | (m << SLOT_SHIFT) | (ledger << A_SHIFT) | tables.note[place]
            after = found(tables.map, key)
            if after == NONE:
                lacking = True
                note_miss(lot, key, key, world)
            else:
                change(lot.scratch.new, now, shape, 1 + m, ledger, after)
    for send in range(tables.effect_sends[effect, 0], tables.effect_sends[effect, 1]):
        now[first_node + 2 * tables.send_node[send] + 1] = NONE
    for m in range(monitors):
        now[1 + m] = NONE
    return lacking


@within
def copy_row(into: Any, at: int, rows: Any, world: int) -> None:
    """Copy one row; most have a single word."""
    into[at, 0] = rows[world, 0]
    for w in range(1, rows.shape[1]):
        into[at, w] = rows[world, w]


@within
def emit(lot: Any, new: Any, world: int, slots: int, shard_shift: int) -> bool:
    """Add a successor to the lot; false where it is full."""
    shard = home(new, 0, slots) >> shard_shift
    at = lot.counts[shard]
    room = at < lot.parents.shape[1]
    if room:
        lot.rows[shard, at, 0] = new[0, 0]
        for w in range(1, new.shape[1]):
            lot.rows[shard, at, w] = new[0, w]
        lot.parents[shard, at] = world
        lot.counts[shard] = at + 1
    return room


@native
def expand(
    ids: Any, rows: Any, slots: int, shape: Any, tables: Any, first_node: int, monitors: int, prune: int, most: int, cache: Any, lot: Any
) -> int:
    """Write the successors of the worlds `ids` to `lot`; how many of them were done before the lot was full.

    `first_node` is the component of the first host, `prune` the claim that stops the search or -1, `most` at least the number of
    entries that one pair can have.
    """
    nodes = (shape.word.shape[0] - first_node) // 2
    now, new, saved, used, _, lack = lot.scratch
    shard_shift = 0
    while (SHARDS << shard_shift) < slots:
        shard_shift += 1
    done = 0
    for id_place in range(ids.shape[0]):
        world = ids[id_place]
        for s in range(SHARDS):
            saved[s] = lot.counts[s]
        uses = 0
        emitted = 0
        missing = 0
        full = 0
        weather = component(rows, world, shape, 0)
        if prune != NONE:
            pruned = claim_value(tables, prune, rows, world, shape, lack)
            if pruned == 1:
                lot.tally[PRUNED] += 1
                done += 1
                continue
            if pruned == NONE:
                missing = 1
                note_miss(lot, lack[0], (CLAIM << KIND_SHIFT) | (prune << SLOT_SHIFT), world)
        for i in range(nodes):
            if cache.used[0] + most > cache.entries.shape[0] or 2 * cache.used[1] > cache.map.shape[0]:
                forget(cache)
            pair = pair_entries(i, rows, world, shape, tables, first_node, cache, lack)
            if pair == NONE:
                missing = 1
                note_miss(lot, lack[0], lack[0], world)
                continue
            own = first_node + 2 * i
            for e in range(pair >> ENTRY_BITS, (pair >> ENTRY_BITS) + (pair & ENTRY_MASK)):
                first = cache.entries[e, EFFECT]
                last = first + 1
                flags = cache.entries[e, FLAGS]
                actor = NONE
                host = NONE
                after = weather
                if flags & GATED:
                    budget = cache.entries[e, BUDGET]
                    if budget != FREE:
                        key = (SPEND << KIND_SHIFT) | (weather << A_SHIFT) | budget
                        after = found(tables.map, key) - 1
                        if after == NONE - 1:
                            missing = 1
                            note_miss(lot, key, key, world)
                        if after < 0:
                            continue
                    source = cache.entries[e, SOURCE]
                    bounce = cache.entries[e, BOUNCE]
                    if bounce != NONE:
                        actor = first_node + 2 * source
                        host = component(rows, world, shape, actor)
                        if not tables.host_flags[source, host] & UP:
                            continue
                        key = (STEP << KIND_SHIFT) | (source << SLOT_SHIFT) | (host << A_SHIFT) | bounce
                        steps = found(tables.map, key)
                        if steps == NONE:
                            missing = 1
                            note_miss(lot, key, key, world)
                            continue
                        first = steps >> ENTRY_BITS
                        last = first + (steps & ENTRY_MASK)
                    elif source != NONE and tables.weather_cut[weather, source * nodes + i]:
                        continue
                    guard = cache.entries[e, GUARD]
                    if guard != NONE:
                        may = claim_value(tables, guard, rows, world, shape, lack)
                        if may == NONE:
                            missing = 1
                            note_miss(lot, lack[0], (CLAIM << KIND_SHIFT) | (guard << SLOT_SHIFT), world)
                        if may != 1:
                            continue
                for effect in range(first, last):
                    copy_row(new, 0, rows, world)
                    new[0, shape.word[own]] ^= cache.entries[e, DELTA]
                    if flags & GATED:
                        new[0, shape.word[0]] ^= (weather ^ after) << shape.shift[0]
                        if actor != NONE:
                            new[0, shape.word[actor]] ^= (host ^ tables.effect_host[effect]) << shape.shift[actor]
                    if flags & SAYS:
                        now[own + 1] = cache.entries[e, INBOX]
                        if say(effect, rows, world, shape, tables, first_node, monitors, lot):
                            missing = 1
                        now[own + 1] = NONE
                    if missing or full:
                        continue
                    if emit(lot, new, world, slots, shard_shift):
                        emitted += 1
                        if effect != NONE:
                            used[uses] = effect
                            uses += 1
                    else:
                        full = 1
        if tables.switches[CAN_CUT]:
            key = (CUTS << KIND_SHIFT) | (weather << A_SHIFT)
            moves = found(tables.map, key)
            if moves == NONE:
                missing = 1
                note_miss(lot, key, key, world)
            else:
                for move in range(moves >> ENTRY_BITS, (moves >> ENTRY_BITS) + (moves & ENTRY_MASK)):
                    copy_row(new, 0, rows, world)
                    new[0, shape.word[0]] ^= (weather ^ tables.weather_move[move]) << shape.shift[0]
                    if missing == 0 and emit(lot, new, world, slots, shard_shift):
                        emitted += 1
                    else:
                        full = 1
        if missing or full:
            for s in range(SHARDS):
                lot.counts[s] = saved[s]
        if full and not missing:
            break
        done += 1
        if missing:
            lot.missed[lot.tally[MISSED]] = world
            lot.tally[MISSED] += 1
            continue
        lot.tally[TRANSITIONS] += emitted
        for use in range(uses):
            lot.cover[used[use]] += 1
    return done
