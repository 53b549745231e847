"""SIGKILL at random moments, SIGINT and SIGTERM while writing, on a merge in a process of its own."""

from __future__ import annotations

import random
import shutil
import signal
import time
from pathlib import Path

import pytest

from mergealign.checkpoint.digest import file_digest
from mergealign.merge.verify import read_record

from ._process import SLOW, start, wait_until_writing
from ._state import PARTIAL, check_after_crash, is_whole

OPTIONS = ("--overwrite", "--threads=1", "--max-shard-size=10MB")  # slow, and many files


def digests(models: dict[str, Path]) -> dict[Path, str]:
    return {f: file_digest(f) for folder in models.values() for f in folder.iterdir()}


def finish(models: dict[str, Path], out: Path, *options: str) -> float:
    """Merge undisturbed; returns the seconds from the first byte written to the end."""
    process = start(models, out, *options)
    wait_until_writing(process, out)
    started = time.perf_counter()
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    return time.perf_counter() - started


@pytest.mark.parametrize("had_output", [False, True], ids=["new", "overwrite"])
@pytest.mark.parametrize("kills", [4, pytest.param(50, marks=pytest.mark.slow)])
def test_sigkill_at_random_moments(large: dict[str, Path], tmp_path: Path, kills: int, had_output: bool) -> None:
    out, before = tmp_path / "out", digests(large)
    whole_s = finish(large, out, *OPTIONS)
    digest = read_record(out).output.weights_digest
    rng = random.Random(kills)
    killed = 0
    while killed < kills:
        if not had_output:
            shutil.rmtree(out, ignore_errors=True)
        process = start(large, out, *OPTIONS)
        if rng.random() < 0.8:  # most of a short run is starting Python: kill there, too, but not only
            wait_until_writing(process, out)
        time.sleep(rng.random() * whole_s)
        process.kill()
        process.communicate()
        killed += process.returncode == -signal.SIGKILL
        check_after_crash(tmp_path, digest, had_output=had_output)
    assert digests(large) == before
    finish(large, out, *OPTIONS)
    assert is_whole(out, digest)
    assert [f.name for f in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_cleans_up(large: dict[str, Path], tmp_path: Path, number: signal.Signals, code: int) -> None:
    process = start(large, tmp_path / "out", *OPTIONS, program=SLOW)  # else it is often faster than we are
    wait_until_writing(process, tmp_path / "out")
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == code
    assert err.splitlines()[-1] == f"stopped by {number.name}; unfinished output was removed"
    assert "Traceback" not in err
    assert not (tmp_path / PARTIAL).exists()
    assert not list(tmp_path.glob(".*"))


def test_two_merges_into_the_same_output(large: dict[str, Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    pair = [start(large, out) for _ in range(2)]
    errors = [process.communicate(timeout=60)[1] for process in pair]
    codes = [process.returncode for process in pair]
    assert sorted(codes) == [0, 2], errors
    loser = errors[codes.index(2)]
    assert "error: " in loser
    assert "another merge is writing" in loser or "exists and is not empty" in loser
    assert is_whole(out, read_record(out).output.weights_digest)
    assert [f.name for f in tmp_path.iterdir()] == ["out"]
