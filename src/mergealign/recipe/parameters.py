"""The signature of a part is the schema of its parameters."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, get_type_hints

from pydantic import create_model

from .strict import StrictModel

__all__ = ["parameters_model"]


def parameters_model(part: Callable[..., Any]) -> type[StrictModel]:
    """The keyword-only parameters of a function or dataclass: types, bounds (`Annotated[…, Field(ge=0)]`), defaults."""
    hints = get_type_hints(part, include_extras=True)
    fields: dict[str, Any] = {}
    for p in inspect.signature(part).parameters.values():
        if p.kind is p.KEYWORD_ONLY:
            fields[p.name] = (hints.get(p.name, Any), ... if p.default is p.empty else p.default)
    return create_model(part.__name__, __base__=StrictModel, **fields)
