"""Served models in an evaluation; and what a dry run says of models of either kind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Never

import pytest

from mergealign.errors import EvaluationError
from mergealign.evaluate.run import evaluate
from mergealign.models import _http
from mergealign.models.causal_lm import CausalLM
from mergealign.models.openai import Endpoint
from mergealign.recipe.suite import read_suite
from mergealign.record.evaluation import read_eval_record

from ..models.fake_server import FakeServer, Misbehave, serving
from ..tiny_llama import QUESTIONS, TEMPLATE, tiny_model, tiny_tokenizer
from .running import run, unclocked


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeServer]:
    monkeypatch.setattr(_http, "FIRST_WAIT_S", 0.002)
    monkeypatch.setattr(_http, "LONGEST_WAIT_S", 0.01)
    with serving(FakeServer()) as running:
        yield running


def test_an_endpoint_is_a_model_like_others(server: FakeServer, place: Path, tmp_path: Path) -> None:
    """Its answers are kept while a run lasts, and for longer only if the user vouches for them."""
    words = "domain_greedy,harmful,benign"
    server.misbehave = lambda n: Misbehave(400) if n == 7 else None
    ask = (f"served={server.url}", "--suite", place / "suite.yml", "--out", tmp_path / "scores.json", "--tasks", words)
    assert "HTTP 400 to item" in str(run(*ask, "--concurrency", 1).exception)
    first = [m["messages"][0]["content"] for m in server.asked[:7]]
    server.asked.clear()
    server.misbehave = lambda _: None
    assert run(*ask, "--concurrency", 1).exit_code == 0
    assert not {m["messages"][0]["content"] for m in server.asked} & set(first)
    record = read_eval_record(tmp_path / "scores.json")
    (model,) = record.models
    assert (model.path, model.weights_digest, model.facts["vouched"]) == (server.url, None, "no")
    assert [t.name for t in model.tasks] == words.split(",")

    server.asked.clear()
    assert run(*ask, "--overwrite").exit_code == 0
    assert len(server.asked) == 14  # another run; the six prompts of two tasks are asked once
    vouched = (*ask, "--overwrite", "--identity", "tiny-v1")
    assert run(*vouched).exit_code == 0
    server.asked.clear()
    assert run(*vouched).exit_code == 0
    assert server.asked == []
    assert read_eval_record(tmp_path / "scores.json").models[0].facts["vouched"] == "tiny-v1"


def test_an_endpoint_that_fails_half_of_the_time_gives_the_same_scores(server: FakeServer, place: Path) -> None:
    suite, models = read_suite(place / "suite.yml"), {"served": Endpoint(server.url, "tiny")}
    tasks = ["harmful", "benign"]
    expected = evaluate(models, suite, tasks=tasks)
    server.misbehave = lambda n: Misbehave(503) if n % 2 else None
    assert unclocked(evaluate(models, suite, tasks=tasks)) == unclocked(expected)
    assert len(server.asked) > 2 * 12


def test_an_endpoint_has_no_log_likelihoods(server: FakeServer, place: Path) -> None:
    """Found before any model, also a folder, is asked; what is left to ask is named."""
    models = {"one": place / "one", "served": Endpoint(server.url, "tiny")}
    with pytest.raises(EvaluationError, match="domain: log-likelihoods are not to be had") as e:
        evaluate(models, read_suite(place / "suite.yml"), progress=Refused())
    assert "--tasks domain_greedy,harmful,benign" in str(e.value)
    with pytest.raises(EvaluationError, match="→ evaluate the model's folder instead"):
        evaluate(models, read_suite(place / "suite.yml"), tasks=["domain"], progress=Refused())
    assert server.asked == []


class Refused:
    """A progress that is never told anything."""

    def task(self, *_: object) -> Never:
        raise AssertionError("a model is asked")


def test_dry_run(place: Path, tmp_path: Path, server: FakeServer) -> None:
    ask = (place / "one", place / "two", "--suite", place / "suite.yml", "--dry-run")
    result = run(*ask)
    assert result.exit_code == 0, result.exception
    assert "for 2 models like 'one'" in result.stdout
    found = json.loads(run(*ask, "--json", "--limit", 4, "--out", tmp_path / "s.json").stdout)
    model = CausalLM(tiny_model(), tiny_tokenizer(), chat_template=TEMPLATE)
    prompts = [model.format.encode(model.render(q["question"])) for q in QUESTIONS[:4]]
    choices = [model.format.encode(c) for c in QUESTIONS[0]["choices"]]
    by_task = {t["name"]: t for t in found["tasks"]}
    n_choices = sum(len(p) + len(c) for p in prompts for c in choices)
    assert (by_task["domain"]["n_tokens"], by_task["domain"]["n_new_tokens"]) == (n_choices, 0)
    assert by_task["domain_greedy"]["n_tokens"] == sum(map(len, prompts))
    assert by_task["harmful"]["n_new_tokens"] == 4 * 6
    assert found["total_s"] > 0
    assert list(tmp_path.iterdir()) == []
    served = run(server.url, "--suite", place / "suite.yml", "--dry-run", "--tasks", "harmful")
    assert served.exit_code == 0, served.exception
    assert isinstance(run(place / "one", *ask[2:], "--tasks", "nothing").exception, EvaluationError)
