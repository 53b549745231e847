"""What will be merged, decided from headers alone: every check happens here, before the first tensor is read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..check.fit import MatchedTensor
from ..check.run import check_models, open_models
from ..checkpoint.dtypes import FLOAT_DTYPES
from ..checkpoint.folder import Checkpoint
from ..checkpoint.header import Tensor, TensorSpec
from ..methods import LinearRule, resolve_method
from ..recipe.merge import MergeRecipe, Role

__all__ = ["MergePlan", "PlannedTensor", "make_plan"]


@dataclass(frozen=True)
class PlannedTensor:
    """One tensor of the output.

    Attributes:
        spec: name, dtype and shape to write.
        sources: where it is read, in the order of ROLES.
        rule: how it is merged; None copies the base's bytes (numbers that are not floats).
    """

    spec: TensorSpec
    sources: tuple[Tensor, ...]
    rule: LinearRule | None

    @property
    def forms(self) -> tuple[TensorSpec, ...]:
        """All that passes through a merge: the sources, then the result."""
        return (*self.sources, self.spec)

    @property
    def copies(self) -> int | None:
        """The source whose bytes are the result, if one is."""
        chosen = 0 if self.rule is None else self.rule.selects
        return chosen if chosen is not None and self.sources[chosen].dtype == self.spec.dtype else None


@dataclass(frozen=True)
class MergePlan:
    """All that is needed to merge.

    Attributes:
        recipe: with the method's parameters filled in.
        models: opened checkpoints by role.
        tensors: in the order of the base's files.
        dropped: tensors of the inputs that have no place in the output.
        notes: what the user should know.
    """

    recipe: MergeRecipe
    models: Mapping[Role, Checkpoint]
    tensors: tuple[PlannedTensor, ...]
    dropped: Mapping[Role, tuple[Tensor, ...]]
    notes: tuple[str, ...]

    @property
    def n_parameters(self) -> int:
        return sum(t.spec.n_elements for t in self.tensors)

    @property
    def bytes_read(self) -> int:
        return sum(s.n_bytes for t in self.tensors for s in t.sources)

    @property
    def bytes_written(self) -> int:
        return sum(t.spec.n_bytes for t in self.tensors)

    def describe(self) -> dict[str, Any]:
        """The plan as plain values, for `--dry-run`."""
        return {
            "recipe": self.recipe.model_dump(),
            "tensors": len(self.tensors),
            "parameters": self.n_parameters,
            "bytes_read": self.bytes_read,
            "bytes_written": self.bytes_written,
            "dtypes": dict(Counter(t.spec.dtype.torch_name for t in self.tensors)),
            "byte_copies": sum(t.copies is not None for t in self.tensors),
            "notes": list(self.notes),
        }


def make_plan(recipe: MergeRecipe, *, allow_unrelated: bool = False) -> MergePlan:
    """Open the three models and check everything. Raises MergeAlignError with all that is wrong.

    `allow_unrelated` merges models that do not seem to come from one base.
    """
    rule, parameters = resolve_method(recipe.method, recipe.parameters)
    models = open_models(recipe)
    report = check_models(models, recipe, allow_unrelated=allow_unrelated)
    report.raise_errors()
    tensors = tuple(_planned(m, recipe, rule) for m in report.fit.tensors)
    return MergePlan(
        recipe.model_copy(update={"parameters": parameters}), models, tensors, report.fit.dropped, report.notes
    )


def _planned(tensor: MatchedTensor, recipe: MergeRecipe, rule: LinearRule) -> PlannedTensor:
    base = tensor.sources[0]
    if not tensor.is_float:
        return PlannedTensor(TensorSpec(tensor.name, base.dtype, base.shape), tensor.sources, None)
    dtype = FLOAT_DTYPES[recipe.dtype] if recipe.dtype else base.dtype
    return PlannedTensor(TensorSpec(tensor.name, dtype, base.shape), tensor.sources, rule)
