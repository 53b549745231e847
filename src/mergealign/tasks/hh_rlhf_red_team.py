"""HH-RLHF, red-team attempts: how people began when they tried to get harm out of a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ._source import Source
from ._transcript import TranscriptTask, hh_rlhf

__all__ = ["HhRlhfRedTeam", "hh_rlhf_red_team"]


@dataclass(frozen=True, kw_only=True)
class HhRlhfRedTeam(TranscriptTask):
    """Red-team attempts (Ganguli et al., arXiv 2209.07858): the first request of each transcript, each asked once.

    Not every first request is harmful; attempts often begin politely. Unverified: the data could not be read here.
    """

    version: ClassVar[int] = 1
    verified: ClassVar[bool] = False
    columns: ClassVar[tuple[str, ...]] = ("transcript",)
    sources: ClassVar[Mapping[str, tuple[Source, ...]]] = hh_rlhf(
        "test", "hh_rlhf_red_team/red_team_attempts.jsonl.gz", "red-team-attempts/red_team_attempts.jsonl.gz"
    )


hh_rlhf_red_team = HhRlhfRedTeam
