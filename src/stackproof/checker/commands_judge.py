"""`stackproof judge`: is a recorded history linearizable, or at least what is milder?"""

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer
from attrs import evolve
from rich.text import Text

from stackproof.checker.host import ScenarioError
from stackproof.checker.judge.ask import OF_PROCESSES, Ask, answered
from stackproof.checker.judge.calls import Call, calls_of, first
from stackproof.checker.judge.files import FORMATS, REFUSALS, events_of, format_named, guessed, parsed, plain, read
from stackproof.checker.judge.models import MODELS, OBSERVERS, Model
from stackproof.checker.judge.verdict import Judgement, form
from stackproof.checker.parameters import brief
from stackproof.checker.render import judged
from stackproof.checker.render.html.history import draw
from stackproof.checker.render.terminal import Terminal
from stackproof.checker.report import Verdict
from stackproof.checker.saying import Json, NoColor, say_json

DOUBT = "\nIf a read that returned nil says nothing, as in histories of Knossos, add --nil-is-unknown."


def judge_(
    history: Annotated[Path, typer.Argument(metavar="HISTORY", help="Calls and returns, as somebody recorded them.")],
    *,
    model: Annotated[str, typer.Option("--model", help=f"One of {', '.join(MODELS)}.")],
    ask: Annotated[
        Ask, typer.Option("--ask", help="What the history is asked to be; docs/judge.md says what each of these means.")
    ] = Ask.LINEARIZABLE,
    form_: Annotated[
        str | None, typer.Option("--format", help=f"One of {', '.join(FORMATS)}; otherwise it is guessed.")
    ] = None,
    initial: Annotated[str | None, typer.Option("--initial", help="The value at first, of a register; JSON.")] = None,
    refusals: Annotated[
        bool | None,
        typer.Option(
            "--refusals/--no-refusals",
            help="A failed cas compared and refused, or never happened; the first in log and calls.",
        ),
    ] = None,
    nil_is_unknown: Annotated[
        bool, typer.Option("--nil-is-unknown", help="A read that returned nil says nothing, as in Knossos.")
    ] = False,
    events: Annotated[int | None, typer.Option("--events", min=1, help="Judge only the first events.")] = None,
    time: Annotated[float, typer.Option("--time", min=0, help="Give up after so many seconds.")] = 60,
    steps: Annotated[int, typer.Option("--steps", min=1, help="Give up after so many steps.")] = 3_000_000,
    html: Annotated[Path | None, typer.Option("--html", help="Write a page with a picture of the history.")] = None,
    as_json: Json = False,
    no_color: NoColor = False,
) -> int:
    """Judge a recorded history: is there an order of its operations that the model could have gone through?

    That is linearizable; --ask has milder questions.

    Exit status: 0 there is, 1 there is none, 2 the question made no sense, 3 unknown, a budget came first.
    """
    meant = starting_at(model_named(model), initial)
    text = read(history)
    kind = format_named(form_) if form_ else guessed(text)
    known = kind in REFUSALS if refusals is None else refusals
    calls = calls_of(events_of(text, str(history), kind), known, meant.refusable)
    if events is not None:
        calls = first(calls, events)
    if nil_is_unknown:
        calls = tuple(one for one in calls if one.result is not None or one.name not in OBSERVERS)
    if kind == "calls" and ask in OF_PROCESSES:
        raise ScenarioError(f"--ask {ask} is about what each process did, and the format calls names no processes")
    found = answered(ask, calls, meant, seconds=time, steps=steps)
    given = {"--format": form_, "--initial": initial, "--ask": None if ask is Ask.LINEARIZABLE else ask.value}
    flags = [word for word, on in (("--nil-is-unknown", nil_is_unknown), ("--refusals", refusals)) if on]
    flags += ["--no-refusals"] if refusals is False else []
    if html is not None:
        until = [] if events is None else ["--events", str(events)]
        made = shlex.join([*words(history, model, given, flags), *until, "--html", str(html)])
        draw(found, calls, meant, html, ask, history.name, made)
    out = Terminal(sys.stdout, not no_color)
    if as_json:
        asked = {"history": str(history), "format": kind, "model": model, "ask": ask.value}
        return say_json(asked | form(found, ask.value), found.verdict.exit_status)
    out.show(judged.of(found, history.name, model, ask))
    if html is not None:
        out.print(Text(f"\nThe picture is in {html}."), soft_wrap=True)
    if found.verdict is Verdict.VIOLATED:
        if meant.initial is not None and found.refusal is not None and reads_nil(found.refusal.call):
            out.print(Text(DOUBT), soft_wrap=True)
        out.print()
        out.print(Text(again(found, history, model, given, flags), style="bold"), soft_wrap=True)
    return found.verdict.exit_status


def reads_nil(call: Call) -> bool:
    """Whether a call observed something, and returned nil."""
    return call.name in OBSERVERS and call.result is None


def again(found: Judgement, history: Path, model: str, given: dict[str, str | None], flags: list[str]) -> str:
    """The command that judges the shortest part that has no order."""
    bad = found.refusal or found.breach
    end = [] if bad is None or bad.event is None else ["--events", str(bad.event)]
    return shlex.join([*words(history, model, given, flags), *end])


def words(history: Path, model: str, given: dict[str, str | None], flags: list[str]) -> list[str]:
    """The command that judges a history."""
    options = [word for option, value in given.items() if value is not None for word in (option, value)]
    return ["stackproof", "judge", str(history), "--model", model, *options, *flags]


def model_named(name: str) -> Model:
    """The model of that name; raises ScenarioError where there is none."""
    if name not in MODELS:
        known = "; ".join(f"{one.name}: {one.about}" for one in MODELS.values())
        raise ScenarioError(f"there is no model {brief(name)}. There are {known}. See: stackproof judge --help")
    return MODELS[name]


def starting_at(model: Model, initial: str | None) -> Model:
    """The model with another state at first, given as JSON."""
    if initial is None:
        return model
    if model.name not in ("register", "cas", "kv"):
        raise ScenarioError(f"--initial is for registers (register, cas, kv), not for the model {model.name}")
    return evolve(model, initial=plain(parsed(initial, "--initial")))
