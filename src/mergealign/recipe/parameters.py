"""The signature of a part is the schema of its parameters."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, is_dataclass
from functools import cached_property, lru_cache
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from pydantic import ConfigDict, TypeAdapter, ValidationError, create_model

from .signature import PER_INPUT, Inputs, Takes
from .strict import StrictModel

__all__ = ["Parameter", "method_parameters", "parameters_model", "takes_of"]


def parameters_model(part: Callable[..., Any]) -> type[StrictModel]:
    """The keyword-only parameters of a function or dataclass: types, bounds (`Annotated[…, Field(ge=0)]`), defaults."""
    fields: dict[str, Any] = {}
    for name, (annotation, default) in _keywords(part).items():
        fields[name] = (annotation, ... if default is inspect.Parameter.empty else default)
    return create_model(part.__name__, __base__=StrictModel, **fields)


@dataclass(frozen=True)
class Parameter:
    """A parameter of a merge method.

    Attributes:
        name: in recipes.
        keyword: in the signature (`lambda_` is `lambda` in recipes).
        annotation: type and bounds of one value.
        per_input: whether each input has a value of its own.
        required: whether it has no default.
        default: one value, for all inputs if it is per input.
    """

    name: str
    keyword: str
    annotation: Any
    per_input: bool
    required: bool
    default: Any

    @cached_property
    def _adapter(self) -> TypeAdapter[Any]:
        return TypeAdapter(self.annotation, config=ConfigDict(allow_inf_nan=False))

    @cached_property
    def schema(self) -> dict[str, Any]:
        """JSON schema of one value: type, bounds, choices."""
        return self._adapter.json_schema()

    @cached_property
    def _takes_bool(self) -> bool:
        kinds = [self.schema, *self.schema.get("anyOf", ())]
        return self.annotation is Any or any(kind.get("type") == "boolean" for kind in kinds)

    def validate(self, value: Any) -> Any:
        """One value as the method wants it. Raises ValueError with the reason in words.

        Truth values are no numbers, though Python would take them as such.
        """
        if isinstance(value, bool) and not self._takes_bool:
            raise ValueError("Input should be no truth value")
        try:
            return self._adapter.validate_python(value)
        except ValidationError as e:
            raise ValueError("; ".join(error["msg"] for error in e.errors())) from e


@lru_cache
def method_parameters(method: Callable[..., Any]) -> dict[str, Parameter]:
    """The parameters of a merge method by their names in recipes, in the order of the signature.

    A keyword of type `Inputs` is none: it is not the recipe that fills it.
    """
    found = {}
    for keyword, (annotation, default) in _keywords(method).items():
        if annotation is Inputs:
            continue
        per_input = get_origin(annotation) is Annotated and PER_INPUT in annotation.__metadata__
        if per_input:
            annotation = get_args(annotation.__origin__)[0]  # Annotated[tuple[T, ...], PER_INPUT] → T
        required = default is inspect.Parameter.empty
        if required:
            default = None
        elif per_input:
            (default,) = default
        name = keyword.removesuffix("_")
        found[name] = Parameter(name, keyword, annotation, per_input, required, default)
    return found


def takes_of(method: Callable[..., Any]) -> Takes:
    """What a merge method takes; one that does not say so merges inputs over a base."""
    declared = getattr(method, "takes", None)
    return declared if isinstance(declared, Takes) else Takes(base="required")


def _keywords(part: Callable[..., Any]) -> dict[str, tuple[Any, Any]]:
    """Keyword-only parameters: name → annotation and default. A class that is no dataclass names them in `__init__`."""
    named = part.__init__ if inspect.isclass(part) and not is_dataclass(part) else part
    hints = get_type_hints(named, include_extras=True)
    return {
        p.name: (hints.get(p.name, Any), p.default)
        for p in inspect.signature(part).parameters.values()
        if p.kind is p.KEYWORD_ONLY and hints.get(p.name) is not Inputs
    }
