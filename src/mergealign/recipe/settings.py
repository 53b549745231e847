"""Are the parameters of a recipe those of its method? Names, types and bounds of every value, at every level."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import WithJsonSchema

from ..errors import Problem
from ..registry import Registry, did_you_mean
from .parameters import Parameter, method_parameters, takes_of
from .request import MergeRequest, Setting, split_sources
from .signature import Takes
from .values import is_filters

__all__ = ["Method", "Settings", "check_inputs", "check_required", "check_settings", "one_form"]

SETTINGS_SCHEMA = {"type": "object", "description": "The method's parameters: scalars, gradients or lists of filters."}
Settings = Annotated[dict[str, Any], WithJsonSchema(SETTINGS_SCHEMA)]
"""Parameters as YAML holds them; what they must be is known once the method is."""


@dataclass(frozen=True)
class Method:
    """What a recipe must know of the method it names."""

    name: str
    takes: Takes
    parameters: Mapping[str, Parameter]

    @property
    def defaults(self) -> dict[str, Any]:
        """The values of parameters that nobody gives."""
        return {name: p.default for name, p in self.parameters.items() if not p.required}

    @classmethod
    def find(cls, name: str) -> Method:
        """The method of this name. Raises UnknownNameError."""
        method = Registry("methods", "merge method").get(name)
        return cls(name, takes_of(method), method_parameters(method))


def one_form(settings: Mapping[str, Any]) -> dict[str, Setting]:
    """The same settings; a single {filter, value} becomes a list of one."""
    return {name: [value] if isinstance(value, Mapping) else value for name, value in settings.items()}


def check_settings(settings: Mapping[str, Any], method: Method, where: str, *, of_input: bool) -> Iterator[Problem]:
    """What is wrong with the settings at one place of a recipe; `of_input`: they belong to one model."""
    for name, setting in settings.items():
        place = f"{where}.{name}"
        parameter = method.parameters.get(name)
        if parameter is None:
            known = [p.name for p in method.parameters.values() if p.per_input or not of_input]
            what = f"{place}: unknown key, {method.name} has no parameter '{name}'"
            yield Problem(what, did_you_mean(name, known) if known else "remove it")
        elif of_input and not parameter.per_input:
            what = f"{place}: '{name}' belongs to the merge and not to one of its models"
            yield Problem(what, "move it to the parameters of the recipe")
        else:
            yield from _check_setting(parameter, setting, place)


def _check_setting(parameter: Parameter, setting: Any, place: str) -> Iterator[Problem]:
    if isinstance(setting, Mapping):
        setting = [setting]
    if is_filters(setting):
        for i, entry in enumerate(setting):
            yield from _check_entry(parameter, entry, f"{place}.{i}")
    else:
        yield from _check_values(parameter, setting, place)


def _check_entry(parameter: Parameter, entry: Any, place: str) -> Iterator[Problem]:
    if not isinstance(entry, Mapping):
        yield Problem(f"{place}: a list holds values or entries {{filter, value}}, not both", f"found {entry!r}"[:200])
        return
    for key in entry.keys() - {"filter", "value"}:
        yield Problem(f"{place}.{key}: unknown key", did_you_mean(str(key), ["filter", "value"]))
    if not isinstance(entry.get("filter"), str | None):
        cure = f"found {entry['filter']!r}"[:200]
        yield Problem(f"{place}.filter: Input should be a part of tensor names", cure)
    if "value" in entry:
        yield from _check_values(parameter, entry["value"], f"{place}.value")
    else:
        yield Problem(f"{place}.value: missing", "add this key")


def _check_values(parameter: Parameter, given: Any, place: str) -> Iterator[Problem]:
    """A scalar or a gradient."""
    if isinstance(given, list | tuple):
        if not given:
            yield Problem(f"{place}: an empty list", "give a value, or several for a gradient over the layers")
        for i, value in enumerate(given):
            yield from _check_scalar(parameter, value, f"{place}.{i}")
    else:
        yield from _check_scalar(parameter, given, place)


def _check_scalar(parameter: Parameter, value: Any, place: str) -> Iterator[Problem]:
    try:
        if isinstance(value, list | tuple | Mapping):
            raise ValueError("Input should be a number, a word or a truth value")
        parameter.validate(value)
    except ValueError as e:
        yield Problem(f"{place}: {e}", f"found {value!r}"[:200])


def check_required(request: MergeRequest, method: Method, source: str) -> list[Problem]:
    """Which parameters without a default were not given, each named once."""
    missing: dict[str, Problem] = {}
    for part in request.slices:
        given = {*part.parameters, *request.parameters}
        for name in [n for n, p in method.parameters.items() if p.required and n not in given]:
            what = f"{source}: parameters.{name}: missing"
            cure = f"{method.name} has no default for it: add it"
            if not method.parameters[name].per_input:
                missing[name] = Problem(what, f"{cure} under parameters")
                continue
            for model in split_sources(request, part, method.takes).inputs:
                if name not in model.parameters:
                    whose = Problem(f"{what} for {model.model}", f"{cure} for this model, or under parameters for all")
                    missing[f"{name} of {model.model}"] = whose
    return list(missing.values())


def check_inputs(n_inputs: int, method: Method, where: str) -> Iterator[Problem]:
    """Whether the method merges that many models."""
    least, most = method.takes.min_inputs, method.takes.max_inputs
    if least <= n_inputs and (most is None or n_inputs <= most):
        return
    wanted = f"at least {least}" if most is None else f"{least}" if least == most else f"{least} to {most}"
    beside = "" if method.takes.base == "ignored" else " beside the base"
    models = "model" if wanted == "1" else "models"
    yield Problem(f"{where}: {method.name} merges {wanted} {models}{beside}, found {n_inputs}", "see docs/recipes.md")
