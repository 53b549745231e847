"""`mergealign check`, `verify` and `show` from the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from ..conftest import random_tensors, write_model
from .conftest import Result
from .test_merge import options

Cli = Callable[..., Result]
Family = Callable[..., dict[str, Path]]


def test_check_of_a_family(cli: Cli, family: Family) -> None:
    folders = family()
    result = cli("check", *options(folders))
    assert result.code == 0
    for word in ("lineage", "chat template", "domain was tuned from base", "finite values"):
        assert word in result.out
    found = json.loads(cli("check", *options(folders), "--json").out)
    assert found["fits"]
    assert 0 < found["lineage"]["relative_norm"]["domain"] < 0.2


def test_check_names_all_that_is_wrong(cli: Cli, family: Family) -> None:
    folders = family(domain={"config": {"num_attention_heads": 8}, "tensors": random_tensors(2)})
    result = cli("check", *options(folders))
    assert result.code == 2
    assert "num_attention_heads is 8 in domain" in " ".join(result.out.split())
    assert "domain and aligned hold the same weights" in " ".join(result.out.split())
    found = json.loads(cli("check", *options(folders), "--json", "--allow-unrelated").out)
    assert not found["fits"]
    assert next(f["level"] for f in found["findings"] if f["subject"] == "lineage") == "warning"


def test_check_runs_before_a_merge_and_only_one_option_gets_past(cli: Cli, family: Family, tmp_path: Path) -> None:
    folders = family(domain={"tensors": random_tensors(2)})
    refused = cli("merge", *options(folders), "--out", tmp_path / "out")
    assert (refused.code, "hold the same weights" in refused.err) == (2, True)
    assert not (tmp_path / "out").exists()
    allowed = cli("merge", *options(folders), "--out", tmp_path / "out", "--allow-unrelated")
    assert allowed.code == 0
    assert "hold the same weights" in allowed.err
    assert "hold the same weights" in cli("show", tmp_path / "out").out


def test_show_names_parameters_of_one_model(cli: Cli, family: Family, tmp_path: Path) -> None:
    folders = family()
    settings = ("--method", "ties", "--set", "weight=1", "--set", "domain.weight=0.75")
    assert cli("merge", *options(folders), *settings, "--out", tmp_path / "a").code == 0
    recipe = tmp_path / "recipe.yml"
    recipe.write_text(
        "merge_method: ties\nbase_model: base\nmodels:\n- {model: domain, parameters: {weight: 0.75}}\n"
        "- {model: aligned, parameters: {weight: 1}}\n"
    )
    assert cli("merge", recipe, "--out", tmp_path / "b").code == 0
    for out in ("a", "b"):
        assert "weight = 0.75 for domain\n" in cli("show", tmp_path / out).out
        assert "    TIES: trim each delta" in (tmp_path / out / "README.md").read_text()


def test_verify_and_show(cli: Cli, family: Family, tmp_path: Path) -> None:
    folders = family()
    out = tmp_path / "out"
    cli("merge", *options(folders), "--domain-weight", 0.9, "--out", out)
    shown = cli("show", out)
    assert shown.code == 0
    for word in ("domain_weight = 0.9", str(folders["aligned"]), "numba", "tokenizer of aligned"):
        assert word in shown.out
    assert json.loads(cli("show", out, "--json").out)["kind"] == "merge"
    assert cli("verify", out, "--inputs").code == 0
    (out / "README.md").write_text("mine")
    edited = cli("verify", out)
    assert (edited.code, "was edited" in edited.err) == (0, True)
    write_model(folders["domain"], random_tensors(7))
    assert cli("verify", out).code == 0
    changed = cli("verify", out, "--inputs")
    assert (changed.code, "domain: tensor" in changed.err) == (2, True)
    (out / "config.json").write_text("{}")
    broken = cli("verify", out, "--json")
    assert broken.code == 2
    assert not json.loads(broken.out)["holds"]


def test_folders_without_a_record(cli: Cli, tmp_path: Path) -> None:
    for command in ("verify", "show"):
        result = cli(command, tmp_path)
        assert (result.code, "give a folder written by mergealign" in result.err) == (2, True)
