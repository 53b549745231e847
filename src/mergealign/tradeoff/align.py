"""Measure, search, choose, write, confirm: the whole of `mergealign align`, in the order in which it happens."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any, Protocol

from ..checkpoint.digest import bytes_digest
from ..errors import CheckpointError
from ..evaluate.ask import free_memory
from ..evaluate.cache import Cache
from ..evaluate.progress import Progress
from ..evaluate.run import evaluate
from ..merge.plan import make_plan
from ..merge.run import find_merge, run_plan
from ..record.evaluation import EvalRecord, ModelScores, write_eval_record
from ..record.study import (
    Bound,
    Choice,
    CocktailStart,
    Confirmation,
    ModelMeasures,
    StudyRecord,
    Trial,
    write_study_record,
)
from .bench import Bench
from .choice import choose
from .cocktail import cocktail_start, starting_point
from .confirm import MERGED, confirmation
from .finalists import Finals, measure_finalists, pick_finalists
from .journal import Journal, open_journal
from .live import load_live
from .place import Place, open_place
from .prepare import Prepared
from .recording import study_record
from .references import References, measure_references
from .samplers import Search
from .search import Found, search

__all__ = ["Progressing", "align"]


class Progressing(Protocol):
    """Told what is going on."""

    def stage(self, what: str) -> None:
        """A new part of the work begins."""

    def references(self, models: Sequence[ModelMeasures], bounds: Sequence[Bound]) -> None:
        """Base, expert and aligned model are measured."""

    def trial(self, trial: Trial, trials: Sequence[Trial]) -> None:
        """A trial is finished."""


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
        known = measure_references(prepared, place, cache, progress)
        told.references(known.models, known.bounds)
        with _open_journal(prepared, place, known) as journal:  # refuses another search's before its file is replaced
            write_eval_record(known.record, place.development, overwrite=True)
            bench = _bench(prepared, cache, progress)
            cocktail = _cocktail(prepared, bench, told)
            told.stage(f"searching {len(prepared.space.dimensions)} weights, sampler {prepared.sampler.name}")
            found = _search(prepared, journal, bench, known, cocktail, told)
        finals = _finals(prepared, bench, known, found, told)
        choice = choose(finals.found.trials, known.bounds, known.safer_than)
        record = study_record(prepared, known, cocktail, finals, choice, started)
        write_study_record(record, place.study)
        if choice.winner is None:
            return record
        bench.close()
        bench = replace(bench, todo=prepared.test)
        compared = []
        for rule in prepared.wish.compare:
            told.stage(f"scoring {rule.method} on test items")
            compared.append(bench.scores(rule.method, prepared.compared(rule)))
        bench.close()
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


def _bench(prepared: Prepared, cache: Cache, progress: Progress | None) -> Bench:
    wish = prepared.wish
    live = load_live(
        prepared.first, chat_template=wish.suite.chat_template, batch_size=wish.batch_size, device=wish.device
    )
    return Bench(live, prepared.development, wish.seed, wish.threads, cache, progress, prepared.answers)


def _cocktail(prepared: Prepared, bench: Bench, told: Progressing) -> CocktailStart | None:
    """The LM-Cocktail weights, where they are asked for."""
    temperature = prepared.wish.cocktail_temperature
    if temperature is None:
        return None
    start = cocktail_start(prepared, bench.loss, temperature)
    weights = ", ".join(f"{name} {weight:.3f}" for name, weight in start.weights.items())
    inside = starting_point(prepared.space, start) is not None
    told.stage(f"LM-Cocktail weights: {weights}" + ("" if inside else ": out of the ranges that are searched"))
    return start


def _open_journal(prepared: Prepared, place: Place, known: References) -> AbstractContextManager[Journal]:
    fingerprint, dimensions = _fingerprint(prepared, known.record), prepared.space.dimensions
    return open_journal(place.journal, fingerprint, dimensions, known.bounds, prepared.wish.objective)


def _search(
    prepared: Prepared,
    journal: Journal,
    bench: Bench,
    known: References,
    cocktail: CocktailStart | None,
    told: Progressing,
) -> Found:
    wish, space = prepared.wish, prepared.space
    what = Search(
        space.dimensions,
        tuple(space.corners()),
        known.bounds,
        wish.limits.n_trials,
        wish.seed,
        wish.objective,
        None if cocktail is None else starting_point(space, cocktail),
    )
    measure = bench.loss_trial if wish.objective == "loss" else bench.trial
    return search(
        journal,
        what,
        prepared.sampler.name,
        wish.limits,
        lambda point, begun: measure(prepared.plan, point, begun),
        told=told.trial,
    )


def _finals(prepared: Prepared, bench: Bench, known: References, found: Found, told: Progressing) -> Finals:
    """Who is left for the policy to choose among: in a search by generation, all."""
    wish = prepared.wish
    if wish.objective == "generation" or wish.answers is None:
        return Finals(found, (), 0.0)
    measured = {m.weights_digest for m in known.models}
    finalists = pick_finalists(found.trials, wish.answers.alpha, wish.n_finalists, measured)
    told.stage(f"{found.stopped}; measuring {len(finalists)} finalists on development items")
    return measure_finalists(found, finalists, lambda t: bench.trial(prepared.plan, t.point, t), told.trial)


def _fingerprint(prepared: Prepared, record: EvalRecord) -> dict[str, Any]:
    """All that decides what a trial means, and in what order points come. Limits and policy may change.

    What is asked of finalists may change, too: losses do not depend on it.
    """
    wish = prepared.wish
    answers = None if wish.answers is None else wish.answers.settings
    asked = {
        "suite": record.suite.model_dump(mode="json"),
        "evaluation": record.settings.model_dump(mode="json"),
    }
    template = wish.suite.chat_template
    read = {"batch_size": wish.batch_size, "chat_template": template and bytes_digest(template.encode())}
    return {
        "models": {m.name: [m.weights_digest, m.files_digest] for m in record.models},
        "objective": wish.objective,
        **(asked if wish.objective == "generation" else read),
        "answers": answers and [answers.safety.digest, answers.expert.digest, answers.alpha],
        "cocktail": wish.cocktail_temperature,
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
        plan = make_plan(recipe, allow_unrelated=True)  # opened anew: its record tells sources as the user named them
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
