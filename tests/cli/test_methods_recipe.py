"""`mergealign methods`, `mergealign recipe`, and recipes of both dialects through `mergealign merge`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from .conftest import Result

Cli = Callable[..., Result]
Family = Callable[..., dict[str, Path]]


def test_methods_are_listed_and_explained(cli: Cli) -> None:
    listed = cli("methods")
    assert (listed.code, "mergealign" in listed.out) == (0, True)
    one = cli("methods", "mergealign")
    for words in ("arXiv 2411.06824", "domain_weight", "number, default 1.0", "deltas to a base (2)"):
        assert words in one.out
    unknown = cli("methods", "mergealing")
    assert (unknown.code, "did you mean 'mergealign'?" in unknown.err) == (2, True)


def test_methods_as_json(cli: Cli) -> None:
    found = json.loads(cli("methods", "--json").out)
    (facts,) = (f for f in found if f["name"] == "mergealign")
    assert facts == json.loads(cli("methods", "mergealign", "--json").out)
    assert (facts["base"], facts["min_inputs"], facts["roles"]) == ("required", 2, ["domain", "aligned"])
    weight = {"name": "domain_weight", "kind": "number", "per_input": False, "required": False, "default": 1.0}
    assert weight in facts["parameters"]


def test_every_method_says_what_it_is(cli: Cli) -> None:
    for facts in json.loads(cli("methods", "--json").out):
        assert facts["summary"], facts["name"]
        assert all(p["kind"] != "anything" for p in facts["parameters"]), facts["name"]


def test_the_schema_is_written_once(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "schema.json"
    assert cli("recipe", "schema", "--dialect", "mergekit", "--out", file).code == 0
    assert "merge_method" in json.loads(file.read_text())["properties"]
    assert json.loads(cli("recipe", "schema").out)["properties"]["method"]["default"] == "mergealign"
    again = cli("recipe", "schema", "--out", file)
    assert (again.code, "exists" in again.err) == (2, True)
    nowhere = cli("recipe", "schema", "--out", tmp_path / "no" / "schema.json")
    assert (nowhere.code, "cannot write" in nowhere.err) == (2, True)


MERGEKIT = """
merge_method: mergealign
base_model: ./base
models: [{model: ./domain}, {model: ./aligned}]
parameters: {int8_mask: true, domain_weight: 0.9}
tokenizer_source: ./aligned
chat_template: ./aligned
"""


def test_a_recipe_is_checked_without_its_models(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "r.yml"
    file.write_text(MERGEKIT)
    right = cli("recipe", "check", file)
    assert (right.code, "a mergekit recipe for mergealign" in right.out) == (0, True)
    assert "int8_mask has no effect" in right.err
    file.write_text(MERGEKIT.replace("domain_weight", "domain_wait").replace("base_model", "base_modell"))
    wrong = cli("recipe", "check", file)
    assert wrong.code == 2
    assert "did you mean 'domain_weight'?" in wrong.err
    assert "did you mean 'base_model'?" in wrong.err


def test_both_dialects_give_the_same_model(cli: Cli, family: Family, tmp_path: Path) -> None:
    folders = family()
    file = tmp_path / "r.yml"
    file.write_text(MERGEKIT)
    first = cli("merge", file, "--out", tmp_path / "out", "--json")
    assert first.code == 0, first.err
    options = [part for role, folder in folders.items() for part in (f"--{role}", folder)]
    second = cli("merge", *options, "--domain-weight", 0.9, "--out", tmp_path / "out2", "--json")
    assert second.code == 0, second.err
    digests = [json.loads(result.out)["output"]["weights_digest"] for result in (first, second)]
    assert digests[0] == digests[1]


def test_a_parameter_of_one_input(cli: Cli, family: Family, tmp_path: Path) -> None:
    options = [part for role, folder in family().items() for part in (f"--{role}", folder)]
    wrong = cli("merge", *options, "--set", "domain.domain_weight=1", "--out", tmp_path / "out")
    assert "models.domain.parameters.domain_weight: 'domain_weight' belongs to the merge" in wrong.err


def test_a_seed_is_given_once(cli: Cli, family: Family, tmp_path: Path) -> None:
    family()
    file = tmp_path / "r.yml"
    file.write_text(MERGEKIT + "seed: 1\n")
    twice = cli("merge", file, "--seed", 2, "--dry-run")
    assert (twice.code, "a seed is given with --seed and in" in twice.err) == (2, True)
    file.write_text(MERGEKIT)
    assert cli("merge", file, "--seed", 2, "--dry-run").code == 0
