"""The business and economics subjects of MMLU."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ._mmlu import BUSINESS, MmluTask, subject_sources
from ._source import Source

__all__ = ["MmluBusiness", "mmlu_business"]


@dataclass(frozen=True, kw_only=True)
class MmluBusiness(MmluTask):
    """MMLU (Hendrycks et al., arXiv 2009.03300), seven subjects of business and economics: business ethics,
    econometrics, high school macro- and microeconomics, management, marketing, professional accounting.

    acc over all questions: the likeliest of the letters A to D. `dev` is the validation part. `path` is one subject's
    file: `question,choice0,…,choice3,answer`, the answer an index from 0.
    """

    version: ClassVar[int] = 1
    sources: ClassVar[Mapping[str, tuple[Source, ...]]] = {s: subject_sources(BUSINESS, s) for s in ("test", "dev")}


mmlu_business = MmluBusiness
