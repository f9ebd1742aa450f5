"""Compiled: the successors of worlds.

What may happen to a node alone depends on its host and its inbox. For each such pair the list of entries is worked
out once from the tables; an entry holds how the node's own bits change (host and inbox stand in one word), which
effect supplies the messages sent and the things observed, and what gates it: a fault budget, a rule, a cut link. A
world is then expanded by walking the lists of its nodes. A world that lacks anything leaves no trace but its misses,
and is expanded again later.
"""

from typing import Any

from stackproof.checker.explore.compiled import native, prefetch, within
from stackproof.checker.explore.keys import *  # noqa: F403
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
    """Write every entry of a pair behind those in use; how many there are, or -1 where something lacks."""
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


@within
def current(now: Any, rows: Any, world: int, shape: Any, c: int) -> int:
    """The number of a component, as far as the step in hand has changed it."""
    return int(now[c]) if now[c] != NONE else component(rows, world, shape, c)


@within
def change(new: Any, now: Any, shape: Any, c: int, before: int, after: int) -> None:
    """Give a component another number."""
    new[0, shape.word[c]] ^= (before ^ after) << shape.shift[c]
    now[c] = after


@within
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
        if cache.entries[e, EFFECT] != NONE:
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
