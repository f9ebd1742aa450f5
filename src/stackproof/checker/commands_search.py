"""`stackproof search`: many runs of a scenario, drawn by lot, with faults."""

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from stackproof.checker.counterexamples import check_writable, command, replay_again, save, spelled
from stackproof.checker.loading import blaming
from stackproof.checker.render import searched
from stackproof.checker.render.terminal import Terminal
from stackproof.checker.saying import Json, NoColor, complain, say_json
from stackproof.checker.scenario import Scenario
from stackproof.checker.search import EXAMPLES, STEPS
from stackproof.checker.search import search as search_for
from stackproof.checker.search.program import program
from stackproof.checker.search.report import Searched


class By(StrEnum):
    """Who searches."""

    BOTH = "both"
    HYPOTHESIS = "hypothesis"
    WALKS = "walks"


def search(
    scenario: Scenario,
    *,
    seed: Annotated[int, typer.Option("--seed", help="Decides all chance: the same seed, the same runs.")] = 0,
    steps: Annotated[
        int, typer.Option("--steps", min=1, help="Events of a run before it is mended and settles.")
    ] = STEPS,
    examples: Annotated[
        int | None, typer.Option("--examples", min=1, help=f"Runs that Hypothesis draws: {EXAMPLES:,} without --time.")
    ] = None,
    time: Annotated[float | None, typer.Option("--time", min=0, help="Go on for so many seconds.")] = None,
    by: Annotated[By, typer.Option("--by", help="Hypothesis, random walks at native speed, or both.")] = By.BOTH,
    trace: Annotated[Path, typer.Option("--trace", help="Where to write a failing run.")] = Path(
        "counterexample.jsonl"
    ),
    as_json: Json = False,
    no_color: NoColor = False,
) -> int:
    """Run a scenario many times, with faults, and shrink a run that breaks a property.

    Exit status: 0 no run did, 1 one did, 2 the question made no sense, 3 unknown: too little was run.
    """
    check_writable(trace)
    os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(cache_folder()))
    with searched.progress(scenario.name, not no_color) as watcher, blaming(scenario.name):
        report = search_for(
            scenario, seed=seed, seconds=time, examples=examples, steps=steps, by=by.value, watcher=watcher
        )
    written = save(report, trace, complain)
    out = Terminal(sys.stdout, not no_color)
    if as_json:
        return say_json(report.form(written), report.exit_status)
    out.show(searched.of(report, written))
    if report.trace is not None:
        out.print(Text("\nThe same as a program:", style="dim"))
        out.print(Text("\n".join(f"    {line}" for line in program(report.trace))), soft_wrap=True)
        out.print()
        out.print(Text(replay_again(report, written) or again(report), style="bold"), soft_wrap=True)
    return report.exit_status


def cache_folder() -> Path:
    """Where Hypothesis may keep what it found out about the code of this machine, rather than in the current folder."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "stackproof" / "hypothesis"


def again(report: Searched) -> str:
    """The command that searches in the same way."""
    return command("search", report.scenario, *spelled(report.parameters), "--seed", str(report.seed))
