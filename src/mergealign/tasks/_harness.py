"""Running lm-evaluation-harness without its noise, and counting what it finishes."""

from __future__ import annotations

import contextlib
import io
import logging
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from ..errors import MissingExtraError
from . import Progress

__all__ = ["Requests", "bundled_tasks", "evaluate_quietly", "quiet"]


class Requests:
    """Tells in items what lm-eval finishes in requests, of which an item makes one per choice."""

    def __init__(self, per_item: Sequence[int], progress: Progress | None) -> None:
        self._n_items = len(per_item)
        self._per_item = max(1.0, sum(per_item) / max(1, len(per_item)))
        self._progress = progress
        self._requests = 0
        self._told = 0

    def finished(self, n: int) -> None:
        """`n` more requests are done."""
        self._requests += n
        self._tell(min(self._n_items, round(self._requests / self._per_item)))

    def all_finished(self) -> None:
        """Everything is done, however it was counted."""
        self._tell(self._n_items)

    def _tell(self, n_items: int) -> None:
        if self._progress and n_items > self._told:
            self._progress(n_items - self._told)
            self._told = n_items


def evaluate_quietly(lm: Any, config: dict[str, Any]) -> dict[int, dict[str, Any]]:
    """What lm-eval's `evaluate` tells of each item of a task, by the item's number. Raises MissingExtraError."""
    try:
        with quiet():
            from lm_eval.evaluator import evaluate
            from lm_eval.tasks import TaskManager
    except ImportError as e:
        raise MissingExtraError("multiple choice", "eval") from e
    with quiet():
        loaded = TaskManager(include_defaults=False).load([config])
        result = evaluate(lm, loaded, bootstrap_iters=0, log_samples=True)
    (samples,) = result["samples"].values()
    return {s["doc_id"]: s for s in samples}


@cache
def bundled_tasks() -> Any:
    """lm-eval's TaskManager over everything it ships; made once, since that takes seconds. Raises MissingExtraError."""
    try:
        with quiet():
            from lm_eval.tasks import TaskManager

            return TaskManager()
    except ImportError as e:
        raise MissingExtraError("lm-eval's tasks", "eval") from e


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep lm-eval's progress bars and log lines off the terminal; it has no option for either.

    It also takes a softmax of all scores, which warns where they are infinite; those items are left unscored here.
    """
    import numpy as np

    logger = logging.getLogger("lm_eval")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with contextlib.redirect_stderr(io.StringIO()), np.errstate(invalid="ignore"):
            yield
    finally:
        logger.setLevel(level)
