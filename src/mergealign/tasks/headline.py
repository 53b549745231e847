"""Headline of AdaptLLM: what a headline says about the price of gold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from . import Item
from ._adaptllm import FINANCE, WeightedF1Choice, adaptllm
from ._rows import Row
from ._source import Source

__all__ = ["Headline", "headline"]


@dataclass(frozen=True, kw_only=True)
class Headline(WeightedF1Choice):
    """Gold headlines (Sinha and Khandait, arXiv 2009.04202) in AdaptLLM's prompts: nine yes-or-no questions
    (`class_id`) per headline, 20.5 k in all.

    weighted_f1 of each of the nine classes, averaged; acc is told too. Unverified: the data could not be read here.
    """

    version: ClassVar[int] = 1
    origin: ClassVar[str] = FINANCE
    sources: ClassVar[Mapping[str, tuple[Source, ...]]] = adaptllm("finance", "Headline")
    columns: ClassVar[tuple[str, ...]] = (*WeightedF1Choice.columns, "class_id")

    def item(self, row: Row) -> Item:
        return replace(super().item(row), subset=f"class {row.index('class_id', 9)}")


headline = Headline
