"""Where it cannot work, it says so."""

from __future__ import annotations

import os

import pytest

from mergealign.cli.main import run


def test_windows_is_refused_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(os, "name", "nt")
        with pytest.raises(SystemExit) as stopped:
            run()
    assert stopped.value.code == 2
    assert capsys.readouterr().err == "error: mergealign needs Linux or macOS; on Windows it runs in WSL\n"
