"""The command line. Exit status: 0 held, 1 violated, 2 the question made no sense, 3 unknown."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from attrs import evolve
from rich.text import Text

from stackproof import __version__
from stackproof.checker import evidence
from stackproof.checker.command import ScenarioCommand, with_a_scenario
from stackproof.checker.commands_accept import ABOUT, LogOrHistory
from stackproof.checker.commands_judge import judge_
from stackproof.checker.commands_prove import prove
from stackproof.checker.commands_run import run
from stackproof.checker.commands_search import search
from stackproof.checker.commands_simulate import simulate
from stackproof.checker.conformance import refinement_of
from stackproof.checker.counterexamples import check_writable, command, explore_again, replay_again, save
from stackproof.checker.explore import explore as explored
from stackproof.checker.explore import most_memory_mib
from stackproof.checker.explore.limits import Limits, Watcher
from stackproof.checker.host import ScenarioError
from stackproof.checker.interrupts import heard
from stackproof.checker.loading import blaming
from stackproof.checker.render import listing, tables, text
from stackproof.checker.render.exports import FORMATS
from stackproof.checker.render.html.run import draw
from stackproof.checker.render.story import in_steps, story
from stackproof.checker.render.terminal import progress
from stackproof.checker.replay import replay as replayed
from stackproof.checker.report import Verdict
from stackproof.checker.saying import Json, NoColor, complain, say, say_json, say_text
from stackproof.checker.scenario import Scenario
from stackproof.checker.trace_file import ended

app = typer.Typer(
    add_completion=False, epilog="Exit status: 0 held, 1 violated, 2 the question made no sense, 3 unknown."
)

NONSENSE = 2
INTERRUPTED = 130


class Engine(StrEnum):
    """Which explorer answers."""

    AUTO = "auto"
    PLAIN = "plain"
    NATIVE = "native"


class Budget(StrEnum):
    """How far `check` goes."""

    QUICK = "quick"
    FULL = "full"


class Format(StrEnum):
    """In which format `replay` prints a run."""

    ITF = "itf"
    SHIVIZ = "shiviz"
    MERMAID = "mermaid"
    JSON = "json"
    EDN = "edn"


class Topic(StrEnum):
    """What `list` lists."""

    SCENARIOS = "scenarios"
    MODELS = "models"
    TRACES = "traces"
    BUGS = "bugs"


@app.command("explore", cls=ScenarioCommand)
@with_a_scenario
def explore(
    scenario: Scenario,
    *,
    engine: Annotated[Engine, typer.Option("--engine", help="Auto: plain for small questions.")] = Engine.AUTO,
    time: Annotated[float | None, typer.Option("--time", min=0, help="Stop after so many seconds.")] = None,
    memory: Annotated[int | None, typer.Option("--memory", min=1, help="Stop beyond so many MiB.")] = None,
    worlds: Annotated[int | None, typer.Option("--worlds", min=1, help="Stop beyond so many worlds.")] = None,
    threads: Annotated[int | None, typer.Option("--threads", min=1, help="Threads of the native engine.")] = None,
    trace: Annotated[Path, typer.Option("--trace", help="Where to write a failing run.")] = Path(
        "counterexample.jsonl"
    ),
    conform: Annotated[bool, typer.Option("--conform", help="Hold every step against the formal model.")] = False,
    symmetric: Annotated[
        bool, typer.Option("--symmetric", help="Visit one of all worlds that differ in who is who.")
    ] = False,
    as_json: Json = False,
    no_color: NoColor = False,
) -> int:
    """Visit every world of a scenario, within its bounds."""
    check_writable(trace)
    if conform:
        limits = Limits(worlds, time, memory or most_memory_mib())
        return conform_(scenario, limits, symmetric, as_json, not no_color)
    with watched(scenario.name, not no_color) as watcher:
        report = explored(
            scenario,
            engine=engine.value,
            seconds=time,
            memory_mib=memory,
            worlds=worlds,
            watcher=watcher,
            threads=threads,
            symmetric=symmetric,
        )
    written = save(report, trace, complain)
    if as_json:
        return say_json(report.form(written), report.exit_status)
    again = replay_again(report, written) or explore_again(report) if report.verdict is Verdict.VIOLATED else None
    return say(not no_color, report.exit_status, text.of_exploration(report, written), last=again)


def conform_(scenario: Scenario, limits: Limits, symmetric: bool, as_json: bool, colour: bool) -> int:
    """Hold every step of a scenario against its formal model."""
    refinement = refinement_of(scenario)
    from stackproof.checker.conformance.refinement import conform  # noqa: PLC0415 - Z3 is slow to import
    from stackproof.checker.render.conforming import of_conformance  # noqa: PLC0415 - likewise

    with watched(scenario.name, colour) as watcher:
        found = conform(scenario, refinement, evolve(limits, watcher=watcher), symmetric=symmetric)
    status = found.verdict.exit_status
    return say_json(found.form(), status) if as_json else say(colour, status, of_conformance(found))


app.command("search", cls=ScenarioCommand)(with_a_scenario(search))
app.command("simulate", cls=ScenarioCommand)(with_a_scenario(simulate))
app.command("run")(run)
app.command("prove")(prove)
app.command("judge", cls=LogOrHistory, epilog=ABOUT)(judge_)


@app.command()
def replay(
    trace: Annotated[Path, typer.Argument(metavar="TRACE", help="A trace: a file of JSON lines.")],
    *,
    scenario: Annotated[str | None, typer.Option("--scenario", help="Replaces the one that the trace names.")] = None,
    step: Annotated[bool, typer.Option("--step", help="Show what each event changes.")] = False,
    html: Annotated[Path | None, typer.Option("--html", help="Write a page with a picture of the run.")] = None,
    to: Annotated[Format | None, typer.Option("--to", help="Print the run in a format of others.")] = None,
    as_json: Json = False,
    no_color: NoColor = False,
) -> int:
    """Run a trace again; every step is verified. Exits with 1 if the trace shows a violation, and it is still there."""
    check_one_output(as_json, to)
    run = replayed(trace, scenario)
    status = run.verdict.exit_status
    named = ("--scenario", scenario) if scenario else ()
    if html is not None:
        draw(run, html, command("replay", str(trace), *named, "--html", str(html)))
    if to is not None:
        return say_text(FORMATS[to.value](run), status)
    if as_json:
        return say_json(run.form(str(trace)), status)
    shown = in_steps(run.trace) if step else story(run.trace)
    again = command("replay", str(trace), *named, "--step")
    drawn = () if html is None else ("", Text(f"The picture is in {html}."))
    return say(not no_color, status, shown, "", text.of_replay(run), *drawn, last=again if status else None)


@app.command()
def check(
    names: Annotated[list[str] | None, typer.Argument(metavar="NAME", help="Scenarios or layers.")] = None,
    *,
    budget: Annotated[
        Budget,
        typer.Option("--budget", help=f"Quick: at most {evidence.QUICK.worlds:,} worlds, and few runs, per scenario."),
    ] = Budget.QUICK,
    as_json: Json = False,
    no_color: NoColor = False,
) -> int:
    """Every kind of evidence for some scenarios, a layer, or the whole stack, in one table."""
    far = evidence.QUICK if budget is Budget.QUICK else evidence.FULL
    found = list(evidence.gather(evidence.meant(names or ()), far, lambda name: watched(name, not no_color), complain))
    verdict = Verdict.worst([one.verdict for one in found])
    if as_json:
        return say_json({"verdict": verdict.value, "scenarios": [one.form() for one in found]}, verdict.exit_status)
    again = next((one.again for one in found if one.again), None)
    return say(not no_color, verdict.exit_status, tables.Evidences(found), last=again)


@app.command("list")
def list_(
    topic: Annotated[
        Topic, typer.Argument(metavar="TOPIC", help="Scenarios, models, traces or bugs.")
    ] = Topic.SCENARIOS,
    *,
    as_json: Json = False,
    no_color: NoColor = False,
) -> int:
    """What there is: scenarios, models, traces, bugs."""
    if as_json:
        return say_json({topic.value: listing.as_json(topic.value)}, 0)
    shown, following = listing.as_text(topic.value)
    return say(not no_color, 0, shown, last=following)


@app.callback(invoke_without_command=True)
def stackproof(
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    """The datacenter papers, executable, and checked."""
    if version:
        say(False, 0, Text(f"stackproof {__version__}"))
        raise typer.Exit


@contextmanager
def watched(name: str, colour: bool) -> Iterator[Watcher | None]:
    """Show how far the exploration of a scenario is; what its own code raises becomes one sentence."""
    with progress(name, colour) as watcher, blaming(name):
        yield watcher


def check_one_output(as_json: bool, to: Format | None) -> None:
    """Raise ScenarioError where two things are to be printed."""
    if as_json and to is not None:
        raise ScenarioError(f"--json and --to {to.value} both print, choose one. See: stackproof replay --help")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        with heard():
            status = typer.main.get_command(app).main(words, "stackproof", standalone_mode=False) or 0
    except (KeyboardInterrupt, typer.Abort):
        status = INTERRUPTED
    except ScenarioError as error:
        complain(str(error))
        return NONSENSE
    except Exception as error:
        if not hasattr(error, "format_message"):
            raise
        complain(usage(error))
        return NONSENSE
    if status == INTERRUPTED:
        complain("interrupted before there was a verdict")
        return Verdict.UNKNOWN.exit_status
    return int(status)


def usage(error: Any) -> str:
    """What is wrong with a command line, and where the right one is explained."""
    path = error.ctx.command_path if getattr(error, "ctx", None) else "stackproof"
    said = ended(error.format_message().replace("Value error, ", "").rstrip("."))
    return f"{said} See: {path} --help"


if __name__ == "__main__":
    sys.exit(main())
