"""What will be compared, told by headers and small files: everything but the numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..check.configs import text_config
from ..check.fit import embedding_of
from ..checkpoint.folder import CONFIG, Checkpoint, open_checkpoint
from ..checkpoint.header import Tensor
from ..checkpoint.hub import resolve_sources
from ..checkpoint.read import same_bytes
from ..errors import CheckpointError, MergeAlignError, Problem
from .groups import group_of
from .settings import Setting, compare_settings, read_settings
from .tokenizer import TokenizerDiff, compare_tokenizers

__all__ = ["ComparedModel", "DiffPlan", "Pair", "plan_diff"]

GENERATION_CONFIG = "generation_config.json"
_TIEABLE = re.compile(r"(?:^|\.)lm_head\.weight$")


@dataclass(frozen=True)
class ComparedModel:
    """One side: as the user named it, and opened."""

    source: str
    checkpoint: Checkpoint

    def describe(self) -> dict[str, Any]:
        tensors = self.checkpoint.tensors.values()
        return {
            "source": self.source,
            "folder": str(self.checkpoint.folder),
            "revision": self.checkpoint.revision,
            "n_tensors": len(tensors),
            "n_parameters": sum(t.n_elements for t in tensors),
            "n_bytes": sum(t.n_bytes for t in tensors),
        }


@dataclass(frozen=True)
class Pair:
    """A tensor that both models have."""

    name: str
    a: Tensor
    b: Tensor

    @property
    def n_compared(self) -> int:
        """Elements compared, from the start: all of equal shapes, the common rows of vocabularies that differ in size.

        None of other shapes, and none where one side is floats and the other is not.
        """
        if not self.are_floats and self.a.dtype != self.b.dtype:
            return 0
        rows_only = group_of(self.name) in ("embedding", "head") and self.a.shape[1:] == self.b.shape[1:]
        if self.a.shape != self.b.shape and not (rows_only and self.a.shape and self.b.shape):
            return 0
        return min(self.a.n_elements, self.b.n_elements)

    @property
    def are_floats(self) -> bool:
        return self.a.dtype.storage is not None and self.b.dtype.storage is not None

    @property
    def n_bytes(self) -> int:
        """To read of both."""
        return self.n_compared * (self.a.dtype.n_bytes + self.b.dtype.n_bytes)


@dataclass(frozen=True)
class DiffPlan:
    """Two models side by side.

    Attributes:
        pairs: tensors that both have, in the order of A's files.
        only_a, only_b: tensors of one alone.
        config, generation: settings that differ in config.json and generation_config.json.
        notes: what differs without making another model.
    """

    a: ComparedModel
    b: ComparedModel
    pairs: tuple[Pair, ...]
    only_a: tuple[Tensor, ...]
    only_b: tuple[Tensor, ...]
    config: tuple[Setting, ...]
    generation: tuple[Setting, ...]
    tokenizer: TokenizerDiff
    notes: tuple[str, ...]

    @property
    def n_bytes(self) -> int:
        """To read."""
        return sum(p.n_bytes for p in self.pairs)


def plan_diff(a: str, b: str) -> DiffPlan:
    """Open two models, folders or `org/name[@revision]`. Raises CheckpointError with the problems of both."""
    first, second = _open({"A": a, "B": b})
    one, other = first.checkpoint, second.checkpoint
    tied = {t.name: note for pair in ((one, other, "A", "B"), (other, one, "B", "A")) for t, note in _tied_head(*pair)}
    try:
        config = compare_settings(one.config, other.config)
        generation = compare_settings(*(read_settings(m.folder / GENERATION_CONFIG) for m in (one, other)))
        tokenizer = compare_tokenizers(one.folder, other.folder)
    except OSError as e:
        raise CheckpointError(f"cannot read {e.filename}: {e.strerror}", cure="check the path and permissions") from e
    provenance = [(CONFIG, s) for s in config if s.is_provenance]
    provenance += [(GENERATION_CONFIG, s) for s in generation if s.is_provenance]
    return DiffPlan(
        first,
        second,
        pairs=tuple(Pair(n, t, other.tensors[n]) for n, t in one.tensors.items() if n in other.tensors),
        only_a=tuple(t for n, t in one.tensors.items() if n not in other.tensors and n not in tied),
        only_b=tuple(t for n, t in other.tensors.items() if n not in one.tensors and n not in tied),
        config=tuple(s for s in config if not s.is_provenance),
        generation=tuple(s for s in generation if not s.is_provenance),
        tokenizer=tokenizer,
        notes=(
            *one.notes,
            *other.notes,
            *tied.values(),
            *_sharding(one, other),
            *(f"{file}: {s.key} differs, which says where the file comes from" for file, s in provenance),
        ),
    )


def _open(sources: Mapping[str, str]) -> list[ComparedModel]:
    found = resolve_sources(sources)
    models, problems = [], []
    for side, source in sources.items():
        try:
            opened = open_checkpoint(found[side].folder)
        except MergeAlignError as e:
            problems += [Problem(f"{side}: {p.what}", p.cure) for p in e.problems]
        else:
            models.append(ComparedModel(source, replace(opened, revision=found[side].revision)))
    if problems:
        raise CheckpointError(*problems)
    return models


def _tied_head(has: Checkpoint, lacks: Checkpoint, name: str, other: str) -> Iterator[tuple[Tensor, str]]:
    """The output head that one model stores and the other does not need to, being tied to an equal embedding."""
    said = lacks.config.get("tie_word_embeddings", text_config(lacks.config).get("tie_word_embeddings"))
    embedding = embedding_of(has)
    for tensor in has.tensors.values():
        is_head = tensor.name not in lacks.tensors and _TIEABLE.search(tensor.name)
        if is_head and said is not False and embedding and same_bytes(tensor, embedding):
            yield tensor, f"'{tensor.name}' of {name} equals its embedding, to which {other} ties its head"


def _sharding(a: Checkpoint, b: Checkpoint) -> Iterator[str]:
    """Where tensors lie is no difference, but worth a word."""
    n_a, n_b = (len({t.file for t in m.tensors.values()}) for m in (a, b))
    places = [[(t.name, t.file.name) for t in m.tensors.values()] for m in (a, b)]
    if n_a != n_b:
        yield f"A has {n_a} weight files, B {n_b}"
    elif a.tensors.keys() == b.tensors.keys() and places[0] != places[1]:
        yield "the tensors lie in other files or in another order"
