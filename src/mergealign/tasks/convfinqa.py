"""ConvFinQA of AdaptLLM: numbers from a conversation about a financial report."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from . import Item
from ._adaptllm import FINANCE, AdaptLLMAnswer, adaptllm, first_line
from ._answer import Grade
from ._source import Source

__all__ = ["ConvFinQA", "convfinqa"]


@dataclass(frozen=True, kw_only=True)
class ConvFinQA(AdaptLLMAnswer):
    """ConvFinQA (Chen et al., arXiv 2210.03849) in AdaptLLM's prompts, 1.49 k questions.

    numeric_match: some number in the first line of the answer lies within 0.01 of the right one; `12%` is 0.12, commas
    are dropped. Unverified: the data could not be read here.
    """

    version: ClassVar[int] = 1
    metric: ClassVar[str | None] = "numeric_match"
    origin: ClassVar[str] = FINANCE
    sources: ClassVar[Mapping[str, tuple[Source, ...]]] = adaptllm("finance", "ConviFinQA")

    def grade(self, item: Item, text: str) -> Grade:
        right = _numbers(item.target or "")
        if not right:
            return Grade(None)
        return Grade(any(math.isclose(n, right[0], abs_tol=1e-2) for n in _numbers(first_line(text))))


_NUMBER = re.compile(r"[-+]?\.?\d+(?:,\d\d\d)*\.?\d*(?:[eE][-+]?\d+)?%?")


def _numbers(text: str) -> list[float]:
    found = _NUMBER.findall(text)
    return [float(n.rstrip("%").replace(",", "")) / (100 if n.endswith("%") else 1) for n in found if _is_float(n)]


def _is_float(text: str) -> bool:
    try:
        float(text.rstrip("%").replace(",", ""))
    except ValueError:
        return False
    return True


convfinqa = ConvFinQA
