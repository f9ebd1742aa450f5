"""Run one command on some of the cores and say what it cost.

Usage: `python -I -S measured.py CORES LIMIT_S FILE COMMAND...`. What the command prints passes through;
its cost goes to FILE, as JSON.

A process of its own, with the standard library only: Linux starts the peak memory of a child at that of the process
that started it, and a bare interpreter is the smallest parent at hand (about 10 MiB).
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path


def cost(command: list[str], cores: int, limit_s: float) -> dict[str, float]:
    """Seconds on the clock, seconds of processors (user and system), peak resident MiB, and how the command ended."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])
    began = time.perf_counter()
    with subprocess.Popen(command) as child:
        signal.signal(signal.SIGALRM, lambda *_: child.kill())
        signal.setitimer(signal.ITIMER_REAL, limit_s)
        try:
            _, status, usage = os.wait4(child.pid, 0)
        except BaseException:
            child.kill()
            raise
        signal.setitimer(signal.ITIMER_REAL, 0)
        wall_s = time.perf_counter() - began
        child.returncode = os.waitstatus_to_exitcode(status)
    return {
        "wall_s": wall_s,
        "cpu_s": usage.ru_utime + usage.ru_stime,
        "peak_mib": usage.ru_maxrss / 1024,
        "status": child.returncode,
    }


if __name__ == "__main__":
    _, cores, limit_s, file, *command = sys.argv
    Path(file).write_text(json.dumps(cost(command, int(cores), float(limit_s))), encoding="utf-8")
