"""`stackproof judge LOG --scenario NAME`: could the reference have done what a log says?"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.text import Text
from typer.core import TyperCommand

from stackproof.checker.command import asking, bugs_by_name, prose
from stackproof.checker.counterexamples import check_writable, command, spelled
from stackproof.checker.host import ScenarioError
from stackproof.checker.loading import blaming
from stackproof.checker.oracle.accept import Acceptance, accept
from stackproof.checker.oracle.log_file import EVENTS, unknown
from stackproof.checker.parameters import written
from stackproof.checker.registry import function_named, options_of
from stackproof.checker.render import accepted
from stackproof.checker.render.terminal import Terminal
from stackproof.checker.saying import Json, NoColor, say_json
from stackproof.checker.scenario import Scenario
from stackproof.checker.trace import write

NAMED = {
    "--scenario": "the name of one scenario. See: stackproof list",
    "--bug": "the ID of one bug. See: stackproof list bugs",
}
ABOUT = "With --scenario NAME the file is a log of events, one to a line. See: stackproof judge --scenario NAME --help"


class LogOrHistory(TyperCommand):
    """`judge`: of a history, or, where the line names a scenario, of a log with that scenario's options."""

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """The context of `judge`, or of `judge_log` with the options of a scenario."""
        name, rest = named(list(args))
        if name is None:
            return super().make_context(info_name, args, parent=parent, **extra)
        app, function = typer.Typer(add_completion=False, rich_markup_mode="rich"), function_named(name)
        app.command(help=escape(prose(judge_log.__doc__ or "")))(asking(judge_log, name, function))
        title = f"{info_name} --scenario {name}"
        return typer.main.get_command(app).make_context(title, rest, parent=parent, **extra)


def named(args: Sequence[str]) -> tuple[str | None, list[str]]:
    """The scenario that a line names with --scenario or --bug, and the other words."""
    name, rest = None, list[str]()
    words = iter(args)
    for word in words:
        option, equals, value = word.partition("=")
        if option not in NAMED:
            rest.append(word)
            continue
        value = value if equals else next(words, "")
        if not value or name is not None:
            raise ScenarioError(f"{option} takes {NAMED[option]}")
        (name,) = bugs_by_name([option, value]) if option == "--bug" else (value,)
    return name, rest


def judge_log(
    scenario: Scenario,
    *,
    logs: Annotated[
        list[Path],
        typer.Argument(
            metavar="LOG...", help="What a system did: JSON lines, one event each. Of several, one a machine."
        ),
    ],
    silent: Annotated[
        int, typer.Option("--silent", min=0, help="So many events may have happened unlogged before each line.")
    ] = 0,
    unlogged: Annotated[
        list[str] | None,
        typer.Option("--unlogged", help="Only events of this name go unlogged; may be given several times."),
    ] = None,
    worlds: Annotated[int, typer.Option("--worlds", min=1, help="Give up after so many worlds.")] = 200_000,
    time: Annotated[float, typer.Option("--time", min=0, help="Give up after so many seconds.")] = 60,
    trace: Annotated[
        Path | None, typer.Option("--trace", help="Where to write a run of the reference that fits.")
    ] = None,
    as_json: Json = False,
    no_color: NoColor = False,
) -> int:
    """Judge a log of events: could the reference have done that?

    Exit status: 0 it could, 1 it could not, 2 the question made no sense, 3 unknown, a budget came first.
    """
    if trace is not None:
        check_writable(trace)
    names = frozenset(map(an_event, unlogged or ()))
    may = (lambda event: event.name in names) if names else None
    with blaming(scenario.name):
        found = accept(scenario, *logs, silent=silent, unlogged=may, worlds=worlds, seconds=time)
    if trace is not None:
        write(found.trace, trace)
    out = Terminal(sys.stdout, not no_color)
    if as_json:
        form = {
            "logs": list(map(str, logs)),
            **found.form(),
            "silent": silent,
            "trace": None if trace is None else str(trace),
        }
        return say_json(form, found.verdict.exit_status)
    out.show(accepted.of(found, ", ".join(log.name for log in logs)))
    if found.refusal is not None:
        given = [word for name in sorted(names) for word in ("--unlogged", name)]
        given += ["--silent", str(silent)] if silent else []
        out.print()
        out.print(Text(again(found, logs, trace, given), style="bold"), soft_wrap=True)
    return found.verdict.exit_status


def an_event(name: str) -> str:
    """The name, if it is that of an event."""
    if name not in EVENTS[1:]:
        raise ScenarioError(f"{unknown('event', name, EVENTS[1:])}. See: stackproof judge --scenario NAME --help")
    return name


def again(found: Acceptance, logs: Sequence[Path], trace: Path | None, given: Sequence[str]) -> str:
    """The command that shows the accepted run step by step, or, where it is not written, that writes it."""
    if trace is not None:
        named_by = ("--scenario", found.scenario) if ":" in found.scenario else ()
        return command("replay", str(trace), *named_by, "--step")
    usual = {one.name: written(one.default) for one in options_of(found.scenario)}
    unusual = {name: value for name, value in found.parameters.items() if usual.get(name) != value}
    words = ("judge", *map(str, logs), "--scenario", found.scenario, *spelled(unusual), *given)
    return command(*words, "--trace", "accepted.jsonl")
