"""What every registered task promises, on its real data where that is at hand, else on a sample in its form.

A perfect model scores 1. Garbage scores chance on choices and 0 where answers are words. Nothing scored is no score:
`aggregate` of nothing is None, and a log-likelihood that is not finite leaves its item unscored.
"""

from __future__ import annotations

import inspect
import math
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mergealign.recipe.parameters import parameters_model
from mergealign.tasks import TASKS, Item, Outcome, Task
from mergealign.tasks._dataset import Benchmark

from .fakes import FakeModel
from .real_data import FOLDER, need
from .samples import parameters_for

NAMES = [n for n in TASKS.names() if n != "lm_eval"]  # which has no data of its own: test_lm_eval.py
REAL = {
    "gsm8k": "gsm8k",
    "harmbench": "harmbench",
    "hh_rlhf_harmless": "hh_rlhf_harmless_test",
    "medqa": "medqa",
    "mmlu": "mmlu",
    "mmlu_business": "mmlu",
    "mmlu_medical": "mmlu",
    "pubmedqa": "pubmedqa",
    "tatqa": "tatqa",
    "truthfulqa_mc1": "truthfulqa",
    "xstest": "xstest",
}
N_ITEMS = {
    "gsm8k": 1319,
    "harmbench": 159,
    "hh_rlhf_harmless": 2178,
    "medqa": 1273,
    "mmlu": 14042,
    "mmlu_business": 1461,
    "mmlu_medical": 1089,
    "pubmedqa": 500,
    "tatqa": 1663,
    "truthfulqa_mc1": 790,
    "xstest": 250,
}
MAX_ASKED = 600


@pytest.fixture(scope="module", params=NAMES)
def task(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Task:
    name: str = request.param
    if name in REAL:
        need(REAL[name])
    found: Task = TASKS.get(name)(**parameters_for(name, tmp_path_factory.mktemp(name)))
    return found


@pytest.fixture(scope="module")
def items(task: Task) -> tuple[Item, ...]:
    """The task's items, read once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MERGEALIGN_DATA_DIR", str(FOLDER))
        return task.items()


def name_of(task: Task) -> str:
    return type(task).__module__.rpartition(".")[2]


def ask(task: Task, items: tuple[Item, ...], model: FakeModel) -> list[Outcome]:
    seen: list[int] = []
    outcomes = task.ask(model, items, max_new_tokens=8, progress=seen.append)
    assert [o.item for o in outcomes] == list(items)
    assert sum(seen) == len(items)
    return outcomes


def scores(task: Task, outcomes: list[Outcome]) -> list[float | None]:
    """The task's scores, those it has."""
    right = [o.correct for o in outcomes if o.correct is not None]
    found: list[float | None] = []
    if task.metric is not None:
        found.append(sum(right) / len(right) if right else None)
    if task.graded is not None:
        found.append(task.aggregate(outcomes))
    return found


@pytest.mark.parametrize("name", TASKS.names())
def test_the_class_says_what_it_is(name: str) -> None:
    part = TASKS.get(name)
    assert part.version >= 1
    assert part.sections
    assert part.sections <= {"knowledge", "general", "harmful", "benign"}
    assert isinstance(part.verified, bool)
    assert part.origin
    doc = inspect.getdoc(part) or ""
    assert part.verified or "nverified" in doc
    assert doc != inspect.getdoc(Task), "a task has a docstring of its own"
    fields = parameters_model(part).model_fields
    assert not {"name", "task", "limit", "max_new_tokens"} & set(fields), "keys of every line of a suite"
    assert set(fields) - {"path", "split", "revision"} <= {w.strip(":") for w in doc.split()}, (
        "parameters are explained"
    )


def test_items_are_what_was_published(task: Task, items: tuple[Item, ...]) -> None:
    assert len(items) == N_ITEMS.get(name_of(task), len(items))
    assert len({i.id for i in items}) == len(items)
    assert all(i.prompt.strip() and i.id.isprintable() and len(i.id) < 200 for i in items)
    for i in items:
        if i.choices:
            assert i.target in i.choices
            assert len(set(i.choices)) == len(i.choices) >= 2
    assert task.items() == items
    assert len(task.source_digest()) == 32
    assert task.source_digest() == task.source_digest()


def test_perfect(task: Task, items: tuple[Item, ...]) -> None:
    items = items[:MAX_ASKED]
    right = {i.prompt: i.target or "" for i in items}
    model = FakeModel(says=lambda p: right[p], likes=lambda p, c: -1.0 if right[p] == c else -50.0)
    assert scores(task, ask(task, items, model)) == [1.0] * len(scores(task, []))


def test_garbage(task: Task, items: tuple[Item, ...]) -> None:
    items = items[:MAX_ASKED]
    rng = random.Random(0)
    model = FakeModel(says=lambda _: rng.choice(["xq zzv", "¶¶¶", "lorem ipsum"]), likes=lambda _p, _c: -rng.random())
    outcomes = ask(task, items, model)
    if all(i.choices for i in items) and outcomes[0].text is None:
        chance = sum(1 / len(i.choices) for i in items) / len(items)
        margin = 4 * math.sqrt(chance * (1 - chance) / len(items))
        assert all(s is not None and abs(s - chance) < margin + 0.05 for s in scores(task, outcomes))
    else:
        assert scores(task, outcomes) == [0.0] * len(scores(task, []))


def test_nothing_is_no_score(task: Task, items: tuple[Item, ...]) -> None:
    assert task.ask(FakeModel(), (), max_new_tokens=8) == []
    assert task.aggregate([]) is None
    for nothing in (math.nan, -math.inf):
        outcomes = ask(task, items[:3], FakeModel(likes=lambda _p, _c, nothing=nothing: nothing))
        if outcomes[0].text is None:
            assert {o.correct for o in outcomes} == {None}
            assert scores(task, outcomes) == [None] * len(scores(task, []))
        else:  # words: an empty answer is wrong, and a judge labels it
            assert {o.text for o in outcomes} == {""}
            assert all(s == 0 for s in scores(task, outcomes))


def test_a_part_of_the_items_is_asked_alike(task: Task, items: tuple[Item, ...]) -> None:
    items = items[:20]
    model = FakeModel(says=lambda p: p[-9:], likes=lambda p, c: -float(len(c) + len(p) % 7))
    whole = ask(task, items, model)
    assert ask(task, items[5:9], model) == whole[5:9]


_TABLES: list[Any] = [{}, {"x": None}, {"x": ["y"]}, {"x": None, "y": 1}, {"A": 1, "B": None}]
WRONG: list[Any] = [None, 3, 0.5, True, "", " ", "x", [], [None], ["x"], [[{"x": 1}]], *_TABLES]


@pytest.mark.parametrize("task", [n for n in NAMES if issubclass(TASKS.get(n), Benchmark)], indirect=True)
def test_malformed_rows_are_named(task: Benchmark) -> None:
    """Whatever stands in a column instead of the right thing: an item, or ValueError, reported with its row."""
    row = task.rows(task.tables()[0].path)[0]
    problems = []
    for column in row.values:
        for wrong in [*WRONG, ...]:
            values = {**row.values, column: wrong} if wrong is not ... else {**row.values}
            if wrong is ...:
                del values[column]
            try:
                task.item(replace(row, values=values))
            except ValueError as e:
                problems.append(str(e))
    assert problems
    assert max(map(len, problems)) < 300


def test_prompts_stay_out_of_reprs(task: Task, items: tuple[Item, ...]) -> None:
    item = items[0]
    (outcome,) = ask(task, (item,), FakeModel(says=lambda _: "an answer of some kind"))
    shown = repr(outcome)
    assert item.id in shown
    shows_prompt, shows_answer = item.prompt in shown, "an answer of some kind" in shown
    assert not shows_prompt
    assert not shows_answer


def test_prompts_stay_out_of_errors(tmp_path: Path) -> None:
    """Whatever is wrong with a file of prompts, its message names lines and columns."""
    from mergealign.errors import EvaluationError

    secret = "placeholder that must not be shown"
    bad: list[Any] = [f'{{"id": "a", "prompt": "{secret}", "goal": 3}}', f'["{secret}"]', f'{{"prompt": "{secret}']
    (tmp_path / "p.jsonl").write_text("\n".join(bad))
    (tmp_path / "p.csv").write_text(f'goal\n"{secret}",extra\n')
    for name, file in (("prompts", "p.jsonl"), ("advbench", "p.csv"), ("xstest", "p.csv")):
        with pytest.raises(EvaluationError) as e:
            TASKS.get(name)(path=tmp_path / file).items()
        assert secret not in str(e.value)
