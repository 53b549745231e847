"""Which tensors are merged: names, shapes, dtypes and tied embeddings of the three checkpoints, compared."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..checkpoint.folder import Checkpoint
from ..checkpoint.header import Tensor
from ..checkpoint.read import same_bytes
from ..recipe.merge import ROLES, Role
from .configs import text_config
from .finding import Finding, Level

__all__ = ["Fit", "MatchedTensor", "embedding_of", "fit_checkpoints"]

_HEAD = re.compile(r"(?:^|\.)lm_head\.weight$")
_EMBEDDING = re.compile(r"(?:embed_tokens|wte|word_embeddings|embed_in|tok_embeddings)\.weight$")
_ROTARY_BUFFER = re.compile(r"rotary_emb\.inv_freq$")
_SHOWN = 5  # names listed in one message


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
    """Tensors that all models have, tensors left out by role, and what was found on the way."""

    tensors: tuple[MatchedTensor, ...]
    dropped: Mapping[Role, tuple[Tensor, ...]]
    findings: tuple[Finding, ...]


def embedding_of(model: Checkpoint) -> Tensor | None:
    """The input embedding [vocabulary, hidden], if the model has one under a known name."""
    return next((t for n, t in model.tensors.items() if _EMBEDDING.search(n) and len(t.shape) == 2), None)


def fit_checkpoints(models: Mapping[Role, Checkpoint]) -> Fit:
    """Match the tensors of the models by name."""
    found = [Finding(Level.NOTE, "files", note) for role in ROLES for note in models[role].notes]
    tied = _tied_roles(models)
    found += _tie_findings(tied)
    dropped: dict[Role, list[Tensor]] = {role: [] for role in ROLES}
    kept = {role: dict(models[role].tensors) for role in ROLES}
    for role in tied:
        if head := _head(models[role]):
            found.append(_stray_head(role, models[role], head))
            dropped[role].append(kept[role].pop(head.name))
    for name in sorted({n for t in kept.values() for n in t if _ROTARY_BUFFER.search(n)}):
        having = [role for role in ROLES if name in kept[role]]
        if len(having) < len(ROLES):
            what = f"'{name}' is only in {', '.join(having)} and is left out: models compute it from the config"
            found.append(Finding(Level.NOTE, "tensor names", what))
            for role in having:
                dropped[role].append(kept[role].pop(name))
    found += _name_findings(kept)
    matched = tuple(
        MatchedTensor(name, tuple(kept[role][name] for role in ROLES))
        for name in kept["base"]
        if all(name in kept[role] for role in ROLES)
    )
    found += [finding for m in matched for finding in _tensor_findings(m)]
    found += _dtype_findings(matched)
    return Fit(matched, {role: tuple(tensors) for role, tensors in dropped.items()}, tuple(found))


def _head(model: Checkpoint) -> Tensor | None:
    return next((t for n, t in model.tensors.items() if _HEAD.search(n)), None)


def _tied_roles(models: Mapping[Role, Checkpoint]) -> list[Role]:
    """Models whose output head is their embedding: by config, else because no head is stored.

    Where the config is silent and a head is stored nevertheless, it is tied if it equals the embedding and another
    model of the family is tied: some tools store it.
    """
    said = {role: _tie_setting(models[role].config) for role in ROLES}
    tied = [role for role in ROLES if said[role] or (said[role] is None and _head(models[role]) is None)]
    unsure = [role for role in ROLES if said[role] is None and role not in tied]
    return [role for role in ROLES if role in tied or (tied and role in unsure and _twin(models[role]) is not None)]


def _tie_setting(config: Mapping[str, Any]) -> bool | None:
    said = config.get("tie_word_embeddings", text_config(config).get("tie_word_embeddings"))
    return said if isinstance(said, bool) else None


def _twin(model: Checkpoint) -> Tensor | None:
    """The embedding, if the stored head equals it."""
    head, embedding = _head(model), embedding_of(model)
    return embedding if head and embedding and same_bytes(head, embedding) else None


def _tie_findings(tied: list[Role]) -> Iterator[Finding]:
    for role in ROLES[1:]:
        if (role in tied) != ("base" in tied):
            one, other = (role, "base") if role in tied else ("base", role)
            yield Finding(
                Level.ERROR,
                "tied embeddings",
                f"{one} ties its embeddings (no lm_head.weight of its own), {other} does not",
                f"save {one} untied: copy its embedding to lm_head.weight and set tie_word_embeddings to false",
            )


def _stray_head(role: Role, model: Checkpoint, head: Tensor) -> Finding:
    """The verdict on an output head that is stored although it is tied to the embedding."""
    if (twin := _twin(model)) is not None:
        what = f"{role}: '{head.name}' equals '{twin.name}' (tied) and is left out"
        return Finding(Level.NOTE, "tied embeddings", what)
    return Finding(
        Level.ERROR,
        "tied embeddings",
        f"{role}: '{head.name}' differs from the embedding although tie_word_embeddings is true",
        "set tie_word_embeddings to false in config.json if the head was trained apart, else drop it",
    )


def _some(names: Iterable[str]) -> str:
    names = list(names)
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")


def _name_findings(kept: Mapping[Role, Mapping[str, Tensor]]) -> Iterator[Finding]:
    for role in ROLES[1:]:
        directions: tuple[tuple[Role, Role], ...] = (("base", role), (role, "base"))
        for has, lacks in directions:
            if names := [n for n in kept[has] if n not in kept[lacks]]:
                what = f"{lacks} lacks {len(names)} tensors of {has}: {_some(names)}"
                yield Finding(Level.ERROR, "tensor names", what, "use models of one family")


def _tensor_findings(tensor: MatchedTensor) -> Iterator[Finding]:
    base = tensor.sources[0]
    for role, source in zip(ROLES[1:], tensor.sources[1:], strict=True):
        if source.shape != base.shape:
            cure = "use models of one family"
            if (_EMBEDDING.search(tensor.name) or _HEAD.search(tensor.name)) and source.shape[1:] == base.shape[1:]:
                cure = (
                    f"the vocabularies differ by {abs(source.shape[0] - base.shape[0])} rows (added tokens, padding): "
                    "resize the models to one first, with model.resize_token_embeddings(…)"
                )
            what = f"'{tensor.name}' has shape {list(source.shape)} in {role}, {list(base.shape)} in base"
            yield Finding(Level.ERROR, "tensor shapes", what, cure)
        elif (source.dtype.storage is None) != (base.dtype.storage is None):
            what = f"'{tensor.name}' is {source.dtype.torch_name} in {role}, {base.dtype.torch_name} in base"
            yield Finding(Level.ERROR, "dtypes", what, "save both with the same kind of numbers")
        elif not tensor.is_float and not same_bytes(source, base):
            what = f"'{tensor.name}' ({base.dtype.torch_name}) differs between {role} and base and cannot be averaged"
            yield Finding(Level.ERROR, "dtypes", what, "integer buffers must be identical in all three models")


def _dtype_findings(matched: Iterable[MatchedTensor]) -> Iterator[Finding]:
    used = {role: sorted({m.sources[i].dtype.torch_name for m in matched}) for i, role in enumerate(ROLES)}
    if len({tuple(names) for names in used.values()}) > 1:
        what = "; ".join(f"{role}: {', '.join(names)}" for role, names in used.items())
        yield Finding(Level.NOTE, "dtypes", f"{what}; the output has the base's unless --dtype names another")
