"""Measure, search, choose, write, confirm: the whole of `mergealign align`, in the order in which it happens."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from ..errors import CheckpointError
from ..evaluate.ask import free_memory
from ..evaluate.cache import Cache
from ..evaluate.progress import Progress
from ..evaluate.run import evaluate, find_scores
from ..merge.plan import make_plan
from ..merge.run import find_merge, run_plan
from ..models.identity import PACKAGES
from ..record.evaluation import EvalRecord, ModelScores, write_eval_record
from ..record.study import (
    Bound,
    Choice,
    Confirmation,
    ModelMeasures,
    SearchSettings,
    StudyRecord,
    Trial,
    write_study_record,
)
from ..record.versions import software_versions
from .bench import Bench
from .choice import choose
from .confirm import MERGED, confirmation, measured
from .hypervolume import REFERENCE, Outcome, front
from .live import load_live
from .place import Place, open_place
from .prepare import Prepared
from .samplers import Search
from .search import Found, areas, search

__all__ = ["Progressing", "align"]


class Progressing(Protocol):
    """Told what is going on."""

    def stage(self, what: str) -> None:
        """A new part of the work begins."""

    def references(self, models: Sequence[ModelMeasures], bounds: Sequence[Bound]) -> None:
        """Base, expert and aligned model are measured."""

    def trial(self, trial: Trial, trials: Sequence[Trial]) -> None:
        """A trial is finished."""


@dataclass(frozen=True)
class _Measured:
    """The models as they came, on development items."""

    record: EvalRecord
    models: tuple[ModelMeasures, ...]
    bounds: tuple[Bound, ...]
    safer_than: float | None


def align(
    prepared: Prepared,
    place: Place,
    *,
    resume: bool = False,
    overwrite: bool = False,
    progress: Progress | None = None,
    told: Progressing,
) -> StudyRecord:
    """Carry it out. The record's choice has no winner where no trial satisfies the policy: then nothing is merged.

    Args:
        place: where all of it is written.
        resume: go on with a search that was interrupted, or choose again among its trials.
        overwrite: remove an earlier search.
        progress: of evaluations.
        told: of everything else.
    Raises:
        MergeAlignError: whatever the user can mend; what was measured so far is kept.
    """
    started = time.monotonic()
    with (
        open_place(place, prepared.folders.values(), resume=resume, overwrite=overwrite),
        Cache(place.cache) as cache,
    ):
        told.stage("measuring base, domain expert and aligned model on development items")
        known = _measure(prepared, place, cache, progress)
        told.references(known.models, known.bounds)
        told.stage(f"searching {len(prepared.space.dimensions)} weights, sampler {prepared.sampler.name}")
        bench = _bench(prepared, cache, progress)
        found = _search(prepared, place, bench, known, told)
        choice = choose(found.trials, known.bounds, known.safer_than)
        record = _record(prepared, known, found, choice, started)
        write_study_record(record, place.study)
        if choice.winner is None:
            return record
        compared = []
        for rule in prepared.wish.compare:
            told.stage(f"scoring {rule.method} on test items")
            compared.append(_on_test(prepared, bench).scores(rule.method, prepared.compared(rule)))
        del bench  # its model makes room
        free_memory()
        told.stage(f"writing the winner, trial {choice.winner} → {place.merged}")
        recipe = _write_winner(prepared, place, found, choice)
        told.stage("scoring base, domain expert, aligned model and winner on test items")
        confirmed = _confirm(prepared, place, compared, cache, progress)
        update = {"recipe": recipe, "confirmation": confirmed, "wall_s": time.monotonic() - started}
        record = record.model_copy(update=update)
        write_study_record(record, place.study)
        return record


def _measure(prepared: Prepared, place: Place, cache: Cache, progress: Progress | None) -> _Measured:
    wish = prepared.wish
    same: dict[str, Any] = {
        "split": "dev",
        "limit": wish.limit,
        "batch_size": wish.batch_size,
        "seed": wish.seed,
        "device": wish.device,
    }
    record = find_scores(place.development, prepared.folders, prepared.suite, **same)
    if record is None:
        record = evaluate(prepared.sources, prepared.suite, cache=cache, progress=progress, **same)
        write_eval_record(record, place.development, overwrite=True)
    models = measured(record.models)
    by_name = {m.name: m.measures for m in models}
    expert, aligned = by_name["domain"], by_name["aligned"]
    return _Measured(record, models, wish.policy.bounds(expert, aligned), wish.policy.safer_than(expert, aligned))


def _bench(prepared: Prepared, cache: Cache, progress: Progress | None) -> Bench:
    wish = prepared.wish
    live = load_live(
        prepared.first, chat_template=wish.suite.chat_template, batch_size=wish.batch_size, device=wish.device
    )
    return Bench(live, prepared.development, wish.seed, wish.threads, cache, progress)


def _on_test(prepared: Prepared, bench: Bench) -> Bench:
    return Bench(bench.live, prepared.test, bench.seed, bench.threads, bench.cache, bench.progress)


def _search(prepared: Prepared, place: Place, bench: Bench, known: _Measured, told: Progressing) -> Found:
    wish, space = prepared.wish, prepared.space
    what = Search(space.dimensions, tuple(space.corners()), known.bounds, wish.limits.n_trials, wish.seed)
    return search(
        place.journal,
        what,
        prepared.sampler.name,
        wish.limits,
        lambda point, begun: bench.trial(prepared.plan, point, begun),
        fingerprint=_fingerprint(prepared, known.record),
        told=told.trial,
    )


def _fingerprint(prepared: Prepared, record: EvalRecord) -> dict[str, Any]:
    """All that decides what a trial means, and in what order points come. Limits and policy may change."""
    wish = prepared.wish
    return {
        "models": {m.name: [m.weights_digest, m.files_digest] for m in record.models},
        "suite": record.suite.model_dump(mode="json"),
        "evaluation": record.settings.model_dump(mode="json"),
        "method": wish.rule.method,
        "parameters": {k: repr(v) for k, v in sorted(wish.rule.fixed.items())},
        "granularity": wish.granularity,
        "space": [d.model_dump() for d in prepared.space.dimensions],
        "sampler": prepared.sampler.name,
        "seed": wish.seed,
        "dtype": wish.dtype,
        "device": wish.device,
        "versions": record.versions,
    }


def _write_winner(prepared: Prepared, place: Place, found: Found, choice: Choice) -> dict[str, Any]:
    winner = next(t for t in found.trials if t.number == choice.winner)
    recipe = prepared.recipe(winner.point)
    record = find_merge(place.merged, recipe)
    if record is None:
        plan = make_plan(recipe, allow_unrelated=True)  # lineage was checked before the search
        record = run_plan(plan, place.merged, threads=prepared.wish.threads, overwrite=True)
    if record.output.weights_digest != winner.weights_digest:
        raise CheckpointError(
            f"{place.merged} is not the model of trial {winner.number}: an input has changed since",
            cure="search again with --overwrite",
        )
    return record.recipe


def _confirm(
    prepared: Prepared, place: Place, compared: Sequence[ModelScores], cache: Cache, progress: Progress | None
) -> Confirmation:
    wish = prepared.wish
    record = evaluate(
        {**prepared.sources, MERGED: place.merged},
        wish.suite,
        split="test",
        limit=wish.limit,
        batch_size=wish.batch_size,
        seed=wish.seed,
        device=wish.device,
        cache=cache,
        answers=place.answers,
        progress=progress,
    )
    record = record.model_copy(update={"models": (*record.models, *compared)})
    write_eval_record(record, place.scores, overwrite=True)
    return confirmation(record, place.scores, seed=wish.seed, held_out=not prepared.shared_data)


def _record(prepared: Prepared, known: _Measured, found: Found, choice: Choice, started: float) -> StudyRecord:
    wish, suite = prepared.wish, prepared.wish.suite
    scored = [(t, t.measures) for t in found.trials if t.measures is not None]
    best = front([Outcome(m.knowledge.value, m.safety.value) for _, m in scored])
    judges = () if wish.search_judges is None else tuple(j.name for j in wish.search_judges)
    return StudyRecord(
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        versions=software_versions([*PACKAGES, "optuna", "cmaes", "scipy"]),
        models=dict(wish.models),
        suite=suite.name,
        suite_digest=suite.digest,
        settings=SearchSettings(
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
            limit=wish.limit,
            device=wish.device,
            reference_point=(REFERENCE.knowledge, REFERENCE.safety),
            judges=judges,
        ),
        bounds=known.bounds,
        references=known.models,
        trials=found.trials,
        front=tuple(scored[n][0].number for n in best),
        hypervolume=tuple(areas(found.trials, known.bounds)),
        stopped=found.stopped,
        choice=choice,
        search_s=sum(t.propose_s + t.merge_s + t.evaluate_s for t in found.trials),
        evaluate_s=sum(t.evaluate_s for t in found.trials),
        wall_s=time.monotonic() - started,
        notes=prepared.notes,
    )
