"""`mergealign lab build` as a command, over a lab that is already there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mergealign.cli.lab import app, lab_progress
from mergealign.errors import OutputError
from mergealign.lab.build import Step

from .finished import write_lab


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    return write_lab(tmp_path / "lab")


def test_says_that_it_reused(lab: Path) -> None:
    result = CliRunner().invoke(app, ["build", "--out", str(lab)])
    assert result.exit_code == 0
    assert result.stdout.startswith("reused ")


def test_json_names_the_models_and_the_suite(lab: Path) -> None:
    result = CliRunner().invoke(app, ["build", "--out", str(lab), "--json"])
    summary = json.loads(result.stdout)
    assert summary["reused"] is True
    assert summary["models"]["aligned"] == str(lab / "aligned")
    assert summary["suite"] == str(lab / "suite.yml")
    assert summary["lab"]["schema_version"] == 1


def test_another_seed_is_an_error_of_the_user(lab: Path) -> None:
    result = CliRunner().invoke(app, ["build", "--out", str(lab), "--seed", "1"])
    assert isinstance(result.exception, OutputError)


def test_without_a_terminal_one_line_per_stage(capsys: pytest.CaptureFixture[str]) -> None:
    with lab_progress() as show:
        for step in range(1, 4):
            show(Step("base", step, 3, 0.5))
    assert capsys.readouterr() == ("", "lab: base trained, 3 steps, loss 0.500\n")
