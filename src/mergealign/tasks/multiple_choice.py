"""Questions answered by the likeliest of the given choices, through lm-evaluation-harness.

    acc = share of items whose right choice c has the highest log p(c | question); a tie counts as wrong

The log-likelihood is the plain sum over the tokens of the choice, in nats, not divided by its length. An item with a
log-likelihood that is not finite is left unscored. A model that knows nothing scores 1 / (number of choices).
"""

from __future__ import annotations

import contextlib
import io
import logging
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from ..errors import MissingExtraError
from . import Item, Outcome, Progress, Reply, Subject, Task
from ._items import read_questions

__all__ = ["MultipleChoice", "multiple_choice"]


@dataclass(frozen=True, kw_only=True)
class MultipleChoice(Task):
    """Questions from a JSONL file: `{"id", "question", "choices": [text, …], "answer": one of them, "group"?}`."""

    version: ClassVar[int] = 1
    sections: ClassVar[frozenset[str]] = frozenset({"knowledge", "general"})
    metric: ClassVar[str | None] = "acc"

    def items(self) -> tuple[Item, ...]:
        return read_questions(self.path)

    def ask(
        self,
        model: Subject[Reply],
        items: Sequence[Item],
        *,
        max_new_tokens: int,  # noqa: ARG002 - nothing is generated
        progress: Progress | None = None,
    ) -> list[Outcome]:
        try:
            with _quiet():
                from lm_eval.evaluator import evaluate
                from lm_eval.tasks import TaskManager
        except ImportError as e:
            raise MissingExtraError("multiple choice", "eval") from e

        requests_done = 0
        items_done = 0
        per_item = sum(len(i.choices) for i in items) / len(items)

        def on_requests(n: int) -> None:
            nonlocal requests_done, items_done
            requests_done += n
            if progress and (fresh := round(requests_done / per_item) - items_done):
                items_done += fresh
                progress(fresh)

        with _quiet():
            tasks = TaskManager(include_defaults=False).load([self._config(model, items)])
            result = evaluate(model.harness(on_requests), tasks, bootstrap_iters=0, log_samples=True)
        (samples,) = result["samples"].values()
        by_position = {s["doc_id"]: s for s in samples}
        return [self._outcome(item, by_position[n]["filtered_resps"]) for n, item in enumerate(items)]

    @staticmethod
    def _config(model: Subject[Reply], items: Sequence[Item]) -> dict[str, Any]:
        """A task of lm-eval over items in memory. The chat template is applied here, once, and never by lm-eval."""
        from datasets import Dataset, DatasetDict

        rows = [
            {
                "id": i.id,
                "context": model.render(i.prompt),
                "continuations": [model.continuation(c) for c in i.choices],
                "target": i.choices.index(i.target or ""),
            }
            for i in items
        ]
        return {
            "task": "mergealign_multiple_choice",
            "custom_dataset": lambda **_: DatasetDict({"test": Dataset.from_list(rows)}),
            "output_type": "multiple_choice",
            "test_split": "test",
            "num_fewshot": 0,
            "doc_to_text": lambda row: row["context"],
            "doc_to_choice": lambda row: row["continuations"],
            "doc_to_target": lambda row: row["target"],
            "target_delimiter": "",
            "metric_list": [{"metric": "acc", "aggregation": "mean", "higher_is_better": True}],
        }

    @staticmethod
    def _outcome(item: Item, responses: Sequence[Any]) -> Outcome:
        lls = dict(zip(item.choices, (float(ll) for ll, _ in responses), strict=True))
        if not all(map(math.isfinite, lls.values())):
            return Outcome(item)
        right = lls.pop(item.target or "")
        margin = right - max(lls.values())
        return Outcome(item, correct=margin > 0, score=margin)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
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


multiple_choice = MultipleChoice
