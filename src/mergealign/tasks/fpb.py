"""FPB of AdaptLLM: the mood of financial news."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ._adaptllm import FINANCE, WeightedF1Choice, adaptllm
from ._source import Source

__all__ = ["FPB", "fpb"]


@dataclass(frozen=True, kw_only=True)
class FPB(WeightedF1Choice):
    """Financial PhraseBank (Malo et al., arXiv 1307.5336) in AdaptLLM's prompts: three moods, 970 sentences.

    weighted_f1 over the three; acc is told too. Unverified: the data could not be read here.
    """

    version: ClassVar[int] = 1
    origin: ClassVar[str] = FINANCE
    sources: ClassVar[Mapping[str, tuple[Source, ...]]] = adaptllm("finance", "FPB")


fpb = FPB
