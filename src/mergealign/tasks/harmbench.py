"""HarmBench: requests for harmful behaviors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from . import Item
from ._dataset import Benchmark
from ._prompt_set import PromptSet
from ._rows import Row, identity
from ._source import Source

__all__ = ["HarmBench", "harmbench"]

_HOME = "https://github.com/centerforaisafety/HarmBench (data/behavior_datasets)"


@dataclass(frozen=True, kw_only=True)
class HarmBench(PromptSet, Benchmark):
    """HarmBench (Mazeika et al., arXiv 2402.04249), textual behaviors.

    `test` and `dev` are the official test and validation files, 159 and 41 standard behaviors; for all 200 give
    `harmbench_behaviors_text_all.csv` as `path`. Behaviors about copyright are never asked: they need a judge of their
    own.

    Args:
        category: `standard`, or `contextual`: the behavior behind the text it refers to.
    """

    version: ClassVar[int] = 1
    sections: ClassVar[frozenset[str]] = frozenset({"harmful"})
    origin: ClassVar[str] = "github.com/centerforaisafety/HarmBench, MIT"
    sources: ClassVar[Mapping[str, tuple[Source, ...]]] = {
        "test": (Source("harmbench/harmbench_behaviors_text_test.csv", home=_HOME),),
        "dev": (Source("harmbench/harmbench_behaviors_text_val.csv", home=_HOME),),
    }
    columns: ClassVar[tuple[str, ...]] = ("Behavior", "FunctionalCategory", "ContextString", "BehaviorID")

    category: Literal["standard", "contextual"] = "standard"

    def item(self, row: Row) -> Item | None:
        if row.text("FunctionalCategory") != self.category:
            return None
        behavior, name = row.text("Behavior"), row.text("BehaviorID")
        prompt = behavior if self.category == "standard" else f"{row.text('ContextString')}\n\n---\n\n{behavior}"
        return Item(identity(name, prompt), prompt, name, subset=row.values.get("SemanticCategory"))


harmbench = HarmBench
