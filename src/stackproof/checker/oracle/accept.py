"""Could the reference have done what a log says, or what several logs say, one of each machine?

A search, depth first, through the pairs of a place and a world: a place is how far each log is read, the world one in
which all lines before it may have been written. Each pair is looked at once. Before each line, up to `silent` events
may have happened of which no log says anything. Where no run fits all lines, a longest beginning that a run fits is
reported, and, of the worlds it may end in, the one that comes nearest to a next line: what is possible there, and what
refuses that line.

"Trace validation" is the name of this with TLA+: Cirstea, Kuppe, Loillier and Merz, "Validating Traces of Distributed
Programs Against TLA+ Specifications", 2024. The names of what refuses a line are those of `guards`.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from operator import itemgetter
from time import monotonic
from typing import Any, TypeAlias

from attrs import define, field, frozen

from stackproof import __version__
from stackproof.checker.oracle.difference import claim_of
from stackproof.checker.oracle.fitting import against_event, against_observed, against_world
from stackproof.checker.oracle.guards import Guard, guard_against
from stackproof.checker.oracle.log_file import Entry, Source, entries, name_of
from stackproof.checker.oracle.moves import Move, Way, moves, observed, started
from stackproof.checker.report import Verdict
from stackproof.checker.scenario import Scenario
from stackproof.checker.trace import Trace
from stackproof.checker.world import Event, World

Place: TypeAlias = tuple[int, ...]
MOST_WAYS = 500
"""In how many of the worlds that are possible a line is explained."""


@frozen
class Refusal:
    """A line that no run fits which fits as many lines, and the world that comes nearest to it.

    others    where the next line of each other log stands, which no run fits, either
    worlds    how many worlds were possible there, silent events counted in
    enabled   what may happen in the nearest
    guard     what refuses the line there
    """

    entry: Entry
    others: tuple[str, ...]
    guard: Guard
    worlds: int
    enabled: tuple[Event, ...]

    @property
    def line(self) -> int:
        """The number of the line."""
        return self.entry.number

    def form(self) -> dict[str, Any]:
        """The refusal as JSON."""
        return {
            "line": self.line,
            "log": self.entry.of or None,
            "said": dict(self.entry.said),
            "guard": self.guard.name,
            "reason": self.guard.reason,
            "worlds": self.worlds,
            "enabled": [event.form() for event in self.enabled],
        }


@frozen
class Acceptance:
    """The answer to `accept`: held if a run of the reference fits the logs; unknown where a budget came first.

    lines      how many events the logs tell of
    accepted   how many of them the longest run fits
    looked_at  how many pairs of a place and a world were looked at
    trace      that run, with the events of which no log says anything
    """

    scenario: str
    parameters: Mapping[str, Any]
    verdict: Verdict
    why: str | None
    lines: int
    accepted: int
    looked_at: int
    seconds: float
    trace: Trace
    refusal: Refusal | None = None

    def form(self) -> dict[str, Any]:
        """The answer as JSON."""
        return {
            "scenario": self.scenario,
            "parameters": dict(self.parameters),
            "evidence": "recorded",
            "verdict": self.verdict.value,
            "why": self.why,
            "lines": self.lines,
            "accepted": self.accepted,
            "looked_at": self.looked_at,
            "seconds": round(self.seconds, 3),
            "refused": None if self.refusal is None else self.refusal.form(),
        }


def accept(
    scenario: Scenario,
    log: Source,
    *others: Source,
    silent: int = 0,
    unlogged: Callable[[Event], bool] | None = None,
    worlds: int = 200_000,
    seconds: float = 60.0,
) -> Acceptance:
    """Whether a scenario has a run that fits a log; raises LogError where the log makes no sense.

    log       a file, the bytes of one, or the objects of its lines; docs/oracle.md says what they hold
    others    further logs. Each is in order; what happened before what in two of them, none says
    silent    how many events may happen unlogged before each line
    unlogged  which events may (all, if it is not given)
    worlds    after looking at so many worlds, for all lines together, or after so many seconds, the answer is unknown
    """
    began = monotonic()
    names = [name_of(one, number) if others else "" for number, one in enumerate((log, *others), 1)]
    told = tuple(entries(one, scenario, name) for one, name in zip((log, *others), names, strict=True))
    search = Search(told, silent, unlogged, worlds, began + seconds)
    why = search.run(started(scenario))
    done = search.farthest == search.lines
    verdict = Verdict.HELD if done else Verdict.UNKNOWN if why else Verdict.VIOLATED
    refusal = search.refusal() if verdict is Verdict.VIOLATED else None
    return Acceptance(
        scenario.name,
        scenario.parameters,
        verdict,
        None if done else why,
        search.lines,
        search.farthest,
        len(search.seen),
        monotonic() - began,
        recorded(scenario, search.end),
        refusal,
    )


def recorded(scenario: Scenario, way: Way) -> Trace:
    """A run that fits the accepted lines."""
    steps = way.steps
    return Trace(scenario.name, scenario.parameters, claim_of(steps), {"by": "accept", "version": __version__}, steps)


@define(eq=False, slots=False)
class Search:
    """The runs that fit the lines so far; `stuck` are those that came farthest, each with its silent events."""

    logs: tuple[tuple[Entry, ...], ...]
    silent: int
    unlogged: Callable[[Event], bool] | None
    most: int
    deadline: float
    farthest: int = -1
    stuck: list[tuple[int, Place, Way]] = field(factory=list)
    seen: dict[tuple[Place, World], int] = field(factory=dict)
    end: Way = field(init=False)

    @cached_property
    def lines(self) -> int:
        """How many lines there are."""
        return sum(map(len, self.logs))

    @cached_property
    def observing(self) -> bool:
        """Whether a log tells of what is observed; then every event in which something is, is told of."""
        return any("observed" in entry.said for log in self.logs for entry in log)

    def run(self, roots: list[Way]) -> str | None:
        """Search until a run fits all lines or none is left; returns why it was given up, if it was."""
        self.end, nowhere = roots[0], (0,) * len(self.logs)
        starts = [log[0] for log in self.logs if log[0].is_start]
        if starts:
            self.farthest, self.stuck = 0, [(0, nowhere, way) for way in roots]
        begun = tuple(int(log[0].is_start) for log in self.logs)
        fitting = [way for way in roots if not any(any(against_start(entry, way)) for entry in starts)]
        stack = [(0, begun, way) for way in reversed(fitting)]
        while stack:
            silent, place, way = stack.pop()
            if self.seen.get((place, way.world), silent + 1) <= silent:
                continue
            self.note(silent, place, way)
            if self.farthest == self.lines:
                return None
            if len(self.seen) > self.most:
                return f"after {self.most:,} worlds there may be others that fit"
            if monotonic() > self.deadline:
                return "time was up"
            stack += reversed(list(self.onward(silent, place, way)))
        return None

    def note(self, silent: int, place: Place, way: Way) -> None:
        """Keep a way that all lines before a place fit."""
        self.seen[place, way.world] = silent
        if sum(place) > self.farthest:
            self.farthest, self.stuck, self.end = sum(place), [], way
        if sum(place) == self.farthest:
            self.stuck.append((silent, place, way))

    def following(self, place: Place) -> Iterator[tuple[Entry, Place]]:
        """The next line of each log, and the place after it."""
        for at, (log, line) in enumerate(zip(self.logs, place, strict=True)):
            if line < len(log):
                yield log[line], (*place[:at], line + 1, *place[at + 1 :])

    def onward(self, silent: int, place: Place, way: Way) -> Iterator[tuple[int, Place, Way]]:
        """Where a way may go on: first by the events that a next line may tell of, then by silent ones."""
        may_happen = list(moves(way.world))
        for entry, beyond in self.following(place):
            for move in may_happen:
                if not any(apart(entry, way.world, move)):
                    yield 0, beyond, way.on(move, entry.where)
        for move in may_happen if silent < self.silent else ():
            if not move.ignored and self.may_be_silent(way.world, move.event):
                yield silent + 1, place, way.on(move)

    def may_be_silent(self, before: World, event: Event) -> bool:
        """Whether a log like this one may say nothing of an event."""
        if self.observing and observed(before, event):
            return False
        return self.unlogged is None or self.unlogged(event)

    def refusal(self) -> Refusal:
        """What refuses a line after the farthest; the ways with fewest silent events are looked at first."""
        near = sorted(self.stuck, key=itemgetter(0))[:MOST_WAYS]
        asked = [(entry, place, way) for _, place, way in near for entry, _ in self.following(place)]
        asked = [one for one in asked if one[0].is_start] or asked
        found = [(guard_against(entry, way), entry, place, way) for entry, place, way in asked]
        guard, entry, place, self.end = min(found, key=lambda one: one[0].rank)
        others = tuple(other.where for other, _ in self.following(place) if other is not entry)
        enabled = () if entry.is_start else tuple(move.event for move in moves(self.end.world) if not move.ignored)
        return Refusal(entry, others, guard, len({way.world for *_, way in self.stuck}), enabled)


def against_start(entry: Entry, way: Way) -> Iterator[Any]:
    """What of a line does not fit a start."""
    yield from against_event(entry, way.event)
    yield from against_world(entry, way.world)


def apart(entry: Entry, before: World, move: Move) -> Iterator[Any]:
    """What of a line does not fit a move."""
    yield from against_event(entry, move.event)
    yield from against_observed(entry, before, move.event)
    yield from against_world(entry, move.world)
