"""The live model as lm-evaluation-harness sees it: chunks, what is remembered of them, stop strings."""

from __future__ import annotations

import json
import logging
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from mergealign.errors import EvaluationError
from mergealign.models import _harness
from mergealign.models._harness import LiveLM, chunks
from mergealign.models.causal_lm import CausalLM

from ..tiny_llama import COLORS, TEMPLATE, tiny_model, tiny_tokenizer

PAIRS = [(f"what is the color of lamp {n}?", f" {color}") for n in range(9) for color in COLORS]


class Memory(dict[str, Any]):
    """A memo."""

    def recall(self, question: Any) -> Any:
        found = self.get(json.dumps(question))
        return None if found is None else json.loads(found)

    def keep(self, question: Any, reply: Any) -> None:
        self[json.dumps(question)] = json.dumps(reply)


def requests(pairs: list[Any]) -> list[Any]:
    return [SimpleNamespace(doc={}, doc_id=n // len(COLORS), args=pair) for n, pair in enumerate(pairs)]


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> CausalLM:
    monkeypatch.setattr(_harness, "CHUNK_BATCHES", 2)
    return CausalLM(tiny_model(), tiny_tokenizer(), chat_template=TEMPLATE, batch_size=5)


def test_equals_a_plain_loop(model: CausalLM) -> None:
    found = LiveLM(model).loglikelihood(requests(PAIRS))
    for (context, choice), (ll, _) in zip(PAIRS, found, strict=True):
        start, ids = len(model.format.encode(context)), model.format.encode(context + choice)
        with torch.no_grad():
            log_p = model.model(torch.tensor([ids])).logits[0].double().log_softmax(-1)
        assert ll == pytest.approx(sum(float(log_p[n - 1, ids[n]]) for n in range(start, len(ids))), abs=1e-5)


def test_a_resumed_call_equals_an_uninterrupted_one_bit_for_bit(model: CausalLM) -> None:
    told: list[int] = []
    expected = LiveLM(model).loglikelihood(requests(PAIRS))
    model.memo = memory = Memory()
    assert LiveLM(model).loglikelihood(requests(PAIRS)) == expected
    assert len(memory) == 5  # 36 requests of 9 items, two items at a time
    for key in list(memory)[1:4:2]:  # as if it had been killed between commits
        del memory[key]
    assert LiveLM(model, told.append).loglikelihood(requests(PAIRS)) == expected
    assert sum(told) == len(PAIRS)
    assert len(memory) == 5


def test_chunks_keep_items_together() -> None:
    names = ["a", "b", "b", "c", "c", "c", "d", "e"]
    assert list(chunks(names, names, 3)) == [["a", "b", "b"], ["c", "c", "c"], ["d", "e"]]
    assert list(chunks(names, names, 1)) == [["a"], ["b", "b"], ["c", "c", "c"], ["d"], ["e"]]
    assert list(chunks([], [], 3)) == []


def test_generation_is_greedy_stops_and_is_remembered(model: CausalLM, monkeypatch: pytest.MonkeyPatch) -> None:
    model.model.generation_config.update(repetition_penalty=5.0, min_new_tokens=5)
    contexts = [f"lamp {n}" for n in range(7)]
    plain = model.complete({c: model.format.encode(c) for c in contexts}, max_new_tokens=8)
    asked = requests([(c, {"until": [], "max_gen_toks": 8}) for c in contexts])
    found = LiveLM(model).generate_until(asked)
    assert [t.strip() for t in found] == [plain[c].text for c in contexts]
    stop = next(word for answer in plain.values() for word in answer.text.split()[1:])
    cut = LiveLM(model).generate_until(requests([(c, {"until": [stop], "max_gen_toks": 8}) for c in contexts]))
    assert cut != found
    assert not any(stop in text for text in cut)
    model.memo = Memory()
    assert LiveLM(model).generate_until(asked) == found
    monkeypatch.setattr(LiveLM, "_model_generate", lambda *_, **__: pytest.fail("asked again"))
    assert LiveLM(model).generate_until(asked) == found


def test_items_that_do_not_fit_are_named_before_anything_runs(
    model: CausalLM, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By us: transformers' own warning would stand beside the error."""
    monkeypatch.setattr(logging.getLogger("transformers"), "propagate", True)
    model.tokenizer.model_max_length = 64
    with pytest.raises(
        EvaluationError, match=r"item '0' needs \d+ tokens, 60 of them for the answer; the model reads 64"
    ):
        LiveLM(model).generate_until(requests([("what is the color of the lamp", {"until": [], "max_gen_toks": 60})]))
    with pytest.raises(EvaluationError, match=r"item '0' needs \d+ tokens; the model reads 64"):
        LiveLM(model).loglikelihood(requests([("lamp " * 80, " red")]))
    assert not [r for r in caplog.records if r.name.startswith("transformers")]


def test_the_suites_template_is_used(model: CausalLM) -> None:
    assert LiveLM(model).apply_chat_template([{"role": "user", "content": "hi"}]) == model.render("hi")
