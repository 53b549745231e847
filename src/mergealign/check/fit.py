"""Which tensors are merged: names, shapes, dtypes and tied embeddings of the checkpoints, compared."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..checkpoint.folder import Checkpoint
from ..checkpoint.header import Tensor
from ..checkpoint.read import same_bytes
from ..recipe.request import MergeRequest
from .configs import text_config
from .finding import Finding, Level
from .match import MatchedTensor, match

__all__ = ["Fit", "embedding_of", "fit_checkpoints"]

_HEAD = re.compile(r"(?:^|\.)lm_head\.weight$")
_EMBEDDING = re.compile(r"(?:embed_tokens|wte|word_embeddings|embed_in|tok_embeddings)\.weight$")
_ROTARY_BUFFER = re.compile(r"rotary_emb\.inv_freq$")


@dataclass(frozen=True)
class Fit:
    """The tensors of the output, the same in all models (`Matches.family`), and what was found on the way."""

    tensors: tuple[MatchedTensor, ...]
    family: tuple[MatchedTensor, ...]
    findings: tuple[Finding, ...]


def embedding_of(model: Checkpoint) -> Tensor | None:
    """The input embedding [vocabulary, hidden], if the model has one under a known name."""
    return next((t for n, t in model.tensors.items() if _EMBEDDING.search(n) and len(t.shape) == 2), None)


def fit_checkpoints(models: Mapping[str, Checkpoint], request: MergeRequest) -> Fit:
    """Match the tensors of the models by name. The first model is the one that the others are compared with."""
    found = [Finding(Level.NOTE, "files", note) for model in models.values() for note in model.notes]
    tied = _tied_labels(models)
    found += _tie_findings(tied, models)
    kept = {label: dict(model.tensors) for label, model in models.items()}
    for label in tied:
        if head := _head(models[label]):
            found.append(_stray_head(label, models[label], head))
            del kept[label][head.name]
    for name in sorted({n for tensors in kept.values() for n in tensors if _ROTARY_BUFFER.search(n)}):
        having = [label for label in models if name in kept[label]]
        if len(having) < len(models):
            what = f"'{name}' is only in {', '.join(having)} and is left out: models compute it from the config"
            found.append(Finding(Level.NOTE, "tensor names", what))
            for label in having:
                del kept[label][name]
    matches = match(kept, request)
    found += matches.findings
    found += [finding for m in matches.family for finding in _tensor_findings(m, len(models))]
    found += _dtype_findings(matches.family, models, request)
    return Fit(matches.tensors, matches.family, tuple(found))


def _head(model: Checkpoint) -> Tensor | None:
    return next((t for n, t in model.tensors.items() if _HEAD.search(n)), None)


def _tied_labels(models: Mapping[str, Checkpoint]) -> list[str]:
    """Models whose output head is their embedding: by config, else because no head is stored.

    Where the config is silent and a head is stored nevertheless, it is tied if it equals the embedding and another
    model of the family is tied: some tools store it.
    """
    said = {label: _tie_setting(model.config) for label, model in models.items()}
    tied = [label for label, model in models.items() if said[label] or (said[label] is None and _head(model) is None)]
    unsure = [label for label in models if said[label] is None and label not in tied]
    return [
        label
        for label, model in models.items()
        if label in tied or (tied and label in unsure and _twin(model) is not None)
    ]


def _tie_setting(config: Mapping[str, Any]) -> bool | None:
    said = config.get("tie_word_embeddings", text_config(config).get("tie_word_embeddings"))
    return said if isinstance(said, bool) else None


def _twin(model: Checkpoint) -> Tensor | None:
    """The embedding, if the stored head equals it."""
    head, embedding = _head(model), embedding_of(model)
    return embedding if head and embedding and same_bytes(head, embedding) else None


def _tie_findings(tied: Sequence[str], models: Iterable[str]) -> Iterator[Finding]:
    reference, *others = models
    for label in others:
        if (label in tied) != (reference in tied):
            one, other = (label, reference) if label in tied else (reference, label)
            yield Finding(
                Level.ERROR,
                "tied embeddings",
                f"{one} ties its embeddings (no lm_head.weight of its own), {other} does not",
                f"save {one} untied: copy its embedding to lm_head.weight and set tie_word_embeddings to false",
            )


def _stray_head(label: str, model: Checkpoint, head: Tensor) -> Finding:
    """The verdict on an output head that is stored although it is tied to the embedding."""
    if (twin := _twin(model)) is not None:
        what = f"{label}: '{head.name}' equals '{twin.name}' (tied) and is left out"
        return Finding(Level.NOTE, "tied embeddings", what)
    return Finding(
        Level.ERROR,
        "tied embeddings",
        f"{label}: '{head.name}' differs from the embedding although tie_word_embeddings is true",
        "set tie_word_embeddings to false in config.json if the head was trained apart, else drop it",
    )


def _tensor_findings(tensor: MatchedTensor, n_models: int) -> Iterator[Finding]:
    first = tensor.sources[0]
    for source in tensor.sources[1:]:
        here, there = source.tensor, first.tensor
        if here.shape != there.shape:
            cure = "use models of one family"
            if (_EMBEDDING.search(tensor.name) or _HEAD.search(tensor.name)) and here.shape[1:] == there.shape[1:]:
                cure = (
                    f"the vocabularies differ by {abs(here.shape[0] - there.shape[0])} rows (added tokens, padding): "
                    "resize the models to one first, with model.resize_token_embeddings(…)"
                )
            what = (
                f"'{tensor.name}' has shape {list(here.shape)} in {source.model}, {list(there.shape)} in {first.model}"
            )
            yield Finding(Level.ERROR, "tensor shapes", what, cure)
        elif (here.dtype.storage is None) != (there.dtype.storage is None):
            what = (
                f"'{tensor.name}' is {here.dtype.torch_name} in {source.model}, "
                f"{there.dtype.torch_name} in {first.model}"
            )
            yield Finding(Level.ERROR, "dtypes", what, "save both with the same kind of numbers")
        elif not tensor.is_float and not same_bytes(here, there):
            what = (
                f"'{tensor.name}' ({there.dtype.torch_name}) differs between {source.model} and {first.model} "
                "and cannot be averaged"
            )
            cure = f"integer buffers must be identical in all {'three' if n_models == 3 else n_models} models"
            yield Finding(Level.ERROR, "dtypes", what, cure)


def _dtype_findings(
    matched: Iterable[MatchedTensor], models: Iterable[str], request: MergeRequest
) -> Iterator[Finding]:
    used: dict[str, set[str]] = {label: set() for label in models}
    for m in matched:
        for source in m.sources:
            used[source.model].add(source.tensor.dtype.torch_name)
    if len({frozenset(names) for names in used.values() if names}) > 1:
        what = "; ".join(f"{label}: {', '.join(sorted(names))}" for label, names in used.items() if names)
        whose = "the base's" if request.base else "the first model's"
        yield Finding(Level.NOTE, "dtypes", f"{what}; the output has {whose} unless --dtype names another")
