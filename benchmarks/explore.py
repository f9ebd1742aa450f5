"""How fast the native explorer is: `python benchmarks/explore.py [--threads 1] [--repeat 3] [--json FILE]`.

Each measurement is a process of its own. It first explores a tiny scenario, so that compiled code is loaded; how long
that takes is stated, and not counted. Memory is the most that the process ever had, less what it had after that, for
each distinct world. The first run on a machine compiles, for about a minute.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

MODELS: dict[str, tuple[str, dict[str, Any]]] = {
    "two-phase commit, 9 participants": ("two-phase-commit-tla", {"participants": 9}),
    "ABD register, 3 servers, 2 clients, no history": ("abd", {"servers": 3, "clients": 2, "history": False}),
}


def measure(scenario: str, parameters: dict[str, Any], threads: int) -> dict[str, Any]:
    """Explore one scenario in this process, and say what it took."""
    from stackproof.checker.explore.limits import Limits, peak_mib, resident_mib
    from stackproof.checker.explore.native import explore_natively
    from stackproof.checker.registry import build

    began = time.monotonic()
    explore_natively(build("two-phase-commit-tla", {"participants": 1}), Limits(), threads)
    loading, start_mib, cpu = time.monotonic() - began, resident_mib(), time.process_time()
    report = explore_natively(build(scenario, parameters), Limits(), threads)
    return {
        "verdict": report.verdict.value,
        "distinct": report.distinct,
        "transitions": report.transitions,
        "seconds": report.seconds,
        "cpu_seconds": time.process_time() - cpu,
        "loading_seconds": loading,
        "bytes_per_world": (peak_mib() - start_mib) * 2**20 / report.distinct,
    }


def measured(scenario: str, parameters: dict[str, Any], threads: int) -> dict[str, Any]:
    """The same in a process of its own."""
    question = json.dumps([scenario, parameters, threads])
    answer = subprocess.run([sys.executable, __file__, "--child", question], capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


def machine() -> str:
    """What this was measured on."""
    info = Path("/proc/cpuinfo")
    names = [line.partition(":")[2].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
    cpu = names[0] if names else platform.processor()
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    return f"{cpu}, {os.cpu_count()} cores, Python {platform.python_version()}, load before: {load}"


def table(runs: dict[str, list[dict[str, Any]]], threads: int) -> Table:
    """The medians, for people."""
    shown = Table(title=f"native engine, {threads} thread{'s' * (threads > 1)}")
    for column in ("model", "distinct", "transitions", "s", "CPU s", "M transitions/s", "bytes/world", "loading s"):
        shown.add_column(column, justify="left" if column == "model" else "right")
    for name, found in runs.items():
        middle = {key: statistics.median(one[key] for one in found) for key in found[0] if key != "verdict"}
        rate = middle["transitions"] / middle["seconds"] / 1e6
        counts = (f"{middle['distinct']:,.0f}", f"{middle['transitions']:,.0f}")
        times = (f"{middle['seconds']:.2f}", f"{middle['cpu_seconds']:.2f}", f"{rate:.1f}")
        shown.add_row(name, *counts, *times, f"{middle['bytes_per_world']:.1f}", f"{middle['loading_seconds']:.2f}")
    return shown


def main() -> None:
    """Measure every model in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        sys.stdout.write(json.dumps(measure(*json.loads(asked.child))))
        return
    console = Console()
    console.print(machine())
    runs = {
        name: [measured(scenario, parameters, asked.threads) for _ in range(asked.repeat)]
        for name, (scenario, parameters) in MODELS.items()
    }
    console.print(table(runs, asked.threads))
    if asked.json:
        asked.json.write_text(
            json.dumps({"machine": machine(), "threads": asked.threads, "runs": runs}, indent=1) + "\n"
        )


if __name__ == "__main__":
    main()
