"""The model card of a merged model: README.md with the front matter that the Hub reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..recipe.merge import ROLES
from .plan import MergePlan

__all__ = ["model_card"]


def model_card(plan: MergePlan, name: str, weights_digest: str) -> str:
    """Markdown with YAML front matter."""
    names = {role: _name(getattr(plan.recipe.models, role), plan.models[role].revision) for role in ROLES}
    rows = "\n".join(f"| {role} | {name} | {plan.models[role].revision or ''} |" for role, name in names.items())
    parameters = json.dumps(plan.recipe.parameters)
    return f"""---
{_front_matter(list(names.values()))}
---
# {name}

A merge of three checkpoints made with [mergealign](https://arxiv.org/abs/2411.06824) without training:

    merged = base + λ_d · (domain − base) + λ_a · (aligned − base)

| role | model | commit |
|---|---|---|
{rows}

Method `{plan.recipe.method}` with parameters `{parameters}`. Weights digest `{weights_digest}`.
The whole record (sources, digests, versions) is in `mergealign.json`.

## License

A merged model is derived from all three models: the licenses of base, domain and aligned model apply together.
Check that they allow what you plan; this card grants nothing.

## Safety

Merging restores refusals only as far as it was measured. Evaluate this model before you rely on it.
"""


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
