"""TAT-QA: questions about tables and text from financial reports."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from . import Item
from ._answer import AnswerTask, Grade
from ._dataset import Benchmark
from ._rows import Row, identity, read_rows, require_columns
from ._source import Source
from ._tatqa_metric import SCALES, TatQaAnswer, compare

__all__ = ["TatQA", "tatqa"]

_HOME = "https://github.com/NExTplusplus/TAT-QA (dataset_raw)"
_ASK = (
    "Answer with the number or with words of the text alone. Separate several answers with semicolons. "
    "Write thousand, million, billion or percent behind a number where it applies."
)
_NUMBER = ("arithmetic", "count")


@dataclass(frozen=True)
class TatQaItem(Item):
    """A question with its right answer in parts; `kind` is span, multi-span, arithmetic or count."""

    right: TatQaAnswer = field(default_factory=lambda: TatQaAnswer(()))
    kind: str = "span"


@dataclass(frozen=True, kw_only=True)
class TatQA(AnswerTask, Benchmark):
    """TAT-QA (Zhu et al., ACL 2021), 1,663 questions of the test set over 277 tables with their paragraphs.

    exact_match and f1 are the published ones: numbers count with their scale (thousand, million, billion, percent), the
    order of several answers does not matter. The first line of the model's answer is read, parts between semicolons;
    a word of scale at its end belongs to all of them. Questions about the same table share a cluster.
    """

    version: ClassVar[int] = 1
    sections: ClassVar[frozenset[str]] = frozenset({"knowledge", "general"})
    graded: ClassVar[str | None] = "f1"
    origin: ClassVar[str] = "github.com/NExTplusplus/TAT-QA, CC-BY-4.0; Hub copy next-tat/TAT-QA"
    sources: ClassVar[Mapping[str, tuple[Source, ...]]] = {
        split: (Source(f"tatqa/{file}", "next-tat/TAT-QA", file, _HOME),)
        for split, file in {"test": "tatqa_dataset_test_gold.json", "dev": "tatqa_dataset_dev.json"}.items()
    }
    columns: ClassVar[tuple[str, ...]] = ("question", "answer", "answer_type", "scale", "uid")

    def rows(self, file: Path) -> Sequence[Row]:
        """One row per question, with the table and paragraphs it is about."""
        contexts = read_rows(file)
        require_columns(file, contexts, ("table", "paragraphs", "questions"))
        found = []
        for context in contexts:
            questions = context.values.get("questions")
            if context.problem or not isinstance(questions, list) or not all(isinstance(q, dict) for q in questions):
                found.append(Row(context.where, {}, context.problem or "'questions' must be a list of objects"))
            else:
                found += [
                    Row(f"{context.where}, question {n}", {**context.values, **q}) for n, q in enumerate(questions)
                ]
        require_columns(file, found, self.columns)
        return found

    def item(self, row: Row) -> TatQaItem:
        kind, answer = row.text("answer_type"), row.values.get("answer")
        texts = tuple(map(str, answer if isinstance(answer, list) else [answer]))
        right = TatQaAnswer(texts, _scale(row.values.get("scale")))
        table, table_id = _table(row.values.get("table"))
        paragraphs = _paragraphs(row.values.get("paragraphs"))
        prompt = "\n\n".join([table, *paragraphs, f"Question: {row.text('question')}", _ASK])
        id_ = identity(f"tatqa-{row.text('uid')}", prompt)
        target = f"{'; '.join(texts)} {right.scale}".strip()
        return TatQaItem(id_, prompt, table_id, target=target, right=right, kind=kind)

    def grade(self, item: Item, text: str) -> Grade:
        assert isinstance(item, TatQaItem)
        found = [compare(given, item.right, is_number=item.kind in _NUMBER) for given in _readings(text)]
        best = max(found, key=lambda c: (c.exact, c.f1), default=None)
        return Grade(best.exact, best.f1) if best else Grade(False, 0.0)


def _readings(text: str) -> set[TatQaAnswer]:
    """What a model's answer may mean: in parts between semicolons or as one piece, with and without a scale behind."""
    first = next(iter(text.strip().splitlines()), "").strip()
    found: set[TatQaAnswer] = set()
    for line in (first, re.sub(r"^answer:\s*", "", first, flags=re.IGNORECASE).rstrip(" .")):
        last = line.split()[-1].lower() if line.split() else ""
        for scale in {"", last if last in SCALES else ""}:
            body = line[: len(line) - len(scale)].strip()
            parts = tuple(part.strip() for part in body.split(";") if part.strip())
            found |= {TatQaAnswer(texts, scale) for texts in (parts, (body,)) if any(texts)}
    return found


def _scale(value: Any) -> str:
    if value not in ("", *SCALES):
        raise ValueError("'scale' must be thousand, million, billion, percent or empty")
    return str(value)


def _table(value: Any) -> tuple[str, str]:
    """The table as lines of cells, and its id."""
    try:
        return "\n".join(" | ".join(map(str, line)) for line in value["table"]), str(value["uid"])
    except (KeyError, TypeError) as e:
        raise ValueError("'table' must hold 'uid' and 'table', a list of lines") from e


def _paragraphs(value: Any) -> list[str]:
    try:
        return [str(p["text"]) for p in sorted(value, key=lambda p: int(p["order"]))]
    except (KeyError, TypeError, ValueError) as e:
        raise ValueError("'paragraphs' must be a list of objects with 'order' and 'text'") from e


tatqa = TatQA
