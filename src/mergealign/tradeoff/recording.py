"""From what happened to its record, `study.json`."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from ..models.identity import PACKAGES
from ..record.study import Choice, CocktailStart, SearchSettings, StudyRecord
from ..record.versions import software_versions
from .finalists import Finals
from .hypervolume import REFERENCE, Outcome, front
from .prepare import Prepared
from .references import References
from .search import areas

__all__ = ["study_record"]


def study_record(
    prepared: Prepared,
    known: References,
    cocktail: CocktailStart | None,
    finals: Finals,
    choice: Choice,
    started: float,
) -> StudyRecord:
    """The record of a search before anything is merged or confirmed; `started` is its time.monotonic()."""
    found = finals.found
    scored = [(t, t.measures) for t in found.trials if t.measures is not None]
    best = front([Outcome(m.knowledge.value, m.safety.value) for _, m in scored])
    return StudyRecord(
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        versions=software_versions([*PACKAGES, "optuna", "cmaes", "scipy"]),
        models=dict(prepared.wish.models),
        suite=prepared.wish.suite.name,
        suite_digest=prepared.wish.suite.digest,
        settings=_settings(prepared, cocktail),
        bounds=known.bounds,
        references=known.models,
        trials=found.trials,
        front=tuple(scored[n][0].number for n in best),
        hypervolume=tuple(areas(found.trials, known.bounds)) if prepared.wish.objective == "generation" else (),
        finalists=finals.numbers,
        stopped=found.stopped,
        choice=choice,
        search_s=sum(t.propose_s + t.merge_s + t.evaluate_s for t in found.trials),
        evaluate_s=sum(t.evaluate_s for t in found.trials),
        finalists_s=finals.wall_s,
        wall_s=time.monotonic() - started,
        notes=prepared.notes,
    )


def _settings(prepared: Prepared, cocktail: CocktailStart | None) -> SearchSettings:
    wish = prepared.wish
    judges = () if wish.search_judges is None else tuple(j.name for j in wish.search_judges)
    return SearchSettings(
        method=wish.rule.method,
        parameters=dict(wish.rule.fixed),
        granularity=wish.granularity,
        dimensions=prepared.space.dimensions,
        sampler=prepared.sampler.name,
        sampler_reason=prepared.sampler.reason,
        n_trials=wish.limits.n_trials,
        patience=wish.limits.patience,
        max_hours=wish.limits.max_hours,
        seed=wish.seed,
        batch_size=wish.batch_size,
        limit=wish.limit_of("dev"),
        device=wish.device,
        reference_point=(REFERENCE.knowledge, REFERENCE.safety),
        judges=judges,
        objective=wish.objective,
        losses=None if wish.answers is None else wish.answers.settings,
        n_finalists=wish.n_finalists if wish.objective == "loss" else None,
        cocktail=cocktail,
    )
