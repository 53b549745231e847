"""Compiling: once per machine where a cache can be written, and working where none can."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import numpy as np
from mergealign.kernels._compile import when_compiling
from mergealign.kernels.linear import convert
when_compiling(lambda: print("compiling"))
out = np.zeros(3, np.float32)
assert convert(np.ones(3, np.float32), out) and out.all()
assert convert(np.ones(3, np.float64), out)
"""


def run(cache: Path) -> list[str]:
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache), "HOME": str(cache)}
    environment.pop("NUMBA_CACHE_DIR", None)
    command = [sys.executable, "-W", "error", "-c", PROGRAM]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.split()


def test_compiled_once(tmp_path: Path) -> None:
    assert run(tmp_path) == ["compiling"]
    assert run(tmp_path) == []


def test_works_where_no_cache_can_be_written() -> None:
    assert run(Path(os.devnull)) == ["compiling"]
    assert run(Path(os.devnull)) == ["compiling"]
