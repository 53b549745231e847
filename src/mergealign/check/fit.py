"""Which tensors are merged: names, shapes, dtypes and tied embeddings of the three checkpoints, compared."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..checkpoint.folder import Checkpoint
from ..checkpoint.header import Tensor
from ..checkpoint.read import same_bytes
from ..errors import IncompatibleError, Problem
from ..recipe.merge import ROLES, Role

__all__ = ["Fit", "MatchedTensor", "fit_checkpoints"]

_HEAD = re.compile(r"(?:^|\.)lm_head\.weight$")
_EMBEDDING = re.compile(r"(?:embed_tokens|wte|word_embeddings|embed_in|tok_embeddings)\.weight$")
_ROTARY_BUFFER = re.compile(r"rotary_emb\.inv_freq$")
_SHOWN = 5  # names listed in one message
# shapes may agree where these differ, and the merge would be nonsense
_CONFIG_KEYS = ("model_type", "architectures", "hidden_act", "num_attention_heads", "num_key_value_heads", "head_dim")


@dataclass(frozen=True)
class MatchedTensor:
    """One tensor of the output and where it is in each model, in the order of ROLES."""

    name: str
    sources: tuple[Tensor, ...]

    @property
    def is_float(self) -> bool:
        return self.sources[0].dtype.storage is not None


@dataclass(frozen=True)
class Fit:
    """Tensors to merge, tensors left out by role, and what the user should know."""

    tensors: tuple[MatchedTensor, ...]
    dropped: Mapping[Role, tuple[Tensor, ...]]
    notes: tuple[str, ...]


def fit_checkpoints(models: Mapping[Role, Checkpoint]) -> Fit:
    """Match the tensors of the models. Raises IncompatibleError with all that does not fit."""
    problems = _config_problems(models)
    notes = [note for role in ROLES for note in models[role].notes]
    dropped: dict[Role, list[Tensor]] = {role: [] for role in ROLES}
    kept: dict[Role, dict[str, Tensor]] = {}
    for role in ROLES:
        kept[role] = dict(models[role].tensors)
        if head := _stray_head(models[role]):
            found = _equal_embedding(models[role], head)
            if found is None:
                problems.append(
                    Problem(
                        f"{role}: '{head.name}' differs from the embedding although tie_word_embeddings is true",
                        "set tie_word_embeddings to false in config.json if the head was trained apart, else drop it",
                    )
                )
            else:
                notes.append(f"{role}: '{head.name}' equals '{found.name}' (tied) and is left out")
            dropped[role].append(kept[role].pop(head.name))
    for name in sorted({n for t in kept.values() for n in t if _ROTARY_BUFFER.search(n)}):
        having = [role for role in ROLES if name in kept[role]]
        if len(having) < len(ROLES):
            notes.append(f"'{name}' is only in {', '.join(having)} and is left out: models compute it from the config")
            for role in having:
                dropped[role].append(kept[role].pop(name))
    problems += _name_problems(kept)
    matched = [
        MatchedTensor(name, tuple(kept[role][name] for role in ROLES))
        for name in kept["base"]
        if all(name in kept[role] for role in ROLES)
    ]
    for m in matched:
        problems += _tensor_problems(m)
    if problems:
        raise IncompatibleError(*problems)
    return Fit(tuple(matched), {role: tuple(tensors) for role, tensors in dropped.items()}, tuple(notes))


def text_config(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """The part of a config that describes the language model: nested in multimodal models, else all of it."""
    nested = config.get("text_config")
    return nested if isinstance(nested, dict) else config


def _is_tied(model: Checkpoint) -> bool:
    said = model.config.get("tie_word_embeddings", text_config(model.config).get("tie_word_embeddings"))
    return said if isinstance(said, bool) else not any(map(_HEAD.search, model.tensors))


def _config_problems(models: Mapping[Role, Checkpoint]) -> list[Problem]:
    problems = []
    for role in ROLES[1:]:
        mine, base = models[role].config, models["base"].config
        for key in _CONFIG_KEYS:
            here, there = (text_config(c).get(key, c.get(key)) for c in (mine, base))
            if here is not None and there is not None and here != there:
                problems.append(
                    Problem(
                        f"config: {key} is {here!r} in {role} and {there!r} in base", "merge models of one architecture"
                    )
                )
        if _is_tied(models[role]) != _is_tied(models["base"]):
            tied, free = (role, "base") if _is_tied(models[role]) else ("base", role)
            problems.append(
                Problem(
                    f"{tied} ties its embeddings (no lm_head.weight of its own), {free} does not",
                    f"save {tied} untied: copy its embedding to lm_head.weight and set tie_word_embeddings to false",
                )
            )
    return problems


def _stray_head(model: Checkpoint) -> Tensor | None:
    """An output head that is stored although it is tied to the embedding."""
    return next((t for n, t in model.tensors.items() if _HEAD.search(n)), None) if _is_tied(model) else None


def _equal_embedding(model: Checkpoint, head: Tensor) -> Tensor | None:
    return next((t for n, t in model.tensors.items() if _EMBEDDING.search(n) and same_bytes(t, head)), None)


def _some(names: Iterable[str]) -> str:
    names = list(names)
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")


def _name_problems(kept: Mapping[Role, Mapping[str, Tensor]]) -> list[Problem]:
    problems = []
    for role in ROLES[1:]:
        if missing := [n for n in kept["base"] if n not in kept[role]]:
            problems.append(
                Problem(f"{role} lacks {len(missing)} tensors of base: {_some(missing)}", "use models of one family")
            )
        if extra := [n for n in kept[role] if n not in kept["base"]]:
            problems.append(
                Problem(f"{role} has {len(extra)} tensors base lacks: {_some(extra)}", "use models of one family")
            )
    return problems


def _tensor_problems(tensor: MatchedTensor) -> list[Problem]:
    problems = []
    base = tensor.sources[0]
    for role, source in zip(ROLES[1:], tensor.sources[1:], strict=True):
        if source.shape != base.shape:
            cure = "use models of one family"
            if (_EMBEDDING.search(tensor.name) or _HEAD.search(tensor.name)) and source.shape[1:] == base.shape[1:]:
                cure = (
                    f"the vocabularies differ by {abs(source.shape[0] - base.shape[0])} rows (added tokens, padding): "
                    "resize the models to one first, with model.resize_token_embeddings(…)"
                )
            problems.append(
                Problem(f"'{tensor.name}' has shape {list(source.shape)} in {role}, {list(base.shape)} in base", cure)
            )
        elif (source.dtype.storage is None) != (base.dtype.storage is None):
            what = f"'{tensor.name}' is {source.dtype.torch_name} in {role}, {base.dtype.torch_name} in base"
            problems.append(Problem(what, "save both with the same kind of numbers"))
        elif not tensor.is_float and not same_bytes(source, base):
            what = f"'{tensor.name}' ({base.dtype.torch_name}) differs between {role} and base and cannot be averaged"
            problems.append(Problem(what, "integer buffers must be identical in all three models"))
    return problems
