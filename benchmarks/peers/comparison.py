"""What was measured: as a table, as sentences, as JSON."""

import os
import platform
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from attrs import asdict, define, field, frozen
from engines import AbsentError, Bench, Engine
from rich.console import Console
from rich.table import Table

TIMES = ("wall_s", "search_s", "cpu_s")
COLUMNS = ("cores", "wall s", "search s", "CPU s", "peak MiB", "worlds/s", "wall\nratio", "search\nratio", "CPU\nratio")


@frozen
class Run:
    """What one run cost: the whole process, and the search alone as the engine itself clocks it."""

    wall_s: float
    cpu_s: float
    peak_mib: float
    search_s: float


@define
class Row:
    """One engine and its runs, or what went wrong with it."""

    engine: Engine
    runs: list[Run] = field(factory=list)
    trouble: str | None = None

    def median(self, what: str) -> float:
        """Of one field, over the runs."""
        return float(statistics.median(getattr(run, what) for run in self.runs))

    @property
    def measured(self) -> bool:
        """Whether its numbers may be shown."""
        return self.trouble is None and bool(self.runs)


@frozen
class Comparison:
    """Everything that is printed, and written as JSON."""

    bench: Bench
    machine: dict[str, str]
    rows: list[Row]
    absent: dict[str, AbsentError]
    first_run_s: float | None

    def ratio(self, row: Row, what: str) -> float | None:
        """How many times as long as ours."""
        mine = self.rows[0]
        if not (mine.measured and row.measured and mine.median(what)):
            return None
        return row.median(what) / mine.median(what)

    def worlds_per_s(self, row: Row) -> float:
        """Distinct worlds per second of the whole process."""
        return self.bench.distinct / row.median("wall_s")


def show(comparison: Comparison) -> None:
    """Print the table and everything needed to judge it."""
    console = Console(highlight=False) if sys.stdout.isatty() else Console(highlight=False, width=120)
    participants = comparison.bench.participants
    console.print(f"Two-phase commit, {participants} resource managers: every world, by each engine in turn.")
    for name, value in comparison.machine.items():
        console.print(f"  {name}: {value}", markup=False)
    console.print(table(comparison))
    for sentence in (*notes(comparison), *builds(comparison)):
        console.print(sentence, markup=False, soft_wrap=True)
    for sentence in shortcomings(comparison):
        console.print(sentence, markup=False, soft_wrap=True, style="red")


def table(comparison: Comparison) -> Table:
    """One row per engine."""
    drawn = Table()
    drawn.add_column("engine", no_wrap=True)
    for column in COLUMNS:
        drawn.add_column(column, justify="right")
    for row in comparison.rows:
        drawn.add_row(row.engine.name, *cells(comparison, row))
    return drawn


def cells(comparison: Comparison, row: Row) -> list[str]:
    """What the table says of an engine that counted correctly."""
    if not row.measured:
        return [str(row.engine.cores), *"-" * (len(COLUMNS) - 1)]
    times = [f"{row.median(what):.2f}" for what in TIMES]
    ratios = [comparison.ratio(row, what) for what in TIMES]
    told = ["-" if ratio is None else f"{ratio:.2f}" for ratio in ratios]
    return [
        str(row.engine.cores),
        *times,
        f"{row.median('peak_mib'):.0f}",
        f"{comparison.worlds_per_s(row):,.0f}",
        *told,
    ]


def notes(comparison: Comparison) -> Iterator[str]:
    """What the columns mean."""
    bench = comparison.bench
    agree = sum(row.measured for row in comparison.rows)
    counted = f"{bench.distinct:,} distinct worlds and {bench.transitions:,} transitions"
    yield f"{agree} of {len(comparison.rows)} searches counted {counted}, as they should."
    yield "Wall, CPU, peak, worlds/s: the whole process. Search: as the engine clocks itself (TLC in whole seconds)."
    yield "Ratio: how many times as long as ours, by that clock."
    if comparison.first_run_s is not None:
        yield f"Not counted: our first run, compiling what was not cached: {comparison.first_run_s:.1f} s in all."


def builds(comparison: Comparison) -> Iterator[str]:
    """Each tool once: what it remembers, its version, and what it took to build."""
    by_tool: dict[str, list[Engine]] = {}
    for row in comparison.rows:
        by_tool.setdefault(row.engine.tool, []).append(row.engine)
    for tool, engines in by_tool.items():
        build_s = sum(engine.build_s for engine in engines)
        built = f"; built in {build_s:.1f} s, not counted" if build_s else ""
        yield f"  {tool}: remembers {engines[0].remembers}; {engines[0].version}{built}"


def shortcomings(comparison: Comparison) -> Iterator[str]:
    """What went wrong, and what is absent."""
    for row in comparison.rows:
        if row.trouble is not None:
            yield f"{row.engine.name}: {row.trouble}."
    for name, error in comparison.absent.items():
        yield f"{name} is not present: {error.why}. To have it: {error.remedy}."


def machine() -> dict[str, str]:
    """The machine, in words."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "processor": processor(),
        "cores": str(os.cpu_count()),
        "memory": f"{memory:.0f} GiB",
        "system": platform.freedesktop_os_release().get("PRETTY_NAME", platform.system()),
        "load, last minute": f"{os.getloadavg()[0]:.1f}",
    }


def processor() -> str:
    """The model of the processor."""
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def form(comparison: Comparison) -> dict[str, Any]:
    """The comparison as JSON."""
    bench = comparison.bench
    return {
        "machine": comparison.machine,
        "participants": bench.participants,
        "cores": bench.cores,
        "distinct": bench.distinct,
        "transitions": bench.transitions,
        "first_run_s": comparison.first_run_s,
        "engines": [row_form(comparison, row) for row in comparison.rows],
        "absent": [{"peer": name, "why": e.why, "remedy": e.remedy} for name, e in comparison.absent.items()],
    }


def row_form(comparison: Comparison, row: Row) -> dict[str, Any]:
    """One engine as JSON: medians, ratios and every run."""
    engine = row.engine
    return {
        "engine": engine.name,
        "version": engine.version,
        "remembers": engine.remembers,
        "cores": engine.cores,
        "build_s": engine.build_s,
        **{what: row.median(what) if row.measured else None for what in (*TIMES, "peak_mib")},
        "worlds_per_s": comparison.worlds_per_s(row) if row.measured else None,
        "ratios": {what: comparison.ratio(row, what) for what in TIMES},
        "runs": [asdict(run) for run in row.runs],
        "trouble": row.trouble,
    }
