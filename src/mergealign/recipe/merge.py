"""The native recipe: three models by role, a method with its parameters, and whose tokenizer goes along."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from .strict import StrictModel, read_model

__all__ = ["HUB_NAME", "ROLES", "MergeRecipe", "Models", "Role", "read_recipe"]

Role = Literal["base", "domain", "aligned"]
ROLES: tuple[Role, ...] = ("base", "domain", "aligned")

HUB_NAME = re.compile(r"(?P<repo>\w[\w.-]*/\w[\w.-]*)(?:@(?P<revision>\w[\w./-]*))?", re.ASCII)
"""A model on the Hub: `org/name[@revision]`, the revision a branch, a tag, a commit or refs/pr/N."""

_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}


def _parse_size(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*", value)
    if match is None or match[2].upper() not in _UNITS:
        raise ValueError("a size is a number and B, KB, MB, GB, KiB, MiB or GiB, for example 5GB")
    return int(float(match[1]) * _UNITS[match[2].upper()])


def _non_empty(value: str) -> str:
    if not value.strip():
        raise ValueError("an empty path")
    return value


Source = Annotated[str, AfterValidator(_non_empty)]
Bytes = Annotated[int, BeforeValidator(_parse_size), Field(gt=0)]


class Models(StrictModel):
    """The three checkpoints, as folders or `org/name[@revision]` on the Hub."""

    base: Source
    domain: Source
    aligned: Source


class MergeRecipe(StrictModel):
    """What to merge, and how.

    Attributes:
        models: base, domain and aligned checkpoint.
        method: name of a merge method (`methods/`).
        parameters: the method's own parameters, by name.
        dtype: dtype of all float tensors of the output; default per tensor the base's.
        tokenizer_from: whose tokenizer the output gets.
        chat_template_from: whose chat template, stop tokens and generation_config.json it gets.
        max_shard_size: bytes per output file ("5GB"); a larger tensor gets a file of its own.
        copy_code: also copy `*.py` of the base, for models with their own code.
    """

    models: Models
    method: str = "mergealign"
    parameters: dict[str, Any] = Field(default_factory=dict)
    dtype: Literal["bfloat16", "float16", "float32"] | None = None
    tokenizer_from: Role = "aligned"
    chat_template_from: Literal["base", "domain", "aligned", "none"] = "aligned"
    max_shard_size: Bytes = 5 * 10**9
    copy_code: bool = False


def read_recipe(file: Path) -> MergeRecipe:
    """A recipe from a YAML file; relative model paths are meant from the file's folder. Raises RecipeError."""
    recipe = read_model(file, MergeRecipe)
    here = {role: _seen_from(file.parent, getattr(recipe.models, role)) for role in ROLES}
    return recipe.model_copy(update={"models": Models(**here)})


def _seen_from(folder: Path, source: str) -> str:
    """A path from `folder`; what is no folder there but looks like a name on the Hub stays a name."""
    path = folder / Path(source).expanduser()
    return source if HUB_NAME.fullmatch(source) and not path.exists() else str(path)
