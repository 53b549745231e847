"""Which merges are searched and compared: options → recipes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import Problem, RecipeError, UsageError
from ..recipe.merge import MergeRecipe, understand_recipe
from ..recipe.parameters import Parameter
from ..recipe.settings import Method
from ..recipe.strict import parse_scalar

__all__ = ["Rule", "compared", "recipe_of", "searched"]

WEIGHT_RANGE = (0.0, 1.5)
_MERGEALIGN = {"domain_weight": WEIGHT_RANGE, "alignment_weight": WEIGHT_RANGE}
_PLAIN = {"weight": 1.0, "t": 0.5}
"""Values of parameters without default where the user gives none."""


@dataclass(frozen=True)
class Rule:
    """A merge method, the parameters that are searched with their ranges, and those that stay fixed."""

    method: str
    ranges: Mapping[str, tuple[float, float]]
    fixed: Mapping[str, Any]


def searched(method: str, settings: Sequence[str], ranges: Sequence[str]) -> Rule:
    """What `--method`, `--set key=value` and `--search key=low:high` ask for.

    Without ranges, `mergealign` searches both weights in [0, 1.5]; other methods need at least one.
    Raises UsageError, RecipeError.
    """
    found = Method.find(method)
    fixed = _fixed(settings)
    wanted = _ranges(ranges) or ({k: v for k, v in _MERGEALIGN.items() if k not in fixed} if _is_ours(method) else {})
    if not wanted:
        numeric = [name for name, p in found.parameters.items() if _is_number(p)]
        names = ", ".join(numeric) or "none: this method has nothing to search"
        raise UsageError(f"nothing to search in {method}", cure=f"add --search KEY=LOW:HIGH; numeric: {names}")
    problems = []
    for name, (low, high) in wanted.items():
        parameter = found.parameters.get(name.rpartition(".")[2])
        if name in fixed:
            problems.append(Problem(f"'{name}' is given with --set and with --search", "give one of the two"))
        if parameter is not None:  # an unknown one is told by the recipe
            problems += (Problem(f"--search {name}: {low} to {high}: {e}") for e in _refusals(parameter, low, high))
    if problems:
        raise UsageError(*problems)
    return Rule(method, wanted, fixed)


def _is_ours(method: str) -> bool:
    return method == "mergealign"


def _is_number(parameter: Parameter) -> bool:
    kinds = [parameter.schema, *parameter.schema.get("anyOf", ())]
    return any(kind.get("type") in ("number", "integer") for kind in kinds)


def _refusals(parameter: Parameter, *values: float) -> list[str]:
    found = []
    for value in values:
        try:
            parameter.validate(value)
        except ValueError as e:
            found.append(str(e))
    return found


def _fixed(settings: Sequence[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals or not key:
            raise UsageError(f"--set {setting} is not key=value", cure="for example --set density=0.4")
        if key in found:
            raise UsageError(f"'{key}' is given twice", cure="give it once")
        found[key] = parse_scalar(value)
    return found


def _ranges(given: Sequence[str]) -> dict[str, tuple[float, float]]:
    found: dict[str, tuple[float, float]] = {}
    for text in given:
        key, equals, ends = text.partition("=")
        low, colon, high = ends.partition(":")
        try:
            if not key or not equals or not colon:
                raise ValueError(text)
            pair = float(low), float(high)
        except ValueError:
            raise UsageError(
                f"--search {text} is not key=low:high", cure="for example --search density=0.1:1"
            ) from None
        if not -1e6 < pair[0] < pair[1] < 1e6:
            raise UsageError(f"--search {text}: the first number must be the smaller one", cure="exchange them")
        if key in found:
            raise UsageError(f"--search {key} is given twice", cure="give it once")
        found[key] = pair
    return found


def recipe_of(
    models: Mapping[str, str], method: str, parameters: Mapping[str, Any], *, dtype: str | None, seed: int
) -> MergeRecipe:
    """A native recipe; `domain.weight` is the parameter `weight` of the domain model. Raises RecipeError."""
    own: dict[str, dict[str, Any]] = {role: {} for role in models}
    shared: dict[str, Any] = {}
    for key, value in parameters.items():
        role, dot, name = key.partition(".")
        (own[role] if dot and role in own else shared)[name if dot and role in own else key] = value
    entries = {r: {"model": path, "parameters": own[r]} if own[r] else path for r, path in models.items()}
    given = {"models": entries, "method": method, "parameters": shared, "dtype": dtype, "seed": seed}
    recipe = understand_recipe({k: v for k, v in given.items() if v is not None}, "options")
    assert isinstance(recipe, MergeRecipe)
    return recipe


def compared(text: str) -> list[Rule]:
    """`slerp,ties:density=0.2:lambda=1` → methods with their parameters; those without default get plain values.

    Raises UsageError, RecipeError with all mistakes.
    """
    rules: list[Rule] = []
    problems: list[Problem] = []
    for entry in (e for e in text.split(",") if e):
        name, *settings = entry.split(":")
        try:
            known = Method.find(name).parameters
            plain = {k: _PLAIN[k] for k, p in known.items() if p.required and k in _PLAIN}
            rules.append(Rule(name, {}, {**plain, **_fixed(settings)}))
        except (RecipeError, UsageError) as e:
            problems += e.problems
    if problems:
        raise UsageError(*problems)
    return rules
