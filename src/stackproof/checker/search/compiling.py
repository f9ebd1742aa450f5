"""Walks are compiled once on each machine, which takes longer than many a search."""

from pathlib import Path

from stackproof.checker.scenario import Scenario

TAKES_S = 20
"""So much time must be left for walks to be compiled in it; on a core of its own it takes some twelve."""
LEFT_OUT = "random walks: to compile them, once on this machine, takes more time than was left; give --time 60, or none"


def is_compiled() -> bool:
    """Whether the walks were compiled on this machine before."""
    from stackproof.checker.explore.compiled import cache_folder  # noqa: PLC0415 - the compiler is slow to import

    return any(Path(cache_folder()).glob("*/walking.walk-*.nbi"))


def compile_walks(scenario: Scenario) -> None:
    """Compile them, by a walk of one step."""
    from stackproof.checker.search.walks import walks  # noqa: PLC0415 - the compiler is slow to import

    if walks(scenario, steps=1).why == "interrupted":
        raise KeyboardInterrupt
