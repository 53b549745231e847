"""Lineage: were domain and aligned model tuned from this base, and are they three different models?

Measured on sampled matrices (two or more dimensions; norm weights look alike in all models and are left out):

    relative norm = ‖tuned − base‖ / ‖base‖         cosine = ⟨tuned, base⟩ / (‖tuned‖ ‖base‖)

A tuned model keeps the direction of its base, an unrelated one of the same shape is orthogonal to it: cosine 0 and
relative norm √2. The thresholds and the measurements behind them are in docs/decisions/0004-lineage.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Literal

import numpy as np

from ..checkpoint.header import Tensor
from ..checkpoint.read import TensorReader, same_bytes
from ..kernels.compare import distances
from ..kernels.linear import all_finite, convert
from ..recipe.merge import ROLES, Role
from .finding import Finding, Level
from .fit import MatchedTensor

__all__ = ["Lineage", "check_lineage"]

MIN_COSINE = 0.5  # below: not tuned from this base
DOUBTFUL_COSINE = 0.9  # below: tuned very hard, or from another version of the base
_MATRICES = 24
_PIECES = 4  # ranges read of one matrix
_PIECE_ELEMENTS = 1 << 16
ALLOW = "--allow-unrelated merges all the same"

Tuned = Literal["domain", "aligned"]
TUNED: tuple[Tuned, Tuned] = ("domain", "aligned")


@dataclass(frozen=True)
class Lineage:
    """Distances over the sample.

    Attributes:
        n_matrices, n_elements: size of the sample.
        cosine: with the base, by tuned role.
        relative_norm: of the difference to the base, by tuned role.
        apart: ‖domain − aligned‖ / ‖base‖.
    """

    n_matrices: int
    n_elements: int
    cosine: dict[Tuned, float]
    relative_norm: dict[Tuned, float]
    apart: float


def check_lineage(tensors: Sequence[MatchedTensor]) -> tuple[Lineage | None, list[Finding]]:
    """Measure and judge; no lineage where there is no matrix to measure, or where one is not finite."""
    matrices = [
        t for t in tensors if t.is_float and len(t.sources[0].shape) > 1 and len({s.shape for s in t.sources}) == 1
    ]
    sample = _spread(sorted(matrices, key=lambda t: re.sub(r"\d+", "", t.name)))
    sums = np.zeros(8)
    n_elements = 0
    with TensorReader() as reader:
        for tensor in sample:
            for start, stop in _ranges(tensor.sources[0].n_elements):
                blocks = [reader.numbers(source, start, stop) for source in tensor.sources]
                for role, block in zip(ROLES, blocks, strict=True):
                    if not all_finite(block):
                        return None, [
                            _not_finite(role, tensor),
                            Finding(Level.NOTE, "lineage", "not measured: the sample is not finite"),
                        ]
                distances(*blocks, sums)
                n_elements += stop - start
    if not sums[:3].all():
        what = "the sampled matrices are all zero in one of the models" if sample else "there is no matrix to compare"
        return None, [
            Finding(Level.WARNING, "lineage", f"{what}: lineage is not known", "look at the models"),
            *_finite(n_elements),
        ]
    norms = np.sqrt(sums[:3])
    lineage = Lineage(
        len(sample),
        n_elements,
        {role: float(sums[3 + i] / (norms[0] * norms[1 + i])) for i, role in enumerate(TUNED)},
        {role: float(sqrt(sums[5 + i]) / norms[0]) for i, role in enumerate(TUNED)},
        float(sqrt(sums[7]) / norms[0]),
    )
    return lineage, [*_finite(n_elements), *_judge(lineage, tensors)]


def _spread(matrices: Sequence[MatchedTensor]) -> list[MatchedTensor]:
    """Evenly spread over matrices that are sorted by kind, so that every kind is among them."""
    n = min(len(matrices), _MATRICES)
    return [matrices[round(i * (len(matrices) - 1) / max(1, n - 1))] for i in range(n)]


def _ranges(n: int) -> Iterator[tuple[int, int]]:
    """A few ranges of elements spread evenly over a tensor, or all of a small one."""
    if n <= _PIECES * _PIECE_ELEMENTS:
        yield 0, n
        return
    for i in range(_PIECES):
        start = i * (n - _PIECE_ELEMENTS) // (_PIECES - 1)
        yield start, start + _PIECE_ELEMENTS


def _not_finite(role: Role, tensor: MatchedTensor) -> Finding:
    file = tensor.sources[ROLES.index(role)].file
    what = f"'{tensor.name}' of {role} holds NaN or infinity ({file})"
    return Finding(Level.ERROR, "finite values", what, "the checkpoint is broken: download or train it again")


def _finite(n_elements: int) -> Iterator[Finding]:
    what = f"{n_elements} sampled numbers of each model are finite; a merge looks at all"
    yield Finding(Level.OK if n_elements else Level.NOTE, "finite values", what)


def _same_model(tensors: Sequence[MatchedTensor], first: int, second: int) -> bool:
    with TensorReader() as reader:
        return all(_same_values(reader, t.sources[first], t.sources[second]) for t in tensors)


def _same_values(reader: TensorReader, first: Tensor, second: Tensor) -> bool:
    """Equal numbers, also where one model was saved in a wider dtype."""
    if first.dtype == second.dtype or first.dtype.storage is None:
        return same_bytes(first, second)
    for start in range(0, first.n_elements, _PIECE_ELEMENTS):
        stop = min(start + _PIECE_ELEMENTS, first.n_elements)
        decoded = np.empty((2, stop - start))
        for tensor, out in zip((first, second), decoded, strict=True):
            convert(reader.numbers(tensor, start, stop), out)
        if not np.array_equal(decoded[0], decoded[1]):
            return False
    return True


def _judge(lineage: Lineage, tensors: Sequence[MatchedTensor]) -> Iterator[Finding]:
    apart = {("domain", "aligned"): lineage.apart, **{("base", r): n for r, n in lineage.relative_norm.items()}}
    for (first, second), distance in apart.items():
        if distance == 0 and _same_model(tensors, *(ROLES.index(r) for r in (first, second))):
            yield Finding(
                Level.ERROR, "lineage", f"{first} and {second} hold the same weights", f"check the paths; {ALLOW}"
            )
    for role in TUNED:
        cosine, norm = lineage.cosine[role], lineage.relative_norm[role]
        measured = f"cosine {cosine:.3f}, relative norm of the difference {norm:.3f}"
        if cosine < MIN_COSINE:
            what = f"{role} was not tuned from this base ({measured})"
            yield Finding(Level.ERROR, "lineage", what, f"use the base that {role} was trained from; {ALLOW}")
        elif cosine < DOUBTFUL_COSINE:
            what = f"{role} is unusually far from this base ({measured})"
            yield Finding(Level.WARNING, "lineage", what, "check that it was tuned from this very version of the base")
        else:
            yield Finding(Level.OK, "lineage", f"{role} was tuned from base ({measured})")
    if 0 < lineage.apart < lineage.relative_norm["domain"] and lineage.relative_norm["aligned"] > 0:
        yield Finding(
            Level.WARNING,
            "lineage",
            f"domain is nearer to aligned ({lineage.apart:.3f}) than to base ({lineage.relative_norm['domain']:.3f}): "
            "it seems to be tuned from the aligned model",
            "its domain vector then holds the alignment vector already: use weights that sum to 1, e.g. 0.5 and 0.5",
        )
