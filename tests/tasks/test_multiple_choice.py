"""The path through lm-evaluation-harness, against a loop written by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from tokenizers.processors import TemplateProcessing

from mergealign.errors import EvaluationError
from mergealign.models.causal_lm import CausalLM
from mergealign.tasks import TASKS, Task

from ..tiny_llama import QUESTIONS, TEMPLATE, tiny_model, tiny_tokenizer, write_jsonl


@pytest.fixture
def task(tmp_path: Path) -> Task:
    found: Task = TASKS.get("multiple_choice")(path=write_jsonl(tmp_path / "q.jsonl", QUESTIONS))
    return found


def by_hand(model: CausalLM, prompt: str, choice: str) -> float:
    """log p(choice | prompt): sum over the tokens behind the prompt, one sequence at a time, without padding."""
    start = len(model.format.encode(model.render(prompt)))
    ids = model.format.encode(model.render(prompt) + model.continuation(choice))
    with torch.no_grad():
        log_p = model.model(torch.tensor([ids])).logits[0].double().log_softmax(-1)
    return sum(float(log_p[n - 1, ids[n]]) for n in range(start, len(ids)))


@pytest.mark.parametrize("lead", ["", " "])
def test_equals_a_plain_loop(task: Task, lead: str) -> None:
    template = TEMPLATE.replace("'|>' + m", f"'|>{lead}' + m") if lead else TEMPLATE
    model = CausalLM(tiny_model(), tiny_tokenizer(), chat_template=template, batch_size=3)
    items = task.items()
    outcomes = task.ask(model, items, max_new_tokens=1)
    for item, outcome in zip(items, outcomes, strict=True):
        expected = {c: by_hand(model, item.prompt, c) for c in item.choices}
        best_wrong = max(ll for c, ll in expected.items() if c != item.target)
        assert outcome.score == pytest.approx(expected[item.target or ""] - best_wrong, abs=1e-5)
        assert outcome.correct == (max(expected, key=lambda c: expected[c]) == item.target)
    assert len({o.score for o in outcomes}) > 1


def test_documents_equal_a_plain_loop_per_token(tmp_path: Path) -> None:
    """AdaptLLM's way: BOS, the document as it stands, an option behind a blank, divided by the option's tokens."""
    rows = [
        {"id": n, "input": f"The lamp {n} is", "options": ["red", "white and blue", "green"], "gold_index": n % 3}
        for n in range(6)
    ]
    (tmp_path / "t.json").write_text(json.dumps(rows))
    task: Task = TASKS.get("mqp")(path=tmp_path / "t.json")
    tokenizer = tiny_tokenizer(bos_token="<|user|>")
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single="<|user|> $A", special_tokens=[("<|user|>", tokenizer.bos_token_id)]
    )
    model = CausalLM(tiny_model(), tokenizer, chat_template=TEMPLATE, batch_size=4)
    for item, outcome in zip(task.items(), task.ask(model, task.items(), max_new_tokens=1), strict=True):
        expected = {}
        for option in item.choices:
            start = len(tokenizer.encode(item.prompt))
            ids = tokenizer.encode(f"{item.prompt} {option}")
            assert ids[0] == tokenizer.bos_token_id
            with torch.no_grad():
                log_p = model.model(torch.tensor([ids])).logits[0].double().log_softmax(-1)
            lls = [float(log_p[n - 1, ids[n]]) for n in range(start, len(ids))]
            expected[option] = sum(lls) / len(lls)
        best_wrong = max(ll for option, ll in expected.items() if option != item.target)
        assert outcome.score == pytest.approx(expected[item.target or ""] - best_wrong, abs=1e-5)
        assert outcome.predicted == max(expected, key=lambda option: expected[option])


def test_leaves_no_trace(task: Task, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
    tokenizer = tiny_tokenizer()
    tokenizer.pad_token = None
    model = CausalLM(tiny_model(), tokenizer, chat_template=TEMPLATE)
    task.ask(model, task.items(), max_new_tokens=1)
    assert capfd.readouterr() == ("", "")
    assert not [r for r in caplog.records if r.name.startswith("lm_eval")]
    assert tokenizer.pad_token is None


def test_a_question_that_does_not_fit_is_named(tmp_path: Path) -> None:
    long = {**QUESTIONS[0], "id": "too-long", "question": "lamp " * 80}
    task: Task = TASKS.get("multiple_choice")(path=write_jsonl(tmp_path / "q.jsonl", [*QUESTIONS, long]))
    model = CausalLM(tiny_model(), tiny_tokenizer(), chat_template=TEMPLATE)
    with pytest.raises(EvaluationError, match=r"item 'too-long' needs \d+ tokens; the model reads 64") as e:
        task.ask(model, task.items(), max_new_tokens=1)
    assert len(e.value.problems) == 1
