"""Bars: the operations of a history as a picture, a lane for each process, time downward.

Where there are many processes, one that begins after another has fallen silent shares its lane: in Jepsen's histories
a client goes on under another name. There, an operation that nobody heard of again is drawn as far as its point.
Places across the picture are shares of its width, places downward are pixels.
"""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import accumulate, groupby
from operator import itemgetter

from attrs import define, frozen

from stackproof.checker.judge.calls import Call
from stackproof.checker.render.html.page import Markup, element

ROW, TOP = 22, 12
ENOUGH = 8
PAST = ": no order gets past this"
WIDE, ASIDE = 0.76, "translate(9 0)"


@frozen
class Picture:
    """What is drawn.

    taken     by the beginning of a call that has a place in an order: its number there, and the instant
    bad       the beginnings of the calls that stand in the way of one
    last      the event that no order gets past
    left_out  how many calls are not drawn, and where they are
    """

    calls: tuple[Call, ...]
    taken: Mapping[int, tuple[int, float]]
    bad: frozenset[int] = frozenset()
    last: int | None = None
    left_out: tuple[tuple[int, str], ...] = ()


def places(order: Sequence[Call]) -> dict[int, tuple[int, float]]:
    """Of each call, by its beginning: its number in the order, and the earliest instant at which it can take effect.

    What takes effect after the same event is spread over the time until the next.
    """
    begins = accumulate((call.begin for call in order), max)
    placed: dict[int, tuple[int, float]] = {}
    for event, group in groupby(zip(begins, order, strict=True), key=itemgetter(0)):
        same = [call for _, call in group]
        for nth, call in enumerate(same, 1):
            placed[call.begin] = len(placed) + 1, event + nth / (len(same) + 1)
    return placed


@define(slots=False)
class Lanes:
    """The picture, drawn."""

    picture: Picture

    @property
    def processes(self) -> frozenset[Hashable]:
        """All processes."""
        return frozenset(call.process for call in self.picture.calls)

    @cached_property
    def few(self) -> bool:
        """Whether there is room for a lane for each."""
        return len(self.processes) <= ENOUGH

    @cached_property
    def lanes(self) -> tuple[tuple[Hashable, ...], ...]:
        """The processes of each lane, from left to right: a process takes the first lane that is free by then."""
        if self.few:
            return tuple((one,) for one in sorted(self.processes, key=lambda one: (str(type(one)), one)))
        spans: dict[Hashable, tuple[float, float]] = {}
        for call in self.picture.calls:
            begin, end = spans.get(call.process, (float(call.begin), 0.0))
            spans[call.process] = begin, max(end, self.last(call))
        lanes: list[tuple[tuple[Hashable, ...], float]] = []
        for process, (begin, end) in spans.items():
            free = next((place for place, (_, until) in enumerate(lanes) if until < begin), len(lanes))
            before = lanes[free][0] if free < len(lanes) else ()
            lanes[free : free + 1] = [((*before, process), end)]
        return tuple(processes for processes, _ in lanes)

    @cached_property
    def place(self) -> dict[Hashable, int]:
        """The lane of each process."""
        return {process: place for place, processes in enumerate(self.lanes) for process in processes}

    def last(self, call: Call) -> float:
        """The instant up to which an operation is drawn."""
        if call.done and call.end is not None:
            return float(call.end)
        if self.few:
            return max(self.row) + 1.0
        _, point = self.picture.taken.get(call.begin, (0, call.begin))
        return max(point, float(call.begin), float(call.end or 0)) + 0.8

    @cached_property
    def row(self) -> dict[int, int]:
        """The row of each event that is drawn."""
        events = {one for call in self.picture.calls for one in (call.begin, call.end) if one is not None}
        return {event: row for row, event in enumerate(sorted(events))}

    def y(self, event: float) -> float:
        """How far down an instant is."""
        whole = int(event)
        return TOP + ROW * (self.row.get(whole, len(self.row) - 1) + event - whole)

    @property
    def height(self) -> int:
        """How tall the picture is."""
        return TOP + ROW * len(self.row)

    def section(self) -> Markup:
        """The names of the processes, the bars, and what happens in each row."""
        lanes = [", ".join(map(str, processes)) for processes in self.lanes]
        names = [element("span", one, title=f"process {one}") for one in lanes]
        heads = element("div", element("div", *names, class_="names"), class_="lanes wide heads", aria_hidden="true")
        bars = [part for call in self.picture.calls for part in self.bar(call)]
        label = (
            f"{len(self.picture.calls)} operations of {len(self.place)} processes; the list beside it says the same."
        )
        strip = element(
            "svg",
            *self.rules(),
            *bars,
            *self.points(),
            class_="strip",
            role="img",
            aria_label=label,
            height=self.height,
        )
        rows = element("ol", *self.rows(), class_="story events")
        missing = [
            element("p", f"{count:,} operations {where} these are not drawn.", class_="none")
            for count, where in self.picture.left_out
        ]
        return element(
            "section",
            heads,
            element("div", strip, rows, class_="lanes wide rows"),
            missing,
            class_="picture",
            aria_label="The history",
        )

    def lane(self, call: Call) -> float:
        """Where the lane of a call begins, in hundredths of the width."""
        return 100 * self.place[call.process] / len(self.lanes)

    def rules(self) -> Iterator[Markup]:
        """A thin line for each process."""
        for place in range(len(self.lanes)):
            x = f"{100 * (place + 0.5) / len(self.lanes):.4g}%"
            yield element("line", x1=x, y1=0, x2=x, y2=self.height, class_="line rule")

    def bar(self, call: Call) -> Iterator[Markup]:
        """An operation, from its call to its return; one that nobody heard of again is open below."""
        share = 100 / len(self.lanes)
        top, bottom = self.y(call.begin), self.y(self.last(call))
        kind = "bar" if call.done else "bar open"
        if call.begin in self.picture.bad:
            kind += " refused"
        elif call.begin in self.picture.taken:
            kind += " taken"
        text = element("text", str(call), x=6, y=14, class_="value")
        drawn = element("rect", x=1, y=1, width="100%", height=max(bottom - top - 2, 6), rx=4, class_=kind)
        yield element(
            "svg", element("title", f"process {call.process}: {call}"), drawn, text,
            x=f"{self.lane(call) + share * (1 - WIDE) / 2:.4g}%", y=top, width=f"{share * WIDE:.4g}%",
            height=max(bottom - top, 8),
        )  # fmt: skip

    def points(self) -> Iterator[Markup]:
        """Where each operation takes effect, and which one it is in the order."""
        share = 100 / len(self.lanes)
        for call in self.picture.calls:
            if call.begin in self.picture.taken:
                number, event = self.picture.taken[call.begin]
                x, y = f"{self.lane(call) + share * (0.5 + WIDE / 2):.4g}%", self.y(event)
                yield element("circle", cx=x, cy=y, r=8, class_="point", transform=ASIDE)
                yield element("text", str(number), x=x, y=y + 3.5, text_anchor="middle", class_="nth", transform=ASIDE)

    def rows(self) -> Iterator[Markup]:
        """What happens, event by event."""
        by_event: dict[int, tuple[Call, bool]] = {}
        for call in self.picture.calls:
            by_event[call.begin] = call, True
            if call.end is not None:
                by_event[call.end] = call, False
        for event in self.row:
            call, begins = by_event[event]
            here = event == self.picture.last
            said = str(call) if begins else "returns" if call.done else "gives up"
            said += PAST if here else ""
            process = element("b", str(call.process))
            link = element(
                "span", element("span", str(event), class_="n"), element("span", process, " ", said, class_="said")
            )
            yield element(
                "li", link, class_="refused" if here else "begins" if begins else "returns", id=f"event={event}"
            )
