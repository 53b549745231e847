"""`mergealign demo` goes on where it was stopped, reuses what is finished, and leaves alone what others wrote."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mergealign.cli.demo import _begun, _wish
from mergealign.record.study import read_study_record
from mergealign.tradeoff.choice import Policy
from mergealign.tradeoff.place import Place
from mergealign.tradeoff.search import Limits

from ..tradeoff.conftest import Family, tiny
from .conftest import Result
from .test_align import asked

__all__ = ["tiny"]

N_TRIALS = 6
Cli = Callable[..., Result]


@pytest.fixture
def _small(tiny: Family, monkeypatch: pytest.MonkeyPatch) -> None:
    """Six trials on models that know nothing, instead of the lab."""

    def wish(*given: Any) -> Any:
        anything = {"policy": Policy(0, 0, 1, 1), "allow_unrelated": True}
        return replace(_wish(*given), limits=Limits(N_TRIALS), search_limit=4, **anything)

    monkeypatch.setattr("mergealign.cli.demo._wish", wish)
    folder = SimpleNamespace(**tiny.folders, suite=tiny.suite, reused=True)
    monkeypatch.setattr("mergealign.lab.build.build_lab", lambda *_, **__: folder)


def times(out: Path) -> dict[Path, int]:
    return {f: f.stat().st_mtime_ns for f in out.rglob("*") if f.is_file()}


@pytest.mark.usefixtures("_small")
def test_stopped_resumed_finished_and_mended(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        before = asked(patch, stop_at=3)
        stopped = cli("demo", "--out", out)
    assert stopped.code == 130
    assert f"kept in {out}: the same command goes on" in stopped.err
    after = asked(monkeypatch)
    done = cli("demo", "--out", out)
    assert done.code == 0, done.err
    trials = read_study_record(out / "study.json").trials
    assert [t.point for t in trials] == [*before, *after]
    assert (len(before), len(trials)) == (3, N_TRIALS)

    written = times(out)
    again = cli("demo", "--out", out)
    assert (again.code, again.out) == (0, done.out)
    assert again.err.count("    reused") == 2
    assert times(out) == written

    shutil.rmtree(out / "merged")
    mended = cli("demo", "--out", out)
    assert (mended.code, mended.out) == (0, done.out)
    assert (out / "merged" / "model.safetensors").is_file()
    assert len(after) == N_TRIALS - 3  # no trial was repeated

    shutil.rmtree(out / "merged")
    journal = (out / "study.journal").read_text()
    (out / "study.journal").write_text(journal.replace('"transformers":"', '"transformers":"0.'))
    foreign = cli("demo", "--out", out)
    assert foreign.code == 2
    assert "another search: versions differ\n  → mend that and give the same command again" in foreign.err


@pytest.mark.parametrize("names", [("notes.txt",), ("merged",), ("scores.json", ".cache.sqlite"), ("study.json",)])
def test_what_others_wrote_is_kept(cli: Cli, tmp_path: Path, names: tuple[str, ...]) -> None:
    for name in names:
        (tmp_path / name).write_text("mine")
    done = cli("demo", "--out", tmp_path)
    assert done.code == 2
    assert f"{tmp_path} exists and holds no search" in done.err
    assert {p.name: p.read_text() for p in tmp_path.iterdir()} == dict.fromkeys(names, "mine")


@pytest.mark.parametrize(
    ("names", "begun"),
    [
        ((), False),
        (("lab",), False),
        (("lab", ".cache.sqlite"), True),
        (("lab", ".cache.sqlite", ".cache.sqlite-wal", "development.json"), True),
        (("lab", "study.journal"), True),
        ((".cache.sqlite", "scores.json"), False),
    ],
)
def test_what_a_stopped_demo_left(tmp_path: Path, names: tuple[str, ...], *, begun: bool) -> None:
    for name in names:
        (tmp_path / name).touch()
    assert _begun(Place(tmp_path, beside=("lab",))) is begun
