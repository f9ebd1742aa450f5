"""The answers of the oracle for people: the verdict first, then the story up to where the two part."""

import sys
from collections import Counter
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from stackproof.checker.counterexamples import command
from stackproof.checker.oracle.difference import Comparison, Difference
from stackproof.checker.oracle.following import View, shown
from stackproof.checker.render.story import columns, headline, story
from stackproof.checker.render.terminal import Terminal
from stackproof.checker.render.text import events, title
from stackproof.checker.report import Verdict


def show(comparison: Comparison, trace: Path | None = None, colour: bool = True) -> None:
    """Print what came of holding a system against the reference; write the trace of a difference where it is to be."""
    out = Terminal(sys.stdout, colour)
    out.show(of_comparison(comparison))
    if trace is not None and comparison.difference is not None:
        comparison.difference.save(trace)
        named = ("--scenario", comparison.scenario) if ":" in comparison.scenario else ()
        out.print()
        out.print(Text(command("replay", str(trace), *named, "--step"), style="bold"), soft_wrap=True)


def of_comparison(comparison: Comparison) -> Group:
    """What came of holding a system against the reference."""
    done = f"{comparison.runs:,} run{'' if comparison.runs == 1 else 's'}, {comparison.events:,} events"
    parts: list[RenderableType] = [title(comparison.verdict, comparison.scenario, comparison.parameters)]
    if comparison.difference is not None:
        return Group(*parts, *parting(comparison.difference), Text(f"Found in {done}, seed {comparison.seed}.", "dim"))
    if comparison.verdict is Verdict.HELD:
        said = f"The system did what the reference may do, after every event: {done}, seed {comparison.seed}."
    else:
        said = f"The system did what the reference may do as far as it was held against it, {done}: {comparison.why}."
    asked = ", ".join(f"{kind} {count:,}" for kind, count in comparison.asked.items())
    return Group(*parts, Text(said), Text(f"asked  {asked}", "dim"))


def parting(found: Difference) -> list[RenderableType]:
    """Where the two part, and how short the run is."""
    length = "At the start" if not found.schedule else f"After {events(len(found.schedule))}"
    parts: list[RenderableType] = [
        Text(f"{length} the two differ: {found.parting.reason}."),
        "",
        story(found.trace),
        *ignored(found),
        "",
    ]
    if found.names:
        parts += [views(found), ""]
    return [*parts, Text(how_short(found))]


def ignored(found: Difference) -> list[RenderableType]:
    """What was asked of the system and is no step of the reference's, which does nothing then."""
    steps = Counter(step.event.unchosen for step in found.trace.steps)
    table = columns()
    for number, event in enumerate(found.schedule, 1):
        steps[event] -= 1
        if steps[event] < 0:
            table.add_row(*headline(number, event))
    return ["", Text("Asked of the system, and without effect in the reference:"), table] if table.rows else []


def how_short(found: Difference) -> str:
    """What is known of shorter runs."""
    if not found.repeatable:
        return "Asked the same again, the system did not do it again: it is not shrunk."
    if found.shortest:
        return f"No shorter one shows a difference: all {found.tried:,} were tried."
    return f"None of its events can be left out; of the shorter ones, {found.tried:,} were tried, and not all."


def views(found: Difference) -> Table:
    """What differs, side by side."""
    table = Table.grid(padding=(0, 3, 0, 0))
    table.add_column(style="cyan", no_wrap=True)
    table.add_row("", Text("reference", "bold"), Text("system", "bold"))
    for name in found.names:
        table.add_row(name, seen(found.parting.reference, name, "green"), seen(found.parting.system or {}, name, "red"))
    same = len(found.parting.reference.keys() - set(found.names))
    if same:
        table.add_row("", Text(f"{same} more agree", "dim"))
    return table


def seen(view: View, name: str, style: str) -> Text:
    """One value of a view, as it is told."""
    return Text(shown(view, name), style)
