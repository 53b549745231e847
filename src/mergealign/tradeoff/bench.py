"""Measuring what is in memory: weights merged in place, then all questions of a suite."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..errors import EvaluationError
from ..evaluate.ask import ask, judge_all
from ..evaluate.cache import Cache
from ..evaluate.plan import EvalPlan
from ..evaluate.progress import Progress, Silent
from ..evaluate.task_scores import composites, score_task
from ..merge.plan import MergePlan
from ..record.evaluation import ModelScores
from ..record.study import Loss, Trial
from .live import LiveModel
from .losses import EncodedAnswers, measure_loss
from .measures import measure
from .space import Point

__all__ = ["Bench"]


@dataclass(frozen=True)
class Bench:
    """A live model and the questions it is asked.

    Attributes:
        live: the model.
        todo: tasks, items and judges.
        seed: of the bootstrap.
        threads: of the merges; None = one per core.
        cache: where answers are kept; None = nowhere.
        progress: of the evaluation.
        answers: by which losses are taken; None = none are.
    """

    live: LiveModel
    todo: EvalPlan
    seed: int
    threads: int | None = None
    cache: Cache | None = None
    progress: Progress | None = None
    answers: EncodedAnswers | None = None

    def trial(self, plan_of: Callable[[Point], MergePlan], point: Point, begun: Trial) -> Trial:
        """Merge at `point`, ask everything. Raises NumericsError or EvaluationError for what cannot be scored."""
        start = time.monotonic()
        digest = self._merge(plan_of(point))
        merged = time.monotonic()
        scores = self._scores(f"trial {begun.number}", digest, merged)
        try:
            measures = measure(scores.tasks)
        except EvaluationError as e:
            error = str(e.problems[0].what)
            return begun.model_copy(update={"state": "failed", "error": error, "weights_digest": digest})
        found: dict[str, Any] = {
            "state": "complete",
            "weights_digest": digest,
            "measures": measures,
            "merge_s": merged - start,
            "evaluate_s": time.monotonic() - merged,
        }
        return begun.model_copy(update=found)

    def loss_trial(self, plan_of: Callable[[Point], MergePlan], point: Point, begun: Trial) -> Trial:
        """Merge at `point`, take the loss. Raises NumericsError."""
        start = time.monotonic()
        digest = self._merge(plan_of(point))
        merged = time.monotonic()
        found: dict[str, Any] = {
            "state": "complete",
            "weights_digest": digest,
            "loss": self._loss(),
            "merge_s": merged - start,
            "evaluate_s": time.monotonic() - merged,
        }
        return begun.model_copy(update=found)

    def loss(self, plan: MergePlan) -> Loss:
        """The loss of the model that `plan` merges. Raises NumericsError."""
        self._merge(plan)
        return self._loss()

    def close(self) -> None:
        """Let go of the guards that were kept in memory."""
        for planned in self.todo.judges:
            if planned.source.identity:
                planned.judge.close()

    def _loss(self) -> Loss:
        assert self.answers is not None
        return measure_loss(self.live.lm, self.answers)

    def scores(self, name: str, plan: MergePlan) -> ModelScores:
        """The scores of the model that `plan` merges, as a record of an evaluation holds them."""
        start = time.monotonic()
        return self._scores(name, self._merge(plan), start)

    @property
    def _keeps_guard(self) -> bool:
        """One guard stays in memory beside the model from trial to trial; several would fill it, and take turns."""
        return sum(bool(planned.source.identity) for planned in self.todo.judges) == 1

    def _merge(self, plan: MergePlan) -> str:
        digest = self.live.remerge(plan, threads=self.threads)
        assert digest is not None
        if self.cache is not None:
            self.live.lm.memo = self.cache.memo(self.live.identity(digest))
        return digest

    def _scores(self, name: str, digest: str, start: float) -> ModelScores:
        told = self.progress or Silent()
        asked = ask(self.live.lm, self.todo, name, told)
        judge_all(asked, self.todo, self.cache, None, told, keep_loaded=self._keeps_guard)
        scored = [score_task(p, one, self.seed) for p, one in zip(self.todo.tasks, asked, strict=True)]
        return ModelScores(
            name=name,
            path=None,
            weights_digest=digest,
            files_digest=None,
            facts=dict(self.live.lm.facts),
            tasks=tuple(s.scores for s in scored),
            composites=composites(scored, seed=self.seed),
            wall_s=time.monotonic() - start,
        )
