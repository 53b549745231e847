"""Questions answered by the likeliest of the given choices, through lm-evaluation-harness.

    acc = share of items whose right choice c has the highest score s(c); a tie counts as wrong

    s(c) = log p(c | question)            "sum": over the tokens of the choice, in nats
    s(c) = log p(c | question) / |c|      "mean": divided by their number, so that long choices are not at a loss

An item with a log-likelihood that is not finite is left unscored. A model that knows nothing scores 1 / (number of
choices).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from . import Item, Outcome, Progress, Reply, Subject, Task
from ._harness import Requests, evaluate_quietly, quiet

__all__ = ["LETTERS", "ChoiceTask", "lettered"]

LETTERS = "ABCDEFGHIJ"


def lettered(question: str, options: Sequence[str]) -> str:
    """A question whose options are named by letters, which are then the choices."""
    lines = [f"{letter}. {option}" for letter, option in zip(LETTERS, options, strict=False)]
    return "\n".join([question.strip(), "", *lines, "", "Answer with the letter of the right option alone."])


class ChoiceTask(Task):
    """Asks for log-likelihoods; a subclass brings the items.

    Class attributes:
        normalize: how the log-likelihood of a choice becomes its score, see above.
        plain: prompts are documents to go on with, each choice follows behind a blank; no chat template is applied.
    """

    metric: ClassVar[str | None] = "acc"
    needs_harness: ClassVar[bool] = True
    normalize: ClassVar[Literal["sum", "mean"]] = "sum"
    plain: ClassVar[bool] = False

    def ask(
        self,
        model: Subject[Reply],
        items: Sequence[Item],
        *,
        max_new_tokens: int,  # noqa: ARG002 - nothing is generated
        progress: Progress | None = None,
    ) -> list[Outcome]:
        if not items:
            return []
        rows = [self._row(model, item) for item in items]
        requests = Requests([len(i.choices) for i in items], progress)
        with quiet():
            lm = model.harness(requests.finished)
        samples = evaluate_quietly(lm, _config(rows))
        requests.all_finished()
        return [
            self._outcome(item, samples[n]["filtered_resps"], self._lengths(lm, rows[n]))
            for n, item in enumerate(items)
        ]

    def _row(self, model: Subject[Reply], item: Item) -> dict[str, Any]:
        """The texts of one item. The chat template is applied here, once, and never by lm-eval."""
        return {
            "id": item.id,
            "context": model.document(item.prompt) if self.plain else model.render(item.prompt),
            "continuations": [f" {c}" if self.plain else model.continuation(c) for c in item.choices],
            "target": item.choices.index(item.target or ""),
        }

    def _lengths(self, lm: Any, row: dict[str, Any]) -> list[int]:
        """What each log-likelihood is divided by."""
        if self.normalize == "sum":
            return [1] * len(row["continuations"])
        return [max(1, len(lm._encode_pair(row["context"], c)[1])) for c in row["continuations"]]

    @staticmethod
    def _outcome(item: Item, responses: Sequence[Any], lengths: Sequence[int]) -> Outcome:
        scores = {c: float(ll) / length for c, (ll, _), length in zip(item.choices, responses, lengths, strict=True)}
        if not all(map(math.isfinite, scores.values())):
            return Outcome(item)
        predicted = max(scores, key=lambda c: scores[c])
        right = scores.pop(item.target or "")
        margin = right - max(scores.values())
        return Outcome(item, correct=margin > 0, score=margin, predicted=predicted)


def _config(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """A task of lm-eval over items in memory."""
    from datasets import Dataset, DatasetDict

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
