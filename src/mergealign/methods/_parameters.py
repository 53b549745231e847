"""Types of parameters that several methods share."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

__all__ = ["Density", "Gamma"]

Density = Annotated[float, Field(ge=0, le=1)]
"""Share of elements that stay."""

Gamma = Annotated[float, Field(ge=0, lt=1)]
"""Share of elements, the largest, that are removed."""
