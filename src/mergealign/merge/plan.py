"""What will be merged, decided from headers alone: every check happens here, before the first tensor is read."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from ..check.match import MatchedTensor, Source
from ..check.run import check_fit, check_models, open_models
from ..check.tokens import settle_template
from ..checkpoint.dtypes import FLOAT_DTYPES
from ..checkpoint.folder import Checkpoint
from ..checkpoint.header import TensorSpec
from ..errors import MergeAlignError, Problem, RecipeError
from ..kernels.random import random_key
from ..methods import METHODS, Inputs, Rule, make_rule
from ..recipe.parameters import takes_of
from ..recipe.request import MergeRequest, split_sources
from ..recipe.values import Resolved, resolve_parameters

__all__ = ["MergePlan", "PlannedTensor", "Recipe", "make_plan"]


class Recipe(Protocol):
    """Either face of a recipe."""

    def request(self) -> MergeRequest: ...


@dataclass(frozen=True)
class PlannedTensor:
    """One tensor of the output.

    Attributes:
        spec: name, dtype and shape to write.
        sources: what it is made of; the base first where the rule has one.
        rule: how it is merged; None copies the first source's bytes (numbers that are not floats).
        parameters: of the rule; None without one.
        key: of its random numbers.
    """

    spec: TensorSpec
    sources: tuple[Source, ...]
    rule: Rule | None
    parameters: Resolved | None = None
    key: int = 1

    @property
    def forms(self) -> tuple[TensorSpec, ...]:
        """All that passes through a merge: the sources, then the result."""
        return (*(s.tensor for s in self.sources), self.spec)

    @property
    def copies(self) -> int | None:
        """The source whose bytes are the result, if one is."""
        chosen = 0 if self.rule is None else self.rule.selects
        return chosen if chosen is not None and self.sources[chosen].tensor.dtype == self.spec.dtype else None

    @property
    def most_passes(self) -> int:
        """How often its sources are read at most."""
        return self.rule.most_passes if self.rule else 1


@dataclass(frozen=True)
class MergePlan:
    """All that is needed to merge.

    Attributes:
        request: what was asked for.
        models: opened checkpoints by label; the first gives the config.
        tensors: in the order of the first model's files.
        seed: of random methods; None where nothing is random.
        notes: what the user should know.
    """

    request: MergeRequest
    models: Mapping[str, Checkpoint]
    tensors: tuple[PlannedTensor, ...]
    seed: int | None
    notes: tuple[str, ...]

    @property
    def reference(self) -> Checkpoint:
        """The model whose config the output gets: the base, or the first model."""
        return next(iter(self.models.values()))

    @property
    def n_parameters(self) -> int:
        return sum(t.spec.n_elements for t in self.tensors)

    @property
    def bytes_read(self) -> int:
        """Of all passes, if none turns out to be needless."""
        return sum(t.most_passes * s.tensor.n_bytes for t in self.tensors for s in t.sources)

    @property
    def bytes_written(self) -> int:
        return sum(t.spec.n_bytes for t in self.tensors)

    @property
    def recipe(self) -> dict[str, Any]:
        """The recipe with everything filled in that a plan decides, for the record."""
        request = self.request
        decided = {"method": request.method, "chat_template_from": request.chat_template_from, "seed": self.seed}
        return request.settings | decided


def make_plan(
    recipe: Recipe, *, allow_unrelated: bool = False, checked: Mapping[str, Checkpoint] | None = None
) -> MergePlan:
    """Open the models and check everything. Raises MergeAlignError with all that is wrong.

    Args:
        allow_unrelated: merge models that do not seem to come from one base.
        checked: the models of an earlier plan, for a recipe that differs from its in weights alone: they are not opened
            again, nor compared but for their tensors.
    """
    request = recipe.request()
    models = open_models(request) if checked is None else checked
    request = settle_template(models, request)
    if checked is None:
        report = check_models(models, request, allow_unrelated=allow_unrelated)
    else:
        report = check_fit(models, request)
    rules = _Rules(request)
    problems = list(report.errors)
    tensors = []
    for matched in report.fit.tensors:
        try:
            tensors.append(_planned(matched, request, rules))
        except MergeAlignError as e:
            problems += (p for p in e.problems if p not in problems)
    report.raise_errors()
    if problems:
        raise RecipeError(*problems)
    seed = request.seed
    notes = [*request.notes, *report.notes]
    if not any(t.rule is not None and t.rule.is_random for t in tensors):
        return MergePlan(request, models, tuple(tensors), seed, tuple(notes))
    if seed is None:
        seed = secrets.randbelow(2**31)
        notes.append(f"the method draws random numbers; seed {seed} was chosen and is recorded")
    keyed = (replace(t, key=random_key(seed, t.spec.name)) for t in tensors)
    return MergePlan(request, models, tuple(keyed), seed, tuple(notes))


class _Rules:
    """One rule for each set of values: most tensors share theirs."""

    def __init__(self, request: MergeRequest) -> None:
        self._request = request
        self.method: Callable[..., Any] = METHODS.get(request.method)
        self.takes = takes_of(self.method)
        self._made: dict[str, Rule | RecipeError] = {}

    def get(self, values: Resolved, inputs: Inputs, tensor: str) -> Rule:
        """Raises RecipeError where the values cannot go together, which names the first tensor that has them."""
        key = repr((values, inputs))
        if key not in self._made:
            try:
                self._made[key] = make_rule(self._request.method, values.keywords(self.method), inputs)
            except RecipeError as e:
                self._made[key] = RecipeError(*(Problem(f"{p.what} (for '{tensor}')", p.cure) for p in e.problems))
        made = self._made[key]
        if isinstance(made, RecipeError):
            raise made
        return made


def _planned(matched: MatchedTensor, request: MergeRequest, rules: _Rules) -> PlannedTensor:
    sources = _base_first(matched, request, rules)
    first = sources[0].tensor
    if not matched.is_float:
        return PlannedTensor(TensorSpec(matched.name, first.dtype, first.shape), sources, None)
    has_base = split_sources(request, matched.part, rules.takes).base is not None
    inputs = sources[has_base:]
    values = resolve_parameters(
        request,
        matched.part,
        rules.method,
        matched.name,
        matched.position,
        input_tensors=[s.tensor.name for s in inputs],
    )
    rule = rules.get(values, Inputs(len(inputs), has_base), matched.name)
    dtype = FLOAT_DTYPES[request.dtype] if request.dtype else first.dtype
    return PlannedTensor(TensorSpec(matched.name, dtype, first.shape), sources, rule, values)


def _base_first(matched: MatchedTensor, request: MergeRequest, rules: _Rules) -> tuple[Source, ...]:
    base, _ = split_sources(request, matched.part, rules.takes)
    at = next((i for i, s in enumerate(matched.part.sources) if s is base), None)
    if at is None:
        return matched.sources
    return (matched.sources[at], *matched.sources[:at], *matched.sources[at + 1 :])
