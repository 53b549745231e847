"""Who proposes the next point. Every proposal is a function of the seed and of the finished trials alone, so that a
search that was killed goes on as if nothing had happened.

    grid     all points of an even grid, in random order; for one to three dimensions
    random   uniform
    cmaes    CMA-ES (Hansen 2016) on safety, points outside of the bounds repaired, missed bounds subtracted; started
             at the best corner that mixes both models (or cocktail), restarted with twice the population when it has
             converged
    gp       Gaussian processes with expected hypervolume improvement (optuna), behind a few random points

A search by loss has one objective: cmaes minimizes the loss itself, gp looks for expected improvement of it.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import floor
from typing import Any

from ..errors import UsageError
from ..record.study import Bound, Dimension, Objective, Trial
from .choice import excess

__all__ = ["SAMPLERS", "ByOptuna", "Chosen", "Finished", "Proposal", "Search", "choose_sampler", "proposer", "utility"]

SAMPLERS = ("auto", "grid", "gp", "cmaes", "random")
_PENALTY = 10.0
"""A bound missed by one point costs as much as ten points of safety."""
_FAILED_LOSS = 1e6
"""In nats per token, for CMA-ES, which sorts: worse than anything that was measured."""
_GP_MAX_DIMENSIONS = 12
_GRID_MAX_DIMENSIONS = 3


@dataclass(frozen=True)
class Proposal:
    """A point to try."""

    point: dict[str, float]
    origin: str


class ByOptuna:
    """optuna's Gaussian processes shall propose the next point."""


@dataclass(frozen=True)
class Chosen:
    """A sampler by name, and why it was taken."""

    name: str
    reason: str


@dataclass(frozen=True)
class Search:
    """What proposals depend on, beside the finished trials.

    Attributes:
        cocktail: a starting point that comes behind the corners; None = there is none.
    """

    dimensions: tuple[Dimension, ...]
    corners: tuple[dict[str, float], ...]
    bounds: tuple[Bound, ...]
    n_trials: int
    seed: int
    objective: Objective = "generation"
    cocktail: dict[str, float] | None = None

    @property
    def starts(self) -> tuple[Proposal, ...]:
        """What is tried before the sampler proposes anything."""
        corners = tuple(Proposal(dict(point), "corner") for point in self.corners)
        return corners if self.cocktail is None else (*corners, Proposal(dict(self.cocktail), "cocktail"))


Finished = Sequence[Trial]
Proposer = Callable[[Finished], "Proposal | ByOptuna | None"]
"""Finished trials in order → what comes next; None = everything was tried."""


def choose_sampler(asked: str, n_dimensions: int) -> Chosen:
    """`auto` takes Gaussian processes for up to 12 dimensions, CMA-ES above. Raises UsageError."""
    if asked not in SAMPLERS:
        raise UsageError(f"--sampler {asked} is not known", cure=f"choose {', '.join(SAMPLERS)}")
    if asked == "grid" and n_dimensions > _GRID_MAX_DIMENSIONS:
        raise UsageError(
            f"a grid of {n_dimensions} dimensions has too many points", cure="choose --sampler gp, cmaes or random"
        )
    if asked != "auto":
        return Chosen(asked, "asked for")
    if n_dimensions <= _GP_MAX_DIMENSIONS:
        return Chosen("gp", f"auto: {n_dimensions} dimensions; Gaussian processes need the fewest trials up to 12")
    return Chosen("cmaes", f"auto: {n_dimensions} dimensions; above 12, Gaussian processes lose to CMA-ES")


def proposer(name: str, search: Search) -> Proposer:
    """The corners and the cocktail, then what the sampler says."""
    after = {"grid": _grid, "random": _random, "cmaes": _cmaes, "gp": _gp}[name](search)

    def propose(finished: Finished) -> Proposal | ByOptuna | None:
        return search.starts[len(finished)] if len(finished) < len(search.starts) else after(finished)

    return propose


def utility(measures: Any, bounds: Sequence[Bound]) -> float:
    """What a sampler with one objective maximizes: safety, less ten times what is missed of each bound."""
    if measures is None:
        return -_PENALTY * max(1, len(bounds))
    missed = sum(max(0.0, excess(b, measures)) for b in bounds)
    return float(measures.safety.value - _PENALTY * missed)


def _worth(trial: Trial, search: Search) -> float:
    """What CMA-ES maximizes: `utility`, or minus the loss."""
    if search.objective == "generation":
        return utility(trial.measures, search.bounds)
    return -_FAILED_LOSS if trial.loss is None else -trial.loss.total


def _rng(seed: int, *more: int) -> Any:
    import numpy as np

    return np.random.default_rng([seed, *more])


def _uniform(search: Search, n: int) -> dict[str, float]:
    """The n-th random point."""
    draws = _rng(search.seed, n).random(len(search.dimensions))
    return {d.name: d.low + float(u) * (d.high - d.low) for d, u in zip(search.dimensions, draws, strict=True)}


def _random(search: Search) -> Proposer:
    return lambda finished: Proposal(_uniform(search, len(finished)), "random")


def _grid(search: Search) -> Proposer:
    n_dimensions, left = len(search.dimensions), max(1, search.n_trials - len(search.starts))
    levels = max(2, floor(left ** (1 / n_dimensions) + 1e-9))
    axes = [[d.low + (d.high - d.low) * k / (levels - 1) for k in range(levels)] for d in search.dimensions]
    names = [d.name for d in search.dimensions]
    points = [dict(zip(names, values, strict=True)) for values in itertools.product(*axes)]
    points = [p for p in points if p not in search.corners]
    order = _rng(search.seed).permutation(len(points))

    def propose(finished: Finished) -> Proposal | None:
        tried = [t.point for t in finished]
        left = (points[n] for n in order if points[n] not in tried)
        return next((Proposal(point, "grid") for point in left), None)

    return propose


def _gp(search: Search) -> Proposer:
    n_random = max(4, len(search.dimensions))

    def propose(finished: Finished) -> Proposal | ByOptuna:
        n_scored = sum(t.state == "complete" for t in finished)
        if len(finished) < len(search.starts) + n_random or n_scored < 2:
            return Proposal(_uniform(search, len(finished)), "random")
        return ByOptuna()

    return propose


def _cmaes(search: Search) -> Proposer:
    """Everything is drawn again from the seed and told what the finished trials reached: there is no state to lose."""
    return lambda finished: Proposal(_next_of_cmaes(search, finished), "cmaes")


def _next_of_cmaes(search: Search, finished: Finished) -> dict[str, float]:
    import numpy as np

    starts, rest = finished[: len(search.starts)], finished[len(search.starts) :]
    low = np.array([d.low for d in search.dimensions])
    high = np.array([d.high for d in search.dimensions])
    mixtures = [t for t in starts if all(t.point.values())]  # around a model alone there is no slope to follow
    best = max(mixtures, key=lambda t: _worth(t, search), default=None)
    start = np.array([best.point[d.name] for d in search.dimensions]) if best else (low + high) / 2
    run = 0
    optimizer = _new_cmaes((start - low) / (high - low), None, search.seed)
    told: list[tuple[Any, float]] = []
    for trial in rest:
        optimizer.ask()  # its random numbers go on
        tried = (np.array([trial.point[d.name] for d in search.dimensions]) - low) / (high - low)
        told.append((tried, -_worth(trial, search)))
        if len(told) < optimizer.population_size:
            continue
        optimizer.tell(told)
        told = []
        if optimizer.should_stop():
            run += 1
            center = _rng(search.seed, 1 << 20, run).random(len(low))
            optimizer = _new_cmaes(center, 2 * optimizer.population_size, search.seed + run)
    point = low + np.asarray(optimizer.ask()) * (high - low)
    return {d.name: float(min(max(x, d.low), d.high)) for d, x in zip(search.dimensions, point, strict=True)}


def _new_cmaes(mean: Any, population: int | None, seed: int) -> Any:
    """Over the unit cube; its own noise, whatever numpy's global state is."""
    import numpy as np

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # cmaes warns of optional packages on import
        from cmaes import CMA  # type: ignore[import-untyped]

    bounds = np.array([[0.0, 1.0]] * len(mean))
    return CMA(mean=np.asarray(mean, float), sigma=0.25, bounds=bounds, seed=seed, population_size=population)
