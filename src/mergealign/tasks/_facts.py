"""What a task says about itself, read from its class."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic.fields import FieldInfo

from ..recipe.parameters import parameters_model
from . import TASKS

__all__ = ["ParameterFacts", "TaskFacts", "task_facts"]


@dataclass(frozen=True)
class ParameterFacts:
    """One key of a suite's line."""

    name: str
    type: str
    default: str


@dataclass(frozen=True)
class TaskFacts:
    """One task.

    Attributes:
        metrics: names of the scores; empty where a judge labels the answers.
        origin: where the data comes from and under which licence.
        verified: the code has read the real data.
        files: names under MERGEALIGN_DATA_DIR, the first few of each split.
    """

    name: str
    sections: tuple[str, ...]
    metrics: tuple[str, ...]
    version: int
    verified: bool
    origin: str
    files: tuple[str, ...]
    parameters: tuple[ParameterFacts, ...]
    description: str


def task_facts(name: str) -> TaskFacts:
    """The facts of the task registered as `name`. Raises UnknownNameError with the nearest name."""
    part = TASKS.get(name)
    sources: Mapping[str, tuple[object, ...]] = getattr(part, "sources", {})
    files = [str(getattr(s, "file", "")) for split in sources.values() for s in split[:1]]
    return TaskFacts(
        name=name,
        sections=tuple(sorted(part.sections)),
        metrics=tuple(m for m in (part.metric, part.graded) if isinstance(m, str)),
        version=part.version,
        verified=part.verified,
        origin=part.origin,
        files=tuple(dict.fromkeys(files)),
        parameters=tuple(_parameter(n, f) for n, f in parameters_model(part).model_fields.items()),
        description=inspect.getdoc(part) or "",
    )


def _parameter(name: str, field: FieldInfo) -> ParameterFacts:
    default = "required" if field.is_required() else _short(field.default)
    return ParameterFacts(name, _type_name(field.annotation), default)


def _type_name(annotation: object) -> str:
    if isinstance(annotation, type) and not hasattr(annotation, "__args__"):
        return annotation.__name__
    return str(annotation).replace("typing.", "").replace("pathlib.", "").replace("NoneType", "None")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:56]} …"
