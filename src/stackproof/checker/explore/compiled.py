"""Compiling Python to machine code, once for each version of the compiled files.

Numba keeps compiled functions on disk, but notices only changes of the very file that a function stands in. Here the
functions of several files call each other, so the cache lies in a folder of its own, named after the contents of all
of them. Those compiled with NUMBA_BOUNDSCHECK=1, which look before they read, have another one.
"""

import hashlib
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, TypeVar

import numba
from llvmlite import ir
from numba import config, njit, types
from numba.core import cgutils
from numba.core.event import Event, Listener, install_listener
from numba.extending import intrinsic

CHECKER = Path(__file__).parents[1]
SOURCES = (
    *(f"explore/{name}.py" for name in ("compiled", "keys", "lookups", "visited", "entries", "taking", "expansion")),
    *("explore/edges.py", "search/lanes.py", "search/stepping.py", "search/walking.py"),
)


def cache_folder() -> str:
    """The folder for compiled code of exactly these sources."""
    contents = b"".join((CHECKER / name).read_bytes() for name in SOURCES)
    version = hashlib.sha256(contents + f"{numba.__version__} {config.BOUNDSCHECK}".encode()).hexdigest()[:16]
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return str(Path(os.environ.get("NUMBA_CACHE_DIR") or base / "stackproof") / version)


Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(**options: Any) -> Callable[[Function], Function]:
    """A decorator: the function as machine code, which runs beside other threads.

    Without `_nrt` numba counts references to each array that it touches, at five times the cost of everything else;
    the price is that a compiled function allocates nothing, and is handed the scratch arrays that it needs.
    """

    def decorate(function: Function) -> Function:
        before = config.CACHE_DIR
        config.CACHE_DIR = cache_folder()
        try:
            made: Function = njit(cache=True, nogil=True, boundscheck=False, _nrt=False, **options)(function)
        finally:
            config.CACHE_DIR = before
        return made

    return decorate


native = compiled()
within = compiled(inline="always")
"""Written into what calls it, and compiled with that, which is fastest."""
once = compiled(forceinline=True)
"""Compiled by itself, then put into what calls it: for what is called in many places, which would take long."""


class Telling(Listener):
    """Calls a function whenever numba begins to compile something."""

    def __init__(self, tell: Callable[[], None]) -> None:
        self.tell = tell

    def on_start(self, event: Event) -> None:
        """It begins."""
        self.tell()

    def on_end(self, event: Event) -> None:
        """It is done: whoever is at work says how far that is."""


def telling(tell: Callable[[], None]) -> AbstractContextManager[Any]:
    """For as long as this lasts, `tell` is called whenever something is compiled, and not found on disk."""
    return install_listener("numba:compile", Telling(tell))


def ask_for(_context: Any, array: Any, place: Any) -> Any:
    """The signature and the machine code of `prefetch`."""

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        view = context.make_array(array)(context, builder, arguments[0])
        zero = context.get_constant(types.intp, 0)
        address = cgutils.get_item_pointer(context, builder, array, view, [arguments[1], zero], wraparound=False)
        address = builder.bitcast(address, cgutils.voidptr_t)
        number = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t, number, number, number])
        ask = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        builder.call(ask, [address, number(0), number(3), number(1)])
        return context.get_dummy_value()

    return types.void(array, types.intp), generate


prefetch: Any = intrinsic(ask_for)
"""prefetch(array, place): ask the processor to bring row `place` of `array` into its cache, without waiting for it."""
