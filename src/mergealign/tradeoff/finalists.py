"""A search by loss ends with few trials that are worth asking.

The loss says which merges find the wanted answers likely, not what they say. So the finalists answer all development
items, as every trial of a search by generation does, and the policy chooses among them. The first is the trial of
least loss. Those behind it have the least L_safety + s · α · L_expert for s = 4, 1/4, 16, 1/16 in turn: a nat of a
refusal and a nat of an answer are not worth the same, and neighbors of the best would tell the policy nothing new.
Where these are the same trials, those of next least loss follow. Expert and aligned model, which are measured already,
are left out where others are to be had.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, replace

from ..record.study import Loss, Trial
from .search import Found

__all__ = ["Finals", "measure_finalists", "pick_finalists"]

_SCALES = (1.0, 4.0, 0.25, 16.0, 0.0625)


@dataclass(frozen=True)
class Finals:
    """The search with the measures of its finalists, their numbers, first the least loss, and the seconds they took."""

    found: Found
    numbers: tuple[int, ...]
    wall_s: float


def pick_finalists(trials: Sequence[Trial], alpha: float, n: int, known: Container[str | None] = ()) -> list[Trial]:
    """At most `n` trials with a loss, no two of the same weights; of equal ones the earliest.

    `known` holds the weights digests of models that are measured already.
    """
    with_loss = [(t, t.loss) for t in sorted(trials, key=lambda t: t.number) if t.loss is not None]
    scored = [tl for tl in with_loss if tl[0].weights_digest not in known] or with_loss

    def least(scale: float) -> list[tuple[Trial, Loss]]:
        return sorted(scored, key=lambda tl: tl[1].safety + scale * alpha * tl[1].expert)

    chosen: dict[str, Trial] = {}
    for trial, _ in [one for scale in _SCALES for one in least(scale)[:1]] + least(1.0):
        chosen.setdefault(trial.weights_digest or str(trial.number), trial)
    return list(chosen.values())[:n]


def measure_finalists(
    found: Found,
    finalists: Sequence[Trial],
    measure: Callable[[Trial], Trial],
    told: Callable[[Trial, Sequence[Trial]], None],
) -> Finals:
    """Measure them by what they say; `merge_s`, `evaluate_s` and losses of the trials stay as they were."""
    started = time.monotonic()
    trials = {t.number: t for t in found.trials}
    for trial in finalists:
        measured = measure(trial)
        trials[trial.number] = trial.model_copy(update={"measures": measured.measures, "error": measured.error})
        told(measured, found.trials)
    numbers = tuple(t.number for t in finalists)
    return Finals(replace(found, trials=tuple(trials.values())), numbers, time.monotonic() - started)
