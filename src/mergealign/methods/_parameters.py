"""Types of parameters that several methods share."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

__all__ = ["Density", "Epsilon", "Gamma"]

Density = Annotated[float, Field(ge=0, le=1)]
"""Share of elements that stay."""

Gamma = Annotated[float, Field(ge=0, lt=1)]
"""Share of elements, the largest, that are removed."""

Epsilon = Annotated[float, Field(ge=0, lt=0.5)]
"""How far a probability rises and falls."""
