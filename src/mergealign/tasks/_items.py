"""Items in a format of our own: JSON Lines whose keys say what they mean."""

from __future__ import annotations

from . import Item
from ._rows import Row

__all__ = ["PROMPT_COLUMNS", "QUESTION_COLUMNS", "prompt_item", "question_item"]

QUESTION_COLUMNS = "id", "question", "choices", "answer"
PROMPT_COLUMNS = "id", "prompt"


def question_item(row: Row) -> Item:
    """`{"id", "question", "choices": [text, …], "answer": one of them, "group"?}`.

    Questions about one fact share their `group`, which defaults to the id.
    """
    id_, question, answer = row.text("id"), row.text("question"), row.text("answer")
    choices = row.values.get("choices")
    if not isinstance(choices, list) or len(choices) < 2 or not all(isinstance(c, str) and c.strip() for c in choices):
        raise ValueError("'choices' must be a list of at least two texts")
    if len(set(choices)) < len(choices):
        raise ValueError("'choices' holds the same text twice")
    if answer not in choices:
        raise ValueError("'answer' is none of the choices")
    return Item(id_, question, row.text("group", default=id_), choices=tuple(choices), target=answer)


def prompt_item(row: Row) -> Item:
    """`{"id", "prompt", "goal"?, "topic"?}`; goal defaults to the id."""
    id_ = row.text("id")
    topic = row.text("topic") if row.values.get("topic") is not None else None
    return Item(id_, row.text("prompt"), row.text("goal", default=id_), topic=topic)
