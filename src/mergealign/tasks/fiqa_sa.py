"""FiQA_SA of AdaptLLM: the mood of financial posts and headlines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ._adaptllm import FINANCE, WeightedF1Choice, adaptllm
from ._source import Source

__all__ = ["FiQASA", "fiqa_sa"]


@dataclass(frozen=True, kw_only=True)
class FiQASA(WeightedF1Choice):
    """FiQA sentiment analysis (Maia et al., WWW 2018) in AdaptLLM's prompts: three moods, 235 texts.

    weighted_f1 over the three; acc is told too. Unverified: the data could not be read here.
    """

    version: ClassVar[int] = 1
    origin: ClassVar[str] = FINANCE
    sources: ClassVar[Mapping[str, tuple[Source, ...]]] = adaptllm("finance", "FiQA_SA")


fiqa_sa = FiQASA
