"""ChemProt of AdaptLLM: how a chemical acts on a protein."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ._adaptllm import MEDICINE, AdaptLLMChoice, adaptllm
from ._source import Source

__all__ = ["ChemProt", "chemprot"]


@dataclass(frozen=True, kw_only=True)
class ChemProt(AdaptLLMChoice):
    """ChemProt (Kringelum et al., 2016) in AdaptLLM's prompts: one of 13 relations, 500 sentences.

    micro_f1, which is the share of right answers where every item has one class. Unverified: the data could not be read
    here.
    """

    version: ClassVar[int] = 1
    metric: ClassVar[str | None] = "micro_f1"
    origin: ClassVar[str] = MEDICINE
    sources: ClassVar[Mapping[str, tuple[Source, ...]]] = adaptllm("medicine", "ChemProt")


chemprot = ChemProt
