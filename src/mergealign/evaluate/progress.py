"""How far an evaluation is: one bar per task, on standard error, silent where that is no terminal."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import Protocol

__all__ = ["Progress", "Silent", "terminal_progress"]


class Progress(Protocol):
    """Told what is going on."""

    def task(self, model: str, task: str, n_items: int) -> contextlib.AbstractContextManager[Callable[[int], None]]:
        """Within it one task runs; what it yields is called with numbers of finished items."""


class Silent:
    """Shows nothing."""

    @contextlib.contextmanager
    def task(self, model: str, task: str, n_items: int) -> Iterator[Callable[[int], None]]:  # noqa: ARG002
        yield lambda _: None


@contextlib.contextmanager
def terminal_progress() -> Iterator[Progress]:
    """Bars with items, items per second and time left."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars
    from rich.progress import Task as Bar
    from rich.text import Text

    console = Console(file=sys.stderr)
    if not console.is_terminal:
        yield Silent()
        return

    class Speed(ProgressColumn):
        def render(self, task: Bar) -> Text:
            speed = task.finished_speed or task.speed
            return Text(f"{speed:.0f} items/s" if speed else "")

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Speed(), TimeRemainingColumn())
    with Bars(*columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False) as bars:

        class Shown:
            @contextlib.contextmanager
            def task(self, model: str, task: str, n_items: int) -> Iterator[Callable[[int], None]]:
                bar = bars.add_task(f"{model} · {task}", total=n_items)
                try:
                    yield lambda n: bars.advance(bar, n)
                finally:
                    bars.remove_task(bar)

        yield Shown()
