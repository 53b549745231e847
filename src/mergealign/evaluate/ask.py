"""One model, all tasks → outcomes; all outcomes, one judge at a time → verdicts.

Models answer before the first judge is loaded, and judges come one after the other: one of them is in memory at a time.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ..judges import Behavior, Exchange, Safety, Verdict
from ..models import Memo, Model
from ..tasks import Outcome
from .cache import Cache
from .plan import EvalPlan, PlannedJudge
from .progress import Progress
from .scores import Judged, joined

__all__ = ["Asked", "ask", "free_memory", "judge_all"]

JUDGE_CHUNK = 64
"""Exchanges that a guard judges between two commits, in the order of the items."""


@dataclass
class Asked:
    """What one model said to one task, and what the judges say about it, by judge and number of the outcome."""

    model: str
    task: str
    outcomes: list[Outcome]
    wall_s: float
    verdicts: dict[str, dict[int, Verdict]] = field(default_factory=dict)

    def judged(self) -> list[Judged]:
        """Outcomes with the labels that count."""
        found = []
        for n, outcome in enumerate(self.outcomes):
            own = {name: verdicts[n] for name, verdicts in self.verdicts.items() if n in verdicts}
            found.append(Judged(outcome, joined(list(own.values()), outcome.text or ""), own))
        return found


def ask(model: Model, todo: EvalPlan, name: str, progress: Progress) -> list[Asked]:
    """Put all tasks to a model that is in memory."""
    found = []
    for planned in todo.tasks:
        start = time.monotonic()
        with progress.task(name, planned.spec.name, len(planned.items)) as advance:
            outcomes = planned.task.ask(model, planned.items, max_new_tokens=planned.max_new_tokens, progress=advance)
        found.append(Asked(name, planned.spec.name, outcomes, time.monotonic() - start))
    return found


def judge_all(
    asked: Sequence[Asked],
    todo: EvalPlan,
    cache: Cache | None,
    run: str | None,
    progress: Progress,
    *,
    keep_loaded: bool = False,
) -> None:
    """Let each judge label all answers that are made of words; adds to `asked`.

    `keep_loaded` leaves guards in memory, for whoever asks them again soon and closes them in the end.
    """
    for planned in todo.judges:
        memo = _memo(planned, cache, run)
        try:
            for one in asked:
                start = time.monotonic()
                exchanges = {
                    n: Exchange(o.item.prompt, o.text, topic=o.item.topic, finished=o.finished)
                    for n, o in enumerate(one.outcomes)
                    if o.text is not None
                }
                if exchanges:
                    found = _verdicts(planned, list(exchanges.values()), memo, one, progress)
                    one.verdicts[planned.spec.name] = dict(zip(exchanges, found, strict=True))
                one.wall_s += time.monotonic() - start
        finally:
            if not keep_loaded and planned.source.identity:  # rules hold nothing
                planned.judge.close()
                free_memory()


def _memo(planned: PlannedJudge, cache: Cache | None, run: str | None) -> Memo | None:
    """None for rules, which take less time than looking up what they said, and where nobody vouches for a server."""
    identity = dict(planned.source.identity)
    if cache is None or not identity:
        return None
    if identity.get("vouched") == "no":
        if run is None:
            return None
        identity["run"] = run
    return cache.memo({"judge": planned.spec.judge, "version": str(planned.source.version), **identity})


def _verdicts(
    planned: PlannedJudge, exchanges: Sequence[Exchange], memo: Memo | None, one: Asked, progress: Progress
) -> list[Verdict]:
    size = JUDGE_CHUNK if memo is not None else len(exchanges)
    verdicts: list[Verdict] = []
    with progress.task(one.model, f"{one.task} · {planned.spec.name}", len(exchanges)) as advance:
        for start in range(0, len(exchanges), size):
            part = exchanges[start : start + size]
            question = ["verdicts", [[e.prompt, e.answer, e.topic, e.finished] for e in part]]
            kept = memo.recall(question) if memo is not None else None
            if kept is not None:
                verdicts += map(_from_json, kept)
                advance(len(part))
                continue
            found = planned.judge.judge(part, progress=advance)
            if memo is not None:
                memo.keep(question, [_to_json(v) for v in found])
            verdicts += found
    return verdicts


def _to_json(verdict: Verdict) -> list[Any]:
    return [verdict.behavior, verdict.safety, list(verdict.categories), verdict.score]


def _from_json(kept: list[Any]) -> Verdict:
    behavior, safety, categories, score = kept
    return Verdict(
        Behavior(behavior) if behavior else None, Safety(safety) if safety else None, tuple(categories), score
    )


def free_memory() -> None:
    """Return what the last model held: lm-eval's objects refer to each other, and CUDA keeps what was freed."""
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()
