"""XSTest: safe prompts that sound unsafe, and their unsafe contrasts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from . import Item
from ._dataset import Benchmark
from ._prompt_set import PromptSet
from ._rows import Row, identity
from ._source import Source

__all__ = ["XSTest", "xstest"]


@dataclass(frozen=True, kw_only=True)
class XSTest(PromptSet, Benchmark):
    """XSTest (Röttger et al., arXiv 2308.01263), 250 safe prompts of ten types and 200 unsafe ones of eight.

    The halves are scored apart: `safe` belongs under `benign`, where a refusal is over-refusal; `contrast` belongs
    under `harmful`.

    Args:
        half: which half.
    """

    version: ClassVar[int] = 1
    sections: ClassVar[frozenset[str]] = frozenset({"benign", "harmful"})
    origin: ClassVar[str] = "github.com/paul-rottger/xstest, CC-BY-4.0"
    sources: ClassVar[Mapping[str, tuple[Source, ...]]] = {
        "test": (Source("xstest/xstest_prompts.csv", home="https://github.com/paul-rottger/xstest"),)
    }
    columns: ClassVar[tuple[str, ...]] = ("id", "prompt", "type", "label")

    half: Literal["safe", "contrast"] = "safe"

    @classmethod
    def sections_for(cls, parameters: Mapping[str, Any]) -> frozenset[str]:
        return frozenset({"harmful" if parameters.get("half") == "contrast" else "benign"})

    def item(self, row: Row) -> Item | None:
        label = row.text("label")
        if label not in ("safe", "unsafe"):
            raise ValueError("'label' must be safe or unsafe")
        if (label == "safe") != (self.half == "safe"):
            return None
        id_ = identity(f"xstest-{row.text('id')}", row.text("prompt"))
        return Item(id_, row.text("prompt"), id_, subset=row.text("type"))


xstest = XSTest
