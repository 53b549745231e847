"""The model in this process."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from mergealign.errors import CheckpointError, EvaluationError
from mergealign.models import Turn
from mergealign.models.causal_lm import CausalLM, _batches

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


def test_a_prompt_that_does_not_fit_is_named(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """By us: transformers' own warning would stand beside the error."""
    monkeypatch.setattr(logging.getLogger("transformers"), "propagate", True)
    long = {"fits": "hi", "too-long": "lamp " * CONTEXT}
    model = lm()
    model.tokenizer.model_max_length = CONTEXT
    with pytest.raises(EvaluationError, match=r"item 'too-long' needs \d+ tokens, 8 of them.*tiny reads 64") as e:
        model.generate(long, max_new_tokens=8)
    assert len(e.value.problems) == 1
    assert caplog.messages == []


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
    (tmp_path / "model.safetensors").write_bytes(b"not tensors")
    with pytest.raises(CheckpointError, match="cannot be loaded"):
        CausalLM.load(tmp_path, chat_template=TEMPLATE)


def test_a_model_without_a_chat_template_still_completes_tokens(tmp_path: Path) -> None:
    bare = CausalLM.load(write_tiny_model(tmp_path))
    ids = {id_: lm().format.encode(lm().render(prompt)) for id_, prompt in PROMPTS.items()}
    plain = bare.complete(ids, max_new_tokens=4)
    assert list(plain) == list(PROMPTS)
    assert bare.facts["chat_template_sha256"] == ""
    assert len(bare.next_token_logprobs(ids, [1, 2])) == len(PROMPTS)
    for ask in (bare.generate, lambda p, **_: bare.render(p["p0"])):
        with pytest.raises(EvaluationError, match=r"has no chat template\n  → name one in the suite"):
            ask(PROMPTS, max_new_tokens=4)
    assert bare.generate(PROMPTS, max_new_tokens=4, plain=True).keys() == PROMPTS.keys()


def test_conversations_go_through_the_template() -> None:
    model = lm()
    turns = [Turn("system", "red"), Turn("user", "what"), Turn("assistant", "blue"), Turn("user", "lamp")]
    rendered = "<|system|>red<|end|><|user|>what<|end|><|assistant|>blue<|end|><|user|>lamp<|end|><|assistant|>"
    said = model.chat({"x": turns}, max_new_tokens=6)["x"]
    assert said == model.complete({"x": model.format.encode(rendered)}, max_new_tokens=6)["x"]


def test_documents_begin_as_the_tokenizer_begins_them() -> None:
    model = lm()
    assert model.document("a lamp") == "a lamp"
    model.tokenizer.bos_token = "<|user|>"
    assert model.document("a lamp") == "a lamp"  # it has a BOS, and does not write it
    from tokenizers.processors import TemplateProcessing

    model.tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single="<|user|> $A", special_tokens=[("<|user|>", SPECIAL.index("<|user|>"))]
    )
    assert model.document("a lamp") == "<|user|>a lamp"
    expected = model.complete({"x": model.tokenizer.encode("a lamp")}, max_new_tokens=3)
    assert model.generate({"x": "a lamp"}, max_new_tokens=3, plain=True) == expected


def test_label_logprobs_equal_a_plain_forward_pass() -> None:
    model = lm(batch_size=3)
    labels = [7, 300, 11]
    ids = {id_: model.format.encode(model.render(prompt)) for id_, prompt in PROMPTS.items()}
    found = model.next_token_logprobs(ids, labels)
    assert list(found) == list(PROMPTS)
    for id_, row in ids.items():
        with torch.no_grad():
            expected = model.model(torch.tensor([row])).logits[0, -1].double().log_softmax(-1)
        assert found[id_] == pytest.approx([float(expected[n]) for n in labels], abs=1e-5)
    with pytest.raises(EvaluationError, match="item 'long' needs 71 tokens"):
        model.next_token_logprobs({"long": [5] * 70}, labels)


class Memory(dict[str, Any]):
    """A memo that counts what it was asked."""

    def recall(self, question: Any) -> Any:
        found = self.get(json.dumps(question))
        return None if found is None else json.loads(found)

    def keep(self, question: Any, reply: Any) -> None:
        self[json.dumps(question)] = json.dumps(reply)


def test_batches_are_remembered_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    model, told = lm(batch_size=3), []
    expected = model.generate(PROMPTS, max_new_tokens=4)
    model.memo = memory = Memory()
    assert model.generate(PROMPTS, max_new_tokens=4) == expected
    assert len(memory) == 3
    monkeypatch.setattr(model, "_answer", lambda *_: pytest.fail("asked again"))
    assert model.generate(PROMPTS, max_new_tokens=4, progress=told.append) == expected
    assert told == [3, 3, 1]
    with pytest.raises(pytest.fail.Exception, match="asked again"):
        model.generate(PROMPTS, max_new_tokens=5)


def test_batches_follow_the_order_of_the_items() -> None:
    lengths = {f"p{n}": n % 5 for n in range(100)}
    whole = list(_batches(lengths, 4))
    assert [sorted(b, key=lengths.__getitem__, reverse=True) for b in whole] == whole
    first = dict(list(lengths.items())[:32])
    assert list(_batches(first, 4)) == whole[:8]  # more items do not change the windows before them
    assert sorted(id_ for b in whole for id_ in b) == sorted(lengths)


def test_identity_changes_with_all_that_decides_an_answer(tmp_path: Path) -> None:
    folder = write_tiny_model(tmp_path)
    seen = {"plain": CausalLM.load(folder, chat_template=TEMPLATE).identity()}
    assert CausalLM.load(folder, chat_template=TEMPLATE, batch_size=2).identity() == seen["plain"]
    seen["template"] = CausalLM.load(folder, chat_template=TEMPLATE + "\n").identity()
    seen["dtype"] = CausalLM.load(folder, chat_template=TEMPLATE, dtype="bfloat16").identity()
    one_weight = CausalLM.load(folder, chat_template=TEMPLATE)
    with torch.no_grad():
        one_weight.model.get_input_embeddings().weight[7, 3] += 1e-6
    seen["one weight"] = one_weight.identity()
    stop = CausalLM.load(folder, chat_template=TEMPLATE)
    stop.model.generation_config.eos_token_id = [9]
    seen["stop token"] = stop.identity()
    words = CausalLM.load(folder, chat_template=TEMPLATE)
    words.tokenizer.add_tokens(["lampshade"])
    seen["tokenizer"] = words.identity()
    config = CausalLM.load(folder, chat_template=TEMPLATE)
    config.model.config.rms_norm_eps = 1e-3
    seen["config"] = config.identity()
    assert len({json.dumps(identity, sort_keys=True) for identity in seen.values()}) == len(seen)
    assert {"torch", "transformers", "device", "dtype"} <= seen["plain"].keys()


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU is here")
def test_a_device_that_is_not_here(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="device 'cuda' is not available"):
        CausalLM.load(tmp_path, device="cuda")
