"""The pipeline around the training: reuse, refusal, nothing left behind."""

from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from mergealign.errors import MissingExtraError, OutputError
from mergealign.lab import build
from mergealign.lab.build import Step, build_lab
from mergealign.lab.folder import LabFolder, find_lab, read_record
from mergealign.lab.recipe import RECIPES, Recipe

from .finished import SECONDS, write_lab, write_models

SMALL = RECIPES["small"]
TINY = replace(
    SMALL,
    base=replace(SMALL.base, steps=2, batch=4),
    domain=replace(SMALL.domain, steps=2, batch=4),
    aligned=replace(SMALL.aligned, steps=2, batch=4),
    hidden=16,
    layers=1,
    intermediate=16,
    vocab=300,
)


def test_two_steps_of_everything(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    steps: list[Step] = []
    lab = build_lab(tmp_path / "lab", recipe=TINY, threads=1, progress=steps.append)
    assert {(s.stage, s.step) for s in steps} == {(name, n) for name in ("base", "domain", "aligned") for n in (1, 2)}
    assert [p.name for p in tmp_path.iterdir()] == ["lab"]
    for model in (lab.base, lab.domain, lab.aligned):
        assert {"model.safetensors", "config.json", "tokenizer.json"} <= {p.name for p in model.iterdir()}
    assert [(m / "chat_template.jinja").exists() for m in (lab.base, lab.domain, lab.aligned)] == [False, False, True]
    assert lab.suite.exists()
    assert set(read_record(lab.path).elapsed_s) == {"base", "domain", "aligned"}
    assert not lab.reused
    assert build_lab(tmp_path / "lab", recipe=TINY).reused


def test_the_same_lab_is_reused(tmp_path: Path) -> None:
    write_lab(tmp_path / "lab")
    lab = build_lab(tmp_path / "lab")
    assert lab.reused
    assert lab.record.seed == 0
    assert build_lab(tmp_path / "lab", threads=1).reused


@pytest.mark.parametrize(("seed", "recipe", "why"), [(1, SMALL, "seed 1"), (0, TINY, "another recipe")])
def test_another_lab_is_refused(tmp_path: Path, seed: int, recipe: Recipe, why: str) -> None:
    write_lab(tmp_path / "lab", seed=seed, recipe=recipe)
    with pytest.raises(OutputError, match=why):
        build_lab(tmp_path / "lab")


def test_a_lab_trained_with_other_threads_is_refused(tmp_path: Path) -> None:
    write_lab(tmp_path / "lab")
    with pytest.raises(OutputError, match="another number of threads"):
        build_lab(tmp_path / "lab", threads=2)


def test_a_lab_that_was_never_finished_is_refused(tmp_path: Path) -> None:
    write_lab(tmp_path / "lab", elapsed_s={})
    with pytest.raises(OutputError, match="never finished"):
        build_lab(tmp_path / "lab")


@pytest.mark.parametrize(
    ("file", "why"),
    [
        ("base/model.safetensors", "damaged"),
        ("domain/config.json", "damaged"),
        ("suite.yml", "not what this version writes"),
        ("data/harmful_test.jsonl", "not what this version writes"),
    ],
)
@pytest.mark.parametrize("content", [None, "other"])
def test_a_lab_that_lost_a_part_is_refused(tmp_path: Path, file: str, why: str, content: str | None) -> None:
    lab = write_lab(tmp_path / "lab")
    (lab / file).unlink()
    if content is not None:
        (lab / file).write_text(content)
    with pytest.raises(OutputError, match=why):
        build_lab(lab)


@pytest.mark.parametrize("content", [None, "{}", "no json"])
def test_any_other_folder_is_refused(tmp_path: Path, content: str | None) -> None:
    (tmp_path / "lab").mkdir()
    if content is not None:
        (tmp_path / "lab" / "lab.json").write_text(content)
    with pytest.raises(OutputError, match="not a lab"):
        build_lab(tmp_path / "lab")


def test_a_file_in_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "lab").write_text("")
    with pytest.raises(OutputError, match="not a lab"):
        build_lab(tmp_path / "lab")


@pytest.mark.parametrize("failure", [KeyboardInterrupt, OutputError("disk full")])
def test_a_failure_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: BaseException) -> None:
    def fail(*_: object) -> None:
        raise failure

    monkeypatch.setattr(build, "_train", fail)
    with pytest.raises((KeyboardInterrupt, OutputError)):
        build_lab(tmp_path / "lab")
    assert list(tmp_path.iterdir()) == []


def test_a_killed_build_leaves_no_lab_and_is_cleared_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "lab"
    script = f"""
import os, signal
from pathlib import Path
from mergealign.lab import build

def killed(stages, folder, *_):
    (folder / "base").mkdir()
    os.kill(os.getpid(), signal.SIGKILL)

build._train = killed
build.build_lab(Path({str(out)!r}))
"""
    assert subprocess.run([sys.executable, "-c", script]).returncode == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    assert left.name.startswith(".lab.")
    with pytest.raises(OutputError, match="never finished"):
        find_lab(left, 0, "small", SMALL)

    def trained(stages: list[str], folder: Path, *_: object) -> dict[str, float]:
        if "base" in stages:
            assert not (folder / "base").exists()
            write_models(folder)
        return {stage: SECONDS[stage] for stage in stages}

    monkeypatch.setattr(build, "_train", trained)
    lab = build_lab(out)
    assert list(tmp_path.iterdir()) == [out]
    assert build_lab(out) == LabFolder(out, lab.record, reused=True)


def test_a_stage_that_dies_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dying = [sys.executable, "-c", "print('[1, 0.5]'); raise SystemExit('no space left')"]
    monkeypatch.setattr(build, "_command", lambda *_: dying)
    with pytest.raises(OutputError, match="training 'base' ended with exit code 1: no space left"):
        build_lab(tmp_path / "lab")
    assert list(tmp_path.iterdir()) == []


def test_missing_packages_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"mergealign\[eval\]"):
        build_lab(tmp_path / "lab")
