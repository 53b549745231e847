"""BeaverTails: prompts of people who tried to get harmful answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from . import Item
from ._dataset import Benchmark, distinct
from ._prompt_set import PromptSet
from ._rows import Row, identity
from ._source import Source

__all__ = ["BeaverTails", "beavertails"]

_REPO = "PKU-Alignment/BeaverTails"


@dataclass(frozen=True, kw_only=True)
class BeaverTails(PromptSet, Benchmark):
    """BeaverTails (Ji et al., arXiv 2307.04657): the different prompts of the 30k version's test part.

    Each prompt is asked once, though the data set holds several answers to it. `dev` is the training part.
    Unverified: the data could not be read here.
    """

    version: ClassVar[int] = 1
    sections: ClassVar[frozenset[str]] = frozenset({"harmful"})
    verified: ClassVar[bool] = False
    origin: ClassVar[str] = f"Hub data set {_REPO}, CC-BY-NC-4.0"
    sources: ClassVar[Mapping[str, tuple[Source, ...]]] = {
        split: (
            Source(
                f"beavertails/round0/30k/{file}.jsonl.gz",
                _REPO,
                f"round0/30k/{file}.jsonl.gz",
                f"https://huggingface.co/datasets/{_REPO}",
            ),
        )
        for split, file in {"test": "test", "dev": "train"}.items()
    }
    columns: ClassVar[tuple[str, ...]] = ("prompt",)

    def rows(self, file: Path) -> Sequence[Row]:
        return list(distinct(super().rows(file), "prompt"))

    def item(self, row: Row) -> Item:
        id_ = identity("beavertails", row.text("prompt"))
        return Item(id_, row.text("prompt"), id_)


beavertails = BeaverTails
