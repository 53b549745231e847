"""Real processes, killed with SIGKILL: what is there in the end equals what an uninterrupted run says, bit for bit."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mergealign.evaluate.cache import Cache

ROOT = Path(__file__).parents[2]
MODELS = ("one", "two")


class Runs:
    """Evaluations in processes of their own, started by `_run_suite`."""

    def __init__(self, server: subprocess.Popen[str]) -> None:
        self._server = server
        self.kept: list[int] = []

    def run(self, *outs: Path, kill_after_s: float | None = None) -> list[int]:
        """Exit codes; the first process is killed so long after it began to keep answers. Adds to `kept`."""
        assert self._server.stdin is not None
        print(*outs, sep="\t", file=self._server.stdin, flush=True)
        children = [int(self._line("started").split()[1]) for _ in outs]
        kept, codes = 0, []
        while len(codes) < len(outs):
            what, *code = self._line("").split()
            kept += what == "kept"
            codes += map(int, code)
            if what == "kept" and kill_after_s is not None:
                time.sleep(kill_after_s)
                os.kill(children[0], signal.SIGKILL)
                kill_after_s = None
        self.kept.append(kept)
        return codes

    def _line(self, expected: str) -> str:
        assert self._server.stdout is not None
        line = self._server.stdout.readline()
        assert line.startswith(expected), line
        assert line
        return line


@pytest.fixture(scope="module")
def server(place: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.evaluate._run_suite", place, *MODELS]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        yield running
        assert running.stdin is not None
        running.stdin.close()


@pytest.fixture
def runs(server: subprocess.Popen[str]) -> Runs:
    return Runs(server)


@pytest.fixture(scope="module")
def uninterrupted(server: subprocess.Popen[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("whole") / "scores.json"
    assert Runs(server).run(out) == [0]
    return out


def scores(out: Path) -> list[Any]:
    """All but the seconds."""
    found = json.loads(out.read_text())["models"]
    for model in found:
        model.pop("wall_s")
        for task in model["tasks"]:
            task.pop("wall_s")
    return list(found)


def kill_until_done(runs: Runs, out: Path, n_kills: int, seed: int) -> int:
    """Kill runs at random moments, at most `n_kills` of them; then let one finish. How many were killed."""
    dice = random.Random(seed)
    for n in range(n_kills):
        (code,) = runs.run(out, kill_after_s=dice.uniform(0, 0.1))
        if code == 0:
            return n
        assert code == -signal.SIGKILL
        assert not out.exists()
    assert runs.run(out) == [0]
    return n_kills


def n_batches(out: Path) -> int:
    with Cache(out.with_name(".cache.sqlite")) as cache:
        (n,) = cache._db.execute("SELECT count(*) FROM replies").fetchone()
    return int(n)


def test_a_run_killed_again_and_again_says_what_an_uninterrupted_one_says(
    runs: Runs, uninterrupted: Path, tmp_path: Path
) -> None:
    out = tmp_path / "scores.json"
    assert kill_until_done(runs, out, n_kills=4, seed=1) >= 2
    assert scores(out) == scores(uninterrupted)
    assert (tmp_path / "answers.jsonl").read_bytes() == uninterrupted.with_name("answers.jsonl").read_bytes()
    # a killed run may have kept one batch without the time to tell; nothing that was kept is asked again
    assert n_batches(out) - len(runs.kept) <= sum(runs.kept) <= n_batches(out) == n_batches(uninterrupted)
    assert sorted(f.name for f in tmp_path.iterdir()) == [".cache.sqlite", "answers.jsonl", "scores.json"]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10, 15))
def test_ten_kills(runs: Runs, uninterrupted: Path, tmp_path: Path, seed: int) -> None:
    out = tmp_path / "scores.json"
    kill_until_done(runs, out, n_kills=10, seed=seed)
    assert scores(out) == scores(uninterrupted)


def test_two_processes_share_a_cache(runs: Runs, uninterrupted: Path, tmp_path: Path) -> None:
    outs = [tmp_path / "a.json", tmp_path / "b.json"]
    assert runs.run(*outs) == [0, 0]
    for out in outs:
        assert scores(out) == scores(uninterrupted)
    assert n_batches(outs[0]) == n_batches(uninterrupted)
    assert runs.run(tmp_path / "c.json") == [0]
    assert runs.kept[-1] == 0
    assert scores(tmp_path / "c.json") == scores(uninterrupted)
