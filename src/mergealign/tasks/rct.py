"""RCT of AdaptLLM: the role of a sentence in the abstract of a trial."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ._adaptllm import MEDICINE, AdaptLLMChoice, adaptllm
from ._source import Source

__all__ = ["RCT", "rct"]


@dataclass(frozen=True, kw_only=True)
class RCT(AdaptLLMChoice):
    """PubMed 200k RCT (Dernoncourt and Lee, arXiv 1710.06071) in AdaptLLM's prompts: five roles, 2,000 sentences.

    micro_f1, which is the share of right answers where every item has one class. Unverified: the data could not be read
    here.
    """

    version: ClassVar[int] = 1
    metric: ClassVar[str | None] = "micro_f1"
    origin: ClassVar[str] = MEDICINE
    sources: ClassVar[Mapping[str, tuple[Source, ...]]] = adaptllm("medicine", "RCT")


rct = RCT
