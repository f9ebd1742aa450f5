"""Heal and settle: the end of every run, after which one can say what came of it.

First everything is mended: cuts heal, nodes that are down restart, paused ones resume. From there on nothing goes
wrong any more, and what may happen happens, oldest first, so that nothing is left out for ever. The run ends where
nothing can happen, or comes back to a world it was in: then it may go round for ever, and if no event is left out that
may always happen, it is a fair run (explore/fairness.py), and one in which a promise is not kept shows that it is
broken. What must always be reachable is looked for from the last world.

The order may be another, since some promises are broken only in some orders: `order` 0 is oldest first, every other
number one in which now and then another event comes first, drawn from that number.
"""

from collections.abc import Iterator
from random import Random

from attrs import define, field

from stackproof.checker.explore.fairness import promises, reason_for
from stackproof.checker.explore.liveness import NO_WAY
from stackproof.checker.scenario import Property
from stackproof.checker.search.course import Course, Violated
from stackproof.checker.search.mixes import MENDING
from stackproof.checker.search.terrain import Spot
from stackproof.checker.world import Event

LONGEST = 400
"""How many events a run settles for at most."""
OLDEST_FIRST = 4
"""In another order, one event in so many is surely the oldest."""
PATIENCE = 8
"""A run that comes back to its worlds is judged again when it has become longer by one part in so many."""


def settle(course: Course, order: int = 0) -> None:
    """Bring a run to its end. Raises Violated where it breaks a property on the way, or a promise by how it ends."""
    mend(course)
    course.ended = Settling(course, order).run()
    for claim in course.terrain.scenario.always_reachable:
        if not course.here.shows(claim) and course.terrain.stuck[claim.__name__].fails(course.here.world):
            raise Violated(claim.__name__, NO_WAY.format(claim.__name__))


def mend(course: Course) -> None:
    """Let all be mended that can be."""
    while (number := next(mending(course.here), None)) is not None:
        course.go(number)


def mending(spot: Spot) -> Iterator[int]:
    """The events that mend something."""
    return (number for number, event in enumerate(spot.events) if event.name in MENDING)


@define(eq=False, repr=False)
class Settling:
    """What happens once everything is mended.

    open     the promises that this run may still break, each with whether its claim comes to stay
    waiting  the events that may happen, the oldest first
    first    where the run came to each of its worlds for the first time
    """

    course: Course
    order: int
    open: list[tuple[Property, bool]] = field(init=False)
    waiting: dict[Event, None] = field(factory=dict)
    first: dict[Spot, int] = field(init=False)

    def __attrs_post_init__(self) -> None:
        told = promises(self.course.terrain.scenario)
        self.open = [(claim, stays) for claim, stays in told if stays or self.course.never(claim)]
        self.first = {spot: place for place, spot in reversed(list(enumerate(self.course.spots)))}

    def run(self) -> bool:
        """Go on until nothing can happen, or what happened may go on for ever; False if that takes too long."""
        random, patience = Random(self.order), 1
        for _ in range(LONGEST):
            if not self.course.here.calm:
                return self.ends(len(self.course.spots) - 1)
            self.step(random)
            here, now = self.course.here, len(self.course.spots) - 1
            self.open = [(claim, stays) for claim, stays in self.open if stays or not here.shows(claim)]
            if (place := self.first.setdefault(here, now)) < now:
                patience -= 1
                if not patience:
                    if self.ends(place):
                        return True
                    patience = now // PATIENCE
        return False

    def step(self, random: Random) -> None:
        """Let one event happen."""
        calm = self.course.here.calm
        self.waiting = {event: None for event in (*self.waiting, *calm) if event in calm}
        event = next(iter(self.waiting))
        if self.order and random.randrange(OLDEST_FIRST):
            event = random.choice(list(self.waiting))
        del self.waiting[event]
        self.course.go(random.choice(calm[event]))

    def ends(self, place: int) -> bool:
        """Whether the run may go on for ever as it did since some place. Raises Violated if that breaks a promise."""
        loop, events = self.course.spots[place:], self.course.events[place + 1 :]
        always = set(loop[0].calm).intersection(*(spot.calm for spot in loop))
        if not always <= {event.unchosen for event in events}:
            return False
        for claim, stays in () if loop[0].is_pruned else self.open:
            if not all(spot.shows(claim) for spot in loop):
                raise Violated(claim.__name__, reason_for(claim, stays, len(events)), place)
        return True
