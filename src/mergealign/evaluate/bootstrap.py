"""Intervals of scores that are no plain rates: means and F1 of one task, the mean over tasks, differences of pairs.

    bootstrap   groups of items (goals, facts) are drawn with replacement, each with all its items; percentiles 2.5 and
                97.5 of the score
    mean over tasks: groups are drawn within every task; the scores of the b-th draws are averaged with equal weights

Where all G groups of a task score alike, every draw says the same and the bootstrap would claim certainty. A value in
[0, 1] varies at most as much as a yes or no with the same mean p, so the task's own interval is then Wilson's with G
trials, and in the mean over tasks its draws are Beta(p G + 1/2, (1 − p) G + 1/2), Jeffreys' posterior.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import xxhash

from ..record.evaluation import Composite, Mean
from .statistics import wilson

if TYPE_CHECKING:
    import numpy as np

__all__ = ["N_RESAMPLES", "Sampled", "composite", "mean_of", "of_aggregate", "of_mean"]

N_RESAMPLES = 2000
N_RESAMPLES_SLOW = 500
"""Of scores that are computed anew from the items of every draw."""
_ROWS = 1 << 22  # groups drawn at a time, over all draws: 32 MiB
T = TypeVar("T")


@dataclass(frozen=True)
class Sampled:
    """A score with its bootstrap distribution.

    Attributes:
        value: the score of all items.
        n: scored items.
        n_groups: independent groups of them.
        drawn: [n_resamples], the score of each draw.
    """

    value: float
    n: int
    n_groups: int
    drawn: np.ndarray[Any, Any]

    @property
    def constant(self) -> bool:
        """Whether the draws tell nothing, for all are alike."""
        return bool(self.drawn.max() - self.drawn.min() < 1e-12)

    def interval(self) -> tuple[float, float, Literal["bootstrap", "wilson"]]:
        """Ends of the 95 % interval of a score in [0, 1], and how they were found."""
        if self.constant:
            return *wilson(min(max(self.value, 0.0), 1.0), self.n_groups), "wilson"
        return *percentiles(self.drawn), "bootstrap"


def percentiles(drawn: np.ndarray[Any, Any]) -> tuple[float, float]:
    """The middle 95 % of a bootstrap distribution."""
    import numpy as np

    low, high = np.quantile(drawn, (0.025, 0.975))
    return float(low), float(high)


def of_mean(values: Sequence[float], groups: Sequence[str], *, seed: int, stream: str = "") -> Sampled:
    """The mean of `values`, of which those with the same group stay together. `stream` makes draws independent."""
    import numpy as np

    names, index = np.unique(np.asarray(groups), return_inverse=True)
    total = np.bincount(index, weights=np.asarray(values, dtype=float))  # [groups]
    n = np.bincount(index)
    rng, parts = _generator(seed, stream), []
    at_a_time = max(1, _ROWS // len(names))
    for start in range(0, N_RESAMPLES, at_a_time):
        chosen = rng.integers(0, len(names), size=(min(at_a_time, N_RESAMPLES - start), len(names)))
        parts.append(total[chosen].sum(1) / n[chosen].sum(1))
    return Sampled(float(total.sum() / n.sum()), len(values), len(names), np.concatenate(parts))


def of_aggregate(
    items: Sequence[T],
    groups: Sequence[str],
    aggregate: Callable[[Sequence[T]], float | None],
    *,
    seed: int,
    stream: str = "",
) -> Sampled | None:
    """The score that `aggregate` makes of items; None where it makes none. Draws without a score are left out."""
    import numpy as np

    value = aggregate(items) if items else None
    if value is None:
        return None
    members: dict[str, list[T]] = {}
    for item, group in zip(items, groups, strict=True):
        members.setdefault(group, []).append(item)
    sets, rng, drawn = list(members.values()), _generator(seed, stream), []
    for _ in range(N_RESAMPLES_SLOW):
        chosen = [item for n in rng.integers(0, len(sets), size=len(sets)) for item in sets[n]]
        if (score := aggregate(chosen)) is not None:
            drawn.append(score)
    return Sampled(float(value), len(items), len(sets), np.asarray(drawn or [value], dtype=float))


def mean_of(sampled: Sampled | None, *, n_unscored: int) -> Mean:
    """As the record keeps it."""
    if sampled is None:
        return Mean(value=None, n=0, ci_low=None, ci_high=None, n_unscored=n_unscored)
    low, high, method = sampled.interval()
    return Mean(
        value=sampled.value,
        n=sampled.n,
        ci_low=low,
        ci_high=high,
        n_unscored=n_unscored,
        n_groups=sampled.n_groups,
        method=method,
    )


def composite(tasks: Mapping[str, Sampled], scores: Mapping[str, str], *, seed: int) -> Composite | None:
    """The mean over tasks, each weighing the same; None of none.

    Args:
        tasks: the main score of each task.
        scores: which score that is, by task.
    """
    import numpy as np

    if not tasks:
        return None
    n_draws = min(len(t.drawn) for t in tasks.values())
    drawn = [
        _around(t, n_draws, _generator(seed, f"{name} alike")) if t.constant else t.drawn[:n_draws]
        for name, t in tasks.items()
    ]
    value = sum(t.value for t in tasks.values()) / len(tasks)
    low, high = percentiles(np.mean(drawn, axis=0))
    return Composite(value=value, ci_low=min(low, value), ci_high=max(high, value), scores=dict(scores))


def _around(task: Sampled, n_draws: int, rng: np.random.Generator) -> np.ndarray[Any, Any]:
    p = min(max(task.value, 0.0), 1.0)
    return rng.beta(p * task.n_groups + 0.5, (1 - p) * task.n_groups + 0.5, size=n_draws)


def _generator(seed: int, stream: str) -> np.random.Generator:
    import numpy as np

    return np.random.default_rng([seed, xxhash.xxh32_intdigest(stream.encode())])
