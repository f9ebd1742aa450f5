"""A run as a story: one line for each event, and, step by step, what changed in it."""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import attrs
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from stackproof.checker.faults import Cut
from stackproof.checker.network import Envelope
from stackproof.checker.render.short import called, short, unusual
from stackproof.checker.trace import Step, Trace
from stackproof.checker.world import Event, World

WHAT = {
    "start": "every node starts",
    "deliver": "",
    "fire": "timer ",
    "drop": "lost: ",
    "duplicate": "doubled: ",
    "bounce": "comes back: ",
    "crash": "crashes",
    "restart": "restarts",
    "pause": "pauses",
    "resume": "resumes",
    "join": "joins",
    "leave": "leaves for good",
    "cut": "cut: ",
    "heal": "healed: ",
}
SENTENCES: dict[str, tuple[str, ...]] = {
    "start": ("every node starts",),
    "deliver": ("{target}", " receives from ", "{source}", ": ", "{message}"),
    "fire": ("{node}", "'s timer fires: ", "{message}"),
    "drop": ("lost between ", "{source}", " and ", "{target}", ": ", "{message}"),
    "duplicate": ("doubled between ", "{source}", " and ", "{target}", ": ", "{message}"),
    "bounce": ("{source}", " learns that ", "{target}", " cannot be reached: ", "{message}"),
    "crash": ("{node}", " crashes"),
    "restart": ("{node}", " restarts"),
    "pause": ("{node}", " pauses"),
    "resume": ("{node}", " resumes"),
    "join": ("{node}", " joins"),
    "leave": ("{node}", " leaves for good"),
    "cut": ("nothing passes any more: ", "{links}"),
    "heal": ("messages pass again: ", "{links}"),
}
TROUBLE = ("drop", "duplicate", "bounce", "crash", "pause", "leave", "cut")


def story(trace: Trace) -> Table:
    """One line for each event."""
    table = columns()
    for number, step in enumerate(trace.steps):
        table.add_row(*headline(number, step.event))
        if number == trace.loop:
            table.add_row("", "", onward(trace))
    return table


def onward(trace: Trace) -> Text:
    """What follows the stem of a run that goes on for ever."""
    return Text("from here for ever:" if trace.round else "here it may end", style="yellow")


def columns() -> Table:
    """The columns of a story: a number, who, what."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(justify="right", style="dim", no_wrap=True)
    table.add_column(style="cyan", no_wrap=True)
    table.add_column(overflow="fold")
    return table


def headline(number: int, event: Event) -> tuple[Text, Text, Text]:
    """An event as number, who and what."""
    return Text(str(number)), Text(who(event)), what(event)


def who(event: Event) -> str:
    """The nodes of an event, the one that takes the step first."""
    if event.name == "bounce":
        return f"{event.source} <- {event.target}"
    return f"{event.target} <- {event.source}" if event.target else event.node or ""


def what(event: Event) -> Text:
    """What happens in an event."""
    said = Text(WHAT[event.name], style="red" if event.name in TROUBLE else "")
    if event.message is not None:
        said.append(short(event.message), style="bold")
    if event.cut is not None:
        said.append(links(event.cut), style="bold")
    if event.choose:
        said.append(f"  choose {', '.join(map(str, event.choose))}", style="dim")
    return said


def sentence(event: Event) -> Text:
    """An event as a sentence, for who cannot see a table or an arrow; nodes are cyan, messages and links bold."""
    said = Text()
    for part in SENTENCES[event.name]:
        if part == "{message}":
            said.append(short(event.message), style="bold")
        elif part == "{links}" and event.cut is not None:
            said.append(links(event.cut), style="bold")
        elif part.startswith("{"):
            said.append(getattr(event, part[1:-1]) or "", style="cyan")
        else:
            said.append(part)
    if event.choose:
        said.append(f" (choose {', '.join(map(str, event.choose))})", style="dim")
    return said


def links(cut: Cut) -> str:
    """A cut in words."""
    return f"{' '.join(cut.here)} {'-x>' if cut.one_way else '<x>'} {' '.join(cut.there)}"


def in_steps(trace: Trace) -> Group:
    """Every event with what changed in it."""
    first, *_ = trace.steps
    parts: list[RenderableType] = [block(0, first.event, begun(first.world))]
    for number, (before, step) in enumerate(pairwise(trace.steps), 1):
        parts.append(block(number, step.event, changes(before.world, step)))
    if trace.loop is not None:
        parts.insert(trace.loop + 1, onward(trace))
    return Group(*parts)


def block(number: int, event: Event, lines: Iterator[Text]) -> Group:
    """An event, and below it the changes."""
    head = columns()
    head.add_row(*headline(number, event))
    return Group(head, *(Padding(line, (0, 0, 0, 6)) for line in lines))


def begun(world: World) -> Iterator[Text]:
    """Each node as it came up, with the variables that differ from their defaults, and what it did first."""
    for name, node in world.nodes.items():
        yield Text.assemble((name, "cyan"), f"  {called(node, unusual(node))}", (f" {at_rest(world, name)}", "dim"))
        yield from armed(name, (), world.timers[name])
    yield from sent(Counter(), Counter(world.in_flight))


def at_rest(world: World, name: str) -> str:
    """The status of a node, where it is not simply up."""
    return "" if name in world.up else world.status[name].value


def changes(before: World, step: Step) -> Iterator[Text]:
    """What an event changed: variables, status, timers, messages, monitors."""
    after = step.world
    for name, earlier, later in zip(after.names, before.hosts, after.hosts, strict=True):
        if earlier.status is not later.status:
            yield became(f"{name} is", earlier.status.value, later.status.value)
        if later.error:
            yield Text.assemble((f"{name} raised ", "cyan"), (later.error, "bold red"))
        yield from inside(name, earlier.node, later.node)
        gone = tuple(timer for timer in earlier.armed if (name, timer) != (step.event.node, step.event.message))
        yield from armed(name, gone, later.armed)
    if step.event.name != "duplicate":
        yield from sent(Counter(before.in_flight), Counter(after.in_flight))
    for name, ledger in after.monitors.items():
        yield from inside(name, before.monitors[name], ledger)


def inside(name: str, before: Any, after: Any) -> Iterator[Text]:
    """The variables of a node or of a monitor that changed."""
    if not attrs.has(type(after)) or type(before) is not type(after):
        yield from difference(name, before, after)
        return
    for part in attrs.fields(type(after)):
        yield from difference(f"{name}.{part.name}", getattr(before, part.name), getattr(after, part.name))


def difference(path: str, before: Any, after: Any) -> Iterator[Text]:
    """The old value and the new one; of a tuple that grows, only the parts that changed or came."""
    if isinstance(after, tuple) and isinstance(before, tuple) and len(after) >= len(before) > 0:
        for place, (earlier, later) in enumerate(zip(before, after, strict=False)):
            yield from difference(f"{path}[{place}]", earlier, later)
        for later in after[len(before) :]:
            yield Text.assemble((path, "cyan"), "  + ", (short(later, within=True), "green"))
    elif before != after or type(before) is not type(after):
        yield became(path, short(before, within=True), short(after, within=True))


def became(path: str, before: str, after: str) -> Text:
    """An old value and the new one."""
    return Text.assemble((path, "cyan"), "  ", (before, "red"), " -> ", (after, "green"))


def armed(name: str, before: tuple[Any, ...], after: tuple[Any, ...]) -> Iterator[Text]:
    """The timers armed and disarmed."""
    for message in after:
        if message not in before:
            yield Text.assemble((f"{name} arms  ", "cyan"), (short(message), "green"))
    for message in before:
        if message not in after:
            yield Text.assemble((f"{name} disarms  ", "cyan"), (short(message), "red"))


def sent(before: Counter[Envelope], after: Counter[Envelope]) -> Iterator[Text]:
    """The messages that are new in flight; what one node sends to several stands on one line."""
    targets: dict[tuple[str, str], list[str]] = {}
    for envelope in (after - before).elements():
        targets.setdefault((envelope.source, short(envelope.message)), []).append(envelope.target)
    for (source, message), to in targets.items():
        yield Text.assemble((f"{source} sends {' '.join(to)}  ", "cyan"), (message, "magenta"))
