"""What every task promises: perfect answers score 1, empty ones 0 or nothing, garbage scores chance."""

from __future__ import annotations

import math
import random
import re
from pathlib import Path

import pytest

from mergealign.errors import EvaluationError
from mergealign.tasks import TASKS, Outcome, Task
from mergealign.tasks.exact_match import normalize
from mergealign.testing import FakeModel

from ..tiny_llama import COLORS, PROMPTS, write_jsonl

QUESTIONS = [
    {"id": f"q{n}", "question": f"color of {n}", "choices": COLORS, "answer": COLORS[n % 4]} for n in range(400)
]
RIGHT = {str(q["question"]): str(q["answer"]) for q in QUESTIONS}


def ask(name: str, folder: Path, model: FakeModel) -> list[Outcome]:
    task: Task = TASKS.get(name)(path=write_jsonl(folder / "q.jsonl", QUESTIONS))
    items = task.items()
    seen: list[int] = []
    outcomes = task.ask(model, items, max_new_tokens=8, progress=seen.append)
    assert [o.item for o in outcomes] == list(items)
    assert sum(seen) == len(items)
    return outcomes


def share(outcomes: list[Outcome]) -> float:
    scored = [o.correct for o in outcomes if o.correct is not None]
    return sum(scored) / len(scored)


def test_every_task_is_versioned_and_belongs_somewhere() -> None:
    for name in TASKS.names():
        task = TASKS.get(name)
        assert task.version >= 1
        assert task.sections <= {"knowledge", "general", "harmful", "benign"}


def test_perfect(tmp_path: Path) -> None:
    model = FakeModel(says=lambda p: f" {RIGHT[p].title()}. ", likes=lambda p, c: -1.0 if RIGHT[p] == c else -2.0)
    assert share(ask("exact_match", tmp_path, model)) == 1
    outcomes = ask("multiple_choice", tmp_path, model)
    assert share(outcomes) == 1
    assert {o.score for o in outcomes} == {1.0}


def test_empty(tmp_path: Path) -> None:
    assert share(ask("exact_match", tmp_path, FakeModel())) == 0
    for nothing in (math.nan, -math.inf):
        outcomes = ask("multiple_choice", tmp_path, FakeModel(likes=lambda _p, _c, nothing=nothing: nothing))
        assert {o.correct for o in outcomes} == {None}
    assert share(ask("multiple_choice", tmp_path, FakeModel())) == 0, "a tie is no knowledge"


def test_garbage(tmp_path: Path) -> None:
    rng = random.Random(0)
    model = FakeModel(says=lambda _: rng.choice(["xq", "red blue", "lamp"]), likes=lambda _p, _c: -rng.random())
    assert share(ask("exact_match", tmp_path, model)) == 0
    assert abs(share(ask("multiple_choice", tmp_path, model)) - 0.25) < 0.08


def test_prompts_are_answered_and_not_scored(tmp_path: Path) -> None:
    task: Task = TASKS.get("prompts")(path=write_jsonl(tmp_path / "p.jsonl", PROMPTS))
    outcomes = task.ask(FakeModel(says=str.upper), task.items(), max_new_tokens=8)
    assert [o.text for o in outcomes] == [p["prompt"].upper() for p in PROMPTS]
    assert {o.correct for o in outcomes} == {None}
    assert outcomes[0].item.cluster == "g0"
    assert outcomes[0].item.topic == "lamp"


def test_keys_that_may_be_missing(tmp_path: Path) -> None:
    (item,) = TASKS.get("prompts")(path=write_jsonl(tmp_path / "p.jsonl", [{"id": "a", "prompt": "Hi"}])).items()
    assert (item.cluster, item.topic) == ("a", None)


def test_every_malformed_line_is_named(tmp_path: Path) -> None:
    file = tmp_path / "q.jsonl"
    good = '{"id": "a", "question": "?", "choices": ["x", "y"], "answer": "x"}'
    bad = {
        2: ("not json", "not JSON"),
        3: ("[1]", "expected an object, found list"),
        4: ('{"id": "b", "text": "?"}', r"'question' is missing \(found: id, text\)"),
        5: ('{"id": "b", "question": "?", "choices": ["x"], "answer": "x"}', "at least two"),
        6: ('{"id": "b", "question": "?", "choices": ["x", "y"], "answer": "z"}', "none of the choices"),
        7: ('{"id": "b", "question": "?", "choices": ["x", "x"], "answer": "x"}', "same text twice"),
        8: (good, "id 'a' occurs twice"),
        9: ('{"id": 7, "question": "?"}', "'id' must be a text"),
    }
    file.write_text("\n".join([good, *(line for line, _ in bad.values()), "", ""]))
    with pytest.raises(EvaluationError) as e:
        TASKS.get("multiple_choice")(path=file).items()
    assert len(e.value.problems) == len(bad)
    for problem, (number, (_, message)) in zip(e.value.problems, bad.items(), strict=True):
        assert f"q.jsonl:{number}: " in problem.what
        assert re.search(message, problem.what)


@pytest.mark.parametrize(
    ("content", "message"), [("", "holds no items"), (b"\xff", "not UTF-8"), (None, "cannot read")]
)
def test_files_that_hold_nothing(tmp_path: Path, content: str | bytes | None, message: str) -> None:
    file = tmp_path / "p.jsonl"
    if content is not None:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(EvaluationError, match=message):
        TASKS.get("prompts")(path=file).items()


def test_normalize() -> None:
    assert normalize("  Red\n Wine. ") == "red wine"
    assert normalize("...") == ""
