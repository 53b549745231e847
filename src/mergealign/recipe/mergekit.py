"""The schema of mergekit's recipes; what the keys mean is in mergekit_request.py and mergekit_words.py."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from .merge import Bytes
from .mergekit_request import Reading
from .request import MergeRequest
from .settings import Settings
from .source import Reference
from .strict import StrictModel

__all__ = ["MergekitInput", "MergekitRecipe"]

Dtype = Annotated[
    Literal["bfloat16", "float16", "float32", "float64"],
    BeforeValidator(lambda given: given.removeprefix("torch.") if isinstance(given, str) else given),
]
Layer = Annotated[int, Field(ge=0)]


class MergekitInput(StrictModel):
    """A model, or a run of its layers."""

    model: Reference
    parameters: Settings | None = None

    @property
    def layers(self) -> range | None:
        return None


class _SliceSource(MergekitInput):
    layer_range: tuple[Layer, Layer]

    @property
    def layers(self) -> range:
        return range(*self.layer_range)


class _Slice(StrictModel):
    sources: Annotated[tuple[_SliceSource, ...], Field(min_length=1)]
    base_model: Reference | None = None
    parameters: Settings | None = None
    residual_weight: float | None = None


class _Tokenizer(StrictModel):
    source: Reference | None = None
    tokens: Any = None
    pad_to_multiple_of: Any = None


class MergekitRecipe(StrictModel):
    """A recipe in mergekit's words; its documentation explains the keys, docs/recipes.md what differs.

    `max_shard_size`, `copy_code` and `seed` are those of the native recipe; mergekit has options for them.
    """

    merge_method: str
    models: Annotated[tuple[MergekitInput, ...], Field(min_length=1)] | None = None
    slices: Annotated[tuple[_Slice, ...], Field(min_length=1)] | None = None
    modules: Any = None
    base_model: Reference | None = None
    parameters: Settings | None = None
    dtype: Dtype | None = None
    out_dtype: Dtype | None = None
    tokenizer_source: Reference | None = None
    tokenizer: _Tokenizer | None = None
    chat_template: str | None = None
    max_shard_size: Bytes = 5 * 10**9
    copy_code: bool = False
    seed: Annotated[int, Field(ge=0)] | None = None

    def request(self, source: str = "recipe") -> MergeRequest:
        """The common form. Raises RecipeError with all mistakes; `source` names the recipe in them."""
        return Reading(self, source).request()

    @property
    def references(self) -> dict[str, Any]:
        """The models that are merged, by the place of their key: the base first, then in the order of the recipe."""
        found = {} if self.base_model is None else {"base_model": self.base_model}
        found |= {f"models.{i}.model": m.model for i, m in enumerate(self.models or ())}
        for i, part in enumerate(self.slices or ()):
            if part.base_model is not None:
                found[f"slices.{i}.base_model"] = part.base_model
            found |= {f"slices.{i}.sources.{k}.model": s.model for k, s in enumerate(part.sources)}
        return found
