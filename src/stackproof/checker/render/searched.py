"""What `search` shows: a line while it runs; then the verdict, what it stands on, and the run that fails."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from stackproof.checker.render.story import story
from stackproof.checker.render.terminal import watching
from stackproof.checker.render.text import found_in, grid, title, within
from stackproof.checker.report import Verdict
from stackproof.checker.search.report import Searched

if TYPE_CHECKING:
    from stackproof.checker.search.hunting import Progress, Watcher


def progress(label: str, colour: bool) -> "AbstractContextManager[Watcher | None]":
    """A line that says how far a search is."""
    return watching(lambda seen: line(label, seen), colour)


def line(label: str, seen: "Progress") -> Text:
    """Runs, steps, their rate, faults, goals and the best score, in as many characters as the terminal has."""
    rate = seen.steps / seen.seconds if seen.seconds else 0
    parts = [f"{seen.runs:,} runs", f"{seen.steps:,} steps", f"{rate:,.0f}/s", f"{seen.faults:,} faults"]
    parts += [f"{seen.goals} goals", *([f"rarest {seen.rarest:.1f}"] if seen.rarest else [])]
    return Text("  ".join([*parts, seen.note or label]), no_wrap=True, overflow="crop")


def of(report: Searched, written: Mapping[str, str]) -> Group:
    """The report of `search`; `written` says in which file the trace of each violated property is."""
    parts: list[RenderableType] = [title(report.verdict, report.scenario, report.parameters), because(report), ""]
    parts.append(grid(facts(report)))
    for one in report.violated:
        parts += ["", Text.assemble((one.property, "bold"), ": ", one.reason)]
        if one.property in written:
            parts.append(Text(f"{found_in(one)}: {written[one.property]}", style="dim"))
        if one.trace is not None:
            parts += ["", story(one.trace)]
    return Group(*parts)


def because(report: Searched) -> str:
    """What the verdict says, in a sentence."""
    if report.verdict is Verdict.VIOLATED:
        return f"{report.violated[0].property} does not hold."
    if report.verdict is Verdict.UNKNOWN:
        return f"Nothing is wrong in what was run, but that says little: {report.why}."
    goals = ", and every goal was reached" if report.goals else ""
    return f"None of {report.runs:,} runs broke a property{goals}. That is no proof: others may."


def facts(report: Searched) -> Iterator[tuple[str, str]]:
    """The figures of a report, each with its name; a name is given once."""
    yield "runs", f"{report.runs:,}{f', {report.unsettled:,} of them without an end' if report.unsettled else ''}"
    yield "steps", f"{report.steps:,}"
    yield "faults", ", ".join(f"{count:,} {kind}" for kind, count in report.faults.items()) or "none"
    if report.rarest:
        yield "rarest", f"{report.rarest:.1f}, the best score of a driven run"
    if report.left_out:
        yield "left out", report.left_out
    yield "seed", f"{report.seed}"
    yield "time", f"{report.seconds:.2f} s, {report.steps_per_second:,} steps/s, {report.peak_mib:,} MiB"
    for index, one in enumerate(report.goals):
        reached = within(one.length) if one.length is not None else "by a walk"
        yield "" if index else "goals", f"{one.goal} {reached if one.reached else 'not reached'}"
    idle = [f"{one.node} {one.message}" for one in report.handlers if not one.count]
    if idle and report.verdict is not Verdict.VIOLATED:
        yield "never ran", ", ".join(idle)
