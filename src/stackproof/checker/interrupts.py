"""Ctrl-C, whenever it comes.

Python raises KeyboardInterrupt in whatever runs at that moment. Where this is a callback of the garbage collector, and
Hypothesis has one, the exception has no caller to go to: Python prints it and goes on as if nothing had been asked.
"""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Timer

ASK_AGAIN_S = 0.02


@contextmanager
def heard() -> Iterator[None]:
    """Ask a moment later once more for an interrupt that would be lost."""
    usual = sys.unraisablehook

    def hook(lost: "sys.UnraisableHookArgs") -> None:
        if lost.exc_type is KeyboardInterrupt:
            again = Timer(ASK_AGAIN_S, os.kill, (os.getpid(), signal.SIGINT))
            again.daemon = True
            again.start()
        else:
            usual(lost)

    sys.unraisablehook = hook
    try:
        yield
    finally:
        sys.unraisablehook = usual
