"""Progress on a terminal, silence elsewhere."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["announce_compiling", "bytes_progress"]


def announce_compiling() -> None:
    """Say so, in one line, if kernels have to be compiled on the way: once on a machine that can cache them."""
    from ..kernels._compile import when_compiling

    when_compiling(lambda: print("compiling kernels for this machine: a few seconds", file=sys.stderr))


@contextmanager
def bytes_progress(what: str, total: int) -> Iterator[Callable[[int], None] | None]:
    """A function to be told bytes from any thread, drawn as bar, rate and time left; None if stderr is no terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (TextColumn(what), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)
        lock = threading.Lock()
        waiting = 0

        def advance(n_bytes: int) -> None:
            nonlocal waiting
            with lock:
                waiting += n_bytes
                if waiting < 64 << 20:  # redrawing is not free
                    return
                done, waiting = waiting, 0
            bar.advance(task, done)

        yield advance
