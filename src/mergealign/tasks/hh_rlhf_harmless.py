"""HH-RLHF, harmlessness comparisons: first requests of conversations in which people looked for harm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ._source import Source
from ._transcript import TranscriptTask, hh_rlhf

__all__ = ["HhRlhfHarmless", "hh_rlhf_harmless"]


@dataclass(frozen=True, kw_only=True)
class HhRlhfHarmless(TranscriptTask):
    """The test pairs of `harmless-base` (Bai et al., arXiv 2204.05862): the first request of each, each asked once.

    Not every first request is harmful: the conversations were.
    """

    version: ClassVar[int] = 1
    columns: ClassVar[tuple[str, ...]] = ("chosen",)
    sources: ClassVar[Mapping[str, tuple[Source, ...]]] = hh_rlhf(
        "test", "hh_rlhf_harmless_test/harmless-base-test.jsonl.gz", "harmless-base/test.jsonl.gz"
    )


hh_rlhf_harmless = HhRlhfHarmless
