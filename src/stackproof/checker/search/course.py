"""One run: where it began, what happened, and the world that it has come to. It ends where a property fails."""

from collections import Counter
from collections.abc import Iterator

from attrs import define, field

from stackproof.checker.scenario import Property
from stackproof.checker.search.terrain import Spot, Terrain
from stackproof.checker.trace import Step
from stackproof.checker.world import Event


class Violated(AssertionError):
    """A run breaks a property: an invariant fails in its last world, or its end or its loop breaks a promise.

    loop   the step whose world the last step comes back to, of a run that breaks what every fair run promises
    """

    def __init__(self, claim: str, reason: str, loop: int | None = None) -> None:
        super().__init__(f"{claim}: {reason}")
        self.claim, self.reason, self.loop = claim, reason, loop


@define(eq=False, repr=False)
class Course:
    """A run as it goes; `events[0]` is the start, `spots[i]` where event i led.

    ended       whether it was mended, and came to where nothing can happen, or back to a world that it was in
    read        how many bytes of a tape it took so far
    situations  that it came to (driving.py), each with the bytes that were read when it first did
    """

    terrain: Terrain
    events: list[Event] = field(init=False)
    spots: list[Spot] = field(init=False)
    struck: Counter[str] = field(factory=Counter)
    ended: bool = False
    read: int = 0
    situations: dict[int, int] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        event, spot = self.terrain.starts[0]
        self.events, self.spots = [event], [spot]

    def begin(self, start: int) -> None:
        """Start in one of the first worlds. Raises Violated where an invariant does not hold there."""
        event, spot = self.terrain.starts[start % len(self.terrain.starts)]
        self.events, self.spots = [event], [spot]
        self.judge()

    @property
    def here(self) -> Spot:
        """Where the run is."""
        return self.spots[-1]

    @property
    def steps(self) -> tuple[Step, ...]:
        """The run as a trace has it."""
        return tuple(Step(event, spot.world) for event, spot in zip(self.events, self.spots, strict=True))

    def go(self, number: int) -> None:
        """Let one of the events happen that may. Raises Violated where an invariant does not hold after it."""
        here, event = self.here, self.here.events[number]
        self.situations.setdefault(self.terrain.situation(here, number), self.read)
        self.events.append(event)
        self.spots.append(self.terrain.after(here, number))
        if number in here.faults:
            self.struck[event.name] += 1
        self.judge()

    def judge(self) -> None:
        """Raise Violated if an invariant does not hold here."""
        if self.here.wrong is not None:
            raise Violated(*self.here.wrong)

    def never(self, claim: Property) -> bool:
        """Whether a claim was true in no world of the run so far."""
        return not any(spot.shows(claim) for spot in self.spots)

    def reached(self) -> Iterator[tuple[str, int]]:
        """The goals that are reached on the way, each time with the number of events that it took."""
        return ((goal, length) for length, spot in enumerate(self.spots) for goal in spot.goals)
