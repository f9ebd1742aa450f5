"""What `run` shows: a line while the job runs, and what came of it when it is over."""

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from stackproof.checker.render.simulation import time
from stackproof.checker.render.terminal import Terminal
from stackproof.checker.render.text import verdict
from stackproof.checker.report import Verdict
from stackproof.checker.running.runs import Outcome, Progress, Watcher


@contextmanager
def progress(job: str, colour: bool) -> Iterator[Watcher | None]:
    """A line that says how far a job is, and one for each fault as it strikes, on a terminal; nothing elsewhere."""
    console = Terminal(sys.stderr, colour)
    if not console.is_terminal:
        yield None
        return
    with Live(console=console, auto_refresh=False, transient=True) as live:
        told = 0

        def tell(seen: Progress) -> None:
            nonlocal told
            for one in seen.struck[told:]:
                live.console.print(Text(f"at {time(one.at_ms)}: {one.what}"))
            told = len(seen.struck)
            live.update(line(job, seen), refresh=True)

        yield tell


def line(job: str, seen: Progress) -> Text:
    """Tasks done, running and run again, and where in virtual time, in as many characters as the terminal has."""
    parts = [f"{seen.done} of {seen.tasks} tasks", f"{seen.running} running", f"{seen.again} run again"]
    parts += [f"stage {seen.stage}"] if seen.stage else []
    return Text("  ".join([*parts, f"at {time(seen.at_ms)}", job]), no_wrap=True, overflow="crop")


def of(outcome: Outcome) -> Group:
    """The verdict, what it stands on, what struck, and what was run again and why."""
    called = f"{outcome.asked.job} on {outcome.asked.agents} machines, seed {outcome.seed}"
    head = Text.assemble(verdict(outcome.verdict), "  ", (called, "bold"), "\n", sentence(outcome))
    return Group(head, "", facts(outcome))


def sentence(outcome: Outcome) -> str:
    """What the verdict says."""
    if outcome.verdict is Verdict.HELD:
        return "The answer equals that of one plain process, and nothing was wrong on the way."
    if outcome.verdict is Verdict.UNKNOWN:
        return f"There is no answer to compare: {outcome.why}."
    return str(outcome.why)


def facts(outcome: Outcome) -> Table:
    """What was done, what struck, what was counted."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="cyan", no_wrap=True)
    table.add_column(overflow="fold")
    log = outcome.log
    for name, shown in (
        ("answer", answer(outcome)),
        ("tasks", f"{log.tasks:,}, {log.begun:,} attempts, {len(log.again):,} run again"),
        ("run again", reasons(outcome)),
        ("faults", "\n".join(f"at {time(one.at_ms)}: {one.what}" for one in log.struck)),
        ("asked", f"{sum(log.watch.asked.values()):,} times, {len(log.watch.asked)} properties of all layers"),
        ("virtual time", f"{time(outcome.virtual_ms)}, {outcome.events:,} events, {outcome.up} machines up at the end"),
        ("trace", outcome.digest),
        ("time", f"{outcome.seconds:.2f} s, and {outcome.plain_seconds:.2f} s for the plain answer"),
    ):
        if shown:
            table.add_row(name, shown)
    return table


def answer(outcome: Outcome) -> RenderableType | str:
    """How large the answer is."""
    told = outcome.log.answer
    if told is None:
        return ""
    if told.answer is None:
        return f"{sum(map(len, told.files)):,} records in {len(told.files)} files"
    return f"{len(told.answer)} answer{'' if len(told.answer) == 1 else 's'}"


def reasons(outcome: Outcome) -> str:
    """Why tasks were run again, each reason once."""
    why = Counter(one.what.partition(": ")[2] for one in outcome.log.again)
    return "\n".join(f"{count}: {reason}" for reason, count in why.items())
