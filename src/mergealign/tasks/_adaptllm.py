"""The suites of AdaptLLM (Cheng et al., arXiv 2309.09530): prompts that are filled in already, for base models.

A row holds `input`, a document to go on with, and either `options` with `gold_index`, or `label`, a text. No chat
template is applied, BOS comes first where the tokenizer has one, an option follows behind a blank. The option with the
lowest mean negative log-likelihood per token wins; where there are none, the answer is the first line the model writes.

Column and file names follow the authors' published code and data cards; the data itself could not be read here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from . import Item, Outcome
from ._answer import AnswerTask
from ._choice import ChoiceTask
from ._dataset import Benchmark
from ._f1 import weighted_f1
from ._rows import Row, identity
from ._source import Source

__all__ = [
    "FINANCE",
    "MEDICINE",
    "AdaptLLMAnswer",
    "AdaptLLMChoice",
    "WeightedF1Choice",
    "adaptllm",
    "first_line",
]

_ORIGIN = "Hub data set AdaptLLM/{}-tasks, licence not stated"
FINANCE = _ORIGIN.format("finance")
MEDICINE = _ORIGIN.format("medicine")


def adaptllm(domain: Literal["finance", "medicine"], folder: str) -> Mapping[str, tuple[Source, ...]]:
    """The one file of a task: `folder/test.json` of the Hub data set, under its name in a folder of data sets."""
    repo, file = f"AdaptLLM/{domain}-tasks", f"{folder}/test.json"
    return {"test": (Source(f"adaptllm/{domain}-tasks/{file}", repo, file, f"https://huggingface.co/datasets/{repo}"),)}


class AdaptLLMChoice(ChoiceTask, Benchmark):
    """Rows with `id`, `input`, `options`, `gold_index`."""

    sections: ClassVar[frozenset[str]] = frozenset({"knowledge"})
    verified: ClassVar[bool] = False
    normalize: ClassVar[Literal["sum", "mean"]] = "mean"
    plain: ClassVar[bool] = True
    columns: ClassVar[tuple[str, ...]] = ("input", "options", "gold_index")

    def item(self, row: Row) -> Item:
        options, document = row.texts("options"), row.text("input")
        if len(set(options)) < len(options) or len(options) < 2:
            raise ValueError("'options' must be at least two different texts")
        id_ = identity(str(row.values.get("id", "item")), document, *options)
        return Item(id_, document, id_, choices=options, target=options[row.index("gold_index", len(options))])


class WeightedF1Choice(AdaptLLMChoice):
    """Scored by weighted F1 over the options' positions, which are the classes."""

    graded: ClassVar[str | None] = "weighted_f1"

    def aggregate(self, outcomes: Sequence[Outcome]) -> float | None:
        """Weighted F1; over every subset for itself, then their mean, where the items name one."""
        kinds = Counter((o.item.subset, o.item.choices, o.item.target, o.predicted) for o in outcomes)
        subsets: dict[str | None, Counter[tuple[int, int]]] = {}
        for (subset, choices, target, predicted), n in kinds.items():
            if target is not None and predicted is not None:
                subsets.setdefault(subset, Counter())[choices.index(target), choices.index(predicted)] += n
        return sum(map(weighted_f1, subsets.values())) / len(subsets) if subsets else None


class AdaptLLMAnswer(AnswerTask, Benchmark):
    """Rows with `id`, `input`, `label`: a text, or a list whose first text counts."""

    sections: ClassVar[frozenset[str]] = frozenset({"knowledge"})
    verified: ClassVar[bool] = False
    plain: ClassVar[bool] = True
    columns: ClassVar[tuple[str, ...]] = ("input", "label")

    def item(self, row: Row) -> Item:
        document = row.text("input")
        label = row.text("label") if isinstance(row.values.get("label"), str) else row.texts("label")[0]
        id_ = identity(str(row.values.get("id", "item")), document)
        return Item(id_, document, id_, target=label)


def first_line(text: str) -> str:
    """What a base model says before it goes on with something else."""
    return next(iter(text.strip().splitlines()), "")
