"""A real system and the reference, side by side: which worlds of the reference are possible after what was seen.

The reference may do one of several things where the system does one of them, so the oracle keeps every world that
agrees with all that the system has shown. Where none is left, the two differ. `hidden` events are those that the
system takes by itself and that nobody sees: any number of them may have happened.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from attrs import define, field, frozen

from stackproof.checker.host import told
from stackproof.checker.oracle.adapter import Adapter, Refused
from stackproof.checker.oracle.moves import Move, Way, moves, started
from stackproof.checker.render.short import short
from stackproof.checker.scenario import Scenario
from stackproof.checker.world import Event, World

Factory: TypeAlias = Callable[[], Adapter]
View: TypeAlias = Mapping[str, Any]
KEPT = 50_000
"""Of how many worlds it is kept in mind what may happen in them."""


class TooMany(Exception):
    """More worlds are possible than anybody wants to follow."""


@frozen
class Parting:
    """Where the system and the reference part: after which events, how, and what the nearest world looks like.

    kind     view, refused or raised
    way      the run of the reference that ends in the nearest of the worlds that were possible
    worlds   how many were possible
    """

    kind: str
    reason: str
    schedule: tuple[Event, ...]
    way: Way
    worlds: int
    reference: View
    system: View | None


@define(eq=False)
class Reference:
    """What the reference may do, worked out once for each world."""

    scenario: Scenario
    hidden: Callable[[Event], bool] | None = None
    most: int = 10_000
    known: dict[World, tuple[tuple[Event, Move], ...]] = field(factory=dict)

    def beyond(self, world: World) -> tuple[tuple[Event, Move], ...]:
        """Every move in a world, each with its event without choices."""
        found = self.known.get(world)
        if found is None:
            if len(self.known) >= KEPT:
                self.known.clear()
            found = tuple((move.event.unchosen, move) for move in moves(world))
            self.known[world] = found
        return found

    def offered(self, ways: Iterable[Way]) -> tuple[Event, ...]:
        """The events that may be asked of the system, in a fixed order."""
        events = (event for way in ways for event, _ in self.beyond(way.world))
        return tuple(event for event in dict.fromkeys(events) if self.hidden is None or not self.hidden(event))

    def after(self, ways: Sequence[Way], event: Event) -> list[Way]:
        """Each way that an event may lead on, and what may have happened unseen since."""
        on = (way.on(move) for way in ways for one, move in self.beyond(way.world) if one == event)
        return self.settled(on)

    def settled(self, ways: Iterable[Way]) -> list[Way]:
        """These worlds, each once, and all that hidden events lead to from them."""
        there = {way.world: way for way in reversed(list(ways))}
        found = list(there.values())[::-1]
        for way in found if self.hidden is not None else ():
            for event, move in self.beyond(way.world):
                unseen = not move.ignored and self.hidden(event)  # type: ignore[misc]
                if unseen and move.world not in there:
                    there[move.world] = way.on(move)
                    found.append(there[move.world])
            if len(found) > self.most:
                raise TooMany
        return found

    def start(self) -> list[Way]:
        """The worlds in which nothing has been asked of the system yet."""
        return self.settled(started(self.scenario))


@define(eq=False)
class Run:
    """One run of the system and the reference; `parting` is set where they have parted."""

    adapter: Adapter
    reference: Reference
    ways: list[Way] = field(factory=list)
    schedule: list[Event] = field(factory=list)
    parting: Parting | None = None

    def start(self) -> None:
        """Bring both up and compare."""
        self.adapter.start(self.reference.scenario)
        self.compare(self.reference.start())

    @property
    def offered(self) -> tuple[Event, ...]:
        """The events that may be asked of the system next."""
        return () if self.parting else self.reference.offered(self.ways)

    def take(self, event: Event) -> None:
        """Make an event happen on both sides and compare."""
        after = self.reference.after(self.ways, event)
        self.schedule.append(event)
        try:
            self.adapter.apply(event)
        except Refused as refusal:
            self.without(event, after, str(refusal))
        except Exception as error:
            self.part("raised", f"the system raised {told(error)}", after)
        else:
            self.compare(after)

    def without(self, event: Event, after: list[Way], said: str) -> None:
        """Go on in the worlds where the event cannot happen, which is what the system says of it."""
        others = [way for way in self.ways if all(one != event for one, _ in self.reference.beyond(way.world))]
        if others:
            self.compare(others)
        else:
            self.part("refused", f"the system refused what the reference does{f': {said}' if said else ''}", after)

    def compare(self, ways: list[Way]) -> None:
        """Keep the worlds that look like the system."""
        try:
            seen = comparable(self.adapter.view())
        except Exception as error:
            self.part("raised", f"the system raised {told(error)} when it was looked at", ways)
            return
        self.ways = [way for way in ways if comparable(self.adapter.view_of(way.world)) == seen]
        if not self.ways:
            self.part("view", "", ways, seen)

    def part(self, kind: str, reason: str, ways: list[Way], seen: View | None = None) -> None:
        """The two differ: `ways` are those that the reference allowed."""
        views = [comparable(self.adapter.view_of(way.world)) for way in ways]
        place = min(range(len(ways)), key=lambda at: (gap(views[at], seen), at)) if seen is not None else 0
        schedule = tuple(self.schedule)
        said = reason or difference(views[place], seen or {}, len(ways))
        self.parting = Parting(kind, said, schedule, ways[place], len(ways), views[place], seen)


def difference(reference: View, system: View, worlds: int) -> str:
    """How the system differs from the world nearest to it, in a sentence."""
    name, *others = apart(reference, system)
    where = f"the nearest of {worlds:,} possible worlds" if worlds > 1 else "the reference"
    what = f"{name} is {shown(system, name)} in the system and {shown(reference, name)} in {where}"
    return what + (f"; {', '.join(others)} differ{'' if others[1:] else 's'}, too" if others else "")


def shown(view: View, name: str) -> str:
    """One value of a view."""
    return short(view[name]) if name in view else "not there"


def apart(reference: View, system: View) -> Iterator[str]:
    """The names of what differs between two views."""
    for name in dict.fromkeys((*reference, *system)):
        if name not in reference or name not in system or reference[name] != system[name]:
            yield name


def gap(one: Any, other: Any) -> int:
    """How much is apart between two views, or two parts of them."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return sum(gap(one[name], other[name]) if name in one and name in other else 1 for name in {*one, *other})
    if isinstance(one, tuple) and isinstance(other, tuple) and len(one) == len(other):
        return sum(map(gap, one, other))
    return 2 if isinstance(one, tuple) and isinstance(other, tuple) else int(one != other)


def comparable(value: Any) -> Any:
    """A view, or a part of one, in which a list is a tuple."""
    if isinstance(value, Mapping):
        return {name: comparable(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return tuple(comparable(part) for part in value)
    return frozenset(value) if isinstance(value, set) else value
