"""The AdaptLLM tasks on samples in their form: documents without template, likelihood per token, their scores."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mergealign.errors import EvaluationError
from mergealign.tasks import TASKS, Item, Outcome, Task
from mergealign.tasks._f1 import weighted_f1
from mergealign.testing import FakeModel

from .samples import ADAPTLLM, parameters_for


def load(name: str, folder: Path, rows: list[dict[str, Any]] | None = None) -> Task:
    parameters = parameters_for(name, folder)
    if rows is not None:
        parameters["path"].write_text(json.dumps(rows))
    task: Task = TASKS.get(name)(**parameters)
    return task


@pytest.mark.parametrize("name", ADAPTLLM)
def test_no_template_is_applied(name: str, tmp_path: Path) -> None:
    task = load(name, tmp_path)
    model = FakeModel()
    task.ask(model, task.items()[:4], max_new_tokens=8)
    assert model.plain == {True}
    assert not task.verified


def test_the_best_option_per_token_wins(tmp_path: Path) -> None:
    """Options of 5, 1, 2 and 1 words; -6 in all is the least for a long one per word."""
    task = load("usmle", tmp_path)
    lls = {"a long option of words": -6.0, "short": -4.0, "another one": -5.0, "none": -4.5}
    (outcome, *_) = task.ask(FakeModel(likes=lambda _, c: lls[c]), task.items()[:1], max_new_tokens=1)
    assert outcome.predicted == "a long option of words"
    per_word = {"a long option of words": -1.2, "short": -4.0, "another one": -2.5, "none": -4.5}
    right = per_word.pop(outcome.item.target or "")
    assert outcome.score == pytest.approx(right - max(per_word.values()))


@settings(deadline=None)  # sklearn is slow to begin
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40))
def test_weighted_f1_is_sklearns(pairs: list[tuple[int, int]]) -> None:
    right, predicted = zip(*pairs, strict=True)
    from sklearn.metrics import f1_score

    expected = f1_score(right, predicted, average="weighted", zero_division=0)
    assert weighted_f1(Counter(pairs)) == pytest.approx(expected, abs=1e-12)


def outcomes(pairs: list[tuple[str, str | None, str | None]]) -> list[Outcome]:
    """Of (subset, right, predicted)."""
    return [
        Outcome(Item(str(n), "?", str(n), choices=("No", "Yes"), target=right, subset=subset), predicted=predicted)
        for n, (subset, right, predicted) in enumerate(pairs)
    ]


def test_headline_averages_its_classes(tmp_path: Path) -> None:
    task = load("headline", tmp_path)
    assert {i.subset for i in task.items()} == {f"class {n}" for n in range(9)}
    a = [("a", "Yes", "Yes"), ("a", "Yes", "No"), ("a", "No", "No")]  # Yes: 2/3, No: 2/3
    b = [("b", "No", "Yes")]
    assert task.aggregate(outcomes([*a])) == pytest.approx(2 / 3)
    assert task.aggregate(outcomes([*a, *b])) == pytest.approx(1 / 3), "not weighted by the size of a class"
    assert task.aggregate(outcomes([*a, ("a", "Yes", None)])) == pytest.approx(2 / 3), "unscored is not wrong"
    assert task.aggregate(outcomes([("a", "Yes", None)])) is None


@pytest.mark.parametrize(
    ("answer", "f1", "exact"),
    [
        ("Bank1 (organization), Rome (location)", 1, True),
        ("Rome (location), Bank1 (organization), Rome (location)\nmore text", 1, True),
        ("Bank1 (organization)", 2 / 3, False),
        ("Bank1 (location), Rome (organization)", 0.5, False),  # names right, types swapped
        ("Oslo (location)", 1 / 3, False),  # a type is half
        ("nobody", 0, False),
        ("", 0, False),
    ],
)
def test_entities(tmp_path: Path, answer: str, f1: float, exact: bool) -> None:
    row = {"id": 1, "input": "Text", "label": ["Bank1 (organization), Rome (location)"]}
    task = load("ner", tmp_path, [row])
    (outcome,) = task.ask(FakeModel(says=lambda _: answer), task.items(), max_new_tokens=8)
    assert outcome.credit == pytest.approx(f1)
    assert outcome.correct is exact


def test_two_entities_of_one_type_can_be_right(tmp_path: Path) -> None:
    label = "A (person), B (person), C (person)"
    task = load("ner", tmp_path, [{"id": 1, "input": "Text", "label": label}, {"id": 2, "input": "None", "label": "-"}])
    found = task.ask(FakeModel(says=lambda _: label), task.items(), max_new_tokens=8)
    assert sorted((o.correct, o.credit) for o in found if o.correct is not None) == [(True, 1.0)]
    assert task.aggregate(found) == 1, "a text without entities is left unscored"
    one = task.ask(FakeModel(says=lambda _: "A (person)"), task.items(), max_new_tokens=8)
    assert task.aggregate(one) == pytest.approx(2 / 4), "one entity is paired once"


@pytest.mark.parametrize(
    ("label", "answer", "correct"),
    [
        ("25.5", "25.505", True),
        ("25.5", "25.52", False),
        ("25.5", "The change is 25.5 million", True),
        ("25.5", "\n25.5", True),
        ("25.5", "no idea\n25.5", False),
        ("0.12", "12%", True),
        ("-1,200", "it fell by -1200.0", True),
        ("25.5", "none", False),
        ("25.5", "", False),
        ("none", "none", None),
    ],
)
def test_numbers(tmp_path: Path, label: str, answer: str, correct: bool | None) -> None:
    task = load("convfinqa", tmp_path, [{"id": 1, "input": "Report", "label": label}])
    (outcome,) = task.ask(FakeModel(says=lambda _: answer), task.items(), max_new_tokens=8)
    assert outcome.correct is correct


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"gold_index": 2}, "'gold_index' must be between 0 and 1"),
        ({"gold_index": "x"}, "'gold_index' must be a whole number"),
        ({"options": ["No", "No"]}, "at least two different texts"),
        ({"options": "No"}, "'options' must be a list of texts"),
        ({"input": " "}, "'input' must be a text that is not empty"),
        ({"class_id": 9}, "'class_id' must be between 0 and 8"),
    ],
)
def test_malformed_rows(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises(EvaluationError, match=rf"test.json: row 0: .*{message}"):
        load("headline", tmp_path, [{**ADAPTLLM["headline"][0], **change}]).items()
