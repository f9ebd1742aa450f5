"""Histories judged by stackproof and by Porcupine: `python benchmarks/judge.py --folder DIR [--logs DIR]`.

The same files go to both, one after the other, each in a process of its own on one core, with at most 60 s and 8 GiB
of address space. Verdicts must agree wherever both answer: the exit status is 1 where they do not. What was measured
stays in the folder, and is not measured again: `--only` says whose turn it is.

Porcupine (github.com/anishathalye/porcupine, Go) is fetched and built by `go build`; peers/porcupine/main.go says how
it is asked. `--logs` names a folder with Jepsen's logs of etcd, as Porcupine's own tests have them.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

from judge_histories import ALL_DIFFERENT, Kind, of_log, written
from rich.console import Console
from rich.table import Table

HERE = Path(__file__).parent
PEER = HERE / "peers" / "porcupine"
CLIENTS, VALUES = (2, 10, 20, 50), (2, 5, 20, ALL_DIFFERENT)
MOST_BYTES = 8 << 30
Found = dict[str, Any]


def ours(file: Path, limit_s: float, folder: Path) -> list[str]:
    """This project's judge, as anybody starts it, without a bound on steps."""
    asked = ("judge", str(file), "--model", "cas", "--refusals", "--json", "--steps", str(10**12))
    return [sys.executable, "-m", "stackproof.checker.cli", *asked, "--time", str(limit_s)]


def porcupine(file: Path, limit_s: float, folder: Path) -> list[str]:
    """Porcupine, built once."""
    binary = folder / "porcupine"
    if not binary.exists():
        go = shutil.which("go")
        if go is None:
            sys.exit("go is not installed: install Go 1.21 or later, which fetches Porcupine, or ask with --only ours")
        subprocess.run([go, "build", "-o", str(binary), "."], cwd=PEER, check=True)
    return [str(binary), str(file), str(limit_s)]


JUDGES: dict[str, Callable[[Path, float, Path], list[str]]] = {"ours": ours, "porcupine": porcupine}


def measured(command: list[str], limit_s: float, folder: Path) -> Found:
    """What a judge says, and what that cost."""
    cost_file = folder / "cost.json"
    bare = [sys.executable, "-I", "-S", str(HERE / "peers" / "measured.py"), "1", str(2 * limit_s), str(cost_file)]
    limited = ["prlimit", f"--as={MOST_BYTES}", *bare, *command]
    done = subprocess.run(limited, capture_output=True, text=True, check=False, cwd=folder)
    cost: Found = json.loads(cost_file.read_text(encoding="utf-8"))
    text = done.stdout.strip()
    said = json.loads(text) if text.startswith("{") else {"verdict": "failed", "why": done.stderr.strip()[:80]}
    if "out of memory" in done.stderr or "MemoryError" in done.stderr or "cannot allocate" in done.stderr:
        said = {"verdict": "unknown", "why": "out of memory"}
    elif said["verdict"] == "failed" and cost["wall_s"] >= 2 * limit_s:
        said = {"verdict": "unknown", "why": "killed"}
    return {**{key: said.get(key) for key in ("verdict", "why", "calls", "seconds", "steps")}, **cost}


def histories(folder: Path, logs: Path | None, operations: int) -> Iterator[tuple[str, Path]]:
    """The name and the file of each history."""
    for log in sorted(logs.glob("etcd_*.log")) if logs else ():
        file = of_log(log, folder)
        if file is not None:
            yield f"etcd {log.stem.removeprefix('etcd_')}", file
    for cas, stale, values, clients in product((False, True), (False, True), VALUES, CLIENTS):
        kind = Kind(clients, values, cas, stale, operations)
        made = written(kind, folder)
        if made is not None:
            yield kind.name, made


def compared(asked: argparse.Namespace) -> dict[str, dict[str, Found]]:
    """What each judge says of each history; written down after each answer."""
    record = asked.folder / "measured.json"
    found: dict[str, dict[str, Found]] = json.loads(record.read_text("utf-8")) if record.exists() else {}
    for name, file in histories(asked.folder, asked.logs, asked.operations):
        own = found.setdefault(name, {})
        for judge in asked.only or JUDGES:
            if judge not in own:
                own[judge] = measured(JUDGES[judge](file, asked.limit, asked.folder), asked.limit, asked.folder)
                print(name, judge, own[judge]["verdict"], f"{own[judge]['cpu_s']:.2f} s", file=sys.stderr)
                record.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return found


def cell(one: Found | None) -> tuple[str, str, str]:
    """Verdict, seconds of CPU time, peak MiB."""
    if one is None:
        return "-", "-", "-"
    said = one["verdict"] + (f" ({one['why']})" if one["why"] == "out of memory" else "")
    return said, f"{one['cpu_s']:.2f}", f"{one['peak_mib']:.0f}"


def show(found: dict[str, dict[str, Found]]) -> bool:
    """The table, for people; whether the verdicts agree."""
    table = Table("history", *(f"{judge}{what}" for judge in JUDGES for what in ("", ", CPU s", ", MiB")))
    agree = True
    for name, own in found.items():
        known = {one["verdict"] for one in own.values() if one["verdict"] in ("held", "violated")}
        agree = agree and len(known) <= 1 and all(one["verdict"] != "failed" for one in own.values())
        table.add_row(name, *(text for judge in JUDGES for text in cell(own.get(judge))))
    console = Console(highlight=False, width=130)
    console.print(table)
    for judge in JUDGES:
        answers = [own[judge] for own in found.values() if judge in own]
        told = sum(one["verdict"] in ("held", "violated") for one in answers)
        print(f"{judge}: {told} of {len(answers)} answered, {sum(one['cpu_s'] for one in answers):.0f} s of CPU time")
    return agree


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--logs", type=Path)
    parser.add_argument("--limit", type=float, default=60.0)
    parser.add_argument("--operations", type=int, default=60_000)
    parser.add_argument("--only", action="append", choices=JUDGES)
    asked = parser.parse_args()
    asked.folder = asked.folder.resolve()
    asked.folder.mkdir(parents=True, exist_ok=True)
    print(f"load before: {', '.join(f'{one:.1f}' for one in os.getloadavg())}")
    agree = show(compared(asked))
    if not agree:
        sys.exit("the verdicts differ")


if __name__ == "__main__":
    main()
