"""Compiling Python to machine code, once for each version of the compiled files.

Numba keeps compiled functions on disk, but notices only changes of the very file that a function stands in. Here the
functions of several files call each other, so the cache lies in a folder of its own, named after the contents of all
of them.
"""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba
from llvmlite import ir
from numba import config, njit, types
from numba.core import cgutils
from numba.extending import intrinsic

SOURCES = ("compiled.py", "keys.py", "lookups.py", "visited.py", "expansion.py", "edges.py")


def cache_folder() -> str:
    """The folder for compiled code of exactly these sources."""
    here = Path(__file__).parent
    contents = b"".join((here / name).read_bytes() for name in SOURCES)
    version = hashlib.sha256(contents + numba.__version__.encode()).hexdigest()[:16]
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return os.environ.get("NUMBA_CACHE_DIR") or str(base / "stackproof" / version)


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
