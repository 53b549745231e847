"""The loop: propose, measure, keep; until all trials are done, nothing moves any more, or the time is over."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..errors import NumericsError
from ..record.study import Bound, Trial
from .choice import satisfies
from .hypervolume import Outcome, hypervolume
from .journal import Journal
from .samplers import ByOptuna, Search, proposer
from .space import Point

__all__ = ["Found", "Limits", "Told", "areas", "search"]

MIN_GAIN = 1e-4
"""A hypervolume that grew by less did not move: a ten-thousandth of the unit square."""
MIN_LOSS_GAIN = 1e-3
"""A least loss (nats per token) that fell by less did not move: the likelihood of a token rose by 0.1 %."""

Measure = Callable[[Point, Trial], Trial]
"""Point and the begun trial → the same trial with its results. NumericsError makes it a failed one."""
Told = Callable[[Trial, Sequence[Trial]], None]
"""Called after each trial with it and all finished ones."""


@dataclass(frozen=True)
class Limits:
    """When a search ends.

    Attributes:
        n_trials: failed ones count.
        patience: so many trials in a row without a gain of hypervolume, or of loss; None = never for that reason.
        max_hours: of this process; None = no limit. A trial that has begun is finished.
    """

    n_trials: int
    patience: int | None = None
    max_hours: float | None = None


@dataclass(frozen=True)
class Found:
    """The finished trials in order, and why there are no more."""

    trials: tuple[Trial, ...]
    stopped: str


def search(
    journal: Journal, what: Search, sampler: str, limits: Limits, measure: Measure, *, told: Told | None = None
) -> Found:
    """Search until a limit is reached, going on with what `journal` holds.

    Args:
        what: the space and what proposals depend on.
        sampler: grid, random, gp or cmaes.
        measure: one trial.
        told: progress.
    """
    started = time.monotonic()
    propose = proposer(sampler, what)
    while True:
        trials = journal.trials
        proposing = time.monotonic()
        proposal = propose(trials)
        stopped = _why_stop(trials, what, limits, time.monotonic() - started)
        if proposal is None or stopped:
            return Found(tuple(trials), stopped or "all points of the grid are done")
        by_optuna = isinstance(proposal, ByOptuna)
        begun = journal.begin(
            None if isinstance(proposal, ByOptuna) else proposal.point,
            "gp" if isinstance(proposal, ByOptuna) else proposal.origin,
            sampler_seed=_seed(what.seed, len(trials), by_optuna=by_optuna),
        )
        begun = begun.model_copy(update={"propose_s": time.monotonic() - proposing})
        try:
            done = measure(begun.point, begun)
        except NumericsError as e:
            done = begun.model_copy(update={"state": "failed", "error": str(e.problems[0].what)})
        journal.finish(done)
        if told is not None:
            told(done, journal.trials)


def _seed(seed: int, n: int, *, by_optuna: bool) -> int:
    """One for each trial, the same whether the search was interrupted or not."""
    return (seed * 1_000_003 + n) % 2**31 if by_optuna else 0


def _why_stop(trials: Sequence[Trial], what: Search, limits: Limits, elapsed_s: float) -> str:
    """In words; empty to go on."""
    if len(trials) >= limits.n_trials:
        return f"all {limits.n_trials} trials are done"
    n_searched = len(trials) - len(what.starts)
    if limits.patience is not None and n_searched >= limits.patience:
        if what.objective == "loss":
            if _least(trials[: -limits.patience]) - _least(trials) < MIN_LOSS_GAIN:
                return f"the least loss did not move for {limits.patience} trials"
        elif (found := areas(trials, what.bounds))[-1] - found[-1 - limits.patience] < MIN_GAIN:
            return f"the hypervolume did not move for {limits.patience} trials"
    if limits.max_hours is not None and elapsed_s >= 3600 * limits.max_hours:
        return f"{limits.max_hours:g} hours are over"
    return ""


def _least(trials: Sequence[Trial]) -> float:
    """The least loss so far, in nats per token."""
    return min((t.loss.total for t in trials if t.loss is not None), default=1e6)


def areas(trials: Sequence[Trial], bounds: Sequence[Bound]) -> list[float]:
    """The hypervolume after each trial, of those that satisfy all bounds but that of knowledge, an objective here."""
    constraints = [b for b in bounds if b.measure != "knowledge"]
    outcomes: list[Outcome] = []
    found = []
    for trial in trials:
        measures = trial.measures
        if measures is not None and all(satisfies(b, measures) for b in constraints):
            outcomes.append(Outcome(measures.knowledge.value, measures.safety.value))
        found.append(hypervolume(outcomes))
    return found
