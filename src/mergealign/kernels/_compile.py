"""How kernels are compiled: without the GIL, cached on disk under a key of all kernel sources.

numba alone notices a change of the file a function stands in, but not of the files it calls; so the cache folder
is named after a digest of them all. Where no cache can be written, kernels are compiled anew in each process.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numba
import xxhash
from numba.core import event

__all__ = ["kernel", "when_compiling"]


def _cache_folder() -> str:
    sources = b"".join(p.read_bytes() for p in sorted(Path(__file__).parent.glob("*.py")))
    if sys.platform == "darwin":
        home = Path.home() / "Library" / "Caches"
    else:
        home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return str(home / "mergealign" / f"kernels-{xxhash.xxh3_64_hexdigest(sources)}")


def when_compiling(tell: Callable[[], None]) -> None:
    """Call `tell` once, when the first kernel is compiled that was not in the cache; not at all if none is."""

    class First(event.Listener):  # type: ignore[misc]
        def on_start(self, _event: Any) -> None:
            event.unregister("numba:compile", self)
            tell()

        def on_end(self, _event: Any) -> None:
            """Nothing: only the beginning is told."""

    event.register("numba:compile", First())


def kernel(function: Callable[..., Any] | None = None, *, fastmath: set[str] | None = None) -> Any:
    """`function` compiled on first use per mixture of dtypes; `.py_func` is the readable original.

    Division by zero gives infinity or NaN, as in numpy: Python's error would cost vector code. `fastmath` names laws of
    arithmetic that may be assumed, for example {"reassoc"}: sums in any order.
    """
    if function is None:
        return partial(kernel, fastmath=fastmath)
    options = {"nogil": True, "error_model": "numpy", "fastmath": fastmath or False}
    before = numba.config.CACHE_DIR
    folder = before or _cache_folder()  # NUMBA_CACHE_DIR is the user's word
    if not _writable(folder):  # else numba would cache beside the sources, where it goes stale
        return numba.njit(**options)(function)
    numba.config.CACHE_DIR = folder
    try:
        return numba.njit(**options, cache=True)(function)
    finally:
        numba.config.CACHE_DIR = before


def _writable(folder: str) -> bool:
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK | os.X_OK)
