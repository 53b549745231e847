"""Output folders are complete or absent."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path
from typing import Any

import pytest

from mergealign.checkpoint import output
from mergealign.errors import OutputError

PARTIAL = ".mergealign-partial"


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


def names(folder: Path) -> list[str]:
    return sorted(f.name for f in folder.iterdir())


def leave_behind(folder: Path, **content: str) -> None:
    folder.mkdir()
    for name, text in content.items():
        (folder / name).write_text(text)


def test_only_one_writes_and_the_other_leaves_its_files_alone(tmp_path: Path) -> None:
    with output.output_folder(tmp_path / "out") as folder:
        (folder / "x").write_text("1")
        with (
            pytest.raises(OutputError, match="another merge"),
            output.output_folder(tmp_path / "out", overwrite=True),
        ):
            pytest.fail("came in")
        assert (folder / "x").read_text() == "1"
    assert names(tmp_path) == ["out"]


def test_what_a_killed_run_left_is_cleared_away(tmp_path: Path) -> None:
    leave_behind(tmp_path / f".out{PARTIAL}", stale="x")
    (tmp_path / f".out{PARTIAL}" / "sub").mkdir()
    leave_behind(tmp_path / ".out.mergealign-trash", stale="x")
    leave_behind(tmp_path / ".other.mergealign-partial", stale="x")  # somebody else's
    with output.output_folder(tmp_path / "out") as folder:
        assert names(folder) == []
    assert names(tmp_path) == [".other.mergealign-partial", "out"]


def test_what_a_killed_run_was_replacing_is_put_back(tmp_path: Path) -> None:
    leave_behind(tmp_path / ".out.mergealign-old", x="old")
    with pytest.raises(OutputError, match="not empty"), output.output_folder(tmp_path / "out"):
        pytest.fail("came in")
    assert names(tmp_path) == ["out"]
    assert (tmp_path / "out" / "x").read_text() == "old"


def test_what_a_killed_run_had_replaced_is_deleted(tmp_path: Path) -> None:
    leave_behind(tmp_path / ".out.mergealign-old", x="old")
    leave_behind(tmp_path / "out", x="new")
    with pytest.raises(RuntimeError), output.output_folder(tmp_path / "out", overwrite=True):
        raise RuntimeError
    assert names(tmp_path) == ["out"]
    assert (tmp_path / "out" / "x").read_text() == "new"


def test_an_output_that_somebody_made_meanwhile_is_kept(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="somebody else"), output.output_folder(tmp_path / "out"):
        leave_behind(tmp_path / "out", x="theirs")
    assert names(tmp_path) == ["out"]
    assert (tmp_path / "out" / "x").read_text() == "theirs"


def test_parents_made_in_vain_are_removed(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), output.output_folder(tmp_path / "a" / "b" / "out"):
        raise RuntimeError
    assert names(tmp_path) == []


def test_a_link_in_the_place_of_the_partial_folder_is_not_followed(tmp_path: Path) -> None:
    leave_behind(tmp_path / "precious", x="1")
    (tmp_path / f".out{PARTIAL}").symlink_to(tmp_path / "precious")
    with pytest.raises(OutputError, match="cannot write"), output.output_folder(tmp_path / "out"):
        pytest.fail("came in")
    assert names(tmp_path / "precious") == ["x"]


def test_without_locks_a_partial_folder_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_locks(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(output.fcntl, "flock", no_locks)
    with output.output_folder(tmp_path / "out") as folder:
        (folder / "x").write_text("1")
    assert names(tmp_path) == ["out"]
    leave_behind(tmp_path / f".new{PARTIAL}", stale="x")
    with pytest.raises(OutputError, match="if none is running, remove"), output.output_folder(tmp_path / "new"):
        pytest.fail("came in")
    assert names(tmp_path / f".new{PARTIAL}") == ["stale"]


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
