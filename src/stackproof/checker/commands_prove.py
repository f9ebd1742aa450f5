"""`stackproof prove`: is a formal model's invariant one, for any number of nodes?"""

import json
import shlex
import sys
import time
from collections.abc import Iterator
from typing import Annotated

import typer
from rich.text import Text

from stackproof.checker.host import ScenarioError
from stackproof.checker.loading import blaming
from stackproof.checker.parameters import brief, no_such
from stackproof.checker.proofs import PROVED, Judged
from stackproof.checker.render import proved
from stackproof.checker.render.terminal import Terminal
from stackproof.checker.report import Verdict
from stackproof.checker.saying import Json, NoColor
from stackproof.spec import MODELS

EVERY = "all"


def prove(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="One that `stackproof list models` names, all, or file.py:function.")
    ],
    *,
    vacuity: Annotated[
        bool, typer.Option("--vacuity", help="Ask of every step if it can happen, of every property what it adds.")
    ] = False,
    time_: Annotated[float, typer.Option("--time", min=0, help="Give up an obligation after so many seconds.")] = 60,
    only: Annotated[str | None, typer.Option("--only", help='One obligation: "join keeps one_live_successor".')] = None,
    as_json: Json = False,
    no_color: NoColor = False,
) -> int:
    """Prove a formal model: its invariants hold at first, every step keeps them, and they imply what is wanted.

    Exit status: 0 all is proved, 1 something is refuted, by a counterexample, 2 the question made no sense, 3 unknown.
    """
    names = meant(model)
    begun = time.perf_counter()
    out = Terminal(sys.stdout, not no_color)
    found = []
    for one in answers(model, names, time_, only, vacuity):
        found.append(one)
        if not as_json:
            if len(found) > 1 and model != EVERY:
                out.print()
            out.show(proved.briefly(one) if model == EVERY else proved.of(one))
    seconds = time.perf_counter() - begun
    verdict = Verdict.worst(one.verdict for one in found)
    if as_json:
        form = {"model": model, "evidence": "proved", "verdict": verdict.value, "seconds": seconds}
        out.print(Text(json.dumps(form | {"systems": [one.form() for one in found]})), soft_wrap=True)
    elif model == EVERY:
        out.print()
        out.print(Text(total(found, seconds)))
    if not as_json and (line := again(found)):
        out.print()
        out.print(Text(line, style="bold"), soft_wrap=True)
    return verdict.exit_status


def answers(model: str, names: list[str], seconds: float, only: str | None, vacuity: bool) -> Iterator[Judged]:
    """What becomes of the models, as it is known; all of them in two processes."""
    from stackproof.checker.proving import judged, question  # noqa: PLC0415 - Z3 is slow to import

    empty = only is not None
    with blaming(model):
        for one in judged(names, 2 if model == EVERY else 1, question(seconds, only, vacuity)):
            if only is None or one.proofs:
                empty = False
                yield one
    if empty:
        raise ScenarioError(f"{model} has no obligation {brief(only)}. See: stackproof prove {model} --json")


def meant(model: str) -> list[str]:
    """The models of that name; raises ScenarioError where there is none."""
    if model == EVERY:
        return list(MODELS)
    if model in MODELS or ":" in model:
        return [model]
    raise ScenarioError(no_such("model", model, [*MODELS, EVERY], "stackproof list models"))


def total(found: list[Judged], seconds: float) -> str:
    """How much was proved of everything."""
    proofs = [one for system in found for one in system.proofs]
    done = sum(one.answer == PROVED for one in proofs)
    return f"{done:,} of {len(proofs):,} obligations of {len(found)} systems are proved, in {seconds:.2f} s."


def again(found: list[Judged]) -> str | None:
    """The command that asks again for the first obligation that is not proved."""
    bad = [(system.model, one.obligation) for system in found for one in system.proofs if one.answer != PROVED]
    return shlex.join(["stackproof", "prove", bad[0][0], "--only", bad[0][1]]) if bad else None
