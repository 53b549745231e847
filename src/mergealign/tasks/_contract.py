"""What every task promises; `mergealign.testing` ships it.

A perfect model scores 1. Garbage scores chance on choices and 0 where answers are words. Nothing scored is no score:
`aggregate` of nothing is None, and a log-likelihood that is not finite leaves its item unscored.
"""

from __future__ import annotations

import inspect
import math
import random
from collections.abc import Mapping, Sequence
from typing import Any

from ..recipe.parameters import parameters_model
from . import TASKS, Item, Outcome, Task
from ._fakes import FakeModel

__all__ = ["check_task", "check_task_class"]

_MAX_ITEMS = 600
_RUBBISH = ("xq zzv", "¶¶¶", "lorem ipsum")
_SECTIONS = frozenset({"knowledge", "general", "harmful", "benign"})
_KEYS_OF_EVERY_LINE = {"name", "task", "limit", "max_new_tokens"}
_WELL_KNOWN = {"path", "split", "revision"}


def check_task(name: str, parameters: Mapping[str, Any] | None = None, *, max_items: int = _MAX_ITEMS) -> None:
    """Raise AssertionError where task `name` breaks the contract of `tasks/`.

    Its class says what it is. Items and the digest of their source are the same when read again, ids differ, the right
    answer is among the choices. A perfect model scores 1; a model that knows nothing scores chance on choices and 0 in
    words; what is not finite is unscored, and of nothing there is no score. A part of the items is asked like the
    whole. Prompts and answers stay out of reprs.

    Args:
        parameters: keys of a suite's line; none where the data is found without.
        max_items: so many items are asked at most; chance needs some dozens.
    """
    check_task_class(name)
    task: Task = TASKS.get(name)(**(parameters or {}))
    items = task.items()
    _check_items(name, task, items)
    items = items[:max_items]
    _check_perfect(name, task, items)
    _check_rubbish(name, task, items)
    _check_nothing(name, task, items[:3])
    model = FakeModel(says=lambda p: p[-9:], likes=lambda p, c: -float(len(c) + len(p) % 7))
    whole = _ask(name, task, items[:20], model)
    assert _ask(name, task, items[2:9], model) == whole[2:9], f"{name}: a part of the items is asked otherwise"
    assert not task.ask(FakeModel(), (), max_new_tokens=8), f"{name}: an outcome of no item"
    said = "an answer of some kind"
    (outcome,) = _ask(name, task, items[:1], FakeModel(says=lambda _: said))
    shown = repr(outcome)
    assert items[0].id in shown, f"{name}: the repr of an outcome does not tell the item"
    leaks = items[0].prompt in shown or said in shown
    assert not leaks, f"{name}: the repr of an outcome shows a prompt or an answer"


def check_task_class(name: str) -> None:
    """The part of `check_task` that needs no data."""
    part = TASKS.get(name)
    assert part.version >= 1, f"{name} has no version"
    assert part.sections, f"{name} belongs under no section"
    assert part.sections <= _SECTIONS, f"{name} belongs under a section that does not exist"
    assert isinstance(part.verified, bool), f"{name} does not say whether its data was read"
    assert part.origin, f"{name} does not say where its data comes from"
    doc = inspect.getdoc(part) or ""
    assert doc, f"{name} has no docstring"
    assert doc != inspect.getdoc(Task), f"{name} has no docstring of its own"
    assert part.verified or "nverified" in doc, f"{name}: the docstring does not say that its data was not read"
    fields = set(parameters_model(part).model_fields)
    assert not fields & _KEYS_OF_EVERY_LINE, f"{name}: a parameter is called like a key of every line of a suite"
    untold = fields - _WELL_KNOWN - {word.strip(":") for word in doc.split()}
    assert not untold, f"{name}: parameters that the docstring does not explain: {', '.join(sorted(untold))}"


def _check_items(name: str, task: Task, items: tuple[Item, ...]) -> None:
    assert items, f"{name} has no items"
    assert len({i.id for i in items}) == len(items), f"{name}: an id occurs twice"
    for i in items:
        assert i.id.isprintable(), f"{name}: the id of an item cannot be printed"
        assert len(i.id) < 200, f"{name}: the id of an item is too long"
        empty = not i.prompt.strip()
        assert not empty, f"{name}: item {i.id} asks nothing"
        if i.choices:
            assert len(set(i.choices)) == len(i.choices) >= 2, f"{name}: the choices of item {i.id} are no choice"
            assert i.target in i.choices, f"{name}: the right answer of item {i.id} is none of its choices"
    again = task.items() == items  # pytest would print what differs: prompts
    assert again, f"{name}: other items when read again"
    digest = task.source_digest()
    assert len(digest) == 32, f"{name}: the digest of its source is no XXH3-128"
    assert task.source_digest() == digest, f"{name}: another digest when read again"


def _check_perfect(name: str, task: Task, items: Sequence[Item]) -> None:
    right = {i.prompt: i.target or "" for i in items}
    model = FakeModel(says=lambda p: right.get(p, ""), likes=lambda p, c: -1.0 if right.get(p) == c else -50.0)
    found = _scores(task, _ask(name, task, items, model))
    assert all(s == 1 for s in found), f"{name}: a perfect model scores {found}"


def _check_rubbish(name: str, task: Task, items: Sequence[Item]) -> None:
    dice = random.Random(0)
    model = FakeModel(says=lambda _: dice.choice(_RUBBISH), likes=lambda _p, _c: -dice.random())
    outcomes = _ask(name, task, items, model)
    found = _scores(task, outcomes)
    if any(o.text is not None for o in outcomes):
        assert not any(found), f"{name}: rubbish scores {found}"
        return
    chance = sum(1 / len(i.choices) for i in items) / len(items)
    margin = 4 * math.sqrt(chance * (1 - chance) / len(items)) + 0.05
    near = all(s is not None and abs(s - chance) < margin for s in found)
    assert near, f"{name}: guessing scores {found} and not {chance:.2f}"


def _check_nothing(name: str, task: Task, items: Sequence[Item]) -> None:
    assert task.aggregate([]) is None, f"{name}: a score of nothing"
    for nothing in (math.nan, -math.inf):
        outcomes = _ask(name, task, items, FakeModel(likes=lambda _p, _c, nothing=nothing: nothing))  # type: ignore[misc]
        found = _scores(task, outcomes)
        if outcomes[0].text is None:
            assert all(o.correct is None for o in outcomes), f"{name}: a log-likelihood of {nothing} is scored"
            assert all(s is None for s in found), f"{name}: a score where no item is scored: {found}"
        else:  # words: an empty answer is wrong, and a judge labels it
            assert {o.text for o in outcomes} == {""}, f"{name}: an empty answer is not handed on"
            assert not any(found), f"{name}: empty answers score {found}"


def _ask(name: str, task: Task, items: Sequence[Item], model: FakeModel) -> list[Outcome]:
    told: list[int] = []
    outcomes = task.ask(model, items, max_new_tokens=8, progress=told.append)
    in_order = [o.item for o in outcomes] == list(items)
    assert in_order, f"{name}: not one outcome per item, in their order"
    assert sum(told) == len(items), f"{name}: progress tells {sum(told)} of {len(items)} items"
    return outcomes


def _scores(task: Task, outcomes: Sequence[Outcome]) -> list[float | None]:
    """The task's scores, those it has."""
    right = [o.correct for o in outcomes if o.correct is not None]
    found: list[float | None] = []
    if task.metric is not None:
        found.append(sum(right) / len(right) if right else None)
    if task.graded is not None:
        found.append(task.aggregate(outcomes))
    return found
