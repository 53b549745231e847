"""The medical subjects of MMLU."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ._mmlu import MEDICAL, MmluTask, subject_sources
from ._source import Source

__all__ = ["MmluMedical", "mmlu_medical"]


@dataclass(frozen=True, kw_only=True)
class MmluMedical(MmluTask):
    """MMLU (Hendrycks et al., arXiv 2009.03300), the six medical subjects: anatomy, clinical knowledge, college
    biology, college medicine, medical genetics, professional medicine; 1,089 questions.

    acc over all questions: the likeliest of the letters A to D. `dev` is the validation part. `path` is one subject's
    file: `question,choice0,…,choice3,answer`, the answer an index from 0.
    """

    version: ClassVar[int] = 1
    sources: ClassVar[Mapping[str, tuple[Source, ...]]] = {s: subject_sources(MEDICAL, s) for s in ("test", "dev")}


mmlu_medical = MmluMedical
