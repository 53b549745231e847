"""AdvBench: harmful goals, one per row of a CSV."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from . import Item
from ._dataset import Benchmark
from ._prompt_set import PromptSet
from ._rows import Row, identity
from ._source import Source

__all__ = ["AdvBench", "advbench"]


@dataclass(frozen=True, kw_only=True)
class AdvBench(PromptSet, Benchmark):
    """AdvBench's harmful behaviors (Zou et al., arXiv 2307.15043), or any CSV with a column `goal`; 520 goals.

    Unverified: the data could not be read here.
    """

    version: ClassVar[int] = 1
    sections: ClassVar[frozenset[str]] = frozenset({"harmful"})
    verified: ClassVar[bool] = False
    origin: ClassVar[str] = "github.com/llm-attacks/llm-attacks, MIT"
    sources: ClassVar[Mapping[str, tuple[Source, ...]]] = {
        "test": (
            Source("advbench/harmful_behaviors.csv", home="https://github.com/llm-attacks/llm-attacks (data/advbench)"),
        )
    }
    columns: ClassVar[tuple[str, ...]] = ("goal",)

    def item(self, row: Row) -> Item:
        id_ = identity("advbench", row.text("goal"))
        return Item(id_, row.text("goal"), id_)


advbench = AdvBench
