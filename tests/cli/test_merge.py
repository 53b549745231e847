"""`mergealign merge`: options, recipes, and a clear refusal for whatever is wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mergealign.checkpoint.digest import weights_digest_of_folder

from ..conftest import random_tensors
from .conftest import Result

Cli = Callable[..., Result]
Family = Callable[..., dict[str, Path]]


def options(folders: dict[str, Path]) -> list[str]:
    return [part for role, folder in folders.items() for part in (f"--{role}", str(folder))]


def write_recipe(path: Path, folders: dict[str, Path], more: str = "") -> Path:
    lines = "\n".join(f"  {role}: {folder}" for role, folder in folders.items())
    path.write_text(f"models:\n{lines}\n{more}")
    return path


def test_merges(cli: Cli, family: Family, tmp_path: Path) -> None:
    result = cli("merge", *options(family()), "--out", tmp_path / "out", "--threads", 1)
    assert result.code == 0, result.err
    assert weights_digest_of_folder(tmp_path / "out") in result.out


def test_the_console_script(family: Family, tmp_path: Path) -> None:
    script = Path(sys.executable).with_name("mergealign")
    done = subprocess.run(
        [script, "merge", *options(family()), "--out", tmp_path / "out", "--json"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["output"]["weights_digest"] == weights_digest_of_folder(tmp_path / "out")
    again = subprocess.run(
        [script, "merge", *options(family()), "--out", tmp_path / "out"], capture_output=True, text=True
    )
    assert again.returncode == 2
    assert "--overwrite" in again.stderr
    assert "Traceback" not in again.stderr


def test_a_recipe_is_the_same_as_options(cli: Cli, family: Family, tmp_path: Path) -> None:
    folders = family()
    given = ["--domain-weight", 0.9, "--set", "alignment_weight=1.25", "--dtype", "float32", "--max-shard-size", "9KB"]
    first = cli("merge", *options(folders), *given, "--out", tmp_path / "a", "--json")
    recipe = write_recipe(
        tmp_path / "r.yml",
        {role: Path(folder.name) for role, folder in folders.items()},
        "parameters: {domain_weight: 9e-1, alignment_weight: 1.25}\ndtype: float32\nmax_shard_size: 9KB\n",
    )
    second = cli("merge", recipe, "--out", tmp_path / "b", "--json")
    assert first.code == second.code == 0, second.err
    a, b = json.loads(first.out), json.loads(second.out)
    assert a["output"]["weights_digest"] == b["output"]["weights_digest"]
    assert {**a["recipe"], "models": 0} == {**b["recipe"], "models": 0}


def test_dry_run_writes_nothing(cli: Cli, family: Family, tmp_path: Path) -> None:
    folders = family()
    before = sorted(tmp_path.rglob("*"))
    text = cli("merge", *options(folders), "--dry-run")
    assert text.code == 0
    assert "kB to write" in text.out
    plan = json.loads(cli("merge", *options(folders), "--dry-run", "--json", "--out", tmp_path / "out").out)
    assert plan["n_tensors"] == 6
    (group,) = plan["groups"]
    assert (group["parameters"]["domain_weight"], group["parameters"]["alignment_weight"]) == (1.0, 1.0)
    assert group["sources"] == ["base", "domain", "aligned"]
    assert plan["bytes_written"] == group["bytes_written"] == group["bytes_read"] // 3
    assert sorted(tmp_path.rglob("*")) == before


def test_help_teaches(cli: Cli) -> None:
    result = cli("merge", "--help")
    assert result.code == 0
    for word in ("--base", "--alignment-weight", "--dry-run", "--chat-template-from", "Example"):
        assert word in result.out


REFUSED: dict[str, tuple[list[Any], str]] = {
    "a missing folder": (["--domain", "{tmp}/nowhere"], "domain: {tmp}/nowhere does not exist"),
    "an unknown method": (["--method", "mergealing"], "did you mean 'mergealign'"),
    "an unknown parameter": (["--set", "domain_wait=1"], "did you mean 'domain_weight'"),
    "NaN as λ": (["--domain-weight", "nan"], "finite number"),
    "NaN by --set": (["--set", "domain_weight=.nan"], "finite number"),
    "infinity as λ": (["--alignment-weight", "inf"], "finite number"),
    "a parameter twice": (["--domain-weight", "1", "--set", "domain_weight=1"], "given twice"),
    "a setting without value": (["--set", "domain_weight"], "not key=value"),
    "an unknown dtype": (["--dtype", "int8"], "dtype"),
    "an unknown role": (["--tokenizer-from", "expert"], "tokenizer_from"),
    "a senseless size": (["--max-shard-size", "huge"], "5GB"),
    "an output inside an input": (["--out", "{tmp}/base/out"], "overlaps"),
    "an output that is an input": (["--out", "{tmp}/aligned", "--overwrite"], "overlaps"),
    "an output that is a file": (["--out", "{tmp}/file", "--overwrite"], "not a folder"),
    "an output that exists": (["--out", "{tmp}/full"], "--overwrite"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_wrong_options(cli: Cli, family: Family, tmp_path: Path, what: str) -> None:
    more, message = REFUSED[what]
    folders = family()
    (tmp_path / "file").write_text("")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("")
    before = sorted(tmp_path.rglob("*"))
    given = [str(m).format(tmp=tmp_path) for m in more]
    result = cli("merge", *options(folders), "--out", tmp_path / "out", *given)
    assert result.code == 2
    assert message.format(tmp=tmp_path) in result.err
    assert "→" in result.err
    assert sorted(tmp_path.rglob("*")) == before


def broken(family: Family, what: str) -> dict[str, Path]:
    import torch

    name = "model.layers.0.mlp.up_proj.weight"
    if what == "shape":
        return family(aligned={"tensors": {name: torch.zeros(8, 8)}})
    if what == "missing":
        return family(aligned={"tensors": {name: None}})
    if what == "extra":
        return family(aligned={"tensors": {"model.new": torch.zeros(8)}})
    if what == "nan":
        return family(aligned={"tensors": {name: random_tensors(0)[name] * float("nan")}})
    folders = family()
    file = folders["aligned"] / "model.safetensors"
    file.write_bytes(file.read_bytes()[: {"truncated": -10, "headless": 4, "empty": 0}[what]])
    return folders


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("shape", "has shape [8, 8] in aligned, [88, 32] in base"),
        ("missing", "aligned lacks 1 tensors of base"),
        ("extra", "base lacks 1 tensors of aligned: model.new"),
        ("nan", "of aligned holds NaN"),
        ("truncated", "aligned/model.safetensors is not a valid safetensors file"),
        ("headless", "aligned/model.safetensors is not a valid safetensors file"),
        ("empty", "aligned/model.safetensors is not a valid safetensors file"),
    ],
)
def test_wrong_models(cli: Cli, family: Family, tmp_path: Path, what: str, message: str) -> None:
    folders = broken(family, what)
    before = sorted(tmp_path.rglob("*"))
    result = cli("merge", *options(folders), "--out", tmp_path / "out")
    assert result.code == 2
    assert message in result.err
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("metod: mergealign", "r.yml: metod: unknown key\n  → did you mean 'method'?"),
        ("parameters: {domain_weight: 1}\nparameters: {}", "duplicate key"),
        ("dtype: [", "r.yml:"),
        ("max_shard_size: -5", "max_shard_size"),
        ("copy_code: perhaps", "copy_code"),
        ("method: tize", "unknown merge method 'tize'"),
    ],
)
def test_wrong_recipes(cli: Cli, family: Family, tmp_path: Path, text: str, message: str) -> None:
    recipe = write_recipe(tmp_path / "r.yml", family(), text)
    result = cli("merge", recipe, "--out", tmp_path / "out")
    assert result.code == 2
    assert message in result.err
    assert not (tmp_path / "out").exists()


def test_wrong_calls(cli: Cli, family: Family, tmp_path: Path) -> None:
    folders = family()
    recipe = write_recipe(tmp_path / "r.yml", folders)
    both = cli("merge", recipe, "--base", folders["base"], "--domain-weight", 1, "--out", tmp_path / "out")
    assert (both.code, "base, parameters" in both.err) == (2, True)
    assert "missing --domain, --aligned" in cli("merge", "--base", folders["base"], "--out", tmp_path / "out").err
    assert "no output folder" in cli("merge", recipe).err
    assert "cannot read" in cli("merge", tmp_path / "no.yml", "--out", tmp_path / "out").err
    (tmp_path / "list.yml").write_text("- 1")
    assert "expected keys" in cli("merge", tmp_path / "list.yml", "--out", tmp_path / "out").err
    assert cli("merge", "--nonsense").code == 2
