"""A sequence diagram in the language of Mermaid, which GitHub and others draw where it stands.

A line for each event, in the order of the run: a message stands where it arrives, is lost (`-x`) or comes back, and
everything else is a note. What goes round for ever is shaded. Beyond some fifty messages nobody reads such a picture.
"""

import textwrap
from collections.abc import Iterator

from stackproof.checker.host import Status
from stackproof.checker.render.html.page import visible
from stackproof.checker.render.short import short
from stackproof.checker.render.story import links, what
from stackproof.checker.render.text import of_replay
from stackproof.checker.replay import Replayed
from stackproof.checker.trace import Trace
from stackproof.checker.world import Event
from stackproof.reference.actor import NodeId

INDENT = "  "
LONGEST, WIDTH = 100, 80
SHADE = "rect rgb(255, 243, 220)"


def text_of(run: Replayed) -> str:
    """The run as a sequence diagram."""
    trace = run.trace
    names = {name: f"p{place}" for place, name in enumerate(trace.steps[0].world.names)}
    lines = [f"participant {alias} as {spelled(name)}" for name, alias in names.items()]
    depth = [1] * len(lines)
    for number, step in enumerate(trace.steps):
        for line in drawn(step.event, trace, names):
            lines.append(line)
            depth.append(1 if not trace.round or number <= (trace.loop or 0) else 2)
        if number == trace.loop and trace.round:
            lines += [SHADE, note(names, "from here for ever")]
            depth += [1, 2]
    lines += ["end"] if trace.round else []
    lines += ending(run, names)
    depth += [1] * (len(lines) - len(depth))
    said = (f"{INDENT * deep}{line}" for deep, line in zip(depth, lines, strict=True))
    return "\n".join(["sequenceDiagram", *said]) + "\n"


def drawn(event: Event, trace: Trace, names: dict[NodeId, str]) -> Iterator[str]:
    """The lines that stand for an event."""
    a, b, node = names.get(event.source or ""), names.get(event.target or ""), names.get(event.node or "")
    said = spelled(what(event).plain)
    match event.name:
        case "start":
            absent = [name for name, status in trace.steps[0].world.status.items() if status is Status.ABSENT]
            yield from (f"Note over {names[name]}: not there yet" for name in absent)
        case "deliver":
            yield f"{a}->>{b}: {said}"
        case "drop":
            yield f"{a}-x{b}: {said}"
        case "bounce":
            yield f"{a}-x{b}: {spelled(short(event.message))}"
            yield f"{b}-->>{a}: {said}"
        case "duplicate":
            yield f"Note over {','.join(dict.fromkeys((a or '', b or '')))}: {said}"
        case _ if event.cut is not None:
            yield note(names, what(event).plain)
        case _:
            yield f"Note over {node}: {said}"


def ending(run: Replayed, names: dict[NodeId, str]) -> Iterator[str]:
    """What is still in flight and cut, and what the run shows."""
    world = run.trace.steps[-1].world
    for one in world.in_flight:
        pair = ",".join(dict.fromkeys((names[one.source], names[one.target])))
        yield f"Note over {pair}: in flight: {spelled(short(one.message))}"
    yield from (note(names, f"still cut: {links(cut)}") for cut in world.cuts)
    *_, last = of_replay(run).renderables
    yield note(names, str(last))


def note(names: dict[NodeId, str], said: str) -> str:
    """A note across the picture, of as many lines as it takes."""
    aliases = list(names.values())
    lines = textwrap.wrap(visible(said), WIDTH)
    return f"Note over {','.join(dict.fromkeys((aliases[0], aliases[-1])))}: {'<br/>'.join(map(spelled, lines))}"


def spelled(said: str) -> str:
    """Text on one line, of which no character means anything to Mermaid, nor to a browser."""
    line = " ".join(visible(said).split())
    line = line if len(line) <= LONGEST else f"{line[: LONGEST - 3]}..."
    return "".join(one if one.isalnum() or one in " ._-,()[]{}=:'+/*?!@" else f"#{ord(one)};" for one in line)
