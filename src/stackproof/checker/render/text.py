"""Reports for people: the verdict first, then what it stands on, then the story of what went wrong."""

from collections.abc import Iterable, Iterator, Mapping

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from stackproof.checker.render.story import story
from stackproof.checker.replay import Replayed
from stackproof.checker.report import Report, Verdict, Violation

COLOURS = {Verdict.HELD: "bold green", Verdict.VIOLATED: "bold red", Verdict.UNKNOWN: "bold yellow"}


def of_exploration(report: Report, written: Mapping[str, str]) -> Group:
    """The report of `explore`; `written` says in which file the trace of each violated property is."""
    parts: list[RenderableType] = [headline(report), "", grid(facts(report))]
    for one in report.violated:
        parts += ["", Text.assemble((one.property, "bold"), ": ", one.reason)]
        if one.property in written:
            parts.append(Text(f"{found_in(one)}: {written[one.property]}", style="dim"))
        if one.trace is not None and one is shown(report):
            parts += ["", story(one.trace)]
    return Group(*parts)


def shown(report: Report) -> Violation | None:
    """The violation whose story is told: the first that has one."""
    return next((one for one in report.violated if one.trace is not None), None)


def headline(report: Report) -> Text:
    """The verdict, of what, and why."""
    return Text.assemble(title(report.verdict, report.scenario, report.parameters), "\n", because(report))


def title(value: Verdict, scenario: str, parameters: Mapping[str, object]) -> Text:
    """The verdict and the scenario."""
    return Text.assemble(verdict(value), "  ", (called(scenario, parameters), "bold"))


def verdict(value: Verdict) -> Text:
    """The verdict in its colour."""
    return Text.assemble((value.value.upper(), COLOURS[value]))


def called(scenario: str, parameters: Mapping[str, object]) -> str:
    """A scenario with its parameters."""
    return f"{scenario}({', '.join(f'{name}={value}' for name, value in parameters.items())})"


def because(report: Report) -> str:
    """What the verdict says, in a sentence."""
    if report.verdict is Verdict.HELD:
        goals = ", and every goal is reached" if report.goals else ""
        return f"Every invariant holds in every reachable world{f', {report.why}' if report.why else ''}{goals}."
    if report.verdict is Verdict.UNKNOWN:
        return f"Nothing is wrong in what was explored, but not all was: {report.why}."
    return (
        f"{' and '.join(one.property for one in report.violated)} {'do' if report.violated[1:] else 'does'} not hold."
    )


def grid(rows: Iterable[tuple[str, str]]) -> Table:
    """Names, and what is said of each."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="cyan", no_wrap=True)
    table.add_column(overflow="fold")
    for name, said in rows:
        table.add_row(name, Text(said))
    return table


def facts(report: Report) -> Iterator[tuple[str, str]]:
    """The figures of a report, each with its name; a name is given once."""
    visited, what = (report.distinct, "worlds") if report.orbits is None else (report.orbits, "orbits")
    rate = f", {visited / report.seconds:,.0f} {what}/s" if report.seconds > 0 else ""
    yield "worlds", f"{report.distinct:,} distinct"
    if report.orbits is not None:
        yield "orbits", f"{report.orbits:,}, and one world of each was visited"
    yield "transitions", f"{report.transitions:,}"
    yield "depth", f"{report.depth:,}"
    yield "time", f"{report.seconds:.2f} s{rate}, {report.peak_mib:,} MiB, {report.engine} engine"
    missing = "not reached" if report.verdict is Verdict.VIOLATED and not report.trace else "not reached so far"
    for index, one in enumerate(report.goals):
        yield "" if index else "goals", f"{one.goal} {within(one.length) if one.reached else missing}"
    for index, (name, stays) in enumerate(report.promises if report.verdict is Verdict.HELD else ()):
        yield "" if index else "fair runs", f"all come to {'stay in ' if stays else ''}{name}"
    idle = [f"{one.node} {one.message}" for one in report.handlers if not one.count]
    if idle and report.verdict is not Verdict.VIOLATED:
        yield "never ran", ", ".join(idle)


def within(count: int | None) -> str:
    """How many events it takes."""
    return f"in {events(count)}" if count else "at the start"


def found_in(one: Violation) -> str:
    """How many events it takes to show a violation."""
    if not one.loop:
        return within(one.length)
    return f"{within((one.length or 0) - one.loop)}, then {events(one.loop)} for ever"


def events(count: int | None) -> str:
    """A number of events."""
    return f"{count} event{'' if count == 1 else 's'}"


def of_replay(replayed: Replayed) -> Group:
    """The verdict of a replay."""
    trace, name = replayed.trace, replayed.about
    if replayed.verdict is Verdict.VIOLATED:
        again = f", and then {events(trace.round)} again and again" if trace.round else ""
        length = events(replayed.length - (trace.round or 0))
        end = f"After {length}{again}, each as recorded, {name} does not hold: {replayed.reason}"
    elif trace.expect["verdict"] == "reached":
        end = f"{events(replayed.length)}, each as recorded, reach the goal {name}."
    else:
        end = f"Through {events(replayed.length)}, each as recorded, {name or 'every invariant'} holds."
    return Group(title(replayed.verdict, trace.scenario, trace.parameters), Text(end))
