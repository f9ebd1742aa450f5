"""What `simulate` shows: a line while it runs, and what was measured when it is over."""

from collections.abc import Mapping
from contextlib import AbstractContextManager

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from stackproof.checker.render.terminal import watching
from stackproof.checker.render.text import title
from stackproof.checker.report import Verdict
from stackproof.checker.simulate import Progress, Watcher
from stackproof.checker.simulate.quantities import kinds, quantities, unspent
from stackproof.checker.simulate.simulated import Simulated

SECOND_MS = 1000
ENDS = {
    "quiet": "nothing more could happen",
    "until": "what it waited for came",
    "until_ms": "its time was over",
    "events": "it had its number of events",
    "interrupted": "it was interrupted",
    "raised": "a node raised an exception",
}


def progress(label: str, colour: bool) -> AbstractContextManager[Watcher | None]:
    """A line that says how far a simulation is."""
    return watching(lambda seen: line(label, seen), colour)


def line(label: str, seen: Progress) -> Text:
    """Events, events per second, virtual time and messages in flight, in as many characters as the terminal has."""
    rate = seen.events / seen.seconds if seen.seconds else 0
    parts = [f"{seen.events:,} events", f"{rate:,.0f}/s", f"at {time(seen.now_ms)}", f"{seen.in_flight:,} in flight"]
    return Text("  ".join([*parts, label]), no_wrap=True, overflow="crop")


def time(ms: float) -> str:
    """A virtual time, in seconds from one second on."""
    return f"{ms:,.1f} ms" if ms < SECOND_MS else f"{ms / SECOND_MS:,.1f} s"


def of(run: Simulated, verdict: Verdict, reasons: Mapping[str, str]) -> Group:
    """The verdict on one run, what was counted, and what was measured."""
    parts: list[RenderableType] = [title(verdict, run.scenario.name, run.scenario.parameters), because(run, verdict)]
    parts += [Text(f"{name}: {reason}") for name, reason in reasons.items()]
    parts += ["", facts(run)]
    if quantities(run.observations):
        parts += ["", measured(run)]
    return Group(*parts)


def because(run: Simulated, verdict: Verdict) -> str:
    """What the verdict says, in a sentence."""
    said = {
        Verdict.HELD: "Nothing is wrong at the end of",
        Verdict.VIOLATED: "Something is wrong at the end of",
        Verdict.UNKNOWN: "Nothing can be said of",
    }
    return f"{said[verdict]} this one run with seed {run.seed}; {ENDS[run.ended]}."


def facts(run: Simulated) -> Table:
    """What was counted."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="cyan", no_wrap=True)
    table.add_column(overflow="fold")
    counts = run.counts
    rate = f", {counts.events / run.seconds:,.0f} events/s" if run.seconds > 0 else ""
    table.add_row("nodes", f"{len(run.nodes):,}, {len(run.up):,} of them up")
    table.add_row("virtual time", time(run.now_ms))
    table.add_row("events", f"{counts.events:,}: {counts.delivered:,} messages, {counts.fired:,} timers")
    lost = [f"{counts.dropped:,} lost", f"{counts.unreachable:,} met nobody", f"{counts.bounced:,} bounced"]
    table.add_row("messages", ", ".join([f"{counts.sent:,} sent", f"{counts.in_flight:,} in flight", *lost]))
    table.add_row("observed", ", ".join(f"{count:,} {name}" for name, count in kinds(run.observations).items()) or "-")
    granted = ", ".join(f"{name}={count}" for name, count in unspent(run.scenario).items())
    if granted:
        table.add_row("not used", f"{granted}: the fault budget is for exploration, simulation has --loss")
    table.add_row("time", f"{run.seconds:.2f} s{rate}, {run.peak_mib:,} MiB")
    return table


def measured(run: Simulated) -> Table:
    """What was measured."""
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="bold")
    for heading in ("", "count", "mean", "1 %", "median", "99 %", "most"):
        table.add_column(heading, justify="right" if heading else "left", style=None if heading else "cyan")
    for name, one in quantities(run.observations).items():
        numbers = (one.mean, one.p1, one.p50, one.p99, one.most)
        table.add_row(name, f"{one.count:,}", *(f"{number:,.2f}" for number in numbers))
    return table
