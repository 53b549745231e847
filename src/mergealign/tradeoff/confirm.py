"""The choice on items that took no part in it: base, expert, aligned model, winner, and the methods to compare with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..evaluate.compare import Side, compare, pick
from ..record.comparison import Comparison
from ..record.evaluation import EvalRecord, ModelScores
from ..record.study import Confirmation, ModelMeasures
from .measures import measure

__all__ = ["confirmation", "measured"]

MERGED = "merged"


def measured(models: Sequence[ModelScores]) -> tuple[ModelMeasures, ...]:
    """What each model reached. Raises EvaluationError."""
    return tuple(ModelMeasures(name=m.name, weights_digest=m.weights_digest, measures=measure(m.tasks)) for m in models)


def confirmation(record: EvalRecord, file: Path, *, seed: int, held_out: bool) -> Confirmation:
    """Measures of all models, and the winner paired with expert and aligned model on the same items."""

    def against(name: str) -> Comparison:
        return compare(_side(name, file, record), _side(MERGED, file, record), seed=seed)

    return Confirmation(
        models=measured(record.models),
        knowledge=_section(against("domain"), ("knowledge", "general")),
        safety=_section(against("aligned"), ("harmful", "benign")),
        held_out=held_out,
    )


def _side(name: str, file: Path, record: EvalRecord) -> Side:
    return pick(file, record, name, "a model")


def _section(found: Comparison, sections: tuple[str, ...]) -> Comparison:
    """The part of a comparison that the question is about; p-values stay adjusted for all of its tests."""
    return found.model_copy(update={"differences": tuple(d for d in found.differences if d.section in sections)})
