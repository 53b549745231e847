"""The contract of tasks over every registered one, on its real data where that is at hand, else on a sample in its
form; and what can be asked of published data sets alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

from mergealign.errors import EvaluationError
from mergealign.tasks import TASKS, Item, Outcome, Task
from mergealign.tasks._choice import ChoiceTask
from mergealign.tasks._contract import check_task_class
from mergealign.tasks._dataset import Benchmark
from mergealign.tasks._prompt_set import PromptSet
from mergealign.testing import check_task

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


@pytest.fixture(params=NAMES)
def given(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[str, dict[str, Any]]:
    """A task's name, and parameters with which it finds its data."""
    name: str = request.param
    if name in REAL:
        need(REAL[name])
    monkeypatch.setenv("MERGEALIGN_DATA_DIR", str(FOLDER))
    return name, parameters_for(name, tmp_path)


def test_contract(given: tuple[str, dict[str, Any]]) -> None:
    name, parameters = given
    check_task(name, parameters)
    if name in N_ITEMS:
        assert len(TASKS.get(name)(**parameters).items()) == N_ITEMS[name]


def test_a_task_without_data_of_its_own() -> None:
    check_task_class("lm_eval")


_TABLES: list[Any] = [{}, {"x": None}, {"x": ["y"]}, {"x": None, "y": 1}, {"A": 1, "B": None}]
WRONG: list[Any] = [None, 3, 0.5, True, "", " ", "x", [], [None], ["x"], [[{"x": 1}]], *_TABLES]


@pytest.mark.parametrize("given", [n for n in NAMES if issubclass(TASKS.get(n), Benchmark)], indirect=True)
def test_malformed_rows_are_named(given: tuple[str, dict[str, Any]]) -> None:
    """Whatever stands in a column instead of the right thing: an item, or ValueError, reported with its row."""
    task: Benchmark = TASKS.get(given[0])(**given[1])
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


def test_prompts_stay_out_of_errors(tmp_path: Path) -> None:
    """Whatever is wrong with a file of prompts, its message names lines and columns."""
    secret = "placeholder that must not be shown"
    bad: list[Any] = [f'{{"id": "a", "prompt": "{secret}", "goal": 3}}', f'["{secret}"]', f'{{"prompt": "{secret}']
    (tmp_path / "p.jsonl").write_text("\n".join(bad))
    (tmp_path / "p.csv").write_text(f'goal\n"{secret}",extra\n')
    for name, file in (("prompts", "p.jsonl"), ("advbench", "p.csv"), ("xstest", "p.csv")):
        with pytest.raises(EvaluationError) as e:
            TASKS.get(name)(path=tmp_path / file).items()
        assert secret not in str(e.value)


@dataclass(frozen=True, kw_only=True)
class Colors(ChoiceTask):
    """Four items, two choices each."""

    version: ClassVar[int] = 1
    sections: ClassVar[frozenset[str]] = frozenset({"knowledge"})

    def items(self) -> tuple[Item, ...]:
        pairs = [(f"q{n}", ("red", "blue")[n % 2]) for n in range(40)]
        return tuple(Item(id_, f"Color of {id_}?", id_, choices=("red", "blue"), target=c) for id_, c in pairs)

    def source_digest(self) -> str:
        return "0" * 32


class Doubled(Colors):
    """Gives an item twice."""

    def items(self) -> tuple[Item, ...]:
        return (*super().items(), super().items()[0])


class Wrong(Colors):
    """Names another answer than the right one."""

    def ask(self, *args: Any, **kwargs: Any) -> list[Outcome]:
        return [replace(o, correct=None if o.correct is None else not o.correct) for o in super().ask(*args, **kwargs)]


class Guessing(Colors):
    """Scores what it could not."""

    def ask(self, *args: Any, **kwargs: Any) -> list[Outcome]:
        return [replace(o, correct=bool(o.correct)) for o in super().ask(*args, **kwargs)]


class Unsaid(Colors):
    """Was never tried on its data."""

    verified: ClassVar[bool] = False


class Loose(Colors):
    """Asks what it was not told to."""

    def ask(self, model: Any, items: Sequence[Item], **kwargs: Any) -> list[Outcome]:
        return super().ask(model, self.items() if len(items) == 7 else items, **kwargs)


class Unreliable(PromptSet):
    """Other items every time."""

    version: ClassVar[int] = 1
    seen: ClassVar[list[int]] = []

    def items(self) -> tuple[Item, ...]:
        self.seen.append(1)
        return (Item(f"p{len(self.seen)}", "placeholder", "p"),)

    def source_digest(self) -> str:
        return "0" * 32


BROKEN: Mapping[type[Task], str] = {
    Doubled: "an id occurs twice",
    Wrong: r"a perfect model scores \[0.0\]",
    Guessing: "a log-likelihood of nan is scored",
    Unsaid: "does not say that its data was not read",
    Loose: "not one outcome per item",
    Unreliable: "other items when read again",
}


@pytest.mark.parametrize("part", BROKEN, ids=lambda part: part.__name__)
def test_a_broken_contract_is_seen(part: type[Task], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TASKS, "get", lambda _: part)
    with pytest.raises(AssertionError, match=f"mine.*{BROKEN[part]}"):
        check_task("mine")


def test_a_kept_contract_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TASKS, "get", lambda _: Colors)
    check_task("mine")
