"""What a command costs: wall time, CPU time of it and its children, peak of its anonymous memory."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Cost", "cost_of"]


@dataclass(frozen=True)
class Cost:
    """Seconds and bytes."""

    wall_s: float
    cpu_s: float
    peak_bytes: float


def cost_of(command: list[str]) -> Cost:
    """Run to the end. Memory (RssAnon) is sampled every 5 ms; a command that fails ends this program."""
    with tempfile.TemporaryFile() as errors:
        before = os.times()
        start = time.perf_counter()
        running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors)
        peak = 0
        while running.poll() is None:
            peak = max(peak, _anonymous_bytes(running.pid))
            time.sleep(0.005)
        wall_s = time.perf_counter() - start
        after = os.times()
        if running.returncode:
            errors.seek(0)
            sys.exit(f"{command[0]} failed:\n{errors.read().decode()[-2000:]}")
    cpu_s = after.children_user + after.children_system - before.children_user - before.children_system
    return Cost(wall_s, cpu_s, peak)


def _anonymous_bytes(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("RssAnon"))
