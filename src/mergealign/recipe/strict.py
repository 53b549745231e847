"""Strict YAML → frozen pydantic models: all mistakes at once, each with its key and the nearest known one."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from ..errors import Problem, RecipeError
from ..registry import did_you_mean

__all__ = ["StrictModel", "parse_scalar", "read_model", "read_yaml", "understand", "validate"]

M = TypeVar("M", bound=BaseModel)


class StrictModel(BaseModel):
    """Frozen, unknown keys forbidden, NaN and infinity forbidden."""

    model_config = ConfigDict(  # most commands read one kind of recipe, and need not be ready for all
        extra="forbid", frozen=True, allow_inf_nan=False, defer_build=True
    )


def _yaml() -> Any:
    from ruamel.yaml import YAML  # YAML 1.2: `1e-5` is a number, `no` is a string, duplicate keys are errors

    return YAML(typ="safe", pure=True)


def read_yaml(path: Path) -> Any:
    """The content of a YAML file. Raises RecipeError naming file, line and column."""
    from ruamel.yaml.error import YAMLError

    try:
        text = path.read_text(encoding="utf-8")
    except OSError as e:
        raise RecipeError(f"cannot read {path}: {e.strerror}", cure="give the path of an existing YAML file") from e
    except UnicodeDecodeError as e:
        raise RecipeError(f"{path} is not UTF-8 text", cure="save it as UTF-8") from e
    try:
        return _yaml().load(text)
    except YAMLError as e:
        mark = getattr(e, "problem_mark", None)
        where = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        what = getattr(e, "problem", None) or str(e).splitlines()[0]
        raise RecipeError(f"{where}: {what}", cure="correct the YAML") from e


def parse_scalar(text: str) -> Any:
    """A value as YAML would read it: `1e-5` → float, `true` → bool, `null` → None, else text."""
    from ruamel.yaml.error import YAMLError

    try:
        return _yaml().load(text)
    except YAMLError as e:
        raise RecipeError(f"cannot read the value '{text}'", cure="quote it as YAML would need it") from e


def read_model(path: Path, model: type[M]) -> M:
    """A YAML file as `model`. Raises RecipeError with all mistakes."""
    return validate(read_yaml(path), model, str(path))


def validate(data: Any, model: type[M], source: str) -> M:
    """`data` as `model`; `source` names its origin in messages. Raises RecipeError with all mistakes."""
    understood, problems = understand(data, model, source)
    if problems or understood is None:
        raise RecipeError(*problems)
    return understood


def understand(
    data: Any, model: type[M], source: str, folder: Path | None = None
) -> tuple[M | None, tuple[Problem, ...]]:
    """`data` as `model`, and all mistakes in it; `folder` is where paths begin, for validators that ask for it.

    With mistakes, the model is what remains without the mistaken keys, so that the rest of a file can be looked at in
    the same run; None if too little remains.
    """
    if not isinstance(data, dict):
        return None, (Problem(f"{source}: expected keys and values, found {type(data).__name__}", "see the docs"),)
    context = {"folder": folder}
    try:
        return model.model_validate(data, context=context), ()
    except ValidationError as e:
        errors = e.errors()
    problems = tuple(dict.fromkeys(_problem(error, model, source, data) for error in errors))
    rest = copy.deepcopy(data)
    for error in errors:
        _remove(rest, _path(error["loc"], data))
    try:
        return model.model_validate(rest, context=context), problems
    except ValidationError:
        return None, problems


def _remove(data: Any, path: list[Any]) -> None:
    """Remove the key at `path`, unless it is an index or has gone already."""
    for step in path[:-1]:
        if isinstance(data, dict) and step not in data:
            return
        data = data[step]
    if path and isinstance(data, dict):
        data.pop(path[-1], None)


def _path(loc: tuple[str | int, ...], data: Any) -> list[Any]:
    """The steps of `loc` that are keys or indices in `data`: pydantic also names the branches of unions."""
    steps: list[Any] = []
    for step in loc:
        if (isinstance(data, dict) and step in data) or (isinstance(data, list) and isinstance(step, int)):
            steps.append(step)
            data = data[steps[-1]]
    return steps


def _problem(error: Any, model: type[BaseModel], source: str, data: Any) -> Problem:
    loc: tuple[str | int, ...] = error["loc"]
    path = _path(loc, data)
    if error["type"] == "missing":
        path.append(loc[-1])
    where = f"{source}: {'.'.join(map(str, path)) or 'top level'}"
    if error["type"] == "extra_forbidden":
        siblings = _fields_at(model, loc[:-1])
        return Problem(f"{where}: unknown key", did_you_mean(str(loc[-1]), siblings))
    if error["type"] == "missing":
        return Problem(f"{where}: missing", "add this key")
    return Problem(f"{where}: {error['msg'].removeprefix('Value error, ')}", f"found {error['input']!r}"[:200])


def _fields_at(model: type[BaseModel], loc: Sequence[str | int]) -> list[str]:
    """The keys known at `loc` inside `model`, following nested models, lists and dicts of them."""
    current: Any = model
    for step in loc:
        if not (isinstance(current, type) and issubclass(current, BaseModel)):
            return []
        if isinstance(step, int):
            continue
        if step not in current.model_fields:
            continue  # a dict key or a union tag
        current = _inner_model(current.model_fields[step].annotation)
    return list(current.model_fields) if isinstance(current, type) and issubclass(current, BaseModel) else []


def _inner_model(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for arg in getattr(annotation, "__args__", ()):
        if (found := _inner_model(arg)) is not None:
            return found
    return None
