"""The language of parameter values: scalars, gradients over the layers, filters by tensor name, and who has precedence.

    t: 0.5                                            a scalar: everywhere
    t: [0, 0.5, 1]                                    a gradient over the layers of the slice
    t: [{filter: self_attn, value: [0, 1]}, {value: 0.5}]   the first filter that is part of the tensor's name

A gradient of m entries at position p in [0, 1] lies at s = p·(m − 1): numbers are interpolated between the entries
⌊s⌋ and ⌊s⌋ + 1, truth values and words are entry ⌊s⌋. Layer i of n has position i/(n − 1), a single layer 1; tensors
outside of the layers have 0. An entry without a filter, or with the filter "*", fits every tensor. Where no filter
fits, the next level decides: source, then slice, then the whole recipe, then the default.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeGuard

from ..errors import Problem, RecipeError
from .parameters import Parameter, method_parameters, takes_of
from .request import MergeRequest, Setting, SliceRequest, split_sources

__all__ = ["OUTSIDE", "Resolved", "evaluate", "is_catch_all", "is_filters", "layer_position", "resolve_parameters"]

OUTSIDE = 0.0
"""The position of tensors that belong to no layer."""


class Resolved(NamedTuple):
    """The parameters of one tensor, by their names in recipes; `per_input` in the order of the inputs."""

    shared: dict[str, Any]
    per_input: dict[str, tuple[Any, ...]]

    def keywords(self, method: Callable[..., Any]) -> dict[str, Any]:
        """The arguments to call `method` with, but for a keyword of type `Inputs`."""
        values = {**self.shared, **self.per_input}
        return {p.keyword: values[p.name] for p in method_parameters(method).values()}


class _NoMatch:
    """No filter fits the tensor; None is a value that a recipe may hold."""


def layer_position(index: int, n_layers: int) -> float:
    """Where layer `index` of the `n_layers` of a slice stands: 0 first, 1 last; a single layer stands at 1."""
    return index / (n_layers - 1) if n_layers > 1 else 1.0


def resolve_parameters(
    request: MergeRequest,
    part: SliceRequest,
    method: Callable[..., Any],
    tensor: str,
    position: float,
    *,
    input_tensors: Sequence[str] | None = None,
) -> Resolved:
    """All parameters of one tensor of the output.

    Args:
        request: the merge.
        part: the slice the tensor belongs to.
        method: the merge method `request.method` names.
        tensor: its name in the output, to which filters of shared parameters apply.
        position: from `layer_position`, or `OUTSIDE`.
        input_tensors: its name in each input, in their order, to which filters of per-input parameters apply; default:
            `tensor` in all.
    Raises:
        RecipeError: a parameter without default for which no filter fits, or a gradient that gives no valid value.
    """
    inputs = split_sources(request, part, takes_of(method)).inputs
    names = input_tensors or [tensor] * len(inputs)
    problems: list[Problem] = []

    def one(parameter: Parameter, name: str, levels: Iterable[Mapping[str, Setting]], whose: str) -> Any:
        try:
            return _first(parameter, levels, name, position)
        except LookupError:
            what = f"no filter of '{parameter.name}' fits {name}{whose}, and it has no default"
            problems.append(Problem(what, "add an entry without a filter: it stands for all other tensors"))
        except ValueError as e:
            problems.append(Problem(f"'{parameter.name}' for {name}{whose}: {e}", "change the gradient"))
        return None

    shared: dict[str, Any] = {}
    per_input: dict[str, tuple[Any, ...]] = {}
    for parameter in method_parameters(method).values():
        if parameter.per_input:
            per_input[parameter.name] = tuple(
                one(parameter, name, (s.parameters, part.parameters, request.parameters), f" of {s.model}")
                for s, name in zip(inputs, names, strict=True)
            )
        else:
            shared[parameter.name] = one(parameter, tensor, (part.parameters, request.parameters), "")
    if problems:
        raise RecipeError(*problems)
    return Resolved(shared, per_input)


def _first(parameter: Parameter, levels: Iterable[Mapping[str, Setting]], tensor: str, position: float) -> Any:
    for settings in levels:
        if parameter.name in settings:
            value = evaluate(parameter, settings[parameter.name], tensor, position)
            if value is not _NoMatch:
                return value
    if parameter.required:
        raise LookupError(parameter.name)
    return parameter.default


def evaluate(parameter: Parameter, setting: Setting, tensor: str, position: float) -> Any:
    """The value of a setting for a tensor at a position. Raises ValueError if it is not one the parameter may have."""
    if is_filters(setting):
        for entry in setting:
            if is_catch_all(entry) or entry["filter"] in tensor:
                return evaluate(parameter, entry["value"], tensor, position)
        return _NoMatch
    if isinstance(setting, (list, tuple)):
        return _on_gradient(parameter, setting, position)
    return parameter.validate(setting)


def is_filters(setting: Any) -> TypeGuard[Sequence[Mapping[str, Any]]]:
    """Whether a setting is a list of {filter, value}."""
    return isinstance(setting, (list, tuple)) and any(isinstance(entry, Mapping) for entry in setting)


def is_catch_all(entry: Mapping[str, Any]) -> bool:
    """Whether an entry {filter, value} fits every tensor."""
    return entry.get("filter") in (None, "*")


def _on_gradient(parameter: Parameter, gradient: Sequence[Any], position: float) -> Any:
    values = [parameter.validate(v) for v in gradient]
    place = position * (len(values) - 1)
    at = int(place)
    if any(isinstance(v, (bool, str)) or v is None for v in values):
        return values[at]
    share = place - at
    return parameter.validate((1 - share) * values[at] + share * values[min(at + 1, len(values) - 1)])
