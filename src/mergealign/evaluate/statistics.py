"""Intervals that hold near 0 and 1.

    Wilson, 95 %:        for k successes in n independent items; covers .969 at p = .97, n = 100, where
                         p ± 1.96 · s.e. covers .809
    bootstrap by goal:   goals are drawn with replacement, each with all its items; percentiles 2.5 and 97.5 of the
                         rate. For items that are several wordings of one goal, and so not independent.

When every goal has the same rate, resampling says "no uncertainty", which is false; then the goals themselves are
counted as n in a Wilson interval, and the result says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from ..errors import MissingExtraError
from ..record.evaluation import GoalInterval, Rate

__all__ = ["by_goal", "rate", "wilson"]

LEVEL = 0.95
N_RESAMPLES = 2000


def wilson(k: int, n: int) -> tuple[float, float]:
    """The 95 % Wilson interval of k successes in n > 0 trials."""
    try:
        from scipy.stats import binomtest
    except ImportError as e:
        raise MissingExtraError("evaluate", "eval") from e
    ci = binomtest(k, n).proportion_ci(confidence_level=LEVEL, method="wilson")
    return float(ci.low), float(ci.high)


def rate(hits: Sequence[bool], *, n_unscored: int = 0, clusters: Sequence[str] | None = None, seed: int = 0) -> Rate:
    """The share of hits with its intervals; `clusters` names the goal of each hit."""
    k, n = sum(hits), len(hits)
    if n == 0:
        return Rate(value=None, k=0, n=0, ci_low=None, ci_high=None, n_unscored=n_unscored)
    low, high = wilson(k, n)
    return Rate(
        value=k / n,
        k=k,
        n=n,
        ci_low=low,
        ci_high=high,
        n_unscored=n_unscored,
        by_goal=by_goal(hits, clusters, seed) if clusters is not None else None,
    )


def by_goal(hits: Sequence[bool], clusters: Sequence[str], seed: int) -> GoalInterval:
    """The interval of the rate of hits when whole goals are resampled."""
    import numpy as np
    from scipy.stats import bootstrap

    names, index = np.unique(np.asarray(clusters), return_inverse=True)
    k = np.bincount(index, weights=np.asarray(hits, dtype=float))  # [goals] hits per goal
    n = np.bincount(index).astype(float)  # [goals] items per goal
    n_goals = len(names)
    method: Literal["bootstrap", "wilson"]
    if np.ptp(k / n) == 0:
        low, high = wilson(round(n_goals * float(k[0] / n[0])), n_goals)
        method = "wilson"
    else:
        ci = bootstrap(
            (k, n),
            lambda k, n, axis=-1: k.sum(axis=axis) / n.sum(axis=axis),
            paired=True,
            vectorized=True,
            n_resamples=N_RESAMPLES,
            confidence_level=LEVEL,
            method="percentile",
            rng=np.random.default_rng(seed),
        ).confidence_interval
        low, high = float(ci.low), float(ci.high)
        method = "bootstrap"
    return GoalInterval(ci_low=low, ci_high=high, n_goals=n_goals, method=method)
