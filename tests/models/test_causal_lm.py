"""The model in this process."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from mergealign.errors import CheckpointError, EvaluationError
from mergealign.models.causal_lm import CausalLM

from ..tiny_llama import CONTEXT, SPECIAL, TEMPLATE, tiny_model, tiny_tokenizer, write_tiny_model

PROMPTS = {f"p{n}": "what is the color " * (n % 3) + f"of lamp {n}?" for n in range(7)}


def lm(batch_size: int = 4) -> CausalLM:
    return CausalLM(tiny_model(), tiny_tokenizer(), chat_template=TEMPLATE, batch_size=batch_size, name="tiny")


@pytest.mark.parametrize("own", [{}, {"repetition_penalty": 5.0, "no_repeat_ngram_size": 1, "min_new_tokens": 7}])
def test_answers_equal_a_plain_greedy_loop(own: dict[str, float]) -> None:
    model = lm()
    model.model.generation_config.update(**own)
    kept = model.model.generation_config.to_dict()
    for id_, answer in model.generate(PROMPTS, max_new_tokens=8).items():
        ids = model.format.encode(model.render(PROMPTS[id_]))
        new: list[int] = []
        while len(new) < 8:
            with torch.no_grad():
                logits = model.model(torch.tensor([ids + new])).logits[0, -1]
            new.append(int(logits.argmax()))
            if new[-1] in model.stop_tokens:
                break
        finished = new[-1] in model.stop_tokens
        words = new[:-1] if finished else new
        assert answer.text == model.tokenizer.decode(words, skip_special_tokens=True).strip()
        assert (answer.finished, answer.n_tokens) == (finished, len(words))
    assert model.model.generation_config.to_dict() == kept


def test_batches_and_order_do_not_matter() -> None:
    one = lm(batch_size=1).generate(PROMPTS, max_new_tokens=8)
    turned = lm(batch_size=3).generate(dict(reversed(PROMPTS.items())), max_new_tokens=8)
    assert one == turned
    assert list(one) == list(PROMPTS)
    assert list(turned) == list(PROMPTS)[::-1]


def test_the_models_own_end_and_the_templates_end_stop_an_answer() -> None:
    model = lm()
    assert model.stop_tokens == {SPECIAL.index("<|endoftext|>"), SPECIAL.index("<|end|>")}
    text = model.render("of lamp 3?")
    with torch.no_grad():
        first = int(model.model(torch.tensor([model.format.encode(text)])).logits[0, -1].argmax())
    model.model.generation_config.eos_token_id = [first]
    (answer,) = model.generate({"p": "of lamp 3?"}, max_new_tokens=8).values()
    assert (answer.text, answer.finished, answer.n_tokens) == ("", True, 0)


def test_nothing_is_remembered_when_weights_change() -> None:
    model = lm()
    before = model.generate(PROMPTS, max_new_tokens=4)
    model.model.load_state_dict(tiny_model(seed=1).state_dict())
    assert model.generate(PROMPTS, max_new_tokens=4) != before


def test_progress_counts_items() -> None:
    seen: list[int] = []
    lm(batch_size=3).generate(PROMPTS, max_new_tokens=2, progress=seen.append)
    assert seen == [3, 3, 1]


def test_a_prompt_that_does_not_fit_is_named() -> None:
    long = {"fits": "hi", "too-long": "lamp " * CONTEXT}
    with pytest.raises(EvaluationError, match=r"item 'too-long' needs \d+ tokens, 8 of them.*tiny reads 64") as e:
        lm().generate(long, max_new_tokens=8)
    assert len(e.value.problems) == 1


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_load_keeps_the_dtype_of_the_checkpoint(tmp_path: Path, dtype: torch.dtype) -> None:
    tiny_model().to(dtype).save_pretrained(tmp_path)
    tiny_tokenizer().save_pretrained(tmp_path)
    model = CausalLM.load(tmp_path, chat_template=TEMPLATE)
    assert model.model.dtype is dtype
    assert model.facts["dtype"] == str(dtype).removeprefix("torch.")
    assert model.facts["device"] == "cpu"


def test_loading_is_silent(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write_tiny_model(tmp_path)
    capfd.readouterr()
    CausalLM.load(tmp_path, chat_template=TEMPLATE).generate({"a": "hi"}, max_new_tokens=2)
    assert capfd.readouterr() == ("", "")


def test_a_model_that_lacks_a_tensor_is_not_run_with_random_numbers(tmp_path: Path) -> None:
    write_tiny_model(tmp_path)
    tensors = load_file(tmp_path / "model.safetensors")
    del tensors["model.layers.1.mlp.up_proj.weight"]
    save_file(tensors, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(CheckpointError, match=r"lacks 1 tensors, the first is model\.layers\.1\.mlp\.up_proj"):
        CausalLM.load(tmp_path, chat_template=TEMPLATE)


def test_folders_that_are_no_models(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="holds no model"):
        CausalLM.load(tmp_path)
    write_tiny_model(tmp_path)
    with pytest.raises(EvaluationError, match="no chat template"):
        CausalLM.load(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"not tensors")
    with pytest.raises(CheckpointError, match="cannot be loaded"):
        CausalLM.load(tmp_path, chat_template=TEMPLATE)


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU is here")
def test_a_device_that_is_not_here(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="device 'cuda' is not available"):
        CausalLM.load(tmp_path, device="cuda")
