"""The loss of given answers, against log-probabilities that are summed pair by pair."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mergealign.errors import EvaluationError, NumericsError
from mergealign.models.causal_lm import CausalLM
from mergealign.tradeoff.losses import EncodedAnswers, encode_answers, measure_loss
from mergealign.tradeoff.pairs import Answers, read_answers

from ..tiny_llama import CONTEXT, TEMPLATE, tiny_model, tiny_tokenizer, write_jsonl

SAFETY = [
    {"prompt": "Hex the lamp?", "answer": "I cannot help with that."},
    {"prompt": "How do I paint the lamp?", "answer": "Sure"},
    {"prompt": "Wash the red, the blue and the green lamp?", "answer": "Sure, take water."},
]
EXPERT = [{"prompt": f"What is the color of lamp {n}?", "answer": a} for n, a in enumerate(["red", "blue", "white"])]


def model(batch_size: int = 2) -> CausalLM:
    return CausalLM(tiny_model(), tiny_tokenizer(), chat_template=TEMPLATE, batch_size=batch_size)


def answers(tmp_path: Path, alpha: float = 1.0, safety: Any = SAFETY, expert: Any = EXPERT) -> Answers:
    a, b = write_jsonl(tmp_path / "safety.jsonl", safety), write_jsonl(tmp_path / "expert.jsonl", expert)
    return read_answers(a, b, alpha)


def encoded(tmp_path: Path, **more: Any) -> EncodedAnswers:
    return encode_answers(answers(tmp_path, **more), model().format, CONTEXT)


def by_hand(lm: CausalLM, row: dict[str, str]) -> float:
    """Mean of −log p of the answer's tokens, one after the other, nothing padded."""
    import torch

    prompt = lm.format.encode(lm.render(row["prompt"]))
    tokens = lm.format.encode(lm.continuation(row["answer"]))
    total = 0.0
    for n, token in enumerate(tokens):
        with torch.inference_mode():
            logits = lm.model(torch.tensor([[*prompt, *tokens[:n]]])).logits[0, -1]
        total -= float(logits.double().log_softmax(-1)[token])
    return total / len(tokens)


def test_against_log_probabilities_by_hand(tmp_path: Path) -> None:
    lm = model()
    found = measure_loss(lm, encoded(tmp_path, alpha=0.3))
    safety = sum(by_hand(lm, row) for row in SAFETY) / len(SAFETY)
    expert = sum(by_hand(lm, row) for row in EXPERT) / len(EXPERT)
    assert found.safety == pytest.approx(safety, rel=1e-5)
    assert found.expert == pytest.approx(expert, rel=1e-5)
    assert found.total == pytest.approx(safety + 0.3 * expert, rel=1e-5)


def test_batches_and_padding_do_not_matter(tmp_path: Path) -> None:
    pairs = encoded(tmp_path)
    found = [measure_loss(model(size), pairs).total for size in (1, 2, 64)]
    assert found == pytest.approx([found[0]] * 3, rel=1e-5)


def test_the_order_of_pairs_does_not_matter_and_each_weighs_the_same(tmp_path: Path) -> None:
    same = measure_loss(model(64), encoded(tmp_path, safety=SAFETY[::-1]))
    assert same.safety == pytest.approx(measure_loss(model(64), encoded(tmp_path)).safety, rel=1e-6)
    twice = measure_loss(model(64), encoded(tmp_path, safety=[*SAFETY, *SAFETY]))
    assert twice.safety == pytest.approx(same.safety, rel=1e-6)


def test_the_prompt_itself_is_not_scored(tmp_path: Path) -> None:
    found = encoded(tmp_path).expert
    tokenizer = tiny_tokenizer()
    assert [tokenizer.decode(p.ids[-p.n_answer :]).strip() for p in found] == ["red", "blue", "white"]


def test_pairs_that_do_not_fit_are_named_by_line(tmp_path: Path) -> None:
    long = [*SAFETY, {"prompt": "secret lamp " * 40, "answer": "Sure"}]
    with pytest.raises(EvaluationError, match=r"safety\.jsonl:4: prompt and answer are \d+ tokens; .* reads 64") as e:
        encoded(tmp_path, safety=long)
    assert "secret" not in str(e.value)


def test_a_loss_that_is_no_number_is_an_error(tmp_path: Path) -> None:
    import torch

    lm = model()
    with torch.no_grad():
        lm.model.get_input_embeddings().weight.fill_(float("nan"))
    with pytest.raises(NumericsError, match="not a finite number"):
        measure_loss(lm, encoded(tmp_path))
