"""TruthfulQA, multiple choice with one right answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from . import Item
from ._choice import ChoiceTask
from ._dataset import Benchmark
from ._rows import Row, identity
from ._source import Source

__all__ = ["TruthfulQaMc1", "truthfulqa_mc1"]


@dataclass(frozen=True, kw_only=True)
class TruthfulQaMc1(ChoiceTask, Benchmark):
    """TruthfulQA (Lin et al., arXiv 2109.07958), MC1: one true answer among false ones that people believe.

    acc: share of questions whose true answer has the highest log p(answer | question), summed over its tokens. The
    question is asked as a user turn, without the six example questions that some put before it. The data is the version
    of January 2025 with 790 questions (older ones have 817).
    """

    version: ClassVar[int] = 1
    sections: ClassVar[frozenset[str]] = frozenset({"knowledge", "general"})
    origin: ClassVar[str] = "github.com/sylinrl/TruthfulQA, Apache-2.0"
    sources: ClassVar[Mapping[str, tuple[Source, ...]]] = {
        "test": (Source("truthfulqa/mc_task.json", home="https://github.com/sylinrl/TruthfulQA (data/mc_task.json)"),)
    }
    columns: ClassVar[tuple[str, ...]] = ("question", "mc1_targets")

    def item(self, row: Row) -> Item:
        question, targets = row.text("question"), row.values.get("mc1_targets")
        if not isinstance(targets, dict):
            raise ValueError("'mc1_targets' must be a table")
        truths = list(targets.values())
        if len(truths) < 2 or truths.count(1) != 1 or truths.count(0) != len(truths) - 1:
            raise ValueError("'mc1_targets' must map answers to 0, and one of them to 1")
        id_ = identity("truthfulqa", question, *targets)
        right = next(answer for answer, truth in targets.items() if truth == 1)
        return Item(id_, question, id_, choices=tuple(targets), target=right)


truthfulqa_mc1 = TruthfulQaMc1
