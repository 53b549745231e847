"""PubMedQA in the prompts of AdaptLLM."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ._adaptllm import MEDICINE, AdaptLLMChoice, adaptllm
from ._source import Source

__all__ = ["PubMedQAAdaptLLM", "pubmedqa_adaptllm"]


@dataclass(frozen=True, kw_only=True)
class PubMedQAAdaptLLM(AdaptLLMChoice):
    """PubMedQA (Jin et al., arXiv 1909.06146) in AdaptLLM's prompts, 1,000 questions; `pubmedqa` asks chat models.

    acc. Unverified: the data could not be read here.
    """

    version: ClassVar[int] = 1
    origin: ClassVar[str] = MEDICINE
    sources: ClassVar[Mapping[str, tuple[Source, ...]]] = adaptllm("medicine", "pubmed_qa")


pubmedqa_adaptllm = PubMedQAAdaptLLM
