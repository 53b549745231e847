"""USMLE of AdaptLLM: questions of the United States medical licensing examination."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ._adaptllm import MEDICINE, AdaptLLMChoice, adaptllm
from ._source import Source

__all__ = ["USMLE", "usmle"]


@dataclass(frozen=True, kw_only=True)
class USMLE(AdaptLLMChoice):
    """MedQA (Jin et al., arXiv 2009.13081) in AdaptLLM's prompts, 1,273 questions; `medqa` asks chat models.

    acc: the options' texts are compared, per token. Unverified: the data could not be read here.
    """

    version: ClassVar[int] = 1
    origin: ClassVar[str] = MEDICINE
    sources: ClassVar[Mapping[str, tuple[Source, ...]]] = adaptllm("medicine", "usmle")


usmle = USMLE
