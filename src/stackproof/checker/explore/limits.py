"""When to stop before the end: worlds, time, memory, an interrupt. And what to say of the progress meanwhile."""

import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from attrs import define, evolve, field, frozen

PATIENCE_S = 0.1
COMPILING = "compiling, once on this machine"


class OutOfBudget(Exception):
    """A limit was reached; its message says which, and with how much."""


@frozen
class Progress:
    """What a long exploration shows."""

    worlds: int
    transitions: int
    depth: int
    frontier: int
    seconds: float
    note: str = ""


Watcher: TypeAlias = Callable[[Progress], None]


@define
class Limits:
    """`check` raises OutOfBudget once a limit is reached, and tells the watcher how far it is."""

    worlds: int | None = None
    seconds: float | None = None
    memory_mib: int | None = None
    watcher: Watcher | None = None
    began: float = field(factory=time.monotonic)
    told: float = 0.0
    seen: Progress = Progress(0, 0, 0, 0, 0.0)

    @property
    def elapsed(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self.began

    def check(self, worlds: int, transitions: int, depth: int, frontier: int) -> None:
        """Look at the clock, the memory and the count; called every few milliseconds."""
        elapsed = self.elapsed
        if self.watcher is not None:
            self.seen = Progress(worlds, transitions, depth, frontier, elapsed)
            if elapsed - self.told > PATIENCE_S:
                self.told = elapsed
                self.watcher(self.seen)
        if self.worlds is not None and worlds > self.worlds:
            raise OutOfBudget(f"the limit of {self.worlds:,} worlds was reached")
        if self.seconds is not None and elapsed > self.seconds:
            raise OutOfBudget(f"the limit of {self.seconds:g} s was reached")
        self.afford(0)

    def say_compiling(self) -> None:
        """Tell the watcher that nothing is explored for a while, since the loops for it are compiled."""
        if self.watcher is not None:
            self.watcher(evolve(self.seen, seconds=self.elapsed, note=COMPILING))

    def afford(self, more: int) -> None:
        """Raise OutOfBudget unless there is memory for so many bytes more."""
        if self.memory_mib is not None and resident_mib() + (more >> 20) > self.memory_mib:
            raise OutOfBudget(f"the limit of {self.memory_mib:,} MiB of memory was reached")


def why_stopped(stop: BaseException) -> str:
    """What ended an exploration before its end, in words."""
    return "there was no more memory" if isinstance(stop, MemoryError) else str(stop) or "interrupted"


def resident_mib() -> int:
    """The memory of this process now, where the system tells; else the most it ever had."""
    try:
        return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * resource.getpagesize() >> 20
    except OSError:
        return peak_mib()


def peak_mib() -> int:
    """The most memory that this process ever had."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak >> (20 if sys.platform == "darwin" else 10)
