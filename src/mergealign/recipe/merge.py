"""The native recipe: models by role, a method with its parameters, and whose tokenizer goes along.

models:
  base: llama
  domain: {model: medllama, parameters: {weight: 0.8}}
  aligned: llama-instruct
method: ties
parameters: {weight: 1.0, density: [{filter: mlp, value: [0.3, 0.7]}, {value: 0.5}]}
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, WithJsonSchema

from ..errors import MergeAlignError, Problem, RecipeError
from ..registry import did_you_mean
from .request import NONE, MergeRequest, SliceRequest, SourceRef
from .settings import Method, Settings, check_required, check_settings, one_form
from .source import HUB_NAME, seen_from
from .strict import StrictModel, read_yaml, understand

if TYPE_CHECKING:
    from .mergekit import MergekitRecipe

__all__ = [
    "HUB_NAME",
    "ROLES",
    "MergeRecipe",
    "ModelEntry",
    "Models",
    "Role",
    "is_mergekit",
    "read_recipe",
    "understand_recipe",
]

Role = Literal["base", "domain", "aligned"]
ROLES: tuple[Role, ...] = ("base", "domain", "aligned")

_ENDS = 2
_MERGEKIT_KEYS = {"merge_method", "slices", "modules", "base_model"}
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
Bytes = Annotated[
    int, BeforeValidator(_parse_size), Field(gt=0), WithJsonSchema({"type": ["integer", "string"], "examples": ["5GB"]})
]


class ModelEntry(StrictModel):
    """A model with parameters of its own: those of which a method takes one per input."""

    model: Source
    parameters: Settings = Field(default_factory=dict)


Entry = Annotated[
    Annotated[Source, Tag("text")] | Annotated[ModelEntry, Tag("entry")],
    Discriminator(lambda given: "entry" if isinstance(given, Mapping | ModelEntry) else "text"),
]


class Models(StrictModel):
    """The checkpoints by role, as folders or `org/name[@revision]` on the Hub.

    `unaligned` is a sibling of the aligned model without its alignment, for methods that ask for one.
    """

    base: Entry
    domain: Entry | None = None
    aligned: Entry | None = None
    unaligned: Entry | None = None

    @property
    def given(self) -> dict[str, ModelEntry]:
        """The roles that are filled, in order."""
        entries = {role: getattr(self, role) for role in type(self).model_fields}
        return {r: e if isinstance(e, ModelEntry) else ModelEntry(model=e) for r, e in entries.items() if e is not None}

    def seen_from(self, folder: Path) -> Models:
        """The same models; paths are meant from `folder`."""
        entries: dict[str, Any] = {}
        for role, entry in self.given.items():
            path = seen_from(folder, entry.model)
            plain = isinstance(getattr(self, role), str)
            entries[role] = path if plain else entry.model_copy(update={"model": path})
        return Models(**entries)


class MergeRecipe(StrictModel):
    """What to merge, and how.

    Attributes:
        models: the checkpoints by role: base, domain and aligned for most methods.
        method: name of a merge method (`methods/`).
        parameters: the method's own parameters, by name; one per input, if the method takes such, are for all inputs.
        dtype: dtype of all float tensors of the output; default per tensor the base's.
        tokenizer_from: whose tokenizer the output gets; default the aligned model's, if there is one.
        chat_template_from: whose chat template, stop tokens and generation_config.json it gets, likewise.
        max_shard_size: bytes per output file ("5GB"); a larger tensor gets a file of its own.
        copy_code: also copy `*.py` of the base, for models with their own code.
        seed: of methods that draw random numbers; default: drawn, and recorded.
    """

    models: Models
    method: str = "mergealign"
    parameters: Settings = Field(default_factory=dict)
    dtype: Literal["bfloat16", "float16", "float32"] | None = None
    tokenizer_from: Role = "aligned"
    chat_template_from: Literal["base", "domain", "aligned", "none"] = "aligned"
    max_shard_size: Bytes = 5 * 10**9
    copy_code: bool = False
    seed: Annotated[int, Field(ge=0)] | None = None

    def request(self, source: str = "recipe") -> MergeRequest:
        """The common form. Raises RecipeError with all mistakes; `source` names the recipe in them."""
        problems: list[Problem] = []
        try:
            method = Method.find(self.method)
        except MergeAlignError as e:
            raise RecipeError(*(Problem(f"{source}: method: {p.what}", p.cure) for p in e.problems)) from e
        given = self.models.given
        problems += self._check_roles(method, source)
        problems += check_settings(self.parameters, method, f"{source}: parameters", of_input=False)
        for role, entry in given.items():
            place = f"{source}: models.{role}.parameters"
            if role != "base":
                problems += check_settings(entry.parameters, method, place, of_input=True)
            elif entry.parameters:
                problems.append(
                    Problem(f"{place}: the base has no parameters", "give them to another model, or to all")
                )
        inputs = tuple(SourceRef(r, None, one_form(e.parameters)) for r, e in given.items() if r != "base")
        # where the base is ignored, or both ends of a way are given, it is no source: it gives config and checks
        between = method.takes.base == "endpoint" and len(inputs) == _ENDS
        sources = inputs if between or method.takes.base == "ignored" else (SourceRef("base"), *inputs)
        fallback = "aligned" if "aligned" in given else next((s.model for s in inputs), "base")
        request = MergeRequest(
            dialect="native",
            method=self.method,
            models={role: entry.model for role, entry in given.items()},
            base="base",
            slices=(SliceRequest(sources, base=sources[0].model if between else None),),
            parameters=one_form(self.parameters),
            dtype=self.dtype,
            tokenizer_from=self._owner("tokenizer_from", fallback),
            chat_template_from=self._owner("chat_template_from", fallback),
            chat_template=None,
            max_shard_size=self.max_shard_size,
            copy_code=self.copy_code,
            seed=self.seed,
            notes=(),
            settings={},
        )
        if problems := problems or check_required(request, method, source):
            raise RecipeError(*problems)
        return replace(request, settings=self._settings(method, request))

    def _owner(self, key: str, fallback: str) -> str:
        """The role a key names; a default that is not among the models gives way to one that is."""
        return getattr(self, key) if key in self.model_fields_set else fallback

    def _check_roles(self, method: Method, source: str) -> list[Problem]:
        roles, takes = method.takes.roles, method.takes
        given = [role for role in self.models.given if role != "base"]
        n_wanted = min(len(roles), takes.max_inputs or len(roles))
        problems = []
        for role in given:
            if role not in roles:
                cure = f"leave it out: beside the base {method.name} takes {', '.join(roles)}"
                problems.append(Problem(f"{source}: models.{role}: {method.name} does not use it", cure))
        used = [role for role in given if role in roles]
        if takes.base == "endpoint" and len(used) == _ENDS:
            return problems + self._check_owners(given, source)
        if n_wanted == len(roles):
            problems += [
                Problem(f"{source}: models.{role}: missing", f"{method.name} merges {', '.join(roles)} over the base")
                for role in roles
                if role not in used
            ]
        elif len(used) != n_wanted:
            cure = f"choose {n_wanted} of {', '.join(roles)}"
            if takes.base == "endpoint":
                cure = f"give {' and '.join(roles)}, between which it moves, or one of them to start from the base"
            problems.append(Problem(f"{source}: models: {method.name} takes {n_wanted} beside the base", cure))
        return problems + self._check_owners(given, source)

    def _check_owners(self, given: list[str], source: str) -> list[Problem]:
        problems = []
        for key in ("tokenizer_from", "chat_template_from"):
            owner = getattr(self, key)
            if key in self.model_fields_set and owner not in (*given, "base", NONE):
                cure = did_you_mean(owner, [*given, "base"])
                problems.append(Problem(f"{source}: {key}: there is no model '{owner}' in this recipe", cure))
        return problems

    def _settings(self, method: Method, request: MergeRequest) -> dict[str, Any]:
        """The recipe with all defaults filled in."""
        settings = self.model_dump()
        settings["models"] = {role: entry for role, entry in settings["models"].items() if entry is not None}
        settings["parameters"] = {**method.defaults, **settings["parameters"]}
        words = {"tokenizer_from": request.tokenizer_from, "chat_template_from": request.chat_template_from}
        return settings | words


def is_mergekit(data: Any) -> bool:
    """Whether the content of a YAML file is meant for mergekit."""
    return isinstance(data, dict) and (bool(_MERGEKIT_KEYS & data.keys()) or isinstance(data.get("models"), list))


def read_recipe(file: Path) -> MergeRecipe | MergekitRecipe:
    """A recipe from a YAML file, in either dialect; relative model paths are meant from the file's folder.

    Raises:
        RecipeError: everything that is wrong in it, except what only the models can tell.
    """
    return understand_recipe(read_yaml(file), str(file), file.parent)


def understand_recipe(data: Any, source: str, folder: Path | None = None) -> MergeRecipe | MergekitRecipe:
    """The recipe in `data`, checked as far as it can be without opening a model. Raises RecipeError with all mistakes.

    Args:
        data: as YAML holds it.
        source: names its origin in messages.
        folder: where relative paths begin; None leaves them as they are.
    """
    recipe: MergeRecipe | MergekitRecipe | None
    if is_mergekit(data):
        from .mergekit import MergekitRecipe  # 13 ms to build its schema

        recipe, problems = understand(data, MergekitRecipe, source, folder)
    else:
        recipe, problems = understand(data, MergeRecipe, source)
        if recipe is not None and folder is not None:
            recipe = recipe.model_copy(update={"models": recipe.models.seen_from(folder)})
    if recipe is not None:
        try:
            recipe.request(source)
        except RecipeError as e:
            missing = ": missing" if problems else None  # what seems to lack may be what was misspelled
            problems += tuple(p for p in e.problems if missing is None or missing not in p.what)
    if problems or recipe is None:
        raise RecipeError(*problems)
    return recipe
