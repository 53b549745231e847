"""The model card of a merged model: README.md with the front matter that the Hub reads."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..methods import METHODS
from ..recipe.describe import describe_method
from .plan import MergePlan

__all__ = ["model_card"]

_NUMBERS = {1: "one", 2: "two", 3: "three", 4: "four", 5: "five"}


def model_card(plan: MergePlan, name: str, weights_digest: str) -> str:
    """Markdown with YAML front matter."""
    names = {label: _name(plan.request.models[label], model.revision) for label, model in plan.models.items()}
    rows = "\n".join(
        f"| {_role(label, n)} | {names[label]} | {plan.models[label].revision or ''} |"
        for n, label in enumerate(names, start=1)
    )
    roles = _and(_role(label, n) for n, label in enumerate(names, start=1))
    return f"""---
{_front_matter(list(dict.fromkeys(names.values())))}
---
# {name}

A merge of {_count(len(names))} made with [mergealign](https://arxiv.org/abs/2411.06824) without training:

    {_formula(plan)}

| role | model | commit |
|---|---|---|
{rows}

Method `{plan.request.method}`{_parameters(plan)}. Weights digest `{weights_digest}`.
The whole record (sources, digests, versions) is in `mergealign.json`.

## License

A merged model is derived from all models above: the licenses of {roles} apply together.
Check that they allow what you plan; this card grants nothing.

## Safety

Merging restores refusals only as far as it was measured. Evaluate this model before you rely on it.
"""


def _formula(plan: MergePlan) -> str:
    if plan.request.method == "mergealign":
        return "merged = base + λ_d · (domain − base) + λ_a · (aligned − base)"
    return describe_method(METHODS.get(plan.request.method), plan.request.method).summary


def _count(n: int) -> str:
    return f"{_NUMBERS.get(n, n)} checkpoint{'s' if n > 1 else ''}"


def _parameters(plan: MergePlan) -> str:
    """The values, where all tensors have the same."""
    used = {repr(t.parameters): t.parameters for t in plan.tensors if t.parameters is not None}
    if len(used) != 1:
        return ", whose parameters differ between tensors"
    (values,) = used.values()
    return f" with parameters `{json.dumps({**values.shared, **values.per_input})}`"


def _role(label: str, number: int) -> str:
    """A role of a native recipe; models of others are numbered, for their labels may be paths."""
    return label if label in ("base", "domain", "aligned", "unaligned") else f"model {number}"


def _and(words: Iterable[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last


def _name(source: str, revision: str | None) -> str:
    """`org/name` of a model on the Hub; the last part of a folder's path, which is nobody's business."""
    return source.partition("@")[0] if revision else Path(source).name


def _front_matter(names: list[str]) -> str:
    """YAML, one key a line; a JSON value is a YAML value."""
    fields: dict[str, Any] = {
        "base_model": names,
        "base_model_relation": "merge",
        "library_name": "transformers",
        "tags": ["merge", "mergealign"],
    }
    return "\n".join(f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in fields.items())
