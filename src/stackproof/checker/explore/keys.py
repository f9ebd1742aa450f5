"""The numbers that Python and the compiled code agree on.

What a step does is looked up in a map from a key (kind, slot, a, b) to a number:

    STEP   node, host, cause       first effect and number of effects      PUT   node, inbox, item          inbox
    TAKE   node, inbox, item       inbox after a delivery                  DROP  node, inbox, item          inbox + 1
    DOUBLE node, inbox, item       inbox + 1, or 0: it cannot be           NOTE  monitor, ledger, note      ledger
    SPEND  weather, budget         weather + 1, or 0: it is spent          CUTS  weather                    first, count
    MEMO   claim or fold, payload  0 false, 1 true, or the number of the fold

Whatever the map lacks is a miss: the key is noted, and Python fills it in. CLAIM is the kind under which a miss of a
claim is noted, TOO_MANY that under which it is noted that more may happen to a node than can be counted. Everything is
a signed 64-bit integer, and keys are positive.
"""

from typing import Any, NamedTuple

STEP, PUT, TAKE, DROP, DOUBLE, NOTE, SPEND, CUTS, MEMO, CLAIM, PAIR, TOO_MANY = range(1, 13)
KIND_SHIFT, SLOT_SHIFT, A_SHIFT = 58, 46, 23
SLOTS = 1 << (KIND_SHIFT - SLOT_SHIFT)
NUMBERS = 1 << A_SHIFT
PAYLOAD_BITS = SLOT_SHIFT
ENTRY_BITS = 16
ENTRY_MASK = (1 << ENTRY_BITS) - 1
LIST_BITS = 2 * ENTRY_BITS

MARK = 1 << 62
POSITIVE = (1 << 63) - 1
SHARDS = 8
BLOCK = 64
FAR, NEAR = 12, 6
NONE = -1
FREE = 0
UP, THERE = 1, 2

# the columns of an entry: one thing that may happen to a node, given its host and inbox; what its flags say; above them
# stands which event it is, twice the number of the item, and one more if it is a bounce
DELTA, EFFECT, FLAGS, INBOX, BUDGET, GUARD, SOURCE, BOUNCE = range(8)
COLUMNS = 8
SAYS, GATED, EVENT_SHIFT = 1, 2, 2
DIRECT = 1 << 12

# the label of an edge: the place of its node, or the number of nodes for a healing, above the event
LABEL_SHIFT = A_SHIFT + 1

# the switches: what the faults of the scenario make worth looking at
CAN_CUT, CAN_DROP, CAN_DOUBLE, CAN_BOUNCE, CAN_SUSPECT = range(5)

# what a gate lets through: the weather after, the sender that a bounce acts on and its host, the effects
AFTER, ACTOR, HOST, FIRST, LAST = range(5)

# the tally of a lot
TRANSITIONS, PRUNED, MISSES, MISSED, USED = range(5)

# how the expansion of a world went
DONE, LACKING, FULL, LEFT_OUT = range(4)


class Shape(NamedTuple):
    """Where in a row each component stands.

    Its word, its shift, its mask; the mask of each node, host and inbox together; and the nodes whose pairs are too
    wide to be found directly.
    """

    word: Any
    shift: Any
    mask: Any
    pair: Any
    far: Any


class Tables(NamedTuple):
    """What is known of the values behind the numbers; tables.py and claims.py fill it in."""

    map: Any
    memo: Any
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
    weather_heals: Any
    claim_reads: Any
    read_component: Any
    read_row: Any
    read_shift: Any
    read_fold: Any
    read_aspect: Any
    switches: Any
    budgets: Any


OF_THE_BOOK = Tables._fields.index("claim_reads")


class Lot(NamedTuple):
    """What a chunk of worlds is expanded into: successors by shard, misses, worlds to do again, effects used.

    The rows of shard s stand from s * capacity on, capacity being as many as each shard has room for.
    """

    rows: Any
    parents: Any
    counts: Any
    misses: Any
    missed: Any
    cover: Any
    tally: Any
    scratch: Any


class Scratch(NamedTuple):
    """Room for what `expand` keeps in mind: components changed, the row in hand, counts, effects, misses, a gate."""

    now: Any
    new: Any
    saved: Any
    used: Any
    recent: Any
    lack: Any
    gate: Any


class Setting(NamedTuple):
    """What stays the same while a level is expanded.

    The component of the first host; the number of nodes and of monitors; the claim that prunes, or -1; at least as
    many entries as one pair can have; the slots of the visited set, and how far a place is shifted to give its shard;
    the capacity of a lot; the budget that pays for restarts; whether only steps that are no faults are taken.
    """

    first_node: int
    nodes: int
    monitors: int
    prune: int
    most: int
    slots: int
    shard_shift: int
    capacity: int
    restart: int
    calm: bool


class Cache(NamedTuple):
    """What may happen to a node, for each pair of its host and its inbox met lately; each thread has one.

    A node whose pair takes few bits finds its entries in `direct`, the others in `map`.
    """

    direct: Any
    map: Any
    entries: Any
    used: Any
