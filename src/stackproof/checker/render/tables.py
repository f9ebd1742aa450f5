"""The tables of `check` and `list`."""

from collections.abc import Iterable, Sequence
from textwrap import wrap

from attrs import frozen
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from stackproof.checker.evidence import KINDS, Evidence
from stackproof.checker.registry import BUGS, LAYERS, SCENARIOS, in_layer
from stackproof.checker.render.text import verdict
from stackproof.checker.report import Verdict
from stackproof.checker.trace_file import Recording

NARROW = 80
LEGEND = (
    "proved: of the model that it follows, for any size.  exhausted: every world within the default parameters.  "
    "searched: random runs.  recorded: traces replayed.  -: no such evidence."
)


@frozen
class Evidences:
    """One row for each scenario, one column for each kind of evidence; below it, what stands behind the verdicts."""

    found: Sequence[Evidence]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        narrow = options.max_width < NARROW
        table = Table(box=None, pad_edge=False, padding=(0, 1 if narrow else 2, 0, 0), header_style="bold")
        for title in ("scenario", *KINDS, "verdict"):
            table.add_column(title, overflow="fold", no_wrap=title == "scenario")
        for one in self.found:
            table.add_row(*row(one, 16 if narrow else 40))
        yield table
        yield Text(f"\n{LEGEND}", style="dim")
        notes = [f"{one.scenario}: {sentence}" for one in self.found for sentence in sentences(one)]
        yield from map(Text, ["", *notes] if notes else [])


def row(one: Evidence, width: int) -> tuple[Text, ...]:
    """A scenario, its name in lines of at most `width` characters, and its evidence."""
    name = Text("\n".join(wrap(one.scenario, width)), style="cyan")
    kinds = (proved(one), exhausted(one), searched(one), recorded(one))
    return name, *map(Text, kinds), verdict(one.verdict)


def proved(one: Evidence) -> str:
    """How many obligations of its model are proved."""
    return "-" if one.proved is None else f"{one.proved.obligations} proofs"


def searched(one: Evidence) -> str:
    """How many runs were drawn."""
    if one.searched is None:
        return "-"
    runs = f"{one.searched.runs:,} runs"
    return f"{runs}: {'found, too' if one.broken else 'found'}" if one.searched.violated else runs


def exhausted(one: Evidence) -> str:
    """How many worlds there are, or are at least."""
    report = one.exhausted
    if report is None:
        return "-"
    if one.broken and report.trace is not None:
        return f"{report.distinct:,} worlds: broken, as it is meant to be"
    partly = report.verdict is Verdict.UNKNOWN or report.trace is not None
    return f"{report.distinct:,} worlds{' so far' if partly else ''}"


def recorded(one: Evidence) -> str:
    """How many traces were replayed."""
    if one.recorded is None:
        return "-"
    return f"{one.recorded.traces} trace{'' if one.recorded.traces == 1 else 's'}"


def sentences(one: Evidence) -> Iterable[str]:
    """What stands behind a verdict that is not held."""
    report = one.exhausted
    if one.broken and one.explored is Verdict.VIOLATED:
        yield "is kept broken on purpose, and nothing was found wrong with it"
    yield from (f"{bad.property}: {bad.reason}" for bad in (report.violated if report and not one.broken else ()))
    if report is None or report.verdict is Verdict.UNKNOWN:
        yield report.why or "" if report else "not explored"
    if one.searched is not None and not one.broken:
        yield from (f"searching: {bad.property}: {bad.reason}" for bad in one.searched.violated)
    yield from (one.proved.wrong if one.proved else ())
    yield from (one.recorded.wrong if one.recorded else ())


def of_scenarios() -> Group:
    """The registered scenarios, layer by layer, each with its question."""
    parts: list[Table | Text] = []
    for layer in LAYERS:
        if names := in_layer(layer):
            table = plain_columns(max(map(len, SCENARIOS)))
            for name in names:
                table.add_row(f"  {name}", SCENARIOS[name].question)
            parts += [Text(layer, style="bold"), table]
    return Group(*parts)


def of_bugs() -> Group:
    """The known bugs, system by system, each with its title."""
    parts: list[Table | Text] = []
    for system in dict.fromkeys(one.system for one in BUGS.values()):
        table = plain_columns(4)
        for name, one in BUGS.items():
            if one.system == system:
                table.add_row(f"  {name}", one.title)
        parts += [Text(system, style="bold"), table]
    return Group(*parts)


def of_traces(traces: Sequence[tuple[str, Recording]]) -> Group:
    """The shipped traces: the name of each, and what it shows of which scenario."""
    lines: list[RenderableType] = []
    for name, one in traces:
        about = one.expect.get("property") or "every invariant"
        lines += [Text(name, style="cyan"), Padding(f"{one.scenario}: {about} {one.expect['verdict']}", (0, 0, 0, 4))]
    return Group(*lines)


def plain_columns(width: int) -> Table:
    """Names on the left, words on the right."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="cyan", overflow="fold", min_width=min(width + 2, 26))
    table.add_column(overflow="fold")
    return table
