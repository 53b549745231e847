"""`mergealign diff` from the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from ..conftest import TOKENIZER_CONFIG, TOKENIZER_FILES, random_tensors, write_model
from ..hostile._attacks import ATTACKS, load
from .conftest import Result

Cli = Callable[..., Result]
Family = Callable[..., dict[str, Path]]


def test_a_table_for_people(cli: Cli, family: Family) -> None:
    folders = family(domain={"files": {"tokenizer_config.json": {**TOKENIZER_CONFIG, "chat_template": "x"}}})
    result = cli("diff", folders["base"], folders["domain"], "--top", 2)
    assert (result.code, result.err) == (0, "")
    for word in ("embedding", "attention", "furthest apart", "chat template: differs", "A and B differ"):
        assert word in result.out
    tensors = result.out.partition("furthest apart")[2]
    assert sum(line.count(".weight") for line in tensors.splitlines()) == 2


def test_json_has_every_tensor(cli: Cli, family: Family) -> None:
    folders = family(domain={"dtype": "float32"})
    found = json.loads(cli("diff", folders["base"], folders["domain"], "--json", "--top", 0).out)
    assert found["differs"]
    assert len(found["tensors"]) == found["total"]["n_tensors"] == 6
    assert found["tensors"][0]["dtype"] == {"a": "bfloat16", "b": "float32"}
    assert 0 < found["total"]["relative_norm"] < 0.2
    assert found["a"]["source"] == str(folders["base"])


def test_exit_code_as_of_git_diff(cli: Cli, family: Family) -> None:
    folders = family()
    same, other = (folders["base"], folders["base"]), (folders["base"], folders["domain"])
    assert [cli("diff", *pair, "--exit-code").code for pair in (same, other)] == [0, 1]
    assert cli("diff", *other, "--exit-code", "--json").code == 1
    assert cli("diff", *other).code == 0
    assert "A and B are the same model" in cli("diff", *same).out


def test_findings_in_words(cli: Cli, tmp_path: Path) -> None:
    a = random_tensors(0)
    b = {**random_tensors(1), "new.weight": a["model.norm.weight"]}
    b["model.norm.weight"][0] = float("nan")
    b["lm_head.weight"] = b["lm_head.weight"][:90].clone()
    many = {f"key_{i:02}": i for i in range(12)}
    write_model(tmp_path / "a", a, files=TOKENIZER_FILES)
    write_model(tmp_path / "b", b, config=many)
    out = cli("diff", tmp_path / "a", tmp_path / "b").out
    for line in (
        "only in B: 1 tensors: new.weight",
        "shape: lm_head.weight is [96, 32] in A, [90, 32] in B; compared: the first 2880 numbers",
        "NaN or infinity: model.norm.weight: 0 numbers of A, 1 of B; no norms",
        "config: key_00: not there in A, 0 in B",
        "config: and 2 more keys (--json lists them)",
        "generation config: eos_token_id: [1, 3] in A, not there in B",
        "tokenizer: not compared: no readable vocabulary in A or in B",
        "tokenizer: tokenizer.json is only in A",
        "tokenizer: added tokens only in A: </s>, <|end|>",
        "chat template: differs",
    ):
        assert line in out.splitlines()


def test_mistakes(cli: Cli, tmp_path: Path) -> None:
    result = cli("diff", tmp_path / "nowhere", tmp_path)
    assert result.code == 2
    assert "A: " in result.err
    assert "nowhere does not exist" in result.err


@pytest.mark.parametrize("name", ATTACKS)
def test_hostile_files_are_refused_or_compared(cli: Cli, family: Family, name: str) -> None:
    """Never a traceback, and nothing that steers a terminal."""
    attack, folders = load(name), family()
    attack.attack(folders[attack.role])
    result = cli("diff", folders["base"], folders["domain" if attack.role == "base" else attack.role])
    assert result.code in (0, 2)
    assert ("error: " in result.err) == (result.code == 2)
    assert all(c.isprintable() or c == "\n" for c in result.out + result.err)
