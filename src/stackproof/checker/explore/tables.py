"""What the compiled loops know of the values behind the numbers, and how Python fills it in.

Every distinct value of a component (a host, an inbox, a monitor, the weather) has a number, given when it is first
seen. What a value does is worked out once, by the same functions that the plain explorer uses, and written down as
numbers.
"""

from typing import Any, TypeAlias

import numpy as np
from attrs import define, field

from stackproof.checker.explore import keys
from stackproof.checker.explore.arrays import Map, Numbered, PerNode, Rows, too_many
from stackproof.checker.explore.glimpse import Components, Weather
from stackproof.checker.faults import BUDGETS, TURNS, Faults, new_cuts
from stackproof.checker.host import Cause, Effect, Host, Status
from stackproof.checker.host import effects as effects_of
from stackproof.checker.network import Envelope, Inbox, Network, arriving, duplicated, put, taken, without
from stackproof.checker.scenario import Scenario
from stackproof.checker.world import World

BUDGET_NUMBER = {name: number for number, name in enumerate(BUDGETS, start=1)}
SPENT_BY_MESSAGES = np.array([BUDGET_NUMBER[name] for name in ("drops", "duplicates", "suspicions")], np.int64)
RULED = tuple(turn.name for turn in TURNS if turn.ruled)
Items: TypeAlias = tuple[int, ...]
"""An inbox as the numbers of its envelopes."""


@define(eq=False)
class Book:
    """All tables of one exploration."""

    scenario: Scenario
    components: Components
    parts: list[Numbered]
    items: list[Numbered]
    notes: Numbered = field(factory=Numbered)
    handlers: Numbered = field(factory=Numbered)
    cuts: Numbered = field(factory=Numbered)
    map: Map = field(factory=Map)
    memo: Map = field(factory=Map)
    effect_host: Rows = field(factory=lambda: Rows.of(1))
    effect_sends: Rows = field(factory=lambda: Rows.of(2))
    effect_notes: Rows = field(factory=lambda: Rows.of(2))
    effect_handler: list[int] = field(factory=list)
    send_node: Rows = field(factory=lambda: Rows.of(1))
    send_item: Rows = field(factory=lambda: Rows.of(1))
    note: Rows = field(factory=lambda: Rows.of(1))
    move_cause: Rows = field(factory=lambda: Rows.of(1))
    move_budget: Rows = field(factory=lambda: Rows.of(1))
    move_claim: Rows = field(factory=lambda: Rows.of(1))
    item: Rows = field(factory=lambda: Rows.of(1))
    weather_cut: Rows = field(init=False)
    weather_move: Rows = field(factory=lambda: Rows.of(1))
    weather_heals: Rows = field(factory=lambda: Rows.of(1))
    host_flags: PerNode = field(init=False)
    host_moves: PerNode = field(init=False)
    inbox_items: PerNode = field(init=False)
    item_source: PerNode = field(init=False)
    item_bounce: PerNode = field(init=False)
    rules: dict[tuple[str, int], int] = field(factory=dict)
    raised: bool = False
    most_effects: int = 1
    longest: Any = field(init=False)
    ranks: list[dict[int, tuple[str, str]]] = field(init=False)

    @classmethod
    def of(cls, scenario: Scenario) -> "Book":
        """Empty tables."""
        nodes = len(scenario.names)
        components = Components(len(scenario.monitors), nodes)
        return cls(
            scenario,
            components,
            [Numbered() for _ in range(components.count)],
            [Numbered() for _ in range(nodes)],
        )

    def __attrs_post_init__(self) -> None:
        nodes = self.components.nodes
        self.weather_cut = Rows.of(max(2, nodes * nodes), np.uint8)
        self.host_flags = PerNode.of(nodes)
        self.host_moves = PerNode.of(nodes, 2)
        self.inbox_items = PerNode.of(nodes, 2)
        self.item_source = PerNode.of(nodes)
        self.item_bounce = PerNode.of(nodes)
        self.ranks = [{} for _ in range(nodes)]
        self.longest = np.zeros((nodes, 2), np.int64)

    @property
    def sizes(self) -> list[int]:
        """How many values each component has."""
        return [len(part) for part in self.parts]

    def numbers(self, world: World) -> tuple[int, ...]:
        """The row of a world, one number for each component."""
        ledgers = tuple(self.parts[1 + m].number(ledger) for m, ledger in enumerate(world.ledgers))
        row = [self.weather(Weather(world.left, world.cuts)), *ledgers]
        for place, (host, inbox) in enumerate(zip(world.hosts, world.inboxes, strict=True)):
            row += [self.host(place, host), self.inbox(place, inbox)]
        return tuple(row)

    def value(self, component: int, number: int) -> Any:
        """The value behind a number."""
        value = self.parts[component].values[number]
        if self.components.kinds[component] != "inbox":
            return value
        items = self.items[self.components.place(component)].values
        return tuple(items[item] for item in value)

    def world(self, row: tuple[int, ...]) -> World:
        """The world that a row stands for."""
        weather, *rest = (self.value(component, number) for component, number in enumerate(row))
        monitors = self.components.monitors
        ledgers, places = rest[:monitors], rest[monitors:]
        return World(self.scenario, tuple(places[::2]), tuple(places[1::2]), weather.left, weather.cuts, tuple(ledgers))

    def weather(self, weather: Weather) -> int:
        """The number of what is left of the faults and what is cut."""
        known = self.parts[0]
        number = known.number(weather)
        if number == self.weather_cut.used:
            severed = frozenset().union(*(cut.pairs for cut in weather.cuts))
            names = self.scenario.names
            blocked = [(source, target) in severed for source in names for target in names]
            self.weather_cut.add(blocked if len(names) > 1 else [*blocked, False])
        return number

    def host(self, place: int, host: Host) -> int:
        """The number of a host; what can happen to it alone is written down when it is new."""
        known = self.parts[self.components.host(place)]
        fresh = len(known)
        number = known.number(host)
        if number == fresh:
            there = host.status in (Status.UP, Status.PAUSED)
            flags = keys.UP * (host.status is Status.UP) | keys.THERE * there
            self.host_flags.set(place, number, flags)
            first = self.move_cause.used
            self.moves(place, host)
            self.host_moves.set(place, number, (first, self.move_cause.used))
            self.longest[place, 0] = max(self.longest[place, 0], self.move_cause.used - first)
            self.raised |= host.error is not None
        return number

    def moves(self, place: int, host: Host) -> None:
        """The timers that may fire, and the turns that the host may take."""
        name = self.scenario.names[place]
        if host.status is Status.UP:
            fire = [self.items[place].number(Cause("fire", name, message)) for message in host.armed]
            self.move_cause.add_all(fire)
            self.move_budget.add_all([keys.FREE] * len(fire))
            self.move_claim.add_all([keys.NONE] * len(fire))
        for turn in TURNS:
            if host.status in turn.when and self.scenario.faults.affords(turn, name):
                budget = BUDGET_NUMBER[turn.budget] if turn.budget else keys.FREE
                self.move(place, Cause(turn.name), budget, self.rules.get((turn.name, place), keys.NONE))

    def move(self, place: int, cause: Cause, budget: int, claim: int) -> None:
        """Write one of them down."""
        self.move_cause.add(self.items[place].number(cause))
        self.move_budget.add(budget)
        self.move_claim.add(claim)

    def inbox(self, place: int, inbox: Inbox) -> int:
        """The number of an inbox."""
        return self.pending(place, tuple(self.envelope(place, envelope) for envelope in inbox))

    def pending(self, place: int, inbox: Items) -> int:
        """The number of an inbox; what may arrive next is written down when it is new."""
        known = self.parts[self.components.inbox(place)]
        fresh = len(known)
        number = known.number(inbox)
        if number == fresh:
            next_ones = list(
                arriving(inbox, self.scenario.links[self.scenario.names[place]], self.ranks[place].__getitem__)
            )
            first = self.item.add_all(next_ones)
            self.inbox_items.set(place, number, (first, self.item.used))
            self.longest[place, 1] = max(self.longest[place, 1], len(next_ones))
        return number

    def envelope(self, place: int, envelope: Envelope) -> int:
        """The number of an envelope among the items of its target."""
        fresh = len(self.items[place])
        number = self.items[place].number(envelope)
        if number == fresh:
            source = self.scenario.place[envelope.source]
            bounce = Cause("bounce", envelope.target, envelope.message)
            self.item_source.set(place, number, source)
            self.item_bounce.set(place, number, self.items[source].number(bounce))
            self.ranks[place][number] = envelope.rank
        return number

    def fill(self, key: int) -> None:
        """Work out what the map lacked under `key`."""
        kind, slot = key >> keys.KIND_SHIFT, (key >> keys.SLOT_SHIFT) & 0xFFF
        a, b = (key >> keys.A_SHIFT) & (keys.NUMBERS - 1), key & (keys.NUMBERS - 1)
        if kind == keys.TOO_MANY:
            raise too_many(f"to {self.scenario.names[slot]!r}")
        work = (self.step, self.put, self.take, self.drop, self.double, self.noted, self.spend, self.cuttings)[kind - 1]
        self.map.store(kind, slot, key & ((1 << keys.PAYLOAD_BITS) - 1), work(slot, a, b))

    def step(self, place: int, host: int, item: int) -> int:
        """Every effect of a cause on a host: the number of the first, and how many."""
        thing = self.items[place].values[item]
        cause, keep = thing, False
        if isinstance(thing, Envelope):
            cause = Cause("deliver", thing.source, thing.message)
            keep = self.scenario.links[thing.target][thing.source] is Network.FIFO
        before = self.parts[self.components.host(place)].values[host]
        effects = [one for one in effects_of(before, cause) if keep or not one.silent]
        if len(effects) > keys.ENTRY_MASK:
            raise too_many(f"to {before.node.id!r}")
        self.most_effects = max(self.most_effects, len(effects))
        handler = self.handler(before, cause)
        for effect in effects:
            self.effect(place, effect, handler)
        return (self.effect_host.used - len(effects)) << keys.ENTRY_BITS | len(effects)

    def handler(self, host: Host, cause: Cause) -> int:
        """The number of what is counted when this cause acts on this host, or -1."""
        if cause.name not in ("deliver", "fire", "bounce"):
            return keys.NONE
        message = "Bounced" if cause.name == "bounce" else type(cause.message).__name__
        return self.handlers.number((type(host.node).__name__, message))

    def effect(self, place: int, effect: Effect, handler: int) -> None:
        """Write one effect down."""
        scenario = self.scenario
        name = scenario.names[place]
        sent = [
            (scenario.place_of(target, name, message), Envelope(name, target, message))
            for target, message in effect.sent
        ]
        first_send = self.send_node.add_all([where for where, _ in sent])
        self.send_item.add_all([self.envelope(where, envelope) for where, envelope in sent])
        first_note = self.note.add_all([self.notes.number((name, event)) for event in effect.observed])
        self.effect_host.add(self.host(place, effect.host))
        self.effect_sends.add((first_send, self.send_node.used))
        self.effect_notes.add((first_note, self.note.used))
        self.effect_handler.append(handler)

    def inbox_and_link(self, place: int, inbox: int, item: int) -> tuple[Items, Network]:
        """The inbox behind a number, and the kind of link that an item of it travels on."""
        items: Items = self.parts[self.components.inbox(place)].values[inbox]
        return items, self.scenario.links[self.scenario.names[place]][self.ranks[place][item][0]]

    def put(self, place: int, inbox: int, item: int) -> int:
        """The inbox after one more was sent."""
        before, link = self.inbox_and_link(place, inbox, item)
        return self.pending(place, put(before, item, link, self.ranks[place].__getitem__))

    def take(self, place: int, inbox: int, item: int) -> int:
        """The inbox after a delivery."""
        before, link = self.inbox_and_link(place, inbox, item)
        return self.pending(place, taken(before, item, link))

    def drop(self, place: int, inbox: int, item: int) -> int:
        """One more than the inbox after a loss."""
        return 1 + self.pending(place, without(self.inbox_and_link(place, inbox, item)[0], item))

    def double(self, place: int, inbox: int, item: int) -> int:
        """One more than the inbox after a duplication, 0 where there is none."""
        before, link = self.inbox_and_link(place, inbox, item)
        return 0 if link is Network.REPEATING else 1 + self.pending(place, duplicated(before, item))

    def noted(self, monitor: int, ledger: int, note: int) -> int:
        """The monitor after it saw something."""
        part = self.parts[1 + monitor]
        return part.number(self.scenario.noted(part.values[ledger], *self.notes.values[note]))

    def spend(self, _slot: int, weather: int, budget: int) -> int:
        """One more than the weather after a fault, 0 where the budget is spent."""
        now: Weather = self.parts[0].values[weather]
        fault = BUDGETS[budget - 1]
        return 1 + self.weather(Weather(now.left.less(fault), now.cuts)) if now.left.allow(fault) else 0

    def cuttings(self, _slot: int, weather: int, _b: int) -> int:
        """Every cut and every healing: the number of the first, and how many."""
        now: Weather = self.parts[0].values[weather]
        cut = [
            Weather(left, tuple(sorted((*now.cuts, new))))
            for new, left in new_cuts(self.scenario.names, now.left, now.cuts)
        ]
        healed = [Weather(now.left, tuple(other for other in now.cuts if other != old)) for old in now.cuts]
        if len(cut + healed) > keys.ENTRY_MASK:
            raise too_many("to the links")
        numbers = [self.weather(after) for after in cut + healed]
        first = self.weather_move.used
        for place, number in enumerate(numbers):
            self.weather_move.add(number)
            self.weather_heals.add(0 if place < len(cut) else 1 + self.cuts.number(now.cuts[place - len(cut)]))
        return first << keys.ENTRY_BITS | len(numbers)


def switches(faults: Faults) -> Any:
    """What the faults of a scenario make worth looking at, in the order of the CAN_ constants."""
    can_cut = any(map(faults.allow, ("cuts", "one_way_cuts", "partitions")))
    can_suspect = faults.detection and faults.allow("suspicions")
    can = (can_cut, faults.allow("drops"), faults.allow("duplicates"), faults.detection, can_suspect)
    return np.array(can, np.uint8)
