"""Any task that lm-evaluation-harness bundles, by its name, with its own prompt and its own metric."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from ..checkpoint.digest import bytes_digest
from ..errors import EvaluationError
from ..registry import did_you_mean
from . import Item, Outcome, Progress, Reply, Subject, Task
from ._harness import Requests, bundled_tasks, evaluate_quietly, quiet
from ._rows import identity

__all__ = ["LmEval", "lm_eval"]

_PROPORTIONS = ("acc", "acc_norm", "acc_bytes", "acc_mutual_info", "exact_match", "em")
"""Metrics whose value for one item is 0 or 1."""


@dataclass(frozen=True, kw_only=True)
class LmEval(Task):
    """A task of lm-eval (Gao et al., 10.5281/zenodo.12608602) as it ships, data from the Hub or its cache.

    The score is the mean over items of the task's own metric, under its first filter. Refused are metrics that are no
    mean of items (perplexity, F1 over a whole set), and tasks that run code. By default prompts are documents to go on
    with, as lm-eval has it; with `chat` each prompt is a user turn. Needs a model in this process.
    Unverified: no data of the bundled tasks could be fetched here.

    Args:
        lm_eval_task: lm-eval's name, e.g. `arc_easy`; not that of a group.
        metric_name: one of the task's metrics; its first one by default.
        n_shot: number of examples before the question; the task's own number by default.
        chat: apply the chat template.
    """

    version: ClassVar[int] = 1
    sections: ClassVar[frozenset[str]] = frozenset({"knowledge", "general"})
    verified: ClassVar[bool] = False
    origin: ClassVar[str] = "lm-evaluation-harness and the data sets its tasks name"

    lm_eval_task: str
    metric_name: str | None = None
    n_shot: int | None = None
    chat: bool = False

    @property
    def metric(self) -> str | None:  # type: ignore[override]
        return self._metric if self._metric in _PROPORTIONS else None

    @property
    def graded(self) -> str | None:  # type: ignore[override]
        return None if self._metric in _PROPORTIONS else self._metric

    @cached_property
    def _loaded(self) -> Any:
        """lm-eval's task. Raises EvaluationError for an unknown name, and for data that cannot be fetched."""
        manager = bundled_tasks()
        if self.lm_eval_task not in manager.all_subtasks:
            if self.lm_eval_task in manager.all_tasks:
                raise EvaluationError(
                    f"'{self.lm_eval_task}' is a group of lm-eval tasks", cure="name its tasks one by one"
                )
            raise EvaluationError(
                f"lm-eval has no task '{self.lm_eval_task}'", cure=did_you_mean(self.lm_eval_task, manager.all_subtasks)
            )
        try:
            with quiet():
                (loaded,) = manager.load([self.lm_eval_task])["tasks"].values()
        except Exception as e:
            reason = next(iter(str(e).strip().splitlines()), type(e).__name__)
            cure = "check the network and HF_HUB_OFFLINE; the data set comes from the Hub"
            raise EvaluationError(f"lm-eval cannot load '{self.lm_eval_task}': {reason}", cure=cure) from e
        if getattr(loaded, "UNSAFE_CODE", False):
            raise EvaluationError(f"lm-eval task '{self.lm_eval_task}' runs code of the model", cure="leave it out")
        if self.n_shot is not None:
            loaded.set_config(key="num_fewshot", value=self.n_shot)
        loaded.set_fewshot_seed(seed=1234)  # lm-eval's own default
        return loaded

    @cached_property
    def _metric(self) -> str:
        known = list(self._loaded.aggregation())
        if self.metric_name is None:
            return str(known[0])
        if self.metric_name not in known:
            what = f"lm-eval task '{self.lm_eval_task}' has no metric '{self.metric_name}'"
            raise EvaluationError(what, cure=did_you_mean(self.metric_name, known))
        return self.metric_name

    @cached_property
    def _docs(self) -> list[Any]:
        return list(self._loaded.eval_docs)

    def source_digest(self) -> str:
        """Over lm-eval's version, the task's, and its items."""
        from importlib.metadata import version

        config = getattr(self._loaded, "VERSION", None)
        rows = [version("lm-eval"), str(config), self.lm_eval_task, self.n_shot, self._docs]
        return bytes_digest(json.dumps(rows, default=str, sort_keys=True).encode())

    def items(self) -> tuple[Item, ...]:
        found = []
        for n, doc in enumerate(self._docs):
            prompt = self._loaded.doc_to_text(doc)
            text = prompt if isinstance(prompt, str) else json.dumps(doc, default=str, sort_keys=True)
            choices = self._loaded.doc_to_choice(doc) if self._loaded.OUTPUT_TYPE == "multiple_choice" else ()
            id_ = identity(f"{self.lm_eval_task}-{n}", text, *map(str, choices))
            found.append(Item(id_, text, id_, choices=tuple(map(str, choices))))
        return tuple(found)

    def ask(
        self,
        model: Subject[Reply],
        items: Sequence[Item],
        *,
        max_new_tokens: int,  # noqa: ARG002 - lm-eval's task has its own limit
        progress: Progress | None = None,
    ) -> list[Outcome]:
        if not items:
            return []
        wanted = {item.id for item in items}
        positions = {item.id: n for n, item in enumerate(self.items()) if item.id in wanted}
        requests = Requests([max(1, len(i.choices)) for i in items], progress)
        lm = _Rendering(model, model.harness(requests.finished), chat=self.chat)
        samples = evaluate_quietly(lm, [self._loaded], samples={self._loaded.task_name: sorted(positions.values())})
        requests.all_finished()
        return [self._outcome(item, samples[positions[item.id]]) for item in items]

    def _outcome(self, item: Item, sample: dict[str, Any]) -> Outcome:
        value = sample[self._metric]
        if not isinstance(value, int | float):
            what = f"metric '{self._metric}' of lm-eval task '{self.lm_eval_task}' is no mean over items"
            raise EvaluationError(what, cure="choose another one with 'metric_name'")
        texts = [r for r in _flat(sample["filtered_resps"]) if isinstance(r, str)]
        text = texts[0] if len(texts) == 1 else None
        if self.metric is not None:
            return Outcome(item, text=text, correct=value == 1)
        return Outcome(item, text=text, credit=float(value))


class _Rendering:
    """lm-eval's view of a model, with every context rendered first: as a document, or as a user turn."""

    def __init__(self, model: Subject[Reply], lm: Any, *, chat: bool) -> None:
        self._model, self._lm, self._chat = model, lm, chat

    def __getattr__(self, name: str) -> Any:
        return getattr(self._lm, name)

    def loglikelihood(self, requests: list[Any]) -> Any:
        return self._lm.loglikelihood([self._rendered(r) for r in requests])

    def generate_until(self, requests: list[Any]) -> Any:
        return self._lm.generate_until([self._rendered(r) for r in requests])

    def loglikelihood_rolling(self, requests: list[Any]) -> Any:  # noqa: ARG002
        raise EvaluationError("lm-eval tasks over whole documents (perplexity) are not supported", cure="leave it out")

    def _rendered(self, request: Any) -> Any:
        context, then = request.args[:2]
        rendered = copy.copy(request)
        if self._chat:
            then = self._model.continuation(then.lstrip()) if isinstance(then, str) else then
            rendered.arguments = (self._model.render(context), then)
        else:
            rendered.arguments = (self._model.document(context), then)
        return rendered


def _flat(value: Any) -> Iterable[Any]:
    if isinstance(value, list | tuple):
        for v in value:
            yield from _flat(v)
    else:
        yield value


lm_eval = LmEval
