"""MQP of AdaptLLM: do two medical questions mean the same?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ._adaptllm import MEDICINE, AdaptLLMChoice, adaptllm
from ._source import Source

__all__ = ["MQP", "mqp"]


@dataclass(frozen=True, kw_only=True)
class MQP(AdaptLLMChoice):
    """MedicalQuestionPairs (McCreery et al., arXiv 2008.13546) in AdaptLLM's prompts: yes or no, 610 pairs.

    acc. Unverified: the data could not be read here.
    """

    version: ClassVar[int] = 1
    origin: ClassVar[str] = MEDICINE
    sources: ClassVar[Mapping[str, tuple[Source, ...]]] = adaptllm("medicine", "MedQs")


mqp = MQP
