"""Whatever changes after a merge is named: weights, config, tokenizer; an edited card is only noted."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from mergealign.errors import CheckpointError
from mergealign.merge.run import merge
from mergealign.merge.verify import read_record, verify
from mergealign.recipe.merge import MergeRecipe, Models

from ..conftest import random_tensors, write_model

Family = Callable[..., dict[str, Path]]


@pytest.fixture
def merged(family: Family, tmp_path: Path) -> Path:
    folders = family()
    recipe = MergeRecipe(models=Models(**{r: str(f) for r, f in folders.items()}), max_shard_size=8000)
    merge(recipe, tmp_path / "out")
    return tmp_path / "out"


def problems(folder: Path, *, inputs: bool = False) -> list[str]:
    return [p.what for p in verify(folder, read_record(folder), inputs=inputs)[0]]


def flip(file: Path, at: int) -> None:
    data = bytearray(file.read_bytes())
    data[at] ^= 0x40
    file.write_bytes(data)


def test_untouched(merged: Path) -> None:
    assert verify(merged, read_record(merged), inputs=True) == ([], [])


@pytest.mark.parametrize("at", [-1, -3000, -7000])
def test_a_flipped_weight_names_the_tensor(merged: Path, at: int) -> None:
    flip(merged / "model-00003-of-00003.safetensors", at)
    (problem,) = problems(merged)
    assert problem.startswith("output: tensor 'model.")
    assert "differs from what was recorded" in problem


def test_every_byte_of_every_file_counts(merged: Path) -> None:
    """Each file but card and record: a flip at its start, middle and end is found."""
    for file in sorted(merged.iterdir()):
        if file.name in ("README.md", "mergealign.json"):
            continue
        for at in (0, file.stat().st_size // 2, -1):
            flip(file, at)
            assert problems(merged), (file.name, at)
            flip(file, at)
    assert problems(merged) == []


def test_every_byte_of_headers_and_index_counts(merged: Path) -> None:
    for file, inside in (
        ("model-00001-of-00003.safetensors", b'"pt"'),
        ("model.safetensors.index.json", b"total_size"),
    ):
        data = (merged / file).read_bytes()
        assert data.count(inside) == 1
        (merged / file).write_bytes(data.replace(inside, inside.replace(b"t", b"q", 1)))
        assert any(file in p for p in problems(merged)), file
        (merged / file).write_bytes(data)
    assert problems(merged) == []


@pytest.mark.parametrize("name", ["model.safetensors", "adapter_config.json", "chat_template.jinja", "x/tool.jinja"])
def test_added_files_that_a_loader_may_read(merged: Path, name: str) -> None:
    (merged / name).parent.mkdir(exist_ok=True)
    (merged / name).write_text("{}")
    assert problems(merged) == [f"{merged / name} was added; loaders may read it"]


def test_other_added_files_are_noted(merged: Path) -> None:
    (merged / "picture.png").write_bytes(b"")
    assert verify(merged, read_record(merged)) == ([], [f"{merged / 'picture.png'} was added"])


def test_an_edited_card_is_noted(merged: Path) -> None:
    (merged / "README.md").write_text("mine")
    found, notes = verify(merged, read_record(merged))
    assert found == []
    assert len(notes) == 1
    assert "was edited" in notes[0]


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "generation_config.json"])
def test_missing_and_changed_files(merged: Path, name: str) -> None:
    file = merged / name
    file.write_text(file.read_text() + " ")
    assert problems(merged) == [f"{file} differs from what was written"]
    file.unlink()
    assert any(name in p for p in problems(merged))


def test_inputs_only_on_request(merged: Path) -> None:
    write_model(merged.parent / "domain", random_tensors(5))
    assert problems(merged) == []
    changed = problems(merged, inputs=True)
    assert len(changed) == 6
    assert all(p.startswith("domain: tensor") for p in changed)


def test_added_and_missing_tensors(merged: Path) -> None:
    tensors = random_tensors(0)
    tensors["extra"] = tensors.pop("model.norm.weight")
    for file in merged.glob("model*"):
        file.unlink()
    write_model(merged, tensors)
    found = problems(merged)
    assert any("'extra' was added" in p for p in found)
    assert any("'model.norm.weight' is missing" in p for p in found)


def test_a_record_that_contradicts_itself(merged: Path) -> None:
    file = merged / "mergealign.json"
    record = json.loads(file.read_text())
    record["output"]["weights_digest"] = "0" * 32
    file.write_text(json.dumps(record))
    assert problems(merged) == [f"output: the record in {merged} contradicts itself"]


@pytest.mark.parametrize("text", [None, "", "{}", '{"schema_version": 2}'])
def test_no_record(merged: Path, text: str | None) -> None:
    (merged / "mergealign.json").unlink() if text is None else (merged / "mergealign.json").write_text(text)
    with pytest.raises(CheckpointError, match=r"mergealign\.json"):
        read_record(merged)
