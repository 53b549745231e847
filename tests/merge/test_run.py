"""The folder that a merge writes: opens in transformers, sharded as asked, with everything a server needs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mergealign.checkpoint.digest import file_digest, weights_digest_of_folder
from mergealign.errors import NumericsError, OutputError, RecipeError
from mergealign.merge.run import find_merge, merge
from mergealign.recipe.merge import MergeRecipe, Models
from mergealign.record.merge import MergeRecord

from ..conftest import SHAPES, TOKENIZER_CONFIG, random_tensors, write_model

Family = Callable[..., dict[str, Path]]


def recipe(folders: dict[str, Path], **options: Any) -> MergeRecipe:
    return MergeRecipe(models=Models(**{role: str(f) for role, f in folders.items()}), **options)


def read(file: Path) -> Any:
    return json.loads(file.read_text())


def test_a_real_llama_opens_and_computes(tmp_path: Path) -> None:
    """Three random Llamas through transformers and back: the merged model's logits are those of merged weights."""
    import torch
    from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=64,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        tie_word_embeddings=True,
    )
    models = {}
    for seed, role in enumerate(("base", "domain", "aligned")):
        torch.manual_seed(seed)
        models[role] = LlamaForCausalLM(config)
        models[role].save_pretrained(tmp_path / role)
    merge(recipe({r: tmp_path / r for r in models}, max_shard_size="20KB"), tmp_path / "out", allow_unrelated=True)
    merged = AutoModelForCausalLM.from_pretrained(tmp_path / "out")
    assert merged.config.tie_word_embeddings
    base, domain, aligned = (m.state_dict() for m in models.values())
    for name, tensor in merged.state_dict().items():
        expected = base[name].double() + (domain[name].double() - base[name]) + (aligned[name].double() - base[name])
        torch.testing.assert_close(tensor, expected.float(), rtol=0, atol=0)
    ids = torch.arange(10)[None]
    models["base"].load_state_dict(merged.state_dict())
    torch.testing.assert_close(merged(ids).logits, models["base"](ids).logits)


@pytest.mark.parametrize("size", ["5GB", "8KB", "1KB"])
def test_shards(family: Family, tmp_path: Path, size: str) -> None:
    record = merge(recipe(family(), max_shard_size=size), tmp_path / "out")
    files = sorted(f.name for f in (tmp_path / "out").glob("*.safetensors"))
    assert len(files) == {"5GB": 1, "8KB": 3, "1KB": 6}[size]
    assert record.output.weights_digest == weights_digest_of_folder(tmp_path / "out")
    if size == "5GB":
        assert files == ["model.safetensors"]
    else:
        index = read(tmp_path / "out" / "model.safetensors.index.json")
        assert set(index["weight_map"].values()) == set(files)
        assert index["weight_map"].keys() == SHAPES.keys()
        assert index["metadata"]["total_size"] == record.bytes_written


def test_words_of_the_aligned_model(family: Family, tmp_path: Path) -> None:
    aligned_files = {
        "tokenizer_config.json": {**TOKENIZER_CONFIG, "marker": 1},
        "modeling.py": "raise",
        "notes.txt": "x",
    }
    folders = family(
        base={"files": {"LICENSE": "base license", "code.py": "x = 1"}},
        aligned={"files": aligned_files, "config": {"eos_token_id": [1, 3], "pad_token_id": 0}},
        domain={"files": {"generation_config.json": {"eos_token_id": 1}}},
    )
    (folders["aligned"] / "additional_chat_templates").mkdir()
    (folders["aligned"] / "additional_chat_templates" / "tool.jinja").write_text("<|end|>")
    out = tmp_path / "out"
    record = merge(recipe(folders), out)
    config = read(out / "config.json")
    assert (config["eos_token_id"], config["pad_token_id"]) == ([1, 3], 0)
    assert read(out / "generation_config.json") == {"eos_token_id": [1, 3]}
    assert read(out / "tokenizer_config.json")["marker"] == 1
    assert (out / "additional_chat_templates" / "tool.jinja").read_text() == "<|end|>"
    assert (out / "LICENSE").read_text() == "base license"
    assert not list(out.glob("*.py"))
    assert not (out / "notes.txt").exists()
    assert {n: file_digest(out / n) for n in record.output.files} == record.output.files
    assert {"config.json", "tokenizer.json", "additional_chat_templates/tool.jinja"} < record.output.files.keys()
    merge(recipe(folders, copy_code=True), tmp_path / "code")
    assert [f.name for f in (tmp_path / "code").glob("*.py")] == ["code.py"]


def test_template_and_tokenizer_from_different_models(family: Family, tmp_path: Path) -> None:
    other = {**TOKENIZER_CONFIG, "chat_template": "base: {{ messages }}", "name": "base"}
    folders = family(base={"files": {"tokenizer_config.json": other}})
    (folders["aligned"] / "chat_template.jinja").write_text("aligned: <|end|>")
    merge(recipe(folders, tokenizer_from="base"), tmp_path / "mixed")
    settings = read(tmp_path / "mixed" / "tokenizer_config.json")
    assert (settings["name"], settings["chat_template"]) == ("base", TOKENIZER_CONFIG["chat_template"])
    assert (tmp_path / "mixed" / "chat_template.jinja").read_text() == "aligned: <|end|>"
    merge(recipe(folders, chat_template_from="none"), tmp_path / "none")
    assert "chat_template" not in read(tmp_path / "none" / "tokenizer_config.json")
    assert not (tmp_path / "none" / "chat_template.jinja").exists()
    assert read(tmp_path / "none" / "generation_config.json") == {"eos_token_id": [1, 3]}
    merge(recipe(folders, chat_template_from="base"), tmp_path / "base-words")
    assert read(tmp_path / "base-words" / "tokenizer_config.json")["chat_template"] == "base: {{ messages }}"
    assert not (tmp_path / "base-words" / "chat_template.jinja").exists()


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"torch_dtype": "bfloat16"}, {"torch_dtype": "float16"}),
        ({"torch_dtype": None, "dtype": "bfloat16"}, {"torch_dtype": "float16", "dtype": "float16"}),
        (
            {"text_config": {"dtype": "bfloat16", "vision": {"torch_dtype": "float32"}}},
            {"text_config": {"dtype": "float16", "vision": {"torch_dtype": "float16"}}},
        ),
    ],
)
def test_every_dtype_key_follows(family: Family, tmp_path: Path, config: Any, expected: Any) -> None:
    merge(recipe(family(base={"config": config}), dtype="float16"), tmp_path / "out")
    written = read(tmp_path / "out" / "config.json")
    assert {k: written[k] for k in expected} == expected


def test_a_config_without_dtype_gets_the_dtype_of_most_weights(tmp_path: Path) -> None:
    shapes = {"model.a": (40, 40), "model.b": (4,)}
    folders = {}
    for seed, role in enumerate(("base", "domain", "aligned")):
        folders[role] = write_model(tmp_path / role, random_tensors(seed, "float16", shapes))
        (folders[role] / "config.json").write_text("{}")
    merge(recipe(folders), tmp_path / "out")
    assert read(tmp_path / "out" / "config.json") == {"torch_dtype": "float16"}


def test_the_record_and_the_card(family: Family, tmp_path: Path) -> None:
    from ruamel.yaml import YAML

    folders = family()
    record = merge(recipe(folders, parameters={"domain_weight": 0.9}), tmp_path / "out")
    assert MergeRecord.model_validate_json((tmp_path / "out" / "mergealign.json").read_text()) == record
    assert record.recipe["parameters"] == {"domain_weight": 0.9, "alignment_weight": 1.0, "interpolation": "linear"}
    assert record.recipe["tokenizer_from"] == "aligned"
    assert {r: m.weights_digest for r, m in record.inputs.items()} == {
        r: weights_digest_of_folder(f) for r, f in folders.items()
    }
    assert record.output.tensors.keys() == SHAPES.keys()
    assert record.versions["mergealign"]
    assert record.n_parameters == sum(t.numel() for t in random_tensors(0).values())
    _, front, body = (tmp_path / "out" / "README.md").read_text().split("---\n", 2)
    front_matter = YAML(typ="safe", pure=True).load(front)
    assert front_matter["base_model"] == ["base", "domain", "aligned"]
    assert front_matter["tags"] == ["merge", "mergealign"]
    assert "License" in body
    assert record.output.weights_digest in body


def test_a_dropped_head_still_counts_in_the_identity_of_its_model(family: Family, tmp_path: Path) -> None:
    tied: Any = {"config": {"tie_word_embeddings": True}, "tensors": {"lm_head.weight": None}}
    stray: Any = {**tied, "tensors": {"lm_head.weight": random_tensors(1)["model.embed_tokens.weight"]}}
    folders = family(base=tied, domain=stray, aligned=tied)
    record = merge(recipe(folders), tmp_path / "out")
    assert "lm_head.weight" not in record.output.tensors
    assert record.inputs["domain"].weights_digest == weights_digest_of_folder(folders["domain"])


def test_a_failure_leaves_nothing(family: Family, tmp_path: Path) -> None:
    bad = random_tensors(0)["model.norm.weight"] * float("nan")
    folders = family(domain={"tensors": {"model.norm.weight": bad}})
    before = sorted(tmp_path.iterdir())
    with pytest.raises(NumericsError):
        merge(recipe(folders), tmp_path / "out")
    assert sorted(tmp_path.iterdir()) == before


def test_overwrite_replaces_the_folder_whole(family: Family, tmp_path: Path) -> None:
    folders = family()
    merge(recipe(folders, max_shard_size="1KB"), tmp_path / "out")
    with pytest.raises(OutputError, match="not empty"):
        merge(recipe(folders), tmp_path / "out")
    merge(recipe(folders), tmp_path / "out", overwrite=True)
    assert [f.name for f in (tmp_path / "out").glob("model*")] == ["model.safetensors"]
    assert not list(tmp_path.glob(".out*"))


def test_a_merge_is_found_again_only_if_nothing_changed(family: Family, tmp_path: Path) -> None:
    folders = family()
    wanted = recipe(folders)
    out = tmp_path / "out"
    assert find_merge(out, wanted) is None
    record = merge(wanted, out)
    assert find_merge(out, wanted) == record
    assert find_merge(out, recipe(folders, parameters={"domain_weight": 0.5})) is None
    file = out / "model.safetensors"
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    assert find_merge(out, wanted) is None
    merge(wanted, out, overwrite=True)
    assert find_merge(out, wanted) is not None
    (folders["aligned"] / "generation_config.json").write_text('{"eos_token_id": 1}')
    assert find_merge(out, wanted) is None
    merge(wanted, out, overwrite=True)
    write_model(folders["domain"], random_tensors(9))
    assert find_merge(out, wanted) is None


def test_a_template_is_kept_where_the_tokenizer_has_no_config(family: Family, tmp_path: Path) -> None:
    folders = family()
    (folders["base"] / "tokenizer_config.json").unlink()
    merge(recipe(folders, tokenizer_from="base"), tmp_path / "out")
    written = read(tmp_path / "out" / "tokenizer_config.json")
    assert written == {"chat_template": TOKENIZER_CONFIG["chat_template"]}


def test_code_of_the_models_own(family: Family, tmp_path: Path) -> None:
    own: Any = {"config": {"auto_map": {"AutoModel": "modeling.Model"}}, "files": {"modeling.py": "base"}}
    code = {"modeling.py": "aligned", "tokenization.py": "aligned"}
    tokenizer = {**code, "tokenizer_config.json": {**TOKENIZER_CONFIG, "auto_map": {"AutoTokenizer": ["t.T", None]}}}
    folders = family(base=own, aligned={"files": tokenizer})
    assert any("--copy-code" in note for note in merge(recipe(folders), tmp_path / "out").notes)
    assert not merge(recipe(folders, copy_code=True), tmp_path / "code").notes
    assert (tmp_path / "code" / "modeling.py").read_text() == "base"
    assert (tmp_path / "code" / "tokenization.py").read_text() == "aligned"


def test_values_that_cannot_go_together_name_the_first_tensor_that_has_them(family: Family, tmp_path: Path) -> None:
    density = [{"filter": "mlp", "value": 0.95}, {"value": 0.5}]
    wrong = recipe(family(), method="della", parameters={"weight": 1, "density": density})
    with pytest.raises(
        RecipeError, match=r"density 0\.95 .*\(for 'model\.layers\.0\.mlp\.up_proj\.weight'\)"
    ) as caught:
        merge(wrong, tmp_path / "out")
    assert len(caught.value.problems) == 1
    assert not (tmp_path / "out").exists()
