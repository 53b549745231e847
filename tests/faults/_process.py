"""A merge in a process of its own, to be killed."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from ._state import PARTIAL

SCRIPT = Path(sys.executable).parent / "mergealign"


def start(models: dict[str, Path], out: Path, *options: str) -> subprocess.Popen[str]:
    command = [str(SCRIPT), "merge", *(f"--{role}={folder}" for role, folder in models.items()), f"--out={out}"]
    return subprocess.Popen([*command, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_until_writing(process: subprocess.Popen[str], out: Path) -> None:
    """Return when the folder that is being written holds something, or the process has ended."""
    partial = out.with_name(PARTIAL)
    while process.poll() is None and not (partial.exists() and any(partial.iterdir())):
        time.sleep(0.002)
