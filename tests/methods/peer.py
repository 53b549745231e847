"""mergekit as a peer: its own merge rules on given arrays, in an interpreter of its own (MERGEKIT_PYTHON).

    from .peer import needs_mergekit, run_mergekit

    @needs_mergekit
    def test_ties() -> None:
        merged = run_mergekit("ties", {"w": [base, a, b]}, base=True, parameters={"weight": [0.5, 1.0], "density": 0.3})

The interpreter is started once and answers until the tests end: importing mergekit takes five seconds.
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

__all__ = ["assert_agree", "needs_mergekit", "run_mergekit"]

needs_mergekit = pytest.mark.skipif(
    "MERGEKIT_PYTHON" not in os.environ,
    reason="MERGEKIT_PYTHON is not set: it names a Python interpreter that has mergekit 0.1.5",
)

TOLERANCE = 1e-6  # of the largest weight
AT_THRESHOLD = 1e-5  # of all elements, those at a magnitude threshold


def run_mergekit(
    method: str,
    tensors: Mapping[str, Sequence[Any]],
    *,
    base: bool,
    parameters: Mapping[str, Any],
    seed: int = 0,
) -> dict[str, Any]:
    """What mergekit's rule `method` makes of float32 arrays, in float32, by name.

    Args:
        tensors: for each name the inputs, the base first.
        base: whether the first input is the base.
        parameters: by their names in recipes; for one with a value per input, a scalar or a list in the order of the
            inputs (without the base where the rule gives the base no value).
        seed: of torch, set before each call.
    Raises:
        RuntimeError: mergekit refused, with its message.
    """
    server = _server()
    with tempfile.TemporaryDirectory() as folder:
        given, made = Path(folder) / "given.npz", Path(folder) / "made.npz"
        np.savez(given, **{f"{name}|{i}": array for name, arrays in tensors.items() for i, array in enumerate(arrays)})
        case = {
            "method": method,
            "given": str(given),
            "made": str(made),
            "n_inputs": {name: len(arrays) for name, arrays in tensors.items()},
            "base": base,
            "parameters": dict(parameters),
            "seed": seed,
        }
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write(json.dumps(case) + "\n")
        server.stdin.flush()
        answer = server.stdout.readline()
        if not answer:
            raise RuntimeError(f"mergekit's interpreter ended with exit code {server.wait()}")
        if error := json.loads(answer)["error"]:
            raise RuntimeError(error)
        with np.load(made) as merged:
            return {name: merged[name] for name in merged.files}


def assert_agree(ours: Any, theirs: Any, what: str, *, at_threshold: float = 0.0) -> float:
    """Every element within TOLERANCE of the largest weight, but for a share `at_threshold` of all.

    Returns the largest difference relative to the largest weight among elements that agree.
    """
    largest = np.abs(theirs).max()
    off = np.abs(ours.astype(np.float64) - theirs) / largest
    agree = off <= TOLERANCE
    n_off, allowed = np.count_nonzero(~agree), int(at_threshold * off.size)
    assert n_off <= allowed, (
        f"{what}: {n_off} of {off.size} elements differ, {allowed} may; at worst by {off.max():.2e}"
    )
    return float(off[agree].max())


@cache
def _server() -> subprocess.Popen[str]:
    script = Path(__file__).with_name("_mergekit_server.py")
    server = subprocess.Popen(
        [os.environ["MERGEKIT_PYTHON"], str(script)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"},
    )
    atexit.register(_stop, server)
    return server


def _stop(server: subprocess.Popen[str]) -> None:
    server.communicate()  # closes its standard input, at which it ends
