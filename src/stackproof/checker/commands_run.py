"""`stackproof run`: a real job on the composed stack, under faults, compared with the plain answer."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import attrs
import typer
from rich.text import Text

from stackproof.checker.render.terminal import Terminal
from stackproof.checker.report import Verdict
from stackproof.checker.running import NAMES
from stackproof.checker.running.faults import Ordered, ordered
from stackproof.checker.saying import Json, NoColor, say_json

if TYPE_CHECKING:
    from stackproof.checker.running.runs import Outcome


def run(
    job: Annotated[str, typer.Argument(metavar="JOB", help=f"One of {', '.join(NAMES)}.")],
    more: Annotated[list[Path] | None, typer.Argument(metavar="[FILE]...", help="More files, as --input.")] = None,
    *,
    files: Annotated[list[Path] | None, typer.Option("--input", metavar="FILE...", help="What it works on.")] = None,
    agents: Annotated[int, typer.Option("--agents", min=1, max=200, help="Machines that are there at first.")] = 8,
    faults: Annotated[
        str, typer.Option("--faults", help="What strikes: crashes=2,cuts=1,partitions=1,joins=1 or some of it.")
    ] = "",
    seed: Annotated[int, typer.Option("--seed", help="Decides all chance: the same seed, the same run.")] = 7,
    pattern: Annotated[str | None, typer.Option("--pattern", help="What grep and log-mining look for.")] = None,
    time: Annotated[float, typer.Option("--time", min=0, help="Give up after so many seconds.")] = 600,
    as_json: Json = False,
    no_color: NoColor = False,
) -> int:
    """Run a job on the whole stack, in virtual time: machines crash, links are cut, machines join.

    The answer is compared with that of one plain process.

    Exit status: 0 equal, 1 not, or a layer broke its word, 2 the question made no sense, 3 unknown: time was over.
    """
    from stackproof.checker.render import running  # noqa: PLC0415 - the whole stack is slow to import
    from stackproof.checker.running.jobs import Asked  # noqa: PLC0415 - likewise
    from stackproof.checker.running.runs import run as run_job  # noqa: PLC0415 - likewise

    asked = Asked(job, (*(files or ()), *(more or ())), pattern, agents)
    what = ordered(faults)
    with running.progress(job, not no_color) as watcher:
        outcome = run_job(asked, what, seed, time, watcher)
    out = Terminal(sys.stdout, not no_color)
    if as_json:
        return say_json(form(outcome), outcome.verdict.exit_status)
    out.show(running.of(outcome))
    if outcome.verdict is not Verdict.HELD:
        out.print()
        out.print(Text(again(outcome), style="bold"), soft_wrap=True)
    return outcome.verdict.exit_status


def again(outcome: "Outcome") -> str:
    """The command that does all of it again."""
    asked, struck = outcome.asked, outcome.faults
    words = ["stackproof", "run", asked.job, "--agents", str(asked.agents), "--seed", str(outcome.seed)]
    words += ["--faults", spelled(struck)] if struck.all else []
    words += [] if asked.pattern is None else ["--pattern", asked.pattern]
    words += [word for file in asked.files for word in ("--input", str(file))]
    return shlex.join(words)


def spelled(faults: Ordered) -> str:
    """Faults as they are written at the command line."""
    return ",".join(f"{kind}={count}" for kind, count in attrs.asdict(faults).items() if count)


def form(outcome: "Outcome") -> dict[str, Any]:
    """The run as JSON; all but the seconds is the same whenever it is run."""
    log = outcome.log
    found = [] if log.watch.found is None else [{"property": log.watch.found[0], "reason": log.watch.found[1]}]
    return {
        "job": outcome.asked.job,
        "input": [str(file) for file in outcome.asked.files],
        "agents": outcome.asked.agents,
        "faults": attrs.asdict(outcome.faults),
        "evidence": "searched",
        "seed": outcome.seed,
        "verdict": outcome.verdict.value,
        "why": outcome.why,
        "equal": outcome.equal,
        "violated": found,
        "tasks": log.tasks,
        "attempts": log.begun,
        "again": [attrs.asdict(one) for one in log.again],
        "struck": [attrs.asdict(one) for one in log.struck],
        "asked": dict(sorted(log.watch.asked.items())),
        "virtual_ms": outcome.virtual_ms,
        "events": outcome.events,
        "up": outcome.up,
        "digest": outcome.digest,
        "repeat": again(outcome),
        "seconds": round(outcome.seconds, 3),
        "plain_seconds": round(outcome.plain_seconds, 3),
    }
