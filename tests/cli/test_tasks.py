"""`mergealign tasks`."""

from __future__ import annotations

import json

import pytest
import typer
from typer.testing import CliRunner

from mergealign.cli.tasks import tasks
from mergealign.errors import UnknownNameError
from mergealign.tasks import TASKS

app = typer.Typer()
app.command()(tasks)


def run(*arguments: str) -> str:
    done = CliRunner().invoke(app, arguments, env={"COLUMNS": "200"}, catch_exceptions=False)
    assert done.exit_code == 0
    return done.output


def test_all_are_listed() -> None:
    lines = run().splitlines()
    for name in TASKS.names():
        (line,) = [x for x in lines if x.split() and x.split()[0] == name]
        assert ("unverified" in line) != TASKS.get(name).verified


def test_one_is_explained() -> None:
    text = run("xstest")
    for part in ("arXiv 2308.01263", "CC-BY-4.0", "half: Literal['safe', 'contrast'] ('safe')", "xstest_prompts.csv"):
        assert part in text
    assert "unverified: the real data could not be read" in run("fpb")
    assert "path: Path (required)" in run("multiple_choice")


def test_json() -> None:
    found = {t["name"]: t for t in json.loads(run("--json"))}
    assert set(found) == set(TASKS.names())
    assert found["tatqa"]["metrics"] == ["exact_match", "f1"]
    assert found["harmbench"]["metrics"] == []
    assert found["chemprot"]["verified"] is False
    (one,) = json.loads(run("mmlu", "--json"))
    assert one["parameters"][-1]["name"] == "subjects"


def test_unknown() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'tatqa'"):
        run("tatq")
