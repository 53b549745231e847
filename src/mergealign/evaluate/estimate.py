"""What an evaluation would take, before it is started: prompts, tokens, and time after a short probe."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..judges import Exchange
from ..models.causal_lm import CausalLM
from ..models.chat import encode
from ..tasks import Item, Outcome
from .plan import EvalPlan, PlannedTask
from .subjects import Serving, Source, open_model

__all__ = ["Estimate", "TaskEstimate", "estimate"]

PROBE_ITEMS = 16
"""Asked of each task. Larger batches are faster per item, so the estimate errs towards too long."""


@dataclass(frozen=True)
class TaskEstimate:
    """One task, for one model.

    Attributes:
        n_items: prompts or questions.
        n_tokens: tokens that are read; of a choice, the question counts once per answer. None for an endpoint.
        n_new_tokens: the most that may be generated; 0 where answers are compared by likelihood.
        model_s: seconds of the model.
        judge_s: seconds of the judges.
    """

    name: str
    n_items: int
    n_tokens: int | None
    n_new_tokens: int
    model_s: float
    judge_s: float


@dataclass(frozen=True)
class Estimate:
    """All tasks, probed with one of `n_models` models, the others taken to be like it."""

    probed: str
    n_models: int
    tasks: tuple[TaskEstimate, ...]

    @property
    def total_s(self) -> float:
        """Seconds for all models, without loading them."""
        return self.n_models * sum(t.model_s + t.judge_s for t in self.tasks)


def estimate(
    models: Mapping[str, Source], todo: EvalPlan, *, batch_size: int, device: str, serving: Serving | None = None
) -> Estimate:
    """Probe the first model and the guards. Nothing is kept."""
    name, source = next(iter(models.items()))
    model = open_model(
        source,
        chat_template=todo.suite.chat_template,
        batch_size=batch_size,
        device=device,
        serving=serving or Serving(),
        cache=None,
        run=None,
    )
    probes = [_probe(model, planned) for planned in todo.tasks]
    judging = _judging(todo, [outcomes for outcomes, _ in probes])
    tasks = []
    for planned, (outcomes, per_item_s), judge_s in zip(todo.tasks, probes, judging, strict=True):
        n, chooses = len(planned.items), all(o.text is None for o in outcomes)
        tasks.append(
            TaskEstimate(
                name=planned.spec.name,
                n_items=n,
                n_tokens=_n_tokens(model, planned, chooses) if isinstance(model, CausalLM) else None,
                n_new_tokens=0 if chooses else n * planned.max_new_tokens,
                model_s=n * per_item_s,
                judge_s=n * judge_s,
            )
        )
    return Estimate(name, len(models), tuple(tasks))


def _probe(model: Any, planned: PlannedTask) -> tuple[list[Outcome], float]:
    """Outcomes of the first items, and seconds per item. The very first one is asked beforehand, untimed."""
    ask, first = planned.task.ask, planned.items[:PROBE_ITEMS]
    ask(model, first[:1], max_new_tokens=planned.max_new_tokens)
    start = time.monotonic()
    outcomes = ask(model, first, max_new_tokens=planned.max_new_tokens)
    return outcomes, (time.monotonic() - start) / len(first)


def _judging(todo: EvalPlan, probes: Sequence[Sequence[Outcome]]) -> list[float]:
    """Seconds per item that all judges together take, by task. Rules are not probed: they take none to speak of."""
    per_item = [0.0] * len(probes)
    for planned in todo.judges:
        if not planned.source.identity:
            continue
        try:
            for n, outcomes in enumerate(probes):
                exchanges = [Exchange(o.item.prompt, o.text, o.item.topic, o.finished) for o in outcomes if o.text]
                if exchanges:
                    planned.judge.judge(exchanges[:1])  # loads the guard
                    start = time.monotonic()
                    planned.judge.judge(exchanges)
                    per_item[n] += (time.monotonic() - start) / len(outcomes)
        finally:
            planned.judge.close()
    return per_item


def _n_tokens(model: CausalLM, planned: PlannedTask, chooses: bool) -> int:
    return sum(_item_tokens(model, item, getattr(planned.task, "plain", False), chooses) for item in planned.items)


def _item_tokens(model: CausalLM, item: Item, plain: bool, chooses: bool) -> int:
    prompt = model.document(item.prompt) if plain else model.render(item.prompt)
    n = len(encode(model.tokenizer, prompt))
    if not chooses:
        return n
    return sum(n + len(encode(model.tokenizer, choice)) for choice in item.choices)
