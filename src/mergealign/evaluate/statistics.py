"""Intervals that hold near 0 and 1, and where items are not independent.

    Wilson, 95 %:   for k successes in n independent items; covers .969 at p = .97, n = 100, where p ± 1.96 · s.e.
                    covers .809
    by group:       for items of which several share a group (wordings of one goal, questions about one fact); the
                    envelope (lower of the lows, higher of the highs) of two intervals:
      Wilson        with n_eff = n / deff items instead of n
      bootstrap     groups are drawn with replacement, each with all its items; percentiles 2.5 and 97.5 of the rate.
                    Left out where all groups have the same rate: resampling would say "no uncertainty".

The design effect is the variance of the rate over groups, relative to that of independent items:

    d     = G / (G − 1) · Σ_g (k_g − p n_g)² / (n p (1 − p))     of G groups, within [1, worst]
    worst = Σ_g n_g² / n                                         groups that go one way each: n_eff is their number
    deff  = (m d + z² worst) / (m + z²)                          m = min(k, n − k) / worst, z = 1.96

Few failures say little about whether failures come in groups, so d is drawn towards the worst case, which weighs as
much as z² failed groups. Without failures n_eff is the number of groups; it grows with what d rests on, slowly enough
that no further failure raises either end of the interval.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from ..record.evaluation import GroupInterval, Rate

__all__ = ["by_group", "holm", "mcnemar", "rate", "wilson"]

Z = 1.959964  # 95 %
N_RESAMPLES = 2000


def wilson(p: float, n: float) -> tuple[float, float]:
    """The 95 % Wilson interval of a rate p over n > 0 trials."""
    z2 = Z * Z / n
    center = (p + z2 / 2) / (1 + z2)
    half = math.sqrt(z2 * (p * (1 - p) + z2 / 4)) / (1 + z2)
    return max(0.0, center - half), min(1.0, center + half)


def rate(hits: Sequence[bool], groups: Sequence[str], *, n_unscored: int = 0, seed: int = 0) -> Rate:
    """The share of hits with its intervals; `groups` names the group of each hit."""
    k, n = sum(hits), len(hits)
    if n == 0:
        return Rate(value=None, k=0, n=0, ci_low=None, ci_high=None, n_unscored=n_unscored)
    low, high = wilson(k / n, n)
    return Rate(
        value=k / n,
        k=k,
        n=n,
        ci_low=low,
        ci_high=high,
        n_unscored=n_unscored,
        by_group=by_group(hits, groups, seed) if len(set(groups)) < n else None,
    )


def by_group(hits: Sequence[bool], groups: Sequence[str], seed: int) -> GroupInterval:
    """The interval of the rate of hits with groups as the independent units."""
    import numpy as np

    names, index = np.unique(np.asarray(groups), return_inverse=True)
    k = np.bincount(index, weights=np.asarray(hits, dtype=float))  # [groups] hits per group
    n = np.bincount(index).astype(float)  # [groups] items per group
    n_items, p = float(n.sum()), float(k.sum() / n.sum())
    worst = float((n**2).sum()) / n_items
    d = worst
    if len(names) > 1 and 0 < p < 1:
        between = len(names) / (len(names) - 1) * float(((k - p * n) ** 2).sum())
        d = min(max(between / (n_items * p * (1 - p)), 1), worst)
    m = n_items * min(p, 1 - p) / worst
    n_eff = n_items * (m + Z**2) / (m * d + Z**2 * worst)
    low, high = wilson(p, n_eff)
    method: Literal["wilson", "wilson and bootstrap"] = "wilson"
    if np.ptp(k / n) > 0:
        drawn = np.random.default_rng(seed).multinomial(len(names), [1 / len(names)] * len(names), size=N_RESAMPLES)
        ends = np.quantile((drawn @ k) / (drawn @ n), (0.025, 0.975))
        low, high = min(low, float(ends[0])), max(high, float(ends[1]))
        method = "wilson and bootstrap"
    return GroupInterval(ci_low=low, ci_high=high, n_groups=len(names), n_eff=n_eff, method=method)


def mcnemar(n_first: int, n_second: int) -> float:
    """Exact two-sided p of McNemar's test: of n_first + n_second items on which two models differ, were they likely to
    fall so unevenly if both models were equally good?

        p = min(1, 2 · P(X ≤ min(n_first, n_second))),   X ~ Binomial(n_first + n_second, 1/2)

    In whole numbers, so that it is exact for any n.
    """
    n, least = n_first + n_second, min(n_first, n_second)
    term = total = 1  # binomial coefficients C(n, k), k = 0 … least
    for k in range(1, least + 1):
        term = term * (n - k + 1) // k
        total += term
    twice = 2 * total
    return 1.0 if twice >= 1 << n else twice / (1 << n)


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's adjusted p of each of m tests: the chance of any false alarm among all of them stays below the level.

    p_(i) → max over j ≤ i of min(1, (m − j + 1) · p_(j)), with p_(1) the smallest.
    """
    m, adjusted, highest = len(p_values), [0.0] * len(p_values), 0.0
    for rank, n in enumerate(sorted(range(m), key=lambda n: p_values[n])):
        highest = max(highest, min(1.0, (m - rank) * p_values[n]))
        adjusted[n] = highest
    return adjusted
