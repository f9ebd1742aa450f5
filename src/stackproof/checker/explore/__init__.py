"""Exhaustive exploration: every world within the bounds of a scenario.

Two engines answer alike: the plain one, which anybody can read, and the native one, which is fast. `auto` begins with
the plain one, so that small questions do not wait for a compiler, and turns to the native one after a fixed number of
worlds (a number and not a time, so that the same question is always answered by the same engine).
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, TypeAlias

from attrs import define, evolve

from stackproof.checker.explore.limits import Limits, OutOfBudget, Watcher
from stackproof.checker.explore.plain import explore_plainly
from stackproof.checker.host import ScenarioError
from stackproof.checker.report import Report
from stackproof.checker.scenario import Property, Scenario, true_in
from stackproof.checker.trace import Trace
from stackproof.checker.world import World

Engine: TypeAlias = Literal["auto", "plain", "native"]

PLAIN_WORLDS = 3_000


def explore(
    scenario: Scenario,
    *,
    engine: Engine = "auto",
    seconds: float | None = None,
    memory_mib: int | None = None,
    worlds: int | None = None,
    watcher: Watcher | None = None,
    threads: int | None = None,
    symmetric: bool = False,
) -> Report:
    """Visit every world of `scenario` and hold its properties against each.

    seconds, memory_mib, worlds   where to stop, the verdict unknown (memory: by default at 80 % of all there is)
    watcher                       is told the progress about ten times a second
    threads                       of the native engine (None: as it sees fit)
    symmetric                     visit one world of each orbit, with the symmetry that the scenario declares
    """
    if engine not in ("auto", "plain", "native"):
        raise ScenarioError(f"there is no engine {engine!r}: take auto, plain or native")
    limits = Limits(worlds, seconds, memory_mib or most_memory_mib(), watcher)
    if symmetric and engine == "native":
        raise ScenarioError("only the plain engine knows symmetry: omit --engine native, or --symmetric")
    if engine == "plain" or symmetric:
        return explore_plainly(scenario, limits, symmetric)
    if engine == "auto":
        small = Trial(worlds, seconds, limits.memory_mib, watcher, began=limits.began)
        report = explore_plainly(scenario, small)
        if not small.outgrown:
            return report
    from stackproof.checker.explore.native import explore_natively  # noqa: PLC0415 - the compiler is slow to import

    return explore_natively(scenario, limits, threads)


@define
class Trial(Limits):
    """The limits of a first attempt by the plain engine."""

    outgrown: bool = False

    def check(self, worlds: int, transitions: int, depth: int, frontier: int) -> None:
        """Give up, too, once there are more worlds than the plain engine should bother with."""
        super().check(worlds, transitions, depth, frontier)
        if worlds > PLAIN_WORLDS:
            self.outgrown = True
            raise OutOfBudget(f"more than {PLAIN_WORLDS:,} worlds")


def witness(scenario: Scenario, goal: Property, *, engine: Engine = "auto") -> Trace | None:
    """A shortest run of `scenario` that reaches `goal`, or None where there is none."""

    def unreached(world: World) -> Iterator[str]:
        if true_in(goal, world):
            yield f"{goal.__name__} is reached"

    promised: dict[str, Any] = dict.fromkeys(("goals", "eventually", "eventually_always", "always_reachable"), ())
    report = explore(evolve(scenario, invariants=(unreached,), **promised), engine=engine)
    found = next((one.trace for one in report.violated if one.property == unreached.__name__), None)
    return None if found is None else evolve(found, expect={"verdict": "reached", "property": goal.__name__})


def most_memory_mib() -> int:
    """80 % of the memory of this machine, or of the container in which this process runs."""
    sizes = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    for limit in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            sizes.append(int(Path(limit).read_text("ascii")))
        except (OSError, ValueError):
            continue
    return min(sizes) * 4 // 5 >> 20
