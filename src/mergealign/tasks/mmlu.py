"""MMLU: 57 subjects, four options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ..errors import EvaluationError, Problem
from ..registry import did_you_mean
from ._mmlu import SUBJECTS, MmluTask, subject_sources
from ._source import Source

__all__ = ["Mmlu", "mmlu"]


@dataclass(frozen=True, kw_only=True)
class Mmlu(MmluTask):
    """MMLU (Hendrycks et al., arXiv 2009.03300), without examples.

    acc over all questions: the likeliest of the letters A to D. `dev` is the validation part. `path` is one subject's
    file: `question,choice0,…,choice3,answer`, the answer an index from 0.

    Args:
        subjects: which of the 57 subjects, all by default.
    """

    version: ClassVar[int] = 1
    sources: ClassVar[Mapping[str, tuple[Source, ...]]] = {s: subject_sources(SUBJECTS, s) for s in ("test", "dev")}

    subjects: tuple[str, ...] = SUBJECTS

    def wanted(self) -> tuple[Source, ...]:
        if unknown := [s for s in self.subjects if s not in SUBJECTS]:
            raise EvaluationError(*(Problem(f"MMLU has no subject '{s}'", did_you_mean(s, SUBJECTS)) for s in unknown))
        return subject_sources(self.subjects, self.split or "test")


mmlu = Mmlu
