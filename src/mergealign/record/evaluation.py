"""What an evaluation found: one JSON file, no prompts and no answers in it, only ids, labels and numbers."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from ..errors import MergeAlignError, OutputError
from .reading import read_record_file

__all__ = [
    "EvalRecord",
    "EvalSettings",
    "GroupInterval",
    "ItemResult",
    "ModelScores",
    "Rate",
    "SuiteSource",
    "TaskScores",
    "read_eval_record",
    "write_eval_record",
]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class GroupInterval(_Frozen):
    """95 % interval of a rate with groups (goals of prompts, facts of questions) as the independent units.

    Wilson with `n_eff` items, joined with a bootstrap over groups unless all groups have the same rate
    (`evaluate.statistics`).
    """

    ci_low: float
    ci_high: float
    n_groups: int
    n_eff: float
    method: Literal["wilson", "wilson and bootstrap"]


class Rate(_Frozen):
    """k of n items, with the 95 % Wilson interval of n independent items, and `by_group` if some share a group.

    Without a scored item, value and interval are None.
    """

    value: float | None
    k: int
    n: int
    ci_low: float | None
    ci_high: float | None
    n_unscored: int = 0
    by_group: GroupInterval | None = None


class ItemResult(_Frozen):
    """One item: its labels and its score (log-likelihood margin in nats), never its text."""

    id: str
    behavior: str | None = None
    verdict: str | None = None
    correct: bool | None = None
    score: float | None = None


class TaskScores(_Frozen):
    """One task of one model: rates by name, results by item."""

    name: str
    task: str
    version: int
    section: Literal["knowledge", "general", "harmful", "benign"]
    rates: dict[str, Rate]
    items: tuple[ItemResult, ...]
    wall_s: float


class ModelScores(_Frozen):
    """One model. `weights_digest` is its identity; `files_digest` (of config, generation config, tokenizer and template
    files) and `facts` are what else decides its answers."""

    name: str
    path: str | None
    weights_digest: str | None
    files_digest: str | None
    facts: dict[str, str]
    tasks: tuple[TaskScores, ...]
    wall_s: float


class SuiteSource(_Frozen):
    """Which questions were asked: digests (XXH3-128) of the suite file and of the data file of each task."""

    name: str
    digest: str
    data: dict[str, str]


class EvalSettings(_Frozen):
    """How they were asked."""

    split: Literal["dev", "test"]
    seed: int
    limit: int | None
    batch_size: int
    max_new_tokens: int
    judge: str
    judge_version: int


class EvalRecord(_Frozen):
    """One run of `mergealign evaluate`."""

    schema_version: Literal[1] = 1
    versions: dict[str, str]
    suite: SuiteSource
    settings: EvalSettings
    models: tuple[ModelScores, ...]
    wall_s: float


def write_eval_record(record: EvalRecord, file: Path, *, overwrite: bool = False) -> None:
    """Write `record` to `file`, whole or not at all. Raises OutputError."""
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    if file.exists() and not overwrite:
        raise OutputError(f"{file} exists", cure="choose another name, or add --overwrite")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(record.model_dump_json(indent=1) + "\n", encoding="utf-8")
        part.replace(file)
    except OSError as e:
        raise OutputError(f"cannot write {file}: {e.strerror}", cure="choose a place that can be written") from e
    finally:
        with contextlib.suppress(OSError):
            part.unlink()


def read_eval_record(file: Path) -> EvalRecord:
    """The record in `file`. Raises MergeAlignError if it is none."""
    return read_record_file(
        file,
        EvalRecord,
        is_not="no evaluation record",
        if_missing="give the path of a scores.json",
        if_broken="evaluate again",
        error=MergeAlignError,
    )
