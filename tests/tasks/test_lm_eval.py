"""Tasks that lm-eval bundles, with made-up rows in the form of their data sets instead of a download."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch

from mergealign.errors import EvaluationError
from mergealign.tasks import TASKS, Task
from mergealign.testing import FakeModel

from ..tiny_llama import TEMPLATE, tiny_tokenizer

ARC = [
    {
        "id": str(n),
        "question": f"Question {n}?",
        "choices": {"text": [f"right {n}", f"wrong {n}", f"longer and wrong {n}"], "label": ["A", "B", "C"]},
        "answerKey": "A",
    }
    for n in range(12)
]
GSM = [{"question": f"What is {n} + 1?", "answer": f"It is {n + 1}.\n#### {n + 1}"} for n in range(12)]


@pytest.fixture(autouse=True)
def _no_download(monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets

    def load(path: str, *_: Any, **__: Any) -> Any:
        rows = GSM if "gsm8k" in path else ARC
        table = datasets.Dataset.from_list(rows)
        return datasets.DatasetDict({"train": table, "validation": table, "test": table})

    monkeypatch.setattr(datasets, "load_dataset", load)
    monkeypatch.setattr("mergealign.tasks.lm_eval.bundled_tasks", some_bundled_tasks)


@cache
def some_bundled_tasks() -> Any:
    """Two folders of what lm-eval ships; reading all of them takes seconds."""
    import lm_eval
    from lm_eval.tasks import TaskManager

    folder = Path(lm_eval.__file__).parent / "tasks"
    return TaskManager(include_defaults=False, include_path=[folder / "arc", folder / "gsm8k"])


def task(**parameters: Any) -> Task:
    found: Task = TASKS.get("lm_eval")(**parameters)
    return found


def knows(_: str, choice: str) -> float:
    return -1.0 if choice.startswith("right") else -30.0


@pytest.mark.parametrize("chat", [False, True])
def test_a_choice_task(chat: bool) -> None:
    t = task(lm_eval_task="arc_easy", chat=chat)
    items = t.items()
    assert (t.metric, t.graded, len(items)) == ("acc", None, 12)
    assert items[0].choices == ("right 0", "wrong 0", "longer and wrong 0")
    seen: list[int] = []
    model = FakeModel(likes=knows)
    outcomes = t.ask(model, items, max_new_tokens=8, progress=seen.append)
    assert [o.item for o in outcomes] == list(items)
    assert [o.correct for o in outcomes] == [True] * 12
    assert sum(seen) == 12
    assert model.plain == {not chat}
    wrong = t.ask(FakeModel(likes=lambda p, c: -knows(p, c)), items, max_new_tokens=8)
    assert [o.correct for o in wrong] == [False] * 12


def test_a_part_of_the_items() -> None:
    t = task(lm_eval_task="arc_easy")
    items = t.items()
    model = FakeModel(likes=lambda p, c: knows(p, c) if int(p.split()[2].rstrip("?\n")) % 2 else -knows(p, c))
    chosen = (items[7], items[2], items[4])
    assert [o.correct for o in t.ask(model, chosen, max_new_tokens=8)] == [True, False, False]
    assert t.ask(model, (), max_new_tokens=8) == []


def test_examples_do_not_depend_on_what_else_is_asked() -> None:
    t = task(lm_eval_task="arc_easy", n_shot=2)
    prompts: dict[str, str] = {}

    def note(prompt: str, _: str) -> float:
        prompts[prompt.rsplit("Question: ", 1)[1]] = prompt
        return 0.0

    items = t.items()
    t.ask(FakeModel(likes=note), items, max_new_tokens=8)
    whole = dict(prompts)
    assert len(whole) == 12
    assert all(p.count("Question: ") == 3 for p in whole.values())
    prompts.clear()
    t.ask(FakeModel(likes=note), items[5:8], max_new_tokens=8)
    assert len(prompts) == 3
    assert prompts.items() <= whole.items()


def test_another_metric_of_the_task() -> None:
    t = task(lm_eval_task="arc_easy", metric_name="acc_norm")
    lls = {"right": -5.0, "wrong": -5.5, "longer": -6.0}
    model = FakeModel(likes=lambda _, c: lls[c.split()[0]])
    assert t.metric == "acc_norm"
    assert [o.correct for o in t.ask(model, t.items(), max_new_tokens=8)] == [False] * 12  # per character


def test_a_task_that_generates() -> None:
    t = task(lm_eval_task="gsm8k", n_shot=0)
    items = t.items()
    assert t.metric == "exact_match"
    right = FakeModel(says=lambda p: f" I think.\n#### {int(p.split('What is ')[1].split()[0]) + 1}")
    outcomes = t.ask(right, items, max_new_tokens=8)
    assert [o.correct for o in outcomes] == [True] * 12
    assert [o.correct for o in t.ask(FakeModel(), items, max_new_tokens=8)] == [False] * 12


@pytest.mark.parametrize("name", ["arc_easy", "gsm8k"])
def test_a_real_model_scores_as_under_lm_eval_itself(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    """The same items, model and prompts through lm-eval's own model class, without ours around it."""
    from lm_eval.evaluator import evaluate
    from lm_eval.models.huggingface import HFLM
    from transformers import LlamaConfig, LlamaForCausalLM

    from mergealign.models.causal_lm import CausalLM
    from mergealign.tasks._harness import quiet

    config = LlamaConfig(
        vocab_size=320,
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=512,
        initializer_range=0.3,
        bos_token_id=None,
        eos_token_id=0,
        pad_token_id=1,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = LlamaForCausalLM(config).eval()
    t = task(lm_eval_task=name, n_shot=1)
    ours = t.ask(CausalLM(network, tiny_tokenizer(), chat_template=TEMPLATE, batch_size=4), t.items(), max_new_tokens=8)
    assert capfd.readouterr() == ("", "")
    with quiet():
        plain = HFLM(pretrained=network, tokenizer=tiny_tokenizer(), batch_size=4)
        theirs = some_bundled_tasks().load([name])
        (loaded,) = theirs["tasks"].values()
        loaded.set_config(key="num_fewshot", value=1)
        loaded.set_fewshot_seed(seed=1234)
        result = evaluate(plain, theirs, bootstrap_iters=0, log_samples=True)
    (samples,) = result["samples"].values()
    first = {s["filter"]: None for s in samples}
    expected = {s["doc_id"]: s[t.metric] for s in samples if s["filter"] == next(iter(first))}
    assert [o.correct for o in ours] == [expected[n] == 1 for n in range(12)]
    if name == "arc_easy":
        assert len({o.correct for o in ours}) == 2, "right and wrong ones"
    else:
        texts = {s["doc_id"]: s["resps"][0][0] for s in samples}
        assert [o.text for o in ours] == [texts[n] for n in range(12)], "as written, not as filtered"
        assert any(texts.values())


def test_the_digest_follows_task_and_examples() -> None:
    digests = {
        task(lm_eval_task=name, n_shot=n).source_digest()
        for name, n in (("arc_easy", 0), ("arc_easy", 1), ("gsm8k", 0))
    }
    assert len(digests) == 3
    assert task(lm_eval_task="arc_easy", n_shot=0).source_digest() in digests


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"lm_eval_task": "arc_esy"}, "lm-eval has no task 'arc_esy'\n  → did you mean 'arc_easy'"),
        ({"lm_eval_task": "ai2_arc"}, "'ai2_arc' is a group of lm-eval tasks"),
        ({"lm_eval_task": "arc_easy", "metric_name": "ac"}, "no metric 'ac'\n  → did you mean 'acc'"),
    ],
)
def test_mistakes(parameters: dict[str, Any], message: str) -> None:
    t = task(**parameters)
    with pytest.raises(EvaluationError, match=message):
        t.ask(FakeModel(), t.items(), max_new_tokens=8)


def test_data_that_cannot_be_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets

    def unreachable(*_: Any, **__: Any) -> Any:
        raise ConnectionError("Couldn't reach the Hub")

    monkeypatch.setattr(datasets, "load_dataset", unreachable)
    with pytest.raises(
        EvaluationError, match=r"lm-eval cannot load 'arc_easy': Couldn't reach the Hub\n  → .*HF_HUB_OFF"
    ):
        task(lm_eval_task="arc_easy").items()
