"""What an alignment would take, before it is started: trials, evaluations, and hours after a short probe."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace

from ..evaluate.estimate import estimate
from .cocktail import CORNERS
from .live import LiveModel, load_live
from .losses import EncodedAnswers, measure_loss
from .prepare import Prepared

__all__ = ["Forecast", "forecast"]

PROBE_PAIRS = 64


@dataclass(frozen=True)
class Forecast:
    """Counts and seconds; evaluations are probed with the model in memory, so they err towards too long.

    Attributes:
        n_trials: at most.
        n_development: evaluations on development items: the trials, or in a search by loss its finalists; and base,
            expert and aligned model.
        n_test: evaluations on test items: these three, the winner and the methods to compare with.
        n_items_development, n_items_test: items that one model is asked.
        merge_s: planning and merging once, measured.
        development_s, test_s: one evaluation.
        n_losses: losses that are taken: in a search by loss of every trial, and two for a cocktail.
        n_pairs: of prompt and answer, for one loss.
        loss_s: one loss.
    """

    n_trials: int
    n_development: int
    n_test: int
    n_items_development: int
    n_items_test: int
    merge_s: float
    development_s: float
    test_s: float
    n_losses: int = 0
    n_pairs: int = 0
    loss_s: float = 0.0

    @property
    def total_s(self) -> float:
        """All of it, beside loading models."""
        n_merges = self.n_losses + self.n_development - 3 + self.n_test - 3
        evaluations_s = self.n_development * self.development_s + self.n_test * self.test_s
        return evaluations_s + n_merges * self.merge_s + self.n_losses * self.loss_s


def forecast(prepared: Prepared) -> Forecast:
    """Merge once in memory, ask a few items of each task, take the loss of a few answers. Nothing is written."""
    wish = prepared.wish
    live = load_live(
        prepared.first, chat_template=wish.suite.chat_template, batch_size=wish.batch_size, device=wish.device
    )
    start = time.monotonic()
    live.remerge(prepared.plan(prepared.space.corners()[-1]), threads=wish.threads or os.cpu_count() or 1)
    merge_s = time.monotonic() - start
    answers = prepared.answers
    loss_s = 0.0 if answers is None else _loss_s(live, answers)
    del live
    probe = {"domain": prepared.sources["domain"]}
    seconds = {
        split: estimate(probe, todo, batch_size=wish.batch_size, device=wish.device).total_s
        for split, todo in (("dev", prepared.development), ("test", prepared.test))
    }
    by_loss = wish.objective == "loss"
    n_trials = wish.limits.n_trials
    return Forecast(
        n_trials=n_trials,
        n_development=3 + (min(n_trials, wish.n_finalists) if by_loss else n_trials),
        n_test=4 + len(wish.compare),
        n_items_development=prepared.development.n_items,
        n_items_test=prepared.test.n_items,
        merge_s=merge_s,
        development_s=seconds["dev"],
        test_s=seconds["test"],
        n_losses=(n_trials if by_loss else 0) + (0 if wish.cocktail_temperature is None else len(CORNERS)),
        n_pairs=0 if answers is None else answers.n_pairs,
        loss_s=loss_s,
    )


def _loss_s(live: LiveModel, answers: EncodedAnswers) -> float:
    """Seconds of one loss, from a few pairs of each file. One pair is read beforehand, untimed."""
    measure_loss(live.lm, replace(answers, safety=answers.safety[:1], expert=answers.expert[:1]))
    probe = replace(answers, safety=answers.safety[:PROBE_PAIRS], expert=answers.expert[:PROBE_PAIRS])
    start = time.monotonic()
    measure_loss(live.lm, probe)
    return (time.monotonic() - start) * answers.n_pairs / probe.n_pairs
