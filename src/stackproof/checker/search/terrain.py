"""The ground that runs go over: each world that one of them has come to, looked at once.

Runs of one scenario meet the same worlds again and again. What may happen in a world is listed once; the world after
an event is worked out when a run first takes it, and every property is asked once.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TypeAlias

from attrs import define, field

from stackproof.checker.explore.liveness import is_calm
from stackproof.checker.explore.plain import handler_of
from stackproof.checker.host import Host
from stackproof.checker.report import Handled
from stackproof.checker.scenario import Property, Scenario, no_step_raises, reason_against, true_in
from stackproof.checker.search.shrinking import Stuck
from stackproof.checker.world import Event, World, possible

MOST = 10_000
"""How many worlds are remembered from run to run; beyond that all are forgotten, and looked at anew."""

Offer: TypeAlias = tuple[Event, Callable[[], World]]


@define(eq=False, repr=False, slots=False)
class Spot:
    """A world, and what is known of it.

    wrong  the invariant that does not hold, and why; None where all do
    goals  the names of the goals that are reached
    """

    world: World
    wrong: tuple[str, str] | None
    goals: tuple[str, ...]
    truths: dict[str, bool] = field(factory=dict)

    @cached_property
    def offers(self) -> tuple[Offer, ...]:
        """What may happen, in the fixed order of `happenings`; nothing beyond a prune."""
        return () if self.is_pruned else tuple(possible(self.world))

    @cached_property
    def is_pruned(self) -> bool:
        """Whether nobody is to look past this world."""
        prune = self.world.scenario.prune
        return prune is not None and true_in(prune, self.world)

    @cached_property
    def events(self) -> tuple[Event, ...]:
        """The events that may happen."""
        return tuple(event for event, _ in self.offers)

    @cached_property
    def beyond(self) -> list["Spot | None"]:
        """Where each of them leads, as far as that is known."""
        return [None] * len(self.offers)

    @cached_property
    def times(self) -> list[int]:
        """How often each of them happened."""
        return [0] * len(self.offers)

    @cached_property
    def situations(self) -> list[int | None]:
        """Which situation each of them is, as far as that is known."""
        return [None] * len(self.offers)

    @cached_property
    def calm(self) -> dict[Event, list[int]]:
        """The events that are no faults, whichever way their choices fall, and the numbers of these ways."""
        ways: dict[Event, list[int]] = {}
        for number, event in enumerate(self.events):
            if number not in self.faults:
                ways.setdefault(event.unchosen, []).append(number)
        return ways

    @cached_property
    def faults(self) -> frozenset[int]:
        """The numbers of the events that are faults."""
        return frozenset(number for number, event in enumerate(self.events) if not is_calm(event, self.world))

    @cached_property
    def kinds(self) -> dict[tuple[str, bool], list[Event]]:
        """The events that may happen, by their name and whether a node chooses in them."""
        found: dict[tuple[str, bool], list[Event]] = {}
        for event in self.events:
            found.setdefault((event.name, bool(event.choose)), []).append(event)
        return found

    def shows(self, claim: Property) -> bool:
        """Whether something is true here that need not always be."""
        name = claim.__name__
        if name not in self.truths:
            self.truths[name] = true_in(claim, self.world)
        return self.truths[name]


@define(eq=False, repr=False, slots=False)
class Terrain:
    """The worlds of a scenario, as far as runs have come."""

    scenario: Scenario
    spots: dict[World, Spot] = field(factory=dict)
    past: Counter[tuple[str, str]] = field(factory=Counter)
    situations: dict[tuple[Event, Host | None], int] = field(factory=dict)

    @cached_property
    def starts(self) -> tuple[tuple[Event, Spot], ...]:
        """Where a run may begin."""
        return tuple((event, self.at(world)) for event, world in self.scenario.initial())

    @cached_property
    def stuck(self) -> dict[str, Stuck]:
        """From which worlds there is no way to what must stay reachable."""
        return {claim.__name__: Stuck(claim) for claim in self.scenario.always_reachable}

    def at(self, world: World) -> Spot:
        """What is known of a world."""
        found = self.spots.get(world)
        if found is None:
            goals = tuple(goal.__name__ for goal in self.scenario.goals if true_in(goal, world))
            found = self.spots[world] = Spot(world, self.wrong_in(world), goals)
        return found

    def wrong_in(self, world: World) -> tuple[str, str] | None:
        """The first invariant that does not hold in a world, and why."""
        for claim in (*self.scenario.invariants, no_step_raises):
            if reason := reason_against(claim, world):
                return claim.__name__, reason
        return None

    def after(self, spot: Spot, number: int) -> Spot:
        """Where an event leads, which happens once more."""
        spot.times[number] += 1
        found = spot.beyond[number]
        if found is None:
            found = spot.beyond[number] = self.at(spot.offers[number][1]())
        return found

    def situation(self, spot: Spot, number: int) -> int:
        """The number of a situation: an event, and the state of the node that it happens to. Numbers are for good."""
        found = spot.situations[number]
        if found is None:
            event, world = spot.events[number], spot.world
            name = event.source if event.name == "bounce" else event.node or event.target
            host = None if name is None else world.hosts[self.scenario.place[name]]
            found = spot.situations[number] = self.situations.setdefault((event, host), len(self.situations))
        return found

    def make_room(self) -> None:
        """Forget everything if that is much; called between two runs."""
        if len(self.spots) >= MOST:
            self.forget()

    def forget(self) -> None:
        """Forget all worlds, but not which handlers ran."""
        for spot in self.spots.values():
            for event, times in zip(spot.events, spot.times, strict=True) if "times" in vars(spot) else ():
                if times and (handler := handler_of(event, spot.world)):
                    self.past[handler] += times
        self.spots.clear()
        vars(self).pop("starts", None)

    def handled(self, walked: Mapping[tuple[str, str], int]) -> tuple[Handled, ...]:
        """How often each handler ran, in all runs and in walks; those that never did have a count of 0."""
        self.forget()
        counts = Counter(dict.fromkeys(self.scenario.handlers, 0))
        counts.update(self.past)
        counts.update(walked)
        return tuple(Handled(node, message, count) for (node, message), count in sorted(counts.items()))
