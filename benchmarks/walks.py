"""How fast random walks are: `python benchmarks/walks.py [--steps 20000000] [--repeat 3] [--json FILE]`.

A step counts once it was taken and the properties were held against the world after it. Before anything is counted the
walks take two million steps, so that compiled code is loaded and the tables are filled as far as they soon will be;
how long that takes is stated. One core does it all. The first run on a machine compiles, for about a minute.
"""

import argparse
import json
import statistics
import time
from pathlib import Path
from typing import Any

from explore import machine
from rich.console import Console
from rich.table import Table

from stackproof.checker.registry import build
from stackproof.checker.search.walks import Party

MODELS: dict[str, tuple[str, dict[str, Any]]] = {
    "quorum": ("quorum", {}),
    "quorum, 5 replicas, a crash": ("quorum", {"n": 5, "w": 3, "r": 3, "crashes": 1}),
    "Chord": ("chord", {}),
    "two-phase commit, 9 participants": ("two-phase-commit-tla", {"participants": 9}),
}
WARM = 2_000_000


def measure(scenario: str, parameters: dict[str, Any], steps: int, seed: int) -> dict[str, Any]:
    """Walk through one scenario, and say what it took."""
    began, cpu = time.monotonic(), time.process_time()
    party = Party(build(scenario, parameters), seed, depth=200)
    before = party.walk(steps=WARM)
    loading, began = time.monotonic() - began, time.monotonic()
    loading_cpu, cpu = time.process_time() - cpu, time.process_time()
    after = party.walk(steps=steps)
    return {
        "violated": after.violation is not None,
        "steps": after.steps - before.steps,
        "walks": after.walks - before.walks,
        "seconds": time.monotonic() - began,
        "cpu_seconds": time.process_time() - cpu,
        "loading_seconds": loading,
        "loading_cpu_seconds": loading_cpu,
    }


def table(runs: dict[str, list[dict[str, Any]]]) -> Table:
    """The medians, for people."""
    shown = Table(title="random walks, 1 thread")
    for column in ("model", "steps", "walks", "s", "CPU s", "M steps/s", "M steps/CPU s", "loading s"):
        shown.add_column(column, justify="left" if column == "model" else "right")
    for name, found in runs.items():
        middle = {key: statistics.median(one[key] for one in found) for key in found[0]}
        rates = [f"{middle['steps'] / middle[key] / 1e6:.1f}" for key in ("seconds", "cpu_seconds")]
        counts = [f"{middle[key]:,.0f}" for key in ("steps", "walks")]
        times = [f"{middle[key]:.2f}" for key in ("seconds", "cpu_seconds")]
        shown.add_row(name, *counts, *times, *rates, f"{middle['loading_seconds']:.2f}")
    return shown


def main() -> None:
    """Measure every model in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=20_000_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    console = Console()
    where = machine()
    console.print(where)
    runs = {
        name: [measure(scenario, parameters, asked.steps, seed) for seed in range(asked.repeat)]
        for name, (scenario, parameters) in MODELS.items()
    }
    console.print(table(runs))
    if asked.json:
        asked.json.write_text(json.dumps({"machine": where, "runs": runs}, indent=1) + "\n")


if __name__ == "__main__":
    main()
