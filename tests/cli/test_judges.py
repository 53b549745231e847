"""`mergealign judges`."""

from __future__ import annotations

import json

import pytest
import typer
from typer.testing import CliRunner

from mergealign.cli.judges import judges
from mergealign.errors import UnknownNameError
from mergealign.judges import JUDGES


def run(*arguments: str) -> str:
    app = typer.Typer()
    app.command()(judges)
    result = CliRunner().invoke(app, arguments)
    if result.exception:
        raise result.exception
    return result.stdout


def test_lists_every_judge() -> None:
    listed = run()
    assert all(name in listed for name in JUDGES.names())


def test_json_tells_labels_and_parameters() -> None:
    found = {j["name"]: j for j in json.loads(run("--json"))}
    assert found.keys() == set(JUDGES.names())
    assert all(j["description"] and j["version"] >= 1 for j in found.values())
    assert found["refusal"]["labels"] == ["behavior"]
    assert found["qwen3guard"]["labels"] == ["behavior", "safety"]
    parameters = {p["name"]: p for p in found["template"]["parameters"]}
    assert parameters["reads"]["type"] == "wildguard | harmbench | md_judge"
    assert parameters["reads"]["required"]
    assert (parameters["run"]["type"], parameters["run"]["default"]) == ("auto | logits | generate", "auto")
    assert all(p["meaning"] for p in parameters.values()), "every parameter is explained"


@pytest.mark.parametrize("name", JUDGES.names())
def test_one_judge_with_its_parameters(name: str) -> None:
    shown = run(name)
    (facts,) = json.loads(run(name, "--json"))
    for parameter in facts["parameters"]:
        assert f"  {parameter['name']}: " in shown


def test_unknown_judges_name_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'llama_guard'"):
        run("lama_guard")
