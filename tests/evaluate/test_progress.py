"""Progress: bars on a terminal, silence elsewhere."""

from __future__ import annotations

import io
import sys

import pytest

from mergealign.evaluate.progress import Silent, terminal_progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_silent_where_no_terminal_is(monkeypatch: pytest.MonkeyPatch) -> None:
    err = io.StringIO()
    monkeypatch.setattr(sys, "stderr", err)
    with terminal_progress() as progress, progress.task("m", "t", 3) as advance:
        assert isinstance(progress, Silent)
        advance(3)
    assert err.getvalue() == ""


def test_a_bar_for_each_task(monkeypatch: pytest.MonkeyPatch) -> None:
    err = Terminal()
    monkeypatch.setattr(sys, "stderr", err)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    with terminal_progress() as progress, progress.task("merged", "harmful", 3) as advance:
        advance(2)
    assert "merged · harmful" in err.getvalue()
    assert "/3" in err.getvalue()
