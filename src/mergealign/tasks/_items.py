"""Items from JSON Lines files: every malformed line is reported, with file and line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ..errors import EvaluationError, Problem
from . import Item

__all__ = ["read_prompts", "read_questions"]


def read_questions(path: Path) -> tuple[Item, ...]:
    """Items with choices: `{"id", "question", "choices": [text, …], "answer": one of them, "group"?}` per line.

    Questions about one fact share their `group`, which defaults to the id.
    """
    return _read(path, _question)


def read_prompts(path: Path) -> tuple[Item, ...]:
    """Free prompts: `{"id", "prompt", "goal"?, "topic"?}` per line; goal defaults to the id."""
    return _read(path, _prompt)


def _read(path: Path, parse: Callable[[dict[str, Any]], Item]) -> tuple[Item, ...]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as e:
        raise EvaluationError(
            f"cannot read {path}: {e.strerror}", cure="give the path of an existing JSONL file"
        ) from e
    except UnicodeDecodeError as e:
        raise EvaluationError(f"{path} is not UTF-8 text", cure="save it as UTF-8") from e
    problems: list[Problem] = []
    items: dict[str, Item] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            item = parse(_row(line))
            if item.id in items:
                raise ValueError(f"id '{item.id}' occurs twice")
            items[item.id] = item
        except ValueError as e:
            problems.append(Problem(f"{path}:{number}: {e}"))
    if not items and not problems:
        problems.append(Problem(f"{path} holds no items", "one JSON object per line"))
    if problems:
        raise EvaluationError(*problems)
    return tuple(items.values())


def _row(line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as e:
        raise ValueError(f"not JSON: {e.msg}") from e
    if not isinstance(row, dict):
        raise ValueError(f"expected an object, found {type(row).__name__}")
    return row


def _question(row: dict[str, Any]) -> Item:
    id_, question, answer = _text(row, "id"), _text(row, "question"), _text(row, "answer")
    choices = row.get("choices")
    if not isinstance(choices, list) or len(choices) < 2 or not all(isinstance(c, str) and c.strip() for c in choices):
        raise ValueError("'choices' must be a list of at least two texts")
    if len(set(choices)) < len(choices):
        raise ValueError("'choices' holds the same text twice")
    if answer not in choices:
        raise ValueError("'answer' is none of the choices")
    cluster = _text(row, "group", default=id_)
    return Item(id_, question, cluster, choices=tuple(choices), target=answer)


def _prompt(row: dict[str, Any]) -> Item:
    id_ = _text(row, "id")
    topic = _text(row, "topic") if row.get("topic") is not None else None
    return Item(id_, _text(row, "prompt"), _text(row, "goal", default=id_), topic=topic)


def _text(row: dict[str, Any], key: str, *, default: str | None = None) -> str:
    value = row.get(key, default)
    if value is None:
        known = ", ".join(_strings(row))
        raise ValueError(f"'{key}' is missing (found: {known or 'nothing'})")
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"'{key}' must be a text that is not empty")
    return value


def _strings(row: dict[str, Any]) -> Iterator[str]:
    return map(str, row)
