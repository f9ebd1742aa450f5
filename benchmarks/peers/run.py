"""Two-phase commit, searched exhaustively by the peers that are present and by stackproof in turn.

Usage: `python benchmarks/peers/run.py --participants 7 --cores 1`. README.md says what is compared and what is not.
"""

import json
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from comparison import Comparison, Row, Run, form, machine, show
from engines import PEERS, AbsentError, Bench, Engine, ours
from readings import Counts, UnreadableError
from rich.console import Console

HERE = Path(__file__).parent
DEFAULT_LIMIT_S = 600.0


def main(
    participants: Annotated[int, typer.Option(min=1, max=10, help="Resource managers.")] = 7,
    cores: Annotated[int, typer.Option(min=1, help="Cores that each engine may use.")] = 1,
    repeats: Annotated[int, typer.Option(min=1, help="Runs of each engine; the median is shown.")] = 3,
    peer: Annotated[list[str] | None, typer.Option(help="Only this peer: " + ", ".join(PEERS) + ".")] = None,
    limit: Annotated[float, typer.Option(help="Seconds after which a run is given up.")] = DEFAULT_LIMIT_S,
    folder: Annotated[Path | None, typer.Option(help="Build here and keep it.")] = None,
    tlc_jar: Annotated[Path | None, typer.Option(help="A tla2tools.jar to use.")] = None,
    ours_command: Annotated[str | None, typer.Option("--ours", help="Another command in place of our CLI's.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write everything measured to this file.")] = None,
) -> None:
    """Compare exhaustive searches of two-phase commit."""
    demand(cores <= len(os.sched_getaffinity(0)), f"--cores {cores} is more than this process may use")
    demand(set(peer or ()) <= set(PEERS), f"--peer is one of {', '.join(PEERS)}")
    told = Console(stderr=True)
    with building_in(folder) as place:
        here = machine()
        bench = Bench(participants, cores, place, tlc_jar and tlc_jar.resolve())
        mine = Row(ours(bench, tuple(shlex.split(ours_command)) if ours_command else None))
        peers, absent = gather(bench, peer or list(PEERS), told)
        comparison = Comparison(bench, here, [mine, *peers], absent, first_run(mine, bench, limit, told))
        measure(comparison, repeats, limit, told)
    if json_file is not None:
        json_file.write_text(json.dumps(form(comparison), indent=1) + "\n", encoding="utf-8")
    show(comparison)
    raise typer.Exit(any(row.trouble for row in comparison.rows))


def demand(condition: object, sentence: str) -> None:
    """Refuse a question that makes no sense."""
    if not condition:
        raise typer.BadParameter(sentence)


@contextmanager
def building_in(folder: Path | None) -> Iterator[Path]:
    """The folder asked for, or one that is gone afterwards."""
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        yield folder.resolve()
    else:
        with tempfile.TemporaryDirectory(prefix="stackproof-peers-") as temporary:
            yield Path(temporary)


def gather(bench: Bench, names: list[str], told: Console) -> tuple[list[Row], dict[str, AbsentError]]:
    """Build the peers that are present."""
    rows: list[Row] = []
    absent: dict[str, AbsentError] = {}
    for name in names:
        told.print(f"building {name}", style="dim")
        try:
            rows += [Row(engine) for engine in PEERS[name](bench)]
        except AbsentError as error:
            absent[name] = error
    return rows, absent


def first_run(mine: Row, bench: Bench, limit_s: float, told: Console) -> float | None:
    """Our first run compiles what is not cached yet; it is stated and not counted."""
    again(mine, bench, limit_s, told)
    return mine.runs.pop().wall_s if mine.measured else None


def measure(comparison: Comparison, repeats: int, limit_s: float, told: Console) -> None:
    """Run the engines in turn, so that a busy moment of the machine hits all of them alike."""
    for _ in range(repeats):
        for row in comparison.rows:
            if row.trouble is None:
                again(row, comparison.bench, limit_s, told)


def again(row: Row, bench: Bench, limit_s: float, told: Console) -> None:
    """Run an engine once more and hold its counts against the expected ones."""
    told.print(f"running {row.engine.name}", style="dim")
    try:
        cost, output = measured(row.engine, bench, limit_s)
        counts = row.engine.read(output)
    except (UnreadableError, ValueError, KeyError) as error:
        row.trouble = str(error)
        return
    row.trouble = miscounted(counts, bench)
    row.runs.append(Run(cost["wall_s"], cost["cpu_s"], cost["peak_mib"], counts.search_s))


def measured(engine: Engine, bench: Bench, limit_s: float) -> tuple[dict[str, float], str]:
    """What a run cost and what it printed."""
    file = bench.folder / "cost.json"
    bare = (sys.executable, "-I", "-S", str(HERE / "measured.py"))
    command = (*bare, str(bench.cores), str(limit_s), str(file), *engine.command)
    done = subprocess.run(command, cwd=bench.folder, capture_output=True, text=True, check=False)
    complaint = (done.stderr.strip().splitlines() or ["it printed nothing"])[-1]
    if done.returncode:
        raise UnreadableError(f"it cannot be started: {complaint}")
    cost: dict[str, float] = json.loads(file.read_text(encoding="utf-8"))
    if cost["status"]:
        gave_up = cost["wall_s"] >= limit_s
        why = f"no answer within {limit_s:g} s" if gave_up else f"exit status {cost['status']:.0f}: {complaint}"
        raise UnreadableError(why)
    return cost, done.stdout


def miscounted(counts: Counts, bench: Bench) -> str | None:
    """Why these counts are not those of the model."""
    if counts.distinct != bench.distinct:
        return f"{counts.distinct:,} distinct worlds, not {bench.distinct:,}"
    if counts.transitions not in (None, bench.transitions):
        return f"{counts.transitions:,} transitions, not {bench.transitions:,}"
    return None


if __name__ == "__main__":
    typer.run(main)
