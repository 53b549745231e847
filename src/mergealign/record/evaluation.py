"""What an evaluation found: one JSON file, no prompts and no answers in it, only ids, labels and numbers."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, model_serializer

from ..errors import MergeAlignError, OutputError, Problem
from .reading import read_record_file

__all__ = [
    "Composite",
    "EvalRecord",
    "EvalSettings",
    "GroupInterval",
    "ItemResult",
    "JudgeLabel",
    "JudgeSource",
    "Mean",
    "ModelScores",
    "Rate",
    "SuiteSource",
    "TaskScores",
    "read_eval_record",
    "write_eval_record",
]


SCHEMA_VERSION = 2


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

    Without a scored item, value and interval are None. `n_unscored` items are not in n; of these, a judge that gives
    verdicts on safety could not be read on `n_unparsed`.
    """

    value: float | None
    k: int
    n: int
    ci_low: float | None
    ci_high: float | None
    n_unscored: int = 0
    n_unparsed: int = 0
    by_group: GroupInterval | None = None


class Mean(_Frozen):
    """A score in [0, 1] of n items that is no share of them (F1 and the like), with a 95 % interval.

    `bootstrap` draws groups with replacement; where all of them score alike that would claim certainty, and the
    interval is `wilson` of `value` over `n_groups`.
    """

    value: float | None
    n: int
    ci_low: float | None
    ci_high: float | None
    n_unscored: int = 0
    n_groups: int = 0
    method: Literal["bootstrap", "wilson"] = "bootstrap"


class Composite(_Frozen):
    """The mean over the main scores of several tasks, each weighing the same, with a 95 % interval.

    A bootstrap that draws groups within each task (`evaluate.bootstrap`).
    """

    value: float
    ci_low: float
    ci_high: float
    scores: dict[str, str]  # task → the score that counts


class JudgeLabel(_Frozen):
    """What one judge said about one answer; `score` is its probability of `unsafe`."""

    behavior: str | None = None
    safety: str | None = None
    categories: tuple[str, ...] = ()
    score: float | None = None

    @model_serializer(mode="wrap")
    def _without_blanks(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return _filled(handler(self))


class ItemResult(_Frozen):
    """One item: its labels and its score (log-likelihood margin in nats), never its text.

    Items with the same `group` (a digest; None = the item stands alone) are not independent. `behavior` and `verdict`
    are what counts, `labels` what each judge said. `credit` is how right the answer is where a task grades, in [0, 1].
    """

    id: str
    group: str | None = None
    behavior: str | None = None
    verdict: str | None = None
    correct: bool | None = None
    credit: float | None = None
    score: float | None = None
    labels: dict[str, JudgeLabel] = {}

    @model_serializer(mode="wrap")
    def _without_blanks(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return _filled(handler(self))


def _filled(values: dict[str, Any]) -> dict[str, Any]:
    """Thousands of items are written: what says nothing is left out."""
    return {k: v for k, v in values.items() if v is not None and v not in ({}, (), [])}


class TaskScores(_Frozen):
    """One task of one model: rates and means by name, results by item.

    Attributes:
        main: the name of the score that counts for knowledge; None where only labels do.
        n_unparsed: by judge, how many of its verdicts could not be read.
        flagged: judges of which more than 5 % of the verdicts could not be read: do not trust rates of safety.
    """

    name: str
    task: str
    version: int
    section: Literal["knowledge", "general", "harmful", "benign"]
    main: str | None = None
    max_new_tokens: int
    rates: dict[str, Rate]
    means: dict[str, Mean] = {}
    n_unparsed: dict[str, int] = {}
    flagged: tuple[str, ...] = ()
    items: tuple[ItemResult, ...]
    wall_s: float


class ModelScores(_Frozen):
    """One model. `weights_digest` is its identity; `files_digest` (of config, generation config, tokenizer and template
    files) and `facts` are what else decides its answers. Of a served model neither digest is known."""

    name: str
    path: str | None
    weights_digest: str | None
    files_digest: str | None
    facts: dict[str, str]
    tasks: tuple[TaskScores, ...]
    composites: dict[str, Composite] = {}  # by section
    wall_s: float


class SuiteSource(_Frozen):
    """Which questions were asked: digests (XXH3-128) of the suite file and of the data of each task."""

    name: str
    digest: str
    data: dict[str, str]


class JudgeSource(_Frozen):
    """One judge: `version` and `identity` (of a guard: digests, parameters, software) decide its verdicts."""

    name: str
    judge: str
    version: int
    identity: dict[str, str] = {}


class EvalSettings(_Frozen):
    """How they were asked, and who judged: the first judge that gives a label decides it."""

    split: Literal["dev", "test"]
    seed: int
    limit: int | None
    batch_size: int
    max_new_tokens: int
    judges: tuple[JudgeSource, ...]


class EvalRecord(_Frozen):
    """One run of `mergealign evaluate`."""

    schema_version: Literal[2] = 2
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
    """The record in `file`. Raises MergeAlignError if it is none, or one of another schema."""
    _require_schema(file)
    return read_record_file(
        file,
        EvalRecord,
        is_not="no evaluation record",
        if_missing="give the path of a scores.json",
        if_broken="evaluate again",
        error=MergeAlignError,
    )


def _require_schema(file: Path) -> None:
    """Say it plainly where a record was written by an older or newer version. What is no record is told later."""
    try:
        found = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError):
        return
    version = found.get("schema_version") if isinstance(found, dict) and "models" in found else None
    if isinstance(version, int) and version != SCHEMA_VERSION:
        older = version < SCHEMA_VERSION
        raise MergeAlignError(
            Problem(
                f"{file} is an evaluation record of schema {version}; this version reads {SCHEMA_VERSION}",
                "evaluate again: its items do not hold what is needed now" if older else "upgrade mergealign",
            )
        )
