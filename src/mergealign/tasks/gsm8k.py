"""GSM8K: word problems of grade school mathematics."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from . import Item
from ._answer import AnswerTask, Grade
from ._dataset import Benchmark
from ._rows import Row, identity
from ._source import Source

__all__ = ["Gsm8k", "gsm8k", "last_number"]

_NUMBER = re.compile(r"(?:(?<![\d)])[-−])?\$?(?:\d[\d,]*(?:\.\d+)?|\.\d+)")  # the minus of 10-4 is no sign
_HOME = "https://github.com/openai/grade-school-math"
_ASK = "Reason step by step. Then write the final number on a line of its own, behind ####."


def last_number(text: str) -> float | None:
    """The number behind the last `####`, or the last number of the text; None where there is none."""
    _, marked, answer = text.rpartition("####")
    found = _NUMBER.findall(answer)[:1] if marked else []
    found = found or _NUMBER.findall(text)[-1:]
    return float(found[0].replace(",", "").replace("$", "").replace("−", "-")) if found else None


@dataclass(frozen=True, kw_only=True)
class Gsm8k(AnswerTask, Benchmark):
    """GSM8K (Cobbe et al., arXiv 2110.14168), 1,319 problems of the test set, asked without examples.

    exact_match: the number behind `####`, or the last number of the answer, equals the right one. `dev` is the training
    set. Answers reason step by step: give them room, `max_new_tokens: 400`.
    """

    version: ClassVar[int] = 1
    sections: ClassVar[frozenset[str]] = frozenset({"knowledge", "general"})
    origin: ClassVar[str] = "github.com/openai/grade-school-math, MIT; Hub copy openai/gsm8k"
    sources: ClassVar[Mapping[str, tuple[Source, ...]]] = {
        "test": (Source("gsm8k/test.jsonl", "openai/gsm8k", "main/test-00000-of-00001.parquet", _HOME),),
        "dev": (Source("gsm8k/train.jsonl", "openai/gsm8k", "main/train-00000-of-00001.parquet", _HOME),),
    }
    columns: ClassVar[tuple[str, ...]] = ("question", "answer")

    def item(self, row: Row) -> Item:
        question, (_, marked, answer) = row.text("question"), row.text("answer").rpartition("####")
        if not marked or last_number(answer) is None:
            raise ValueError("'answer' must end with #### and a number")
        prompt = f"{question}\n\n{_ASK}"
        id_ = identity("gsm8k", prompt)
        return Item(id_, prompt, id_, target=answer.strip())

    def grade(self, item: Item, text: str) -> Grade:
        return Grade(last_number(text) == last_number(item.target or ""))


gsm8k = Gsm8k
