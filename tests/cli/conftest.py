"""The command line in this process: exit code, stdout, stderr."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from mergealign.cli.main import run


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Result]:
    """Call the command as the console script does, on a machine that has its kernels compiled already."""
    monkeypatch.setattr("mergealign.cli._progress.announce_compiling", lambda: None)

    def call(*arguments: object) -> Result:
        monkeypatch.setattr("sys.argv", ["mergealign", *map(str, arguments)])
        code = 0
        try:
            run()
        except SystemExit as e:
            code = e.code if isinstance(e.code, int) else 0
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return call
