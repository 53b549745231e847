"""MedQA: questions of the United States medical licensing examination."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from . import Item
from ._choice import ChoiceTask, lettered
from ._dataset import Benchmark
from ._rows import Row, identity
from ._source import Source

__all__ = ["MedQA", "medqa"]


@dataclass(frozen=True, kw_only=True)
class MedQA(ChoiceTask, Benchmark):
    """MedQA (Jin et al., arXiv 2009.13081), English, four options: 1,273 questions of the test set.

    acc: the likeliest of the letters A to D behind question and options.
    """

    version: ClassVar[int] = 1
    sections: ClassVar[frozenset[str]] = frozenset({"knowledge", "general"})
    origin: ClassVar[str] = "github.com/jind11/MedQA, MIT; Hub copy GBaker/MedQA-USMLE-4-options"
    sources: ClassVar[Mapping[str, tuple[Source, ...]]] = {
        "test": (
            Source(
                "medqa/medqa_test.jsonl",
                "GBaker/MedQA-USMLE-4-options",
                "phrases_no_exclude_test.jsonl",
                "https://github.com/jind11/MedQA",
            ),
        )
    }
    columns: ClassVar[tuple[str, ...]] = ("question", "options", "answer_idx")

    def item(self, row: Row) -> Item:
        options = row.values.get("options")
        if not isinstance(options, dict) or not all(isinstance(v, str) for v in options.values()):
            raise ValueError("'options' must map letters to texts")
        answer = row.text("answer_idx")
        if list(options) != list("ABCDEFGHIJ"[: len(options)]) or answer not in options:
            raise ValueError("'options' must be named A, B, …, and 'answer_idx' be one of them")
        prompt = lettered(row.text("question"), list(options.values()))
        id_ = identity("medqa", prompt)
        return Item(id_, prompt, id_, choices=tuple(options), target=answer)


medqa = MedQA
