"""Models × tasks × judges → one record."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import EvaluationError, MergeAlignError, Problem
from ..models import Model
from ..models.identity import PACKAGES
from ..models.openai import Endpoint
from ..recipe.suite import Split, Suite
from ..record.evaluation import EvalRecord, EvalSettings, ModelScores, SuiteSource, TaskScores, read_eval_record
from ..record.versions import software_versions
from .answers import write_answers
from .ask import Asked, ask, free_memory, judge_all
from .cache import Cache
from .plan import EvalPlan, plan
from .progress import Progress, Silent
from .subjects import Serving, Source, check_sources, identity_of, open_model
from .task_scores import composites, score_task

__all__ = ["checked_plan", "evaluate", "find_scores", "score"]


def evaluate(
    models: Mapping[str, Source],
    suite: Suite,
    *,
    split: Split = "test",
    limit: int | None = None,
    tasks: Sequence[str] | None = None,
    batch_size: int = 64,
    seed: int | None = None,
    device: str = "cpu",
    serving: Serving | None = None,
    cache: Cache | None = None,
    run: str | None = None,
    answers: Path | None = None,
    progress: Progress | None = None,
) -> EvalRecord:
    """Score every model, by display name, on `suite`. All models are asked the same way.

    Args:
        models: folders and endpoints.
        split: which data files, `dev` (to choose with) or `test` (to report).
        limit: ask only the first items of each task.
        tasks: ask only these, by their names in the suite.
        batch_size: sequences per forward pass.
        seed: of the bootstrap, instead of the suite's.
        device: "cpu", "cuda" or "cuda:N".
        serving: how endpoints are asked.
        cache: where answers and verdicts are kept, and taken from if they are there.
        run: a word for this run: what endpoints said is taken from the cache only if it was said in the same run.
        answers: where the words of the models are written.
        progress: told about every finished item.

    Raises EvaluationError or CheckpointError before the first model is loaded for all that can be known by then.
    """
    start = time.monotonic()
    serving = serving or Serving()
    todo = checked_plan(models, suite, split=split, limit=limit, tasks=tasks, serving=serving, device=device)
    seed = suite.seed if seed is None else seed
    told = progress or Silent()
    answered = [
        _answered(name, source, todo, batch_size, device, serving, cache, run, told) for name, source in models.items()
    ]
    everything = [one for a in answered for one in a.asked]
    judge_all(everything, todo, cache, run, told)
    if answers is not None:
        write_answers(everything, answers)
    return EvalRecord(
        versions=software_versions(PACKAGES),
        suite=_source(todo),
        settings=_settings(todo, seed, batch_size),
        models=tuple(a.scores(todo, seed) for a in answered),
        wall_s=time.monotonic() - start,
    )


@dataclass(frozen=True)
class _Answered:
    """A model that was asked everything and is gone again."""

    name: str
    source: Source
    weights_digest: str | None
    files_digest: str | None
    facts: dict[str, str]
    asked: list[Asked]
    wall_s: float

    def scores(self, todo: EvalPlan, seed: int) -> ModelScores:
        scored = [score_task(p, one, seed) for p, one in zip(todo.tasks, self.asked, strict=True)]
        return ModelScores(
            name=self.name,
            path=self.source.base_url if isinstance(self.source, Endpoint) else str(self.source),
            weights_digest=self.weights_digest,
            files_digest=self.files_digest,
            facts=self.facts,
            tasks=tuple(s.scores for s in scored),
            composites=composites(scored, seed=seed),
            wall_s=self.wall_s,
        )


def _answered(
    name: str,
    source: Source,
    todo: EvalPlan,
    batch_size: int,
    device: str,
    serving: Serving,
    cache: Cache | None,
    run: str | None,
    progress: Progress,
) -> _Answered:
    start = time.monotonic()
    weights, files = identity_of(source)
    model = open_model(
        source,
        chat_template=todo.suite.chat_template,
        batch_size=batch_size,
        device=device,
        serving=serving,
        cache=cache,
        run=run,
    )
    asked, facts = ask(model, todo, name, progress), dict(model.facts)
    del model  # before the next one is loaded
    free_memory()
    return _Answered(name, source, weights, files, facts, asked, time.monotonic() - start)


def find_scores(
    file: Path,
    models: Mapping[str, Path],
    suite: Suite,
    *,
    split: Split = "test",
    limit: int | None = None,
    batch_size: int = 64,
    seed: int | None = None,
    device: str = "cpu",
) -> EvalRecord | None:
    """The record in `file`, if `evaluate` would ask the same models the same questions in the same way; else None."""
    try:
        found = read_eval_record(file)
        todo = plan(suite, split=split, limit=limit)
        identities = {n: identity_of(folder) for n, folder in models.items()}
        settings = _settings(todo, suite.seed if seed is None else seed, batch_size)
    except MergeAlignError:
        return None
    tasks = [(t.spec.name, t.spec.task, t.task.version, t.max_new_tokens) for t in todo.tasks]
    same = (
        {m.name: (m.weights_digest, m.files_digest) for m in found.models} == identities
        and all(m.facts.get("device") == device.partition(":")[0] for m in found.models)
        and all([(t.name, t.task, t.version, t.max_new_tokens) for t in m.tasks] == tasks for m in found.models)
        and found.suite == _source(todo)
        and found.settings == settings
        and found.versions == software_versions(PACKAGES)
    )
    return found if same else None


def score(
    model: Model,
    todo: EvalPlan,
    *,
    seed: int,
    name: str = "model",
    keep_judges: bool = False,
    progress: Progress | None = None,
) -> tuple[TaskScores, ...]:
    """The scores of one model that is in memory, task by task.

    `keep_judges` leaves guards in memory for the next call; close them by `todo.judges[…].judge.close()` in the end.
    """
    told = progress or Silent()
    asked = ask(model, todo, name, told)
    judge_all(asked, todo, None, None, told, keep_loaded=keep_judges)
    return tuple(score_task(p, one, seed).scores for p, one in zip(todo.tasks, asked, strict=True))


def _source(todo: EvalPlan) -> SuiteSource:
    data = {t.spec.name: t.data_digest for t in todo.tasks}
    return SuiteSource(name=todo.suite.name, digest=todo.suite.digest, data=data)


def _settings(todo: EvalPlan, seed: int, batch_size: int) -> EvalSettings:
    return EvalSettings(
        split=todo.split,
        seed=seed,
        limit=todo.limit,
        batch_size=batch_size,
        max_new_tokens=todo.suite.max_new_tokens,
        judges=tuple(j.source for j in todo.judges),
    )


def checked_plan(
    models: Mapping[str, Source],
    suite: Suite,
    *,
    split: Split = "test",
    limit: int | None = None,
    tasks: Sequence[str] | None = None,
    serving: Serving,
    device: str = "cpu",
) -> EvalPlan:
    """The plan. Raises EvaluationError with all problems of data files, judges, folders, device and endpoints."""
    problems: list[Problem] = []
    todo: EvalPlan | None = None
    try:
        todo = plan(suite, split=split, limit=limit, tasks=tasks)
    except MergeAlignError as e:
        problems += e.problems
    for judge in todo.judges if todo else ():
        try:
            _ = judge.source  # a guard that is no guard says so here
        except MergeAlignError as e:
            problems += e.problems
    problems = [*check_sources(models, todo, serving, device), *problems]
    if problems or todo is None:
        raise EvaluationError(*problems)
    return todo
