"""A merge in a process of its own, to be killed."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from ._state import PARTIAL

SCRIPT = (str(Path(sys.executable).parent / "mergealign"),)
SLOW = (sys.executable, "-m", "tests.faults._slow")


def start(
    models: dict[str, Path], out: Path, *options: str, program: tuple[str, ...] = SCRIPT
) -> subprocess.Popen[str]:
    command = [*program, "merge", *(f"--{role}={folder}" for role, folder in models.items()), f"--out={out}"]
    return subprocess.Popen(
        [*command, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=_heed_signals
    )


def _heed_signals() -> None:
    """Signals that are ignored stay ignored in children: the tests may themselves run in the background."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def wait_until_writing(process: subprocess.Popen[str], out: Path) -> None:
    """Return when the process writes files of its own, not those of one that was killed, or has ended."""
    partial, since = out.with_name(PARTIAL), time.time_ns()
    while process.poll() is None and not any(_changed_ns(f) > since for f in partial.glob("*")):
        time.sleep(0.002)


def _changed_ns(file: Path) -> int:
    with suppress(FileNotFoundError):  # gone just now
        return file.stat().st_ctime_ns
    return 0
