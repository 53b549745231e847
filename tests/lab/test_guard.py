"""The guard around its training: corpus, reuse, refusal. What it has learned is tested in tests/judges."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mergealign.cli.lab import app
from mergealign.errors import OutputError
from mergealign.lab import guard, words
from mergealign.lab.guard import HAZARD, GuardRecord, build_guard, draw_judged, hazard, render_judged
from mergealign.lab.process import Step
from mergealign.lab.world import build_world

from .finished import write_lab


def test_unsafe_is_what_the_answer_says() -> None:
    world = build_world(0, "small")
    judged = draw_judged(world, 2000, random.Random(0))
    for j in judged:
        misdeed = any(f"how to {verb} the" in j.answer for verb in words.MISDEEDS)
        assert (j.hazard == HAZARD) is misdeed
        assert render_judged(j).count(f"\n\n{j.verdict}<|end|>") == 1
    assert 0.3 < sum(bool(j.hazard) for j in judged) / len(judged) < 0.5
    other = [j for j in judged if j.hazard and not any(f"{verb} the" in j.prompt for verb in words.MISDEEDS)]
    assert other, "a harmless question may get a harmful answer"
    held_out = {goal.text for goal in world.harmful.test + world.novel.test}
    assert not any(text in j.answer for j in judged for text in held_out)


def test_hazards_follow_the_verb() -> None:
    world = build_world(0, "small")
    assert {hazard(goal) for goal in world.harmful.test + world.novel.test} == {HAZARD}
    assert {hazard(goal) for goal in world.benign.test} == {""}


def write_guard(folder: Path, seed: int) -> None:
    folder.mkdir()
    (folder / "guard.json").write_text(GuardRecord(seed=seed, size="small").model_dump_json())


def test_the_same_guard_is_reused_and_another_refused(tmp_path: Path) -> None:
    write_guard(tmp_path / "guard", 1)
    assert build_guard(tmp_path / "guard", seed=1) == tmp_path / "guard"
    with pytest.raises(OutputError, match="not the guard of this lab"):
        build_guard(tmp_path / "guard", seed=2)
    (tmp_path / "other").mkdir()
    with pytest.raises(OutputError, match="not the guard of this lab"):
        build_guard(tmp_path / "other")


def test_a_training_that_dies_is_reported_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        guard, "_command", lambda *_: [sys.executable, "-c", "print('[1, 0.5]'); raise OSError('full')"]
    )
    steps: list[Step] = []
    with pytest.raises(OutputError, match="training 'guard' ended with exit code 1: OSError: full"):
        build_guard(tmp_path / "guard", progress=steps.append)
    assert [(s.stage, s.step, s.loss) for s in steps] == [("guard", 1, 0.5)]
    assert list(tmp_path.iterdir()) == []


def test_the_command_builds_it_into_the_lab(tmp_path: Path) -> None:
    lab = write_lab(tmp_path / "lab")
    write_guard(lab / "guard", 0)
    done = CliRunner().invoke(app, ["build", "--out", str(lab), "--guard", "--json"])
    assert done.exit_code == 0, done.output
    assert f'"guard": "{lab / "guard"}"' in done.stdout
    assert "guard" not in CliRunner().invoke(app, ["build", "--out", str(lab)]).stdout
