"""A signal ends a command as a mistake does: cleaned up, one line on stderr, the exit code that shells expect."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["Stopped", "stoppable"]


class Stopped(BaseException):
    """A signal asked to stop. No Exception and no KeyboardInterrupt, so that nothing on the way out swallows it."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.exit_code = 128 + number


def _stop(number: int, _: FrameType | None) -> None:
    signal.signal(number, signal.SIG_IGN)  # cleaning up is under way: a second one must not interrupt it
    raise Stopped(number)


@contextmanager
def stoppable() -> Iterator[None]:
    """Let SIGINT, SIGTERM and SIGHUP raise Stopped, once each; a signal that is ignored (nohup) stays ignored."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    usual = (signal.SIG_DFL, signal.default_int_handler)
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    replaced = {s: signal.signal(s, _stop) for s in signals if signal.getsignal(s) in usual}
    try:
        yield
    finally:
        for number, handler in replaced.items():
            signal.signal(number, handler)
