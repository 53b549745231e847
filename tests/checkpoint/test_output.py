"""Output folders are complete or absent."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from mergealign.checkpoint import output
from mergealign.errors import OutputError


def test_appears_when_complete(tmp_path: Path) -> None:
    with output.output_folder(tmp_path / "new" / "out") as folder:
        (folder / "x").write_text("1")
        assert not (tmp_path / "new" / "out").exists()
    assert [f.name for f in (tmp_path / "new").iterdir()] == ["out"]
    assert (tmp_path / "new" / "out" / "x").read_text() == "1"


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt])
def test_a_failure_leaves_nothing_and_keeps_the_old(tmp_path: Path, failure: type[BaseException]) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "x").write_text("old")

    def fail() -> None:
        with output.output_folder(tmp_path / "out", overwrite=True) as folder:
            (folder / "x").write_text("new")
            raise failure

    with pytest.raises(failure):
        fail()
    assert [f.name for f in tmp_path.iterdir()] == ["out"]
    assert (tmp_path / "out" / "x").read_text() == "old"


def test_replaces_the_old_whole(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "stale").write_text("old")
    with output.output_folder(tmp_path / "out", overwrite=True) as folder:
        (folder / "x").write_text("new")
    assert [f.name for f in tmp_path.rglob("*")] == ["out", "x"]


def test_existing_outputs_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    output.check_output(tmp_path / "empty", [], overwrite=False)
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="not a folder"):
        output.check_output(tmp_path / "file", [], overwrite=True)
    with pytest.raises(OutputError, match="--overwrite"):
        output.check_output(tmp_path, [], overwrite=False)
    output.check_output(tmp_path, [], overwrite=True)


@pytest.mark.parametrize("out", ["in", "in/below", ".", "link", "in/../in"])
def test_overlap_with_an_input_is_refused_even_with_overwrite(tmp_path: Path, out: str) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "in")
    with pytest.raises(OutputError, match="overlaps"):
        output.check_output(tmp_path / out, [tmp_path / "in"], overwrite=True)


def test_a_disk_too_small_is_seen_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage: Any = type("usage", (), {"free": 10**9})
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    output.check_space(tmp_path / "a" / "b", 10**8)
    with pytest.raises(OutputError, match=r"needs 2\.0 GB, its disk has 1\.0 GB"):
        output.check_space(tmp_path / "a" / "b", 2 * 10**9)
