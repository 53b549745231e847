"""Any task that lm-evaluation-harness bundles, by its name, with its own prompt and its own metric."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from ..checkpoint.digest import bytes_digest
from ..errors import EvaluationError
from ..registry import did_you_mean
from . import Item, Outcome, Progress, Reply, Subject, Task
from ._harness import Requests, bundled_tasks, quiet
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
    needs_harness: ClassVar[bool] = True
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
        if loaded.OUTPUT_TYPE == "loglikelihood_rolling":
            raise EvaluationError(f"lm-eval task '{self.lm_eval_task}' measures perplexity", cure="leave it out")
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
        return self._items

    @cached_property
    def _items(self) -> tuple[Item, ...]:
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
        positions = {item.id: n for n, item in enumerate(self.items())}
        chosen = [[self._rendered(model, r) for r in self._requests[positions[item.id]]] for item in items]
        counted = Requests(list(map(len, chosen)), progress)
        with quiet():
            _answer(model.harness(counted.finished), [r for requests in chosen for r in requests])
            self._loaded._instances = [r for requests in chosen for r in requests]
            self._loaded.apply_filters()
        counted.all_finished()
        return [self._outcome(item, requests) for item, requests in zip(items, chosen, strict=True)]

    @cached_property
    def _requests(self) -> dict[int, list[Any]]:
        """lm-eval's requests by the number of their item. All are built, in order: the examples that stand before a
        question are drawn one item after the other, so that a part built alone would get others."""
        with quiet():
            self._loaded.build_all_requests()
        found: dict[int, list[Any]] = {}
        for request in self._loaded.instances:
            found.setdefault(request.doc_id, []).append(request)
        return found

    def _rendered(self, model: Subject[Reply], request: Any) -> Any:
        """A copy of a request whose context is as the model reads it: a document, or a user turn."""
        rendered = copy.copy(request)
        rendered.resps, rendered.filtered_resps = [], {}
        context, then = request.args[:2]
        if self.chat:
            then = model.continuation(then.lstrip()) if isinstance(then, str) else then
            rendered.arguments = (model.render(context), then)
        else:
            rendered.arguments = (model.document(context), then)
        return rendered

    def _outcome(self, item: Item, requests: list[Any]) -> Outcome:
        first_filter = next(iter(requests[0].filtered_resps))
        replies = [r.filtered_resps[first_filter] for r in sorted(requests, key=lambda r: int(r.idx))]
        value = self._loaded.process_results(requests[0].doc, replies).get(self._metric)
        if not isinstance(value, int | float):
            what = f"metric '{self._metric}' of lm-eval task '{self.lm_eval_task}' is no mean over items"
            raise EvaluationError(what, cure="choose another one with 'metric_name'")
        text = str(requests[0].resps[0]) if self._loaded.OUTPUT_TYPE == "generate_until" else None
        if self.metric is not None:
            return Outcome(item, text=text, correct=value == 1)
        return Outcome(item, text=text, credit=float(value))


def _answer(lm: Any, requests: Sequence[Any]) -> None:
    """Let the model answer every request as often as its task wants."""
    by_type: dict[str, list[Any]] = {}
    for request in requests:
        by_type.setdefault(request.request_type, []).extend([request] * (request.repeats or 1))
    for kind, group in by_type.items():
        for request, reply in zip(group, getattr(lm, kind)(group), strict=True):
            request.resps.append(reply)


lm_eval = LmEval
