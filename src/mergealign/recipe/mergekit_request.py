"""From mergekit's words to the common form.

Where mergekit passes over a mistake in silence, it is an error; where a key has no effect, a note says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..errors import Problem, RecipeError, UnknownNameError
from .mergekit_words import choose_words, refused_words
from .request import MergeRequest, SliceRequest, SourceRef, split
from .settings import Method, check_inputs, check_required, check_settings, one_form

if TYPE_CHECKING:
    from .mergekit import MergekitInput, MergekitRecipe

__all__ = ["Reading", "has_no_effect"]

_WITHOUT_EFFECT = {"int8_mask": None, "density": "task_arithmetic", "rescale": "task_arithmetic"}
"""Parameters that change nothing in mergekit either: with any method (None), or with the one named."""


def has_no_effect(name: str, method: Method) -> bool:
    """Whether a parameter that the method does not have is one that mergekit's users write all the same."""
    return name not in method.parameters and _WITHOUT_EFFECT.get(name, "") in (None, method.name)


class Reading:
    """One recipe on its way to a request: the problems and notes that gather on it."""

    def __init__(self, recipe: MergekitRecipe, source: str) -> None:
        self.recipe = recipe
        self.source = source
        self.problems: list[Problem] = []
        self.notes: list[str] = []
        self.labels: dict[str, str] = {}
        for reference in recipe.references.values():
            self.labels.setdefault(reference.source, reference.text)

    def refuse(self, place: str, what: str, cure: str = "") -> None:
        self.problems.append(Problem(f"{self.source}: {place}: {what}", cure))

    def request(self) -> MergeRequest:
        recipe = self.recipe
        self.check_shape()
        self.problems += refused_words(recipe, self.source, self.labels)
        try:
            method = Method.find(recipe.merge_method)
        except UnknownNameError as e:
            raise RecipeError(
                *self.problems, *(Problem(f"{self.source}: merge_method: {p.what}", p.cure) for p in e.problems)
            ) from e
        parameters = self.settings(recipe.parameters, method, "parameters", of_input=False)
        parts = self.whole_models(method) if recipe.models is not None else self.parts(method)
        if self.problems:
            raise RecipeError(*self.problems)
        self.tell(parts)
        words = choose_words(recipe, self.labels)
        given = recipe.model_dump(exclude_unset=True)
        given["parameters"] = {**method.defaults, **(given.get("parameters") or {})}
        given |= {"tokenizer_from": words.tokenizer_from, "chat_template_from": words.chat_template_from}
        request = MergeRequest(
            dialect="mergekit",
            method=recipe.merge_method,
            models={label: source for source, label in self.labels.items()},
            base=self.label(recipe.base_model),
            slices=parts,
            parameters=parameters,
            dtype=recipe.out_dtype or recipe.dtype,
            tokenizer_from=words.tokenizer_from,
            chat_template_from=words.chat_template_from,
            chat_template=words.chat_template,
            max_shard_size=recipe.max_shard_size,
            copy_code=recipe.copy_code,
            seed=recipe.seed,
            notes=(*self.notes, *words.notes),
            settings=given,
        )
        if missing := check_required(request, method, self.source):
            raise RecipeError(*missing)
        return request

    def label(self, reference: Any) -> str | None:
        return None if reference is None else self.labels[reference.source]

    def check_shape(self) -> None:
        """What is wrong or not supported whatever the method is."""
        recipe = self.recipe
        if recipe.modules is not None:
            self.refuse("modules", "models of several modules are not supported", "merge the language model alone")
        elif (recipe.models is None) == (recipe.slices is None):
            self.refuse("models", "a recipe has either models or slices", "give one of the two")
        for place, reference in recipe.references.items():
            if reference.has_adapter:
                cure = "merge the adapter first (peft: merge_and_unload, then save_pretrained) and name the result"
                self.refuse(place, f"'{reference.text}' names a model and an adapter", cure)
        for i, part in enumerate(recipe.slices or ()):
            place = f"slices.{i}"
            for k, source in enumerate(part.sources):
                if source.layer_range[0] >= source.layer_range[1]:
                    cure = "[a, b] takes the layers a to b − 1: the second number must be larger"
                    self.refuse(f"{place}.sources.{k}.layer_range", f"{list(source.layer_range)} is empty", cure)
            lengths = [s.layer_range[1] - s.layer_range[0] for s in part.sources]
            if len(set(lengths)) > 1:
                what = f"the sources of one slice have {', '.join(map(str, lengths))} layers"
                self.refuse(place, what, "take as many layers from each")
            if part.residual_weight is not None:
                self.notes.append(f"{place}.residual_weight has no effect, as in mergekit")

    def settings(
        self, given: dict[str, Any] | None, method: Method, place: str, *, of_input: bool, unused: str = ""
    ) -> dict[str, Any]:
        """The settings at one place that have an effect; `unused` says why none of them has any."""
        left = {}
        for name, value in (given or {}).items():
            if has_no_effect(name, method):
                self.notes.append(f"{place}.{name} has no effect")
            else:
                left[name] = value
        self.problems += check_settings(left, method, f"{self.source}: {place}", of_input=of_input)
        if left and unused:
            self.notes.append(f"{place} ({', '.join(left)}) has no effect: {unused}")
        return {} if unused else one_form(left)

    def whole_models(self, method: Method) -> tuple[SliceRequest, ...]:
        recipe, base = self.recipe, self.label(self.recipe.base_model)
        sources = self.sources(recipe.models or (), base, method, "models")
        if base is not None and base not in [s.model for s in sources]:
            sources = (*sources, SourceRef(base))
            if method.takes.base == "ignored":
                what = f"base_model {base} is not listed under models: it is merged like them, as in mergekit"
                self.notes.append(what)
        return (self.part(SliceRequest(sources), base, method, "models"),)

    def parts(self, method: Method) -> tuple[SliceRequest, ...]:
        found = []
        for i, part in enumerate(self.recipe.slices or ()):
            place, own = f"slices.{i}", self.label(part.base_model)
            base = own or self.label(self.recipe.base_model)
            sources = self.sources(part.sources, base, method, f"{place}.sources")
            settings = self.settings(part.parameters, method, f"{place}.parameters", of_input=False)
            found.append(self.part(SliceRequest(sources, own, settings), base, method, f"{place}.sources"))
        return tuple(found)

    def sources(
        self, given: Sequence[MergekitInput], base: str | None, method: Method, place: str
    ) -> tuple[SourceRef, ...]:
        found: list[SourceRef] = []
        seen: set[tuple[str | None, range | None]] = set()
        for k, source in enumerate(given):
            label = self.label(source.model) or ""
            layers = source.layers
            if (label, layers) in seen:
                self.refuse(
                    f"{place}.{k}.model", f"{label} is listed twice", "list it once, with the sum of its weights"
                )
            is_base = label == base and method.takes.base != "ignored" and label not in {s.model for s in found}
            unused = "the base has no parameters of its own" if is_base else ""
            where = f"{place}.{k}.parameters"
            settings = self.settings(source.parameters, method, where, of_input=True, unused=unused)
            found.append(SourceRef(label, layers, settings))
            seen.add((label, layers))
        return tuple(found)

    def part(self, part: SliceRequest, base: str | None, method: Method, place: str) -> SliceRequest:
        """The slice, after a look at its base and the number of its inputs."""
        policy = method.takes.base
        if policy in ("required", "endpoint") and base is None:
            self.refuse("base_model", f"missing, {method.name} needs one", "add base_model")
        elif policy != "ignored" and base is not None and base not in [s.model for s in part.sources]:
            self.refuse(place, f"the base {base} is not among the sources", "add it with its layer_range")
        else:
            inputs = split(part.sources, base, method.takes).inputs
            self.problems += check_inputs(len(inputs), method, f"{self.source}: {place}")
        return part

    def tell(self, parts: Sequence[SliceRequest]) -> None:
        """Notes on what the user might not expect."""
        recipe = self.recipe
        if recipe.base_model is None:
            first = parts[0].sources[0].model
            self.notes.append(f"no base_model: config and tokenizer come from {first}, the first model listed")
        if len({len(part.sources) for part in parts}) > 1:
            self.notes.append(
                "the slices merge different numbers of models: tensors before the layers are made from all sources of "
                "the first slice, those after the layers from all sources of the last"
            )
        if recipe.dtype is not None:
            effect = f"out_dtype {recipe.out_dtype} is written" if recipe.out_dtype else f"{recipe.dtype} is written"
            self.notes.append(f"dtype {recipe.dtype}: arithmetic is in float32 or float64 always, {effect}")
