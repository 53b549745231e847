"""Which files of a folder count, and which folders are refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mergealign.checkpoint.folder import INDEX, open_checkpoint
from mergealign.errors import CheckpointError

from ..conftest import SHAPES, random_tensors, write_model


def test_sharded_and_single_hold_the_same(tmp_path: Path) -> None:
    tensors = random_tensors(0)
    one, many = (open_checkpoint(write_model(tmp_path / str(n), tensors, shards=n)) for n in (1, 3))
    assert one.tensors.keys() == many.tensors.keys() == SHAPES.keys()
    assert len({t.file for t in many.tensors.values()}) == 3


def test_the_index_decides(tmp_path: Path) -> None:
    folder = write_model(tmp_path, random_tensors(0), shards=2)
    for stray in ("consolidated.00.safetensors", "old.safetensors"):
        (folder / stray).write_bytes(b"junk")
    (folder / "original").mkdir()
    (folder / "original" / "model.safetensors").write_bytes(b"junk")
    opened = open_checkpoint(folder)
    assert len(opened.tensors) == len(SHAPES)
    assert len(opened.notes) == 2
    assert all("ignored" in note for note in opened.notes)


def test_consolidated_beside_a_single_file_is_ignored(tmp_path: Path) -> None:
    folder = write_model(tmp_path, random_tensors(0))
    (folder / "consolidated.safetensors").write_bytes(b"junk")
    assert len(open_checkpoint(folder).tensors) == len(SHAPES)


def index_with(folder: Path, **changes: str | None) -> None:
    index = json.loads((folder / INDEX).read_text())
    index["weight_map"] = {k: v for k, v in {**index["weight_map"], **changes}.items() if v is not None}
    (folder / INDEX).write_text(json.dumps(index))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ghost": "model-00001-of-00002.safetensors"}, "'ghost', which is not in model-00001"),
        ({"ghost": "model-00009-of-00002.safetensors"}, "model-00009-of-00002.safetensors is missing"),
        ({"ghost": "../model.safetensors"}, "outside its folder"),
        ({"ghost": "/etc/passwd"}, "outside its folder"),
        ({"ghost": "..\\x.safetensors"}, "outside its folder"),
        ({"lm_head.weight": "model-00001-of-00002.safetensors"}, "does not place there"),
        ({"lm_head.weight": None}, "does not place there"),
    ],
)
def test_a_wrong_index_is_refused(tmp_path: Path, changes: dict[str, str | None], message: str) -> None:
    folder = write_model(tmp_path, random_tensors(0), shards=2)
    index_with(folder, **changes)
    with pytest.raises(CheckpointError) as caught:
        open_checkpoint(folder)
    assert message in str(caught.value)


def test_a_tensor_in_two_shards_is_refused(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    folder = write_model(tmp_path, random_tensors(0), shards=2)
    tensors = dict(list(random_tensors(0).items())[1::2])
    twice = {**tensors, "model.embed_tokens.weight": random_tensors(0)["model.embed_tokens.weight"]}
    save_file(twice, folder / "model-00002-of-00002.safetensors")
    with pytest.raises(CheckpointError, match=r"embed_tokens.*is in .* and in"):
        open_checkpoint(folder)


def test_shards_without_index_are_refused(tmp_path: Path) -> None:
    folder = write_model(tmp_path, random_tensors(0), shards=2)
    (folder / INDEX).unlink()
    with pytest.raises(CheckpointError, match=r"no model\.safetensors\.index\.json"):
        open_checkpoint(folder)


@pytest.mark.parametrize(
    "config", [{"quantization_config": {"bits": 4}}, {"text_config": {"quantization_config": {"b": 1}}}]
)
def test_quantized_configs_are_refused(tmp_path: Path, config: dict[str, object]) -> None:
    with pytest.raises(CheckpointError, match=r"quantized.*\n.*unquantized"):
        open_checkpoint(write_model(tmp_path, random_tensors(0), config))


def test_float8_weights_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="quantized"):
        open_checkpoint(write_model(tmp_path, random_tensors(0, "float8_e4m3fn")))


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (["model.gguf"], "GGUF"),
        (["config.json", "model.gguf"], "GGUF"),
        (["config.json", "pytorch_model.bin"], "save it as safetensors"),
        (["config.json", "pytorch_model-00001-of-00002.bin"], "pickled"),
        (["adapter_config.json"], "LoRA"),
        (["config.json"], "has no *.safetensors"),
        ([], "has no config.json"),
    ],
)
def test_other_formats_are_refused_with_the_cure(tmp_path: Path, files: list[str], message: str) -> None:
    for name in files:
        (tmp_path / name).write_text("{}")
    with pytest.raises(CheckpointError) as caught:
        open_checkpoint(tmp_path)
    assert message in str(caught.value)


def test_missing_folders_and_files_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(CheckpointError, match="is a file"):
        open_checkpoint(tmp_path / "file")
    with pytest.raises(CheckpointError, match="does not exist"):
        open_checkpoint(tmp_path / "nothing")


@pytest.mark.parametrize("text", ["", "{", "[1]", "\ufffe"])
def test_a_broken_config_is_named(tmp_path: Path, text: str) -> None:
    write_model(tmp_path, random_tensors(0))
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(CheckpointError, match=r"config\.json"):
        open_checkpoint(tmp_path)
