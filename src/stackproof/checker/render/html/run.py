"""A run as a page: the verdict, the space-time diagram beside the story, and the world after the step one stands at."""

from collections.abc import Iterator
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import attrs
from rich.text import Text

from stackproof import __version__
from stackproof.checker.host import Host
from stackproof.checker.render import text
from stackproof.checker.render.flights import Flight, actor, flights
from stackproof.checker.render.html.diagram import LINE, PADDING, Diagram, cuts
from stackproof.checker.render.html.marks import legend, shapes
from stackproof.checker.render.html.page import Markup, banner, element, footer, page, write
from stackproof.checker.render.short import short, unusual
from stackproof.checker.render.story import links, onward, sentence, what
from stackproof.checker.replay import Replayed
from stackproof.checker.report import Verdict
from stackproof.checker.scenario import Property
from stackproof.checker.trace import Trace
from stackproof.checker.world import World

BUTTONS = {
    "first": ("M4 3V13M13 3L6 8L13 13z", "First step"),
    "back": ("M11 3L4 8L11 13z", "Step back"),
    "next": ("M5 3L12 8L5 13z", "Step forward"),
    "last": ("M12 3V13M3 3L10 8L3 13z", "Last step"),
}
TAGS = {"cyan": "b", "bold": "code"}


def draw(run: Replayed, path: Path, again: str) -> None:
    """Write the page of a run that was replayed; `again` is the command that does."""
    write(page_of(run, again), path)


def page_of(run: Replayed, again: str) -> str:
    """The page of a run that was replayed."""
    trace, flown = run.trace, flights(run.trace.steps)
    drawing = Diagram(trace, flown)
    rows = [drawing.gutter(), drawing.svg(), told(drawing)]
    about = text.called(trace.scenario, trace.parameters)
    body = (
        element("a", "Skip to the story", href="#step=0", class_="skip"),
        shapes(),
        top(run, about),
        controls(trace),
        element("main", picture(drawing, rows, run), world()),
        footer(again, __version__, legend(drawing.marks, drawing.lines)),
    )
    title = f"{run.verdict.value}: {trace.scenario}, {run.about or 'every invariant'}"
    sizes = "".join(f".h{n}{{height:{n * LINE + PADDING}px;--lines:{n}}}" for n in sorted({*drawing.heights}))
    return page(title, *body, script="run.js", data=data(trace, flown), style=sizes)


def top(run: Replayed, about: str) -> Markup:
    """The verdict and what it means."""
    name = run.about or "every invariant"
    ends = {"violated": f"{name} does not hold", "reached": f"{name} is reached"}
    headline = ends.get(run.trace.expect["verdict"], f"{name} holds throughout")
    meaning = next((one.__doc__ for one in claims(run.trace) if one.__name__ == run.about and one.__doc__), None)
    parts = [element("p", ending(run), class_="why")]
    if meaning:
        parts.append(element("p", element("b", name), ": ", " ".join(meaning.split()), class_="meaning"))
    return banner(run.verdict, about, headline, *parts)


def ending(run: Replayed) -> str:
    """What the run shows, in the words of `replay`."""
    *_, said = text.of_replay(run).renderables
    return said.plain if isinstance(said, Text) else str(said)


def claims(trace: Trace) -> Iterator[Property]:
    """Every property that a trace may be about."""
    asked = trace.steps[0].world.scenario
    for kind in (asked.invariants, asked.goals, asked.eventually, asked.eventually_always, asked.always_reachable):
        yield from kind


def controls(trace: Trace) -> Markup:
    """Buttons, a slider, and the sentence of the step one stands at; shown where there is a script to serve them."""
    last = len(trace.steps) - 1
    buttons = {name: button(name, *rest) for name, rest in BUTTONS.items()}
    slider = element("input", type="range", id="slider", min=0, max=last, value=0, aria_label="Step")
    place = element("span", element("b", "0", id="number"), f" of {last}", class_="number")
    bar = element(
        "div", buttons["first"], buttons["back"], slider, buttons["next"], buttons["last"], place, class_="bar"
    )
    live = element("p", id="told", role="status", aria_live="polite")
    return element("nav", bar, live, aria_label="Steps", id="controls", hidden=True)


def button(name: str, path: str, label: str) -> Markup:
    """A button with a drawn sign."""
    drawn = element("path", d=path, class_="sign")
    sign = element("svg", drawn, width=16, height=16, aria_hidden="true")
    return element("button", sign, type="button", id=name, aria_label=label, title=label)


def picture(drawing: Diagram, rows: list[Markup | None], run: Replayed) -> Markup:
    """The names of the lanes, the diagram and the story, and how it ends."""
    kind = "lanes looped" if rows[0] is not None else "lanes"
    names = [element("span", name, title=name) for name in drawing.names]
    heads = element("div", element("div", *names, class_="names"), class_=f"{kind} heads", aria_hidden="true")
    sheet = element("div", element("div", id="here", hidden=True), *rows, class_=f"{kind} rows", id="rows")
    sign = "\u2716" if run.verdict is Verdict.VIOLATED else "\u2714"
    end = element(
        "p",
        element("span", sign, aria_hidden="true"),
        " ",
        element("span", ending(run), id="ending"),
        class_=f"end {run.verdict.value}",
    )
    return element("section", heads, sheet, end, class_="picture", aria_label="The run", id="picture")


def told(drawing: Diagram) -> Markup:
    """The story: a sentence for each event, beside its row of the diagram."""
    items = []
    for number, (step, lines) in enumerate(zip(drawing.trace.steps, drawing.heights, strict=True)):
        brief = [element("b", actor(step.event) or ""), " ", *pieces(what(step.event))]
        said = [
            element("span", str(number), class_="n"),
            element("span", *pieces(sentence(step.event)), class_="said"),
            element("span", *brief, class_="brief", aria_hidden="true"),
        ]
        if number == drawing.trace.loop:
            said.append(element("span", onward(drawing.trace).plain, class_="note"))
        link = element("a", *said, href=f"#step={number}")
        items.append(element("li", link, id=f"step={number}", class_=f"h{lines}"))
    return element("ol", *items, class_="story", start=0)


def pieces(said: Text) -> Iterator[Markup | str]:
    """A sentence whose nodes and messages are marked."""
    done = 0
    for span in said.spans:
        yield said.plain[done : span.start]
        tag = TAGS.get(str(span.style))
        part = said.plain[span.start : span.end]
        yield element(tag, part) if tag else part
        done = span.end
    yield said.plain[done:]


def world() -> Markup:
    """Where the script shows the world; without one, a word about that."""
    nothing = element(
        "p", "To step through the run, and to see the variables of the nodes, allow this page its script."
    )
    title = element("summary", "The world after step ", element("span", "0", id="after"))
    box = element("details", title, element("div", nothing, id="world"), class_="box", id="box", open=True)
    return element("aside", box, aria_label="The world", tabindex=0)


def data(trace: Trace, flown: tuple[Flight, ...]) -> dict[str, Any]:
    """What the script reads: the first world, what each step changes, every flight, every cut."""
    sections = [Section(number, one) for number, one in enumerate(seen(trace))]
    return {
        "told": [sentence(step.event).plain for step in trace.steps],
        "start": [section.form() for section in sections],
        "changes": [
            [change for section in sections for change in section.changes(number)] for number in range(len(trace.steps))
        ],
        "flights": [
            [one.begun, one.ended, one.envelope.source, one.envelope.target, short(one.envelope.message), one.stays]
            for one in flown
        ],
        "cuts": [[since, until, links(cut)] for since, until, cut in cuts(trace)],
        "loop": trace.loop if trace.round else None,
    }


@attrs.frozen
class Seen:
    """A node or a monitor through the whole run: of each step, its entries by name."""

    name: str
    kind: str
    node: bool
    usual: frozenset[str]
    steps: tuple[dict[str, str], ...]


@attrs.frozen
class Section:
    """A node or a monitor, as the script is told of it."""

    number: int
    seen: Seen

    @cached_property
    def names(self) -> list[str]:
        """The entries there ever are."""
        return list(dict.fromkeys(name for step in self.seen.steps for name in step))

    def form(self) -> dict[str, Any]:
        """The first state; an entry is quiet where it never changes and says nothing of its own."""
        first = self.seen.steps[0]
        quiet = [
            name in self.seen.usual and all(one.get(name) == first.get(name) for one in self.seen.steps)
            for name in self.names
        ]
        entries = [[name, first.get(name, ""), int(calm)] for name, calm in zip(self.names, quiet, strict=True)]
        return {"name": self.seen.name, "kind": self.seen.kind, "node": self.seen.node, "entries": entries}

    def changes(self, step: int) -> Iterator[list[Any]]:
        """What a step changes here: [section, entry, new text]."""
        if step:
            before, after = self.seen.steps[step - 1], self.seen.steps[step]
            for place, name in enumerate(self.names):
                if before.get(name, "") != after.get(name, ""):
                    yield [self.number, place, after.get(name, "")]


def seen(trace: Trace) -> Iterator[Seen]:
    """Every node, then every monitor."""
    worlds = [step.world for step in trace.steps]
    for place, name in enumerate(worlds[0].names):
        node = worlds[0].hosts[place].node
        usual = frozenset(attrs.fields_dict(type(node))) - {*unusual(node)}
        yield Seen(name, type(node).__name__, True, usual, tuple(of_host(world.hosts[place]) for world in worlds))
    for name, ledger in worlds[0].monitors.items():
        states = tuple(of_monitor(world, name) for world in worlds)
        yield Seen(name, type(ledger).__name__, False, frozenset(), states)


@lru_cache
def of_host(host: Host) -> dict[str, str]:
    """A node's status, timers and variables, each as text."""
    shown = {"status": host.status.value} | ({"raised": host.error} if host.error else {})
    if host.armed:
        shown["timers"] = ", ".join(short(one) for one in host.armed)
    return shown | entries(host.node)


def of_monitor(world: World, name: str) -> dict[str, str]:
    """What a monitor has seen."""
    ledger = world.monitors[name]
    return entries(ledger) if attrs.has(type(ledger)) else {"": short(ledger, within=True)}


def entries(value: Any) -> dict[str, str]:
    """The variables of a node or of a monitor; its id is none."""
    return {
        one.name: short(getattr(value, one.name), within=True) for one in attrs.fields(type(value)) if one.name != "id"
    }
