"""How kernels are compiled: without the GIL, cached on disk under a key of all kernel sources.

numba alone notices a change of the file a function stands in, but not of the files it calls; so the cache folder
is named after a digest of them all. Where no cache can be written, kernels are compiled anew in each process.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import xxhash

__all__ = ["compiled_before", "kernel"]


def _cache_folder() -> str:
    sources = b"".join(p.read_bytes() for p in sorted(Path(__file__).parent.glob("*.py")))
    if sys.platform == "darwin":
        home = Path.home() / "Library" / "Caches"
    else:
        home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return str(home / "mergealign" / f"kernels-{xxhash.xxh3_64_hexdigest(sources)}")


def compiled_before() -> bool:
    """Whether kernels are in the cache: if not, the first use takes a few seconds."""
    folder = Path(numba.config.CACHE_DIR or _cache_folder())
    try:
        return any(folder.rglob("*.nbi"))
    except OSError:  # not ours to look into
        return False


def kernel(function: Callable[..., Any]) -> Any:
    """`function` compiled on first use per mixture of dtypes; `.py_func` is the readable original."""
    before = numba.config.CACHE_DIR
    if not before:  # NUMBA_CACHE_DIR is the user's word
        numba.config.CACHE_DIR = _cache_folder()
    try:
        return numba.njit(function, nogil=True, cache=True)
    except RuntimeError:  # numba's way to say that no place for the cache is writable
        return numba.njit(function, nogil=True)
    finally:
        numba.config.CACHE_DIR = before
