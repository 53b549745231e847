"""Models × tasks × judge → one record."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path

from ..checkpoint.digest import bytes_digest, file_digest, weights_digest_of_folder
from ..checkpoint.folder import CONFIG, open_checkpoint
from ..checkpoint.tokens import TEMPLATE_FILES, TOKENIZER_FILES
from ..errors import CheckpointError, EvaluationError, MergeAlignError, Problem
from ..judges import Exchange, Verdict
from ..models import Model
from ..recipe.suite import Split, Suite
from ..record.evaluation import EvalRecord, EvalSettings, ModelScores, SuiteSource, TaskScores, read_eval_record
from ..record.versions import software_versions
from ..tasks import Outcome
from .plan import EvalPlan, PlannedTask, plan
from .progress import Progress, Silent
from .scores import Judged, item_result, rates

__all__ = ["evaluate", "find_scores", "score"]

ANSWER_FILES = (CONFIG, "generation_config.json", *TOKENIZER_FILES, *TEMPLATE_FILES)
"""What decides a model's answers beside its weights: dtype, stop tokens, context, vocabulary, template."""
PACKAGES = ("torch", "transformers", "tokenizers", "lm-eval", "datasets", "numpy")


def evaluate(
    models: Mapping[str, Path],
    suite: Suite,
    *,
    split: Split = "test",
    limit: int | None = None,
    batch_size: int = 64,
    seed: int | None = None,
    device: str = "cpu",
    progress: Progress | None = None,
) -> EvalRecord:
    """Score every model folder, by display name, on `suite`. All models are asked the same way.

    Args:
        split: which data files, `dev` (to choose with) or `test` (to report).
        limit: ask only the first items of each task.
        batch_size: sequences per forward pass.
        seed: of the bootstrap, instead of the suite's.
        device: "cpu", "cuda" or "cuda:N".
        progress: told about every finished item.

    Raises EvaluationError or CheckpointError before the first model is loaded for all that can be known by then.
    """
    from ..models.causal_lm import CausalLM

    start = time.monotonic()
    todo = _checked(models, suite, split, limit)
    seed = suite.seed if seed is None else seed
    scored: list[ModelScores] = []
    for name, folder in models.items():
        began = time.monotonic()
        weights, files = weights_digest_of_folder(folder), _files_digest(folder)
        model = CausalLM.load(folder, chat_template=suite.chat_template, batch_size=batch_size, device=device)
        tasks = score(model, todo, seed=seed, name=name, progress=progress)
        scored.append(
            ModelScores(
                name=name,
                path=str(folder),
                weights_digest=weights,
                files_digest=files,
                facts=dict(model.facts),
                tasks=tasks,
                wall_s=time.monotonic() - began,
            )
        )
        del model  # before the next one is loaded
    return EvalRecord(
        versions=software_versions(PACKAGES),
        suite=_source(todo),
        settings=_settings(todo, seed, batch_size),
        models=tuple(scored),
        wall_s=time.monotonic() - start,
    )


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
        identities = {n: (weights_digest_of_folder(folder), _files_digest(folder)) for n, folder in models.items()}
    except MergeAlignError:
        return None
    tasks = [(t.spec.name, t.spec.task, t.task.version) for t in todo.tasks]
    same = (
        {m.name: (m.weights_digest, m.files_digest) for m in found.models} == identities
        and all(m.facts.get("device") == device.partition(":")[0] for m in found.models)
        and all([(t.name, t.task, t.version) for t in m.tasks] == tasks for m in found.models)
        and found.suite == _source(todo)
        and found.settings == _settings(todo, suite.seed if seed is None else seed, batch_size)
        and found.versions == software_versions(PACKAGES)
    )
    return found if same else None


def score(
    model: Model, todo: EvalPlan, *, seed: int, name: str = "model", progress: Progress | None = None
) -> tuple[TaskScores, ...]:
    """The scores of one model that is in memory, task by task."""
    return tuple(_score_task(model, t, todo, seed, name, progress or Silent()) for t in todo.tasks)


def _score_task(
    model: Model, planned: PlannedTask, todo: EvalPlan, seed: int, name: str, progress: Progress
) -> TaskScores:
    spec, task = planned.spec, planned.task
    start = time.monotonic()
    with progress.task(name, spec.name, len(planned.items)) as advance:
        limit = todo.suite.max_new_tokens
        outcomes = task.ask(model, planned.items, max_new_tokens=limit, progress=advance)
    judged = _judge(outcomes, todo)
    return TaskScores(
        name=spec.name,
        task=spec.task,
        version=task.version,
        section=spec.section,
        rates=rates(spec.section, task.metric, judged, seed=seed),
        items=tuple(map(item_result, judged)),
        wall_s=time.monotonic() - start,
    )


def _judge(outcomes: list[Outcome], todo: EvalPlan) -> list[Judged]:
    """Verdicts on all outcomes that are made of words."""
    exchanges = {
        n: Exchange(o.item.prompt, o.text, topic=o.item.topic, finished=o.finished)
        for n, o in enumerate(outcomes)
        if o.text is not None
    }
    verdicts: dict[int, Verdict] = dict(zip(exchanges, todo.judge.judge(list(exchanges.values())), strict=True))
    return [Judged(o, verdicts.get(n)) for n, o in enumerate(outcomes)]


def _files_digest(folder: Path) -> str:
    """One digest over names and contents of `ANSWER_FILES`, those in folders included."""
    found = [f for name in ANSWER_FILES for f in sorted([folder / name, *(folder / name).glob("*")]) if f.is_file()]
    try:
        return bytes_digest(json.dumps([[str(f.relative_to(folder)), file_digest(f)] for f in found]).encode())
    except OSError as e:
        raise CheckpointError(f"cannot read {e.filename}: {e.strerror}", cure="check its permissions") from e


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
        judge=todo.suite.judge,
        judge_version=todo.judge.version,
    )


def _checked(models: Mapping[str, Path], suite: Suite, split: Split, limit: int | None) -> EvalPlan:
    """The plan. Raises EvaluationError with all problems of data files and model folders."""
    problems: list[Problem] = [] if models else [Problem("no model to evaluate", "name at least one model folder")]
    for folder in models.values():
        try:
            open_checkpoint(folder)
        except MergeAlignError as e:
            problems += e.problems
    try:
        todo = plan(suite, split=split, limit=limit)
    except MergeAlignError as e:
        raise EvaluationError(*problems, *e.problems) from e
    if problems:
        raise EvaluationError(*problems)
    return todo
