"""A disk that is full, broken or not ours: exit code 2, a sentence, and nothing left."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import mergealign.merge.run

from ..cli.conftest import Result
from ._state import FINISHED

Cli = Callable[..., Result]
Family = Callable[..., dict[str, Path]]
NOBODY = 65534
INPUTS = FINISHED - {"out"}


def arguments(folders: dict[str, Path], out: Path) -> list[str]:
    return ["merge", *(f"--{role}={folder}" for role, folder in folders.items()), f"--out={out}"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """A function that mounts a disk of some KiB."""
    mounted = []

    def mount(kib: int) -> Path:
        disk = tmp_path / "disk"
        disk.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={kib}k", "tmpfs", str(disk)]
        if not shutil.which("mount") or subprocess.run(command, capture_output=True).returncode:
            pytest.skip("mounting a tmpfs is not permitted here")
        mounted.append(disk)
        return disk

    yield mount
    for disk in mounted:
        subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize("kib", [4, 16, 24, 32])
@pytest.mark.parametrize("reserves", [True, False], ids=["reserving", "as on macOS"])
def test_disk_full_while_writing(
    family: Family,
    cli: Cli,
    small_disk: Callable[[int], Path],
    monkeypatch: pytest.MonkeyPatch,
    kib: int,
    reserves: bool,
) -> None:
    """At the weights or at one of the small files after them; the check before the merge is taken away."""
    folders, disk = family(), small_disk(kib)
    monkeypatch.setattr(mergealign.merge.run, "check_space", lambda *_: None)
    if not reserves:
        monkeypatch.delattr(os, "posix_fallocate", raising=False)
    result = cli(*arguments(folders, disk / "below" / "out"))
    assert result.code == 2
    assert f"error: cannot write {disk}/below/out: {os.strerror(errno.ENOSPC)}\n  → free space" in result.err
    assert not list(disk.iterdir())


def test_a_limit_on_file_sizes(family: Family, cli: Cli, tmp_path: Path) -> None:
    folders = family()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, hard))
    try:
        result = cli(*arguments(folders, tmp_path / "out"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert result.code == 2
    assert os.strerror(errno.EFBIG) in result.err
    assert {f.name for f in tmp_path.iterdir()} == INPUTS


def test_a_file_system_that_cannot_reserve(family: Family, cli: Cli, tmp_path: Path, monkeypatch: Any) -> None:
    def unsupported(*_: object) -> None:
        raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))

    monkeypatch.setattr(os, "posix_fallocate", unsupported, raising=False)
    assert cli(*arguments(family(), tmp_path / "out")).code == 0


@pytest.mark.parametrize("after", [0, 1, 5])
def test_a_read_error_names_file_and_tensor(
    family: Family, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    folders, real, run_plan = family(), os.preadv, mergealign.merge.run.run_plan
    calls = 0

    def broken(*args: Any) -> int:
        nonlocal calls
        calls += 1
        if calls > after:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return real(*args)

    def run(*args: Any, **options: Any) -> Any:
        monkeypatch.setattr(os, "preadv", broken)
        return run_plan(*args, **options)

    monkeypatch.setattr(mergealign.merge.run, "run_plan", run)
    result = cli(*arguments(folders, tmp_path / "out"), "--threads=1")
    assert result.code == 2
    assert "error: cannot read tensor '" in result.err
    assert f"/model.safetensors: {os.strerror(errno.EIO)}" in result.err
    assert {f.name for f in tmp_path.iterdir()} == INPUTS


def test_short_reads_are_continued(family: Family, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel may return less than was asked for, of reads and of writes."""
    folders, preadv, pwrite = family(), os.preadv, os.pwrite
    assert cli(*arguments(folders, tmp_path / "out")).code == 0
    monkeypatch.setattr(os, "preadv", lambda f, buffers, at: preadv(f, [buffers[0][:1000]], at))
    monkeypatch.setattr(os, "pwrite", lambda f, data, at: pwrite(f, data[:1000], at))
    assert cli(*arguments(folders, tmp_path / "again")).code == 0
    whole, again = ((tmp_path / out / "model.safetensors").read_bytes() for out in ("out", "again"))
    assert whole == again


@pytest.fixture
def as_nobody() -> Iterator[Callable[..., Path]]:
    """A function that copies models to where everybody may read all but one path, and gives up root's rights."""
    root = Path(tempfile.mkdtemp())
    am_root = os.geteuid() == 0

    def become(folders: dict[str, Path], forbidden: str) -> Path:
        (root / "closed").mkdir()
        for role, folder in folders.items():
            shutil.copytree(folder, root / role)
            folders[role] = root / role
        for path in (root, *root.rglob("*")):
            path.chmod(0o777 if path.is_dir() else 0o666)
        (root / forbidden).chmod(0)
        if am_root:
            os.seteuid(NOBODY)
        return root

    yield become
    if am_root:
        os.seteuid(0)
    for path in root.rglob("*"):
        path.chmod(0o777)
    shutil.rmtree(root)


@pytest.mark.parametrize("forbidden", ["model.safetensors", "config.json", "tokenizer.json", "LICENSE", "."])
def test_an_input_we_may_not_read(
    family: Family, cli: Cli, tmp_path: Path, as_nobody: Callable[..., Path], forbidden: str
) -> None:
    folders = family(base={"files": {"LICENSE": "mine"}})
    cli(*arguments(folders, tmp_path / "out"))  # imports all there is
    root = as_nobody(folders, f"base/{forbidden}")
    result = cli(*arguments(folders, root / "out"))
    assert result.code == 2
    assert os.strerror(errno.EACCES) in result.err
    assert str(folders["base"] / forbidden) in result.err
    assert {f.name for f in root.iterdir()} == INPUTS | {"closed"}


@pytest.mark.parametrize("out", ["closed/out", "closed/below/out"])
def test_an_output_we_may_not_write(
    family: Family, cli: Cli, tmp_path: Path, as_nobody: Callable[..., Path], out: str
) -> None:
    folders = family()
    cli(*arguments(folders, tmp_path / "out"))
    root = as_nobody(folders, "closed")
    result = cli(*arguments(folders, root / out))
    assert result.code == 2
    assert f"error: cannot write {root / out}: " in result.err
    assert os.strerror(errno.EACCES) in result.err
