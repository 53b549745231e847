"""What a search over merge weights found and what was chosen: `study.json`. No prompts and no answers, only numbers."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from ..errors import MergeAlignError, OutputError
from .comparison import Comparison
from .reading import read_record_file

__all__ = [
    "STUDY_RECORD_FILE",
    "AnswerSource",
    "Bound",
    "Choice",
    "CocktailStart",
    "Confirmation",
    "Dimension",
    "Loss",
    "LossSettings",
    "Measures",
    "ModelMeasures",
    "Objective",
    "Score",
    "SearchSettings",
    "StudyRecord",
    "Trial",
    "read_study_record",
    "write_study_record",
]

STUDY_RECORD_FILE = "study.json"

Objective = Literal["generation", "loss"]
"""What a trial is judged by: what the model says to all development items, or how likely it finds given answers."""
MeasureName = Literal["knowledge", "safety", "over_refusal", "incoherent", "general"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Score(_Frozen):
    """The mean over tasks of one score in [0, 1], each task weighing the same, with a 95 % interval.

    For means over several tasks the interval is made of those of the tasks (`tradeoff.measures`).
    """

    value: float
    ci_low: float
    ci_high: float
    n: int
    tasks: tuple[str, ...]


class Measures(_Frozen):
    """What one model reached.

    Attributes:
        knowledge: main scores of the knowledge tasks.
        safety: safe_rate of the harmful prompts.
        over_refusal: over_refusal_rate of the benign prompts; None without such tasks.
        incoherent: incoherent_rate of harmful and benign prompts; None where no judge gives a behavior.
        general: main scores of the general tasks; None without such tasks.
    """

    knowledge: Score
    safety: Score
    over_refusal: Score | None = None
    incoherent: Score | None = None
    general: Score | None = None


class ModelMeasures(_Frozen):
    """A model that is not a trial: base, domain, aligned, the winner, a method to compare with."""

    name: str
    weights_digest: str | None
    measures: Measures


class Dimension(_Frozen):
    """One coordinate of the search: a parameter of the method, for one group of tensors.

    Attributes:
        name: `parameter`, or `parameter@group`.
        parameter: of the method.
        group: of tensors; "all" where there is one.
        low, high: bounds.
    """

    name: str
    parameter: str
    group: str
    low: float
    high: float


class Bound(_Frozen):
    """A constraint on a measure: at least, or at most, `limit`; `rule` says where the limit comes from."""

    measure: MeasureName
    at_least: bool
    limit: float
    rule: str


class Loss(_Frozen):
    """How unlikely a model finds the answers that are wanted, in nats per token; the less the better.

    Attributes:
        safety, expert: mean over the pairs of one file of the mean negative log-likelihood of the answer's tokens.
        total: safety + α · expert.
    """

    safety: float
    expert: float
    total: float


class Trial(_Frozen):
    """One point of the search.

    Attributes:
        number: in the journal; killed trials leave gaps.
        point: value by dimension.
        origin: who proposed it: corner, cocktail, grid, random, gp, cmaes.
        state: failed = the merge gave no finite weights, or nothing could be scored; `error` says why.
        weights_digest: of the merged weights.
        measures: on development items; in a search by loss, of the finalists alone.
        loss: in a search by loss.
        propose_s, merge_s, evaluate_s: seconds to find the point, to plan and merge, to take `measures` or `loss`.
    """

    number: int
    point: dict[str, float]
    origin: str
    state: Literal["complete", "failed"]
    weights_digest: str | None = None
    measures: Measures | None = None
    loss: Loss | None = None
    error: str | None = None
    propose_s: float = 0.0
    merge_s: float = 0.0
    evaluate_s: float = 0.0


class Choice(_Frozen):
    """What the policy says.

    Attributes:
        winner: number of the chosen trial; None if none qualifies.
        n_eligible: trials that satisfy all bounds.
        blocking: measures that stand in the way where none qualifies.
        nearest: number of the trial that misses the bounds by least.
        reason: the same in words.
    """

    winner: int | None
    n_eligible: int
    blocking: tuple[MeasureName, ...] = ()
    nearest: int | None = None
    reason: str


class AnswerSource(_Frozen):
    """A file of prompts and wanted answers: its path as given, the XXH3-128 of its bytes, and how many pairs it has."""

    path: str
    digest: str
    n: int


class LossSettings(_Frozen):
    """The answers by which losses are taken, and the weight of the expert's."""

    safety: AnswerSource
    expert: AnswerSource
    alpha: float


class CocktailStart(_Frozen):
    """The starting point after LM-Cocktail: weight of each model = softmax over models of −loss / temperature."""

    temperature: float
    losses: dict[str, Loss]
    weights: dict[str, float]


class SearchSettings(_Frozen):
    """What was searched, and how.

    Attributes:
        method: merge rule; `parameters` are those that stay fixed.
        sampler: in use; `sampler_reason` says why, where it was chosen automatically.
        n_trials: at most so many.
        patience: stop when so many trials in a row did not move the hypervolume, or the least loss; None = never.
        reference_point: of the hypervolume, (knowledge, safety).
        judges: of the search, by name, where they are not the suite's.
        losses: the answers, where the search or its start needs some.
        n_finalists: so many trials are measured by what they say; None in a search by generation.
        cocktail: the starting point beside the corners, where one was asked for.
    """

    method: str
    parameters: dict[str, Any]
    granularity: str
    dimensions: tuple[Dimension, ...]
    sampler: str
    sampler_reason: str
    n_trials: int
    patience: int | None
    max_hours: float | None
    seed: int
    batch_size: int
    limit: int | None
    device: str
    reference_point: tuple[float, float]
    judges: tuple[str, ...]
    objective: Objective = "generation"
    losses: LossSettings | None = None
    n_finalists: int | None = None
    cocktail: CocktailStart | None = None


class Confirmation(_Frozen):
    """The choice on items that took no part in it.

    Attributes:
        models: base, domain, aligned, merged and the methods to compare with, on test items.
        knowledge: merged minus domain expert, by task.
        safety: merged minus aligned model, by task.
        held_out: False where development and test items of a task are the same data.
    """

    models: tuple[ModelMeasures, ...]
    knowledge: Comparison
    safety: Comparison
    held_out: bool


class StudyRecord(_Frozen):
    """One run of `mergealign align`.

    Attributes:
        models: the models that were searched, by role: source as the user named it.
        references: base, domain and aligned on development items.
        front: numbers of the trials on the Pareto front of knowledge and safety, bounds satisfied or not.
        hypervolume: of the trials that satisfy the bounds but knowledge's, after each trial; empty in a search by loss.
        finalists: numbers of the trials that were measured by what they say, the one of least loss first.
        stopped: why the search ended.
        recipe: of the winner, resolved; None without one.
        search_s, evaluate_s: seconds of all trials, and of these in evaluation; what was interrupted does not count.
        finalists_s: seconds to merge and measure the finalists.
    """

    schema_version: Literal[1] = 1
    kind: Literal["study"] = "study"
    created: str
    versions: dict[str, str]
    models: dict[str, str]
    suite: str
    suite_digest: str
    settings: SearchSettings
    bounds: tuple[Bound, ...]
    references: tuple[ModelMeasures, ...]
    trials: tuple[Trial, ...]
    front: tuple[int, ...]
    hypervolume: tuple[float, ...]
    finalists: tuple[int, ...] = ()
    stopped: str
    choice: Choice
    recipe: dict[str, Any] | None = None
    confirmation: Confirmation | None = None
    search_s: float
    evaluate_s: float
    finalists_s: float = 0.0
    wall_s: float
    notes: tuple[str, ...] = ()


def write_study_record(record: StudyRecord, file: Path) -> None:
    """Write or replace `file`, whole or not at all. Raises OutputError."""
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        part.write_text(record.model_dump_json(indent=1) + "\n", encoding="utf-8")
        part.replace(file)
    except OSError as e:
        raise OutputError(f"cannot write {file}: {e.strerror}", cure="choose a place that can be written") from e
    finally:
        with contextlib.suppress(OSError):
            part.unlink()


def read_study_record(file: Path) -> StudyRecord:
    """The record in `file`. Raises MergeAlignError if it is none."""
    return read_record_file(
        file,
        StudyRecord,
        is_not="no record of a search",
        if_missing="give the path of a study.json",
        if_broken="run mergealign align --resume again",
        error=MergeAlignError,
    )
