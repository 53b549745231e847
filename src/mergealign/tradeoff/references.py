"""The models as they came: base, domain expert and aligned model on development items, and what follows for merges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..evaluate.cache import Cache
from ..evaluate.progress import Progress
from ..evaluate.run import evaluate, find_scores
from ..record.evaluation import EvalRecord
from ..record.study import Bound, ModelMeasures
from .confirm import measured
from .place import Place
from .prepare import Prepared

__all__ = ["References", "measure_references"]


@dataclass(frozen=True)
class References:
    """What the three models reached, the bounds that the policy makes of it, and the safety that has to be exceeded."""

    record: EvalRecord
    models: tuple[ModelMeasures, ...]
    bounds: tuple[Bound, ...]
    safer_than: float | None


def measure_references(prepared: Prepared, place: Place, cache: Cache, progress: Progress | None) -> References:
    """Scores of the three models, taken anew unless `place` holds them. Raises EvaluationError."""
    wish = prepared.wish
    same: dict[str, Any] = {
        "split": "dev",
        "limit": wish.limit_of("dev"),
        "batch_size": wish.batch_size,
        "seed": wish.seed,
        "device": wish.device,
    }
    record = find_scores(place.development, prepared.folders, prepared.suite, **same)
    if record is None:
        record = evaluate(prepared.sources, prepared.suite, cache=cache, progress=progress, **same)
    models = measured(record.models)
    by_name = {m.name: m.measures for m in models}
    expert, aligned = by_name["domain"], by_name["aligned"]
    return References(record, models, wish.policy.bounds(expert, aligned), wish.policy.safer_than(expert, aligned))
