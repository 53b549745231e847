"""What an alignment would take, before it is started: trials, evaluations, and hours after a short probe."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass

from ..evaluate.estimate import estimate
from .live import load_live
from .prepare import Prepared

__all__ = ["Forecast", "forecast"]


@dataclass(frozen=True)
class Forecast:
    """Counts and seconds; evaluations are probed with the model in memory, so they err towards too long.

    Attributes:
        n_trials: at most.
        n_development: evaluations on development items: the trials, base, expert and aligned model.
        n_test: evaluations on test items: these three, the winner and the methods to compare with.
        n_items_development, n_items_test: items that one model is asked.
        merge_s: planning and merging once, measured.
        development_s, test_s: one evaluation.
    """

    n_trials: int
    n_development: int
    n_test: int
    n_items_development: int
    n_items_test: int
    merge_s: float
    development_s: float
    test_s: float

    @property
    def total_s(self) -> float:
        """All of it, beside loading models."""
        n_merges = self.n_trials + self.n_test - 3
        return self.n_development * self.development_s + self.n_test * self.test_s + n_merges * self.merge_s


def forecast(prepared: Prepared) -> Forecast:
    """Merge once in memory and ask a few items of each task. Nothing is written."""
    wish = prepared.wish
    live = load_live(
        prepared.first, chat_template=wish.suite.chat_template, batch_size=wish.batch_size, device=wish.device
    )
    start = time.monotonic()
    live.remerge(prepared.plan(prepared.space.corners()[-1]), threads=wish.threads or os.cpu_count() or 1)
    merge_s = time.monotonic() - start
    del live
    probe = {"domain": prepared.sources["domain"]}
    seconds = {
        split: estimate(probe, todo, batch_size=wish.batch_size, device=wish.device).total_s
        for split, todo in (("dev", prepared.development), ("test", prepared.test))
    }
    return Forecast(
        n_trials=wish.limits.n_trials,
        n_development=wish.limits.n_trials + 3,
        n_test=4 + len(wish.compare),
        n_items_development=prepared.development.n_items,
        n_items_test=prepared.test.n_items,
        merge_s=merge_s,
        development_s=seconds["dev"],
        test_s=seconds["test"],
    )
