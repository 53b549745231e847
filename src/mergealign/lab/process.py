"""Training in a process of its own: it fixes the number of threads whatever the caller does with torch.

The child reports every step as one JSON line `[step, loss]` on stdout.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..errors import OutputError

__all__ = ["Progress", "Step", "follow", "start"]


@dataclass(frozen=True)
class Step:
    """One training step that is done."""

    stage: str
    step: int
    steps: int
    loss: float


Progress = Callable[[Step], None]


def start(command: Sequence[str], threads: int) -> subprocess.Popen[str]:
    """Start a child on so many threads."""
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ
        | {
            "OMP_NUM_THREADS": str(threads),
            "GOMP_SPINCOUNT": "10000",  # on a busy machine, threads that spin for long are ten times slower
            "TOKENIZERS_PARALLELISM": "false",
        },
    )


def follow(child: subprocess.Popen[str], stage: str, steps: int, progress: Progress | None) -> float:
    """Pass the steps of a stage on until it ends. Returns the seconds it took. Raises OutputError if it failed."""
    began = time.monotonic()
    said = "it said nothing"
    with child:
        for line in child.stdout or ():
            try:
                step, loss = json.loads(line)
            except (ValueError, TypeError):
                said = line.strip() or said  # of a traceback, the last line counts
                continue
            if progress:
                progress(Step(stage, step, steps, loss))
    if code := child.returncode:
        raise OutputError(
            f"training '{stage}' ended with exit code {code}: {said}",
            cure="check disk space, memory and the installation of torch and transformers",
        )
    return round(time.monotonic() - began, 2)
