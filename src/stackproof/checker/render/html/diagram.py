"""A space-time diagram: a lane for each node, time downward, a row for each event, an arrow for each message.

Places across the picture are shares of its width, so that it fits a telephone and a wide screen alike; places downward
are pixels, so that each row stands beside its sentence.
"""

import textwrap
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import groupby

from attrs import define, field

from stackproof.checker.faults import Cut
from stackproof.checker.host import Status
from stackproof.checker.render.flights import Flight, actor
from stackproof.checker.render.html.marks import mark
from stackproof.checker.render.html.page import Markup, element
from stackproof.checker.render.short import short
from stackproof.checker.render.story import sentence
from stackproof.checker.trace import Trace
from stackproof.checker.world import Event
from stackproof.reference.actor import NodeId

LINE, PADDING, BASE = 18, 18, 18
CHARACTERS = 46
FAR, NEAR = 0.66, 0.34
LABEL, STUB = 22, 22
LINES = {Status.UP: "up", Status.PAUSED: "paused", Status.DOWN: "down", Status.RAISED: "down"}


@define(slots=False)
class Diagram:
    """The picture of one run. `marks` and `lines` are the kinds that were drawn."""

    trace: Trace
    flights: Sequence[Flight]
    marks: set[str] = field(factory=set)
    lines: set[str] = field(factory=set)

    @property
    def names(self) -> tuple[NodeId, ...]:
        """The nodes, from left to right."""
        return self.trace.steps[0].world.names

    @cached_property
    def heights(self) -> tuple[int, ...]:
        """How many lines the sentence of each event takes beside the picture."""
        return tuple(len(textwrap.wrap(sentence(step.event).plain, CHARACTERS)) or 1 for step in self.trace.steps)

    @cached_property
    def tops(self) -> tuple[int, ...]:
        """Where each row begins, and where the last one ends."""
        tops = [0]
        for lines in self.heights:
            tops.append(tops[-1] + LINE * lines + PADDING)
        return tuple(tops)

    def y(self, step: int) -> int:
        """How far down an event is."""
        return self.tops[step] + BASE

    def x(self, place: float) -> str:
        """How far to the right a lane is, or a place between two."""
        return f"{100 * (place + 0.5) / len(self.names):.4g}%"

    def lane(self, name: NodeId | None) -> int:
        """The lane of a node."""
        return self.names.index(name or "")

    def mark(self, kind: str, place: float, y: float) -> Markup:
        """A mark of some kind."""
        self.marks.add(kind)
        return mark(kind, self.x(place), y)

    def line(self, kind: str, start: tuple[float, float], end: tuple[float, float], **more: str | None) -> Markup:
        """A line of some kind."""
        self.lines.add(kind)
        (a, b), (c, d) = start, end
        return element("line", x1=self.x(a), y1=b, x2=self.x(c), y2=d, class_=f"line {kind}", **more)

    def svg(self) -> Markup:
        """The whole picture, from what is behind to what is in front."""
        parts = [*self.again(), *self.severed(), *self.lives()]
        parts += [part for number, one in enumerate(self.flights) for part in self.flight(number, one)]
        parts += [part for number, step in enumerate(self.trace.steps) for part in self.event(number, step.event)]
        label = f"Space-time diagram of {len(self.trace.steps) - 1} events; the story beside it says the same."
        return element("svg", *parts, class_="strip", role="img", aria_label=label, height=self.tops[-1])

    def lives(self) -> Iterator[Markup]:
        """Each node's lane, drawn as the node is: up, paused, down; nothing where it is not there."""
        for lane, name in enumerate(self.names):
            states = [(number, step.world.status[name]) for number, step in enumerate(self.trace.steps)]
            for status, run in groupby(states, key=lambda one: one[1]):
                numbers = [number for number, _ in run]
                last = numbers[-1] + 1
                bottom = self.y(last) if last < len(states) else self.tops[-1]
                if status in LINES:
                    yield self.line(LINES[status], (lane, self.y(numbers[0])), (lane, bottom))

    def flight(self, number: int, one: Flight) -> Iterator[Markup]:
        """A message, from where it was sent to where it arrived, was lost, or came back."""
        start, end = self.lane(one.envelope.source), self.lane(one.envelope.target)
        y, kind = self.y(one.sent), "flight" if one.doubled is None else "copy"
        drawn = [*self.ways(one, kind, (start, y), end)]
        data = {"data_flight": number}
        yield element("g", element("title", short(one.envelope.message)), *drawn, class_="way", **data)

    def ways(self, one: Flight, kind: str, start: tuple[int, int], end: int) -> Iterator[Markup]:
        """The lines that stand for one message."""
        (lane, y), head = start, "url(#h-flight)"
        if one.ended is None:
            if not one.stays:
                yield from self.dangling(start, end)
            return
        below = self.y(one.ended)
        if one.how == "deliver":
            yield (
                self.loop(kind, lane, y, below)
                if lane == end
                else self.line(kind, start, (end, below), marker_end=head)
            )
            yield self.label(one, lane, end, below)
            return
        there = lane + 0.3 if lane == end else lane + (end - lane) * FAR
        yield self.line(kind, start, (there, below))
        if one.how == "drop":
            yield self.mark("drop", there, below)
            yield self.label(one, lane, there + (end - there) * 0.1, below, after=True)
        else:
            yield self.line("bounce", (there, below), (lane, below), marker_end="url(#h-bounce)")
            yield self.mark("bounce", there, below)

    def dangling(self, start: tuple[int, int], end: int) -> Iterator[Markup]:
        """The beginning of a flight that has no end here."""
        lane, y = start
        there = lane + (
            0.22 if lane == end else (end - lane) * NEAR if abs(end - lane) == 1 else 0.5 * (1 if end > lane else -1)
        )
        yield self.line("dangling", start, (there, y + STUB))
        yield self.mark("aloft", there, y + STUB)

    def loop(self, kind: str, lane: int, y: int, below: int) -> Markup:
        """The way of a message that a node sends to itself."""
        self.lines.add(kind)
        path = f"M0 0C22 6 20 12 20 18V{below - y - 14}Q20 {below - y} 0 {below - y}"
        return element(
            "svg", element("path", d=path, class_=f"line {kind}", marker_end="url(#h-flight)"),
            x=self.x(lane), y=y, class_="at",
        )  # fmt: skip

    def label(self, one: Flight, start: float, end: float, y: int, after: bool = False) -> Markup:
        """The name of a message, before the head of its arrow, or behind it."""
        said = short(one.envelope.message)
        name = said.partition("(")[0] or said
        text = name if len(name) <= LABEL else f"{name[: LABEL - 1]}\u2026"
        right = (end >= start) is after or start == end
        shift, anchor = (9, "start") if right else (-9, "end")
        if start == end:
            shift, anchor = (28, "start") if end < len(self.names) - 1 else (-12, "end")
        below = 4 if start == end else 14
        return element("text", text, x=self.x(end), y=y + below, dx=shift, text_anchor=anchor, class_="label")

    def event(self, number: int, event: Event) -> Iterator[Markup]:
        """The mark of an event on the lane of its node, or between lanes."""
        y, node = self.y(number), actor(event)
        if number == 0:
            up = self.trace.steps[0].world.status
            yield from (self.mark("step", lane, y) for lane, name in enumerate(self.names) if up[name] is Status.UP)
        elif event.cut is not None:
            yield from self.cut(event.name, event.cut, y)
        elif event.name == "duplicate":
            copy = next(one for one in self.flights if one.doubled == number)
            yield self.mark("duplicate", self.along(copy, y), y)
        elif node is not None:
            raised = self.trace.steps[number].world.status[node] is Status.RAISED
            kind = "step" if event.name in ("deliver", "bounce") else event.name
            yield self.mark("raise" if raised else kind, self.lane(node), y)

    def along(self, one: Flight, y: int) -> float:
        """Where the line of a message is at a height between its ends."""
        start, end = self.lane(one.envelope.source), self.lane(one.envelope.target)
        if one.ended is None or start == end:
            return (start + end) / 2
        share = (y - self.y(one.sent)) / (self.y(one.ended) - self.y(one.sent))
        return start + (end - start) * share * (1 if one.how == "deliver" else FAR)

    def cut(self, kind: str, cut: Cut, y: int) -> Iterator[Markup]:
        """Links that are cut, or pass again: the nodes of one side are filled."""
        lanes = sorted(self.lane(name) for name in (*cut.here, *cut.there))
        yield self.line(f"{kind}-line", (lanes[0], y), (lanes[-1], y))
        yield from (self.mark(kind, self.lane(name), y) for name in cut.here)
        yield from (self.mark(f"{kind}-from", self.lane(name), y) for name in cut.there)

    def severed(self) -> Iterator[Markup]:
        """A shade over the nodes between which links are cut, for as long as they are."""
        for since, until, cut in cuts(self.trace):
            lanes = sorted(self.lane(name) for name in (*cut.here, *cut.there))
            top, bottom = self.y(since), self.tops[-1] if until is None else self.y(until)
            width = f"{100 * (lanes[-1] - lanes[0]) / len(self.names):.4g}%"
            self.lines.add("severed")
            yield element("rect", x=self.x(lanes[0]), y=top, width=width, height=bottom - top, class_="severed")

    def again(self) -> Iterator[Markup]:
        """A shade over what goes round for ever."""
        if self.trace.round and self.trace.loop is not None:
            top, bottom = self.y(self.trace.loop), self.y(len(self.trace.steps) - 1)
            yield element("rect", x=0, y=top, width="100%", height=bottom - top, class_="looping")

    def gutter(self) -> Markup | None:
        """Beside the lanes: from where to where a run goes round for ever."""
        if not self.trace.round or self.trace.loop is None:
            return None
        self.lines.add("again")
        top, bottom = self.y(self.trace.loop), self.y(len(self.trace.steps) - 1)
        path = f"M22 {bottom}H14Q8 {bottom} 8 {bottom - 6}V{top + 6}Q8 {top} 14 {top}H32"
        drawn = element("path", d=path, class_="line again", marker_end="url(#h-again)")
        return element("svg", drawn, class_="gutter", width=24, height=self.tops[-1], aria_hidden="true")


def cuts(trace: Trace) -> Iterator[tuple[int, int | None, Cut]]:
    """Each cut, from the step that makes it to the step that heals it; None where it lasts."""
    since: dict[Cut, list[int]] = {}
    for number, step in enumerate(trace.steps):
        if step.event.cut is not None and step.event.name == "cut":
            since.setdefault(step.event.cut, []).append(number)
        elif step.event.cut is not None:
            yield since[step.event.cut].pop(), number, step.event.cut
    yield from ((number, None, cut) for cut, numbers in since.items() for number in numbers)
