"""mergekit's YAML through the whole engine: it runs, it loads, and where mergekit is at hand, it agrees."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mergealign.errors import MergeAlignError
from mergealign.merge.run import merge
from mergealign.recipe.merge import understand_recipe
from mergealign.recipe.strict import parse_scalar
from mergealign.record.merge import MergeRecord

from ..methods.peer import needs_mergekit
from .recipes import EXACT, RANDOM

LABELS = ("base", "a", "b", "c")
LAYERS = 4


@pytest.fixture(scope="module")
def llamas(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four Llamas of four layers: a base, and three that were tuned from it."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    root = tmp_path_factory.mktemp("llamas")
    config = LlamaConfig(
        vocab_size=64,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=LAYERS,
        num_attention_heads=4,
        num_key_value_heads=2,
        tie_word_embeddings=False,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        base = LlamaForCausalLM(config)
        for label in LABELS:
            model = LlamaForCausalLM(config)
            model.load_state_dict(base.state_dict())
            if label != "base":
                with torch.no_grad():
                    for p in model.parameters():
                        p += 0.002 * torch.randn_like(p)
            model.save_pretrained(root / label)
    return root


def run(text: str, root: Path, out: Path, **options: Any) -> MergeRecord:
    return merge(understand_recipe(parse_scalar(text.format(root=root)), "r.yml"), out, **options)


def tensors(folder: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    found: dict[str, Any] = {}
    for file in sorted(folder.glob("*.safetensors")):
        found |= load_file(file)
    return found


@pytest.mark.parametrize("name", [*EXACT, *RANDOM])
def test_it_runs_and_loads(llamas: Path, tmp_path: Path, name: str) -> None:
    from transformers import AutoModelForCausalLM

    text = {**EXACT, **RANDOM}[name]
    record = run(text, llamas, tmp_path / "out")
    _, loading = AutoModelForCausalLM.from_pretrained(tmp_path / "out", output_loading_info=True)
    assert not loading["missing_keys"]
    assert not loading["unexpected_keys"]
    assert (record.recipe["seed"] is not None) == (name in RANDOM)


def test_stacked_layers_are_counted_in_the_config(llamas: Path, tmp_path: Path) -> None:
    import json

    run(EXACT["stacked layers"], llamas, tmp_path / "out")
    assert json.loads((tmp_path / "out/config.json").read_text())["num_hidden_layers"] == 7
    found, a, b = tensors(tmp_path / "out"), tensors(llamas / "a"), tensors(llamas / "b")
    name = "model.layers.{}.mlp.up_proj.weight"
    for layer, (model, source) in enumerate([(a, 0), (a, 1), (a, 2), (b, 1), (b, 2), (b, 3), (a, 3)]):
        assert found[name.format(layer)].equal(model[name.format(source)])


@needs_mergekit
@pytest.mark.parametrize("name", EXACT)
def test_agrees_with_mergekit(llamas: Path, tmp_path: Path, name: str) -> None:
    """Every element within 1e-6 of the largest weight of its tensor, or the rounding of the output's dtype."""
    import torch

    (tmp_path / "r.yml").write_text(EXACT[name].format(root=llamas))
    command = Path(os.environ["MERGEKIT_PYTHON"]).with_name("mergekit-yaml")
    done = subprocess.run(
        [command, tmp_path / "r.yml", tmp_path / "theirs", "--quiet"],
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-1000:]
    run(EXACT[name], llamas, tmp_path / "ours")
    ours, theirs = tensors(tmp_path / "ours"), tensors(tmp_path / "theirs")
    assert ours.keys() == theirs.keys()
    for key, tensor in ours.items():
        other = theirs[key]
        assert tensor.dtype == other.dtype
        tolerance = 1e-6 if tensor.dtype is torch.float32 else 2**-8
        scale = max(float(other.abs().max()), 1e-30)
        assert float((tensor.float() - other.float()).abs().max()) <= tolerance * scale, key


FAULTS = {
    "a range beyond the layers": (EXACT["stacked layers"], "[3, 4]", "[3, 5]", "which has 4"),
    "weights that sum to zero": (EXACT["linear"], "weight: 0.3", "weight: -1.0", "sum"),
    "a density beyond one": (EXACT["ties"], "density: 0.5", "density: 5", "density"),
    "an unknown dtype": (EXACT["ties"], "dtype: float32", "dtype: float23", "dtype"),
    "an unknown key": (EXACT["ties"], "normalize:", "normalise:", "did you mean 'normalize'"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_faults_stop_before_a_folder_is_made(llamas: Path, tmp_path: Path, name: str) -> None:
    text, old, new, message = FAULTS[name]
    assert old in text
    text = text.replace(old, new)
    if name == "weights that sum to zero":
        text = text.replace("[0.2, 0.5, 0.1]", "0.0")
    with pytest.raises(MergeAlignError) as e:
        run(text, llamas, tmp_path / "out")
    assert message in str(e.value)
    assert not (tmp_path / "out").exists()


def test_slices_of_different_numbers_of_sources_lose_no_model(llamas: Path, tmp_path: Path) -> None:
    """What stands behind the layers is merged from all sources of the last slice, and this is said."""
    text = EXACT["slices over a base"]
    cut = "      - {{model: {root}/b, layer_range: [0, 2], parameters: {{weight: 0.2}}}}\n"
    assert cut in text
    record = run(text.replace(cut, ""), llamas, tmp_path / "out")
    assert any("sources" in note for note in record.notes), record.notes
    found, base, a, b = (tensors(folder) for folder in (tmp_path / "out", *(llamas / m for m in ("base", "a", "b"))))
    head = "lm_head.weight"
    expected = base[head] + 0.1 * (a[head] - base[head]) + 0.9 * (b[head] - base[head])
    np.testing.assert_allclose(found[head].numpy(), expected.numpy(), atol=1e-7)


def test_a_shape_that_differs_stops_before_a_folder_is_made(llamas: Path, tmp_path: Path) -> None:
    import shutil

    from safetensors.torch import save_file

    for label in LABELS:
        shutil.copytree(llamas / label, tmp_path / label)
    changed = tensors(tmp_path / "b")
    changed["model.norm.weight"] = changed["model.norm.weight"][:-1].contiguous()
    save_file(changed, tmp_path / "b/model.safetensors", metadata={"format": "pt"})
    with pytest.raises(MergeAlignError, match=r"'model\.norm\.weight' has shape"):
        run(EXACT["linear"], tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_seed_is_recorded_and_gives_the_same_bits(llamas: Path, tmp_path: Path) -> None:
    text = RANDOM["biomedical experts"]
    first = run(text, llamas, tmp_path / "first", threads=1)
    assert any(f"seed {first.recipe['seed']}" in note for note in first.notes)
    again = run(f"{text}seed: {first.recipe['seed']}\n", llamas, tmp_path / "again", threads=3)
    other = run(f"{text}seed: {first.recipe['seed'] + 1}\n", llamas, tmp_path / "other")
    assert again.output.weights_digest == first.output.weights_digest != other.output.weights_digest


def test_without_a_base_the_first_model_gives_config_and_tokenizer(llamas: Path, tmp_path: Path) -> None:
    record = run(EXACT["linear"], llamas, tmp_path / "out")
    assert next(iter(record.inputs)) == f"{llamas}/a"
    assert record.recipe["tokenizer_from"] == f"{llamas}/a"


def test_models_that_are_the_same_are_told_and_merged(llamas: Path, tmp_path: Path) -> None:
    import shutil

    shutil.copytree(llamas / "a", tmp_path / "a")
    shutil.copytree(llamas / "a", tmp_path / "b")
    shutil.copytree(llamas / "c", tmp_path / "c")
    record = run(EXACT["linear"], tmp_path, tmp_path / "out")
    assert any("hold the same weights" in note for note in record.notes)


def test_unrelated_models_need_permission(llamas: Path, tmp_path: Path) -> None:
    import shutil

    from safetensors.torch import save_file

    for label in ("a", "b", "c"):
        shutil.copytree(llamas / label, tmp_path / label)
    rng = np.random.default_rng(0)
    import torch

    noise = {
        n: torch.tensor(rng.standard_normal(t.shape) * 0.02).to(t.dtype) for n, t in tensors(tmp_path / "b").items()
    }
    save_file(noise, tmp_path / "b/model.safetensors", metadata={"format": "pt"})
    with pytest.raises(MergeAlignError, match="unrelated"):
        run(EXACT["linear"], tmp_path, tmp_path / "out")
    record = run(EXACT["linear"], tmp_path, tmp_path / "out", allow_unrelated=True)
    assert any("unrelated" in note for note in record.notes)
