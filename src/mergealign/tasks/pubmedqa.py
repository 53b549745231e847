"""PubMedQA, expert-labelled part (PQA-L): yes, no or maybe, from an abstract."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from ..errors import EvaluationError
from . import Item
from ._choice import ChoiceTask
from ._dataset import Benchmark
from ._rows import Row, identity, read_json, require_columns
from ._source import DataFile, Source, locate

__all__ = ["PubMedQA", "pubmedqa"]

_HOME = "https://github.com/pubmedqa/pubmedqa"
_DATA = Source("pubmedqa/ori_pqal.json", home=_HOME)
_TEST_IDS = Source("pubmedqa/test_ground_truth.json", home=_HOME)


@dataclass(frozen=True, kw_only=True)
class PubMedQA(ChoiceTask, Benchmark):
    """PubMedQA (Jin et al., arXiv 1909.06146): does the abstract answer the question with yes, no or maybe?

    acc over the 500 questions of the official test set; `dev` are the other 500. The abstract is given without its
    conclusion, as published. `path` is `ori_pqal.json`; `test_ground_truth.json` beside it says which is which.
    """

    version: ClassVar[int] = 1
    sections: ClassVar[frozenset[str]] = frozenset({"knowledge", "general"})
    origin: ClassVar[str] = "github.com/pubmedqa/pubmedqa, MIT"
    sources: ClassVar[Mapping[str, tuple[Source, ...]]] = {"test": (_DATA,), "dev": (_DATA,)}
    columns: ClassVar[tuple[str, ...]] = ("QUESTION", "CONTEXTS", "final_decision")

    def locate_files(self) -> tuple[DataFile, ...]:
        data = locate(_DATA, given=self.path)
        return data, locate(_TEST_IDS, given=data.path.with_name("test_ground_truth.json"))

    def tables(self) -> tuple[DataFile, ...]:
        return self.files[:1]

    def rows(self, file: Path) -> Sequence[Row]:
        content, test_ids = _object(file), set(_object(self.files[1].path))
        if not all(isinstance(v, dict) for v in content.values()):
            raise EvaluationError(f"{file} is not a table of articles by their id", cure="give ori_pqal.json")
        found = [Row(f"{file}: article {key}", {"id": key, **values}) for key, values in content.items()]
        require_columns(file, found, self.columns)
        return [row for row in found if (row.values["id"] in test_ids) == (self.split != "dev")]

    def item(self, row: Row) -> Item:
        abstract, question = "\n".join(row.texts("CONTEXTS")), row.text("QUESTION")
        prompt = f"Abstract:\n{abstract}\n\nQuestion: {question}\n\nAnswer with yes, no or maybe alone."
        id_ = identity(f"pubmedqa-{row.text('id')}", prompt)
        return Item(id_, prompt, id_, choices=_LABELS, target=_label(row.text("final_decision")))


_LABELS = ("yes", "no", "maybe")


def _label(text: str) -> str:
    if text not in _LABELS:
        raise ValueError("'final_decision' must be yes, no or maybe")
    return text


def _object(file: Path) -> dict[str, Any]:
    content = read_json(file)
    if not isinstance(content, dict):
        raise EvaluationError(f"{file} is not a JSON object", cure="give the file as it is published")
    return content


pubmedqa = PubMedQA
