"""Lineage: were the models tuned from this base, and are they different models?

Measured on sampled matrices (two or more dimensions; norm weights look alike in all models and are left out):

    relative norm = ‖tuned − base‖ / ‖base‖         cosine = ⟨tuned, base⟩ / (‖tuned‖ ‖base‖)

A tuned model keeps the direction of its base, an unrelated one of the same shape is orthogonal to it: cosine 0 and
relative norm √2. The thresholds and the measurements behind them are in docs/decisions/0004-lineage.md.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np

from ..checkpoint.header import Tensor
from ..checkpoint.read import TensorReader, same_bytes
from ..kernels.differences import PIECE_ELEMENTS, differences
from ..kernels.linear import all_finite, convert
from .finding import Finding, Level
from .match import MatchedTensor, Source

__all__ = ["Lineage", "check_lineage"]

MIN_COSINE = 0.5  # below: not tuned from this base
DOUBTFUL_COSINE = 0.9  # below: tuned very hard, or from another version of the base
_MATRICES = 24
_PIECES = 4  # ranges read of one matrix
ALLOW = "--allow-unrelated merges all the same"


@dataclass(frozen=True)
class Lineage:
    """Distances over the sample.

    Attributes:
        base: the model that the others are compared with.
        n_matrices, n_elements: size of the sample.
        cosine: with the base, by model.
        relative_norm: of the difference to the base, by model.
        apart: ‖domain − aligned‖ / ‖base‖; None where there are no such models.
    """

    base: str
    n_matrices: int
    n_elements: int
    cosine: dict[str, float]
    relative_norm: dict[str, float]
    apart: float | None


def check_lineage(
    tensors: Sequence[MatchedTensor], reference: str, *, roles: bool
) -> tuple[Lineage | None, list[Finding]]:
    """Measure and judge; no lineage where there is nothing to measure, or where it is not finite.

    Args:
        reference: label of the base, or of the first model.
        roles: the models are base, domain and aligned, of which no two may be the same.
    """
    sample = _sample(tensors)
    if sample and len(sample[0].sources) == 1:
        return None, [Finding(Level.NOTE, "lineage", "not measured: no two models meet in one tensor"), *_finite(0)]
    labels = [s.model for s in sample[0].sources] if sample else []
    base = reference if reference in labels else labels[0] if labels else reference
    pairs = [(base, label) for label in dict.fromkeys(labels) if label != base]
    if roles:
        pairs.append(("domain", "aligned"))
    sums: dict[tuple[str, str], Any] = {pair: np.zeros(8) for pair in pairs}
    n_elements = 0
    with TensorReader() as reader:
        for tensor in sample:
            sources = {s.model: s for s in tensor.sources}
            for start, stop in _ranges(tensor.sources[0].tensor.n_elements):
                blocks = {label: reader.numbers(s.tensor, start, stop) for label, s in sources.items()}
                for label, block in blocks.items():
                    if not all_finite(block):
                        return None, [
                            _not_finite(sources[label]),
                            Finding(Level.NOTE, "lineage", "not measured: the sample is not finite"),
                        ]
                pieces = np.empty((-(-(stop - start) // PIECE_ELEMENTS), 8))
                for (first, second), total in sums.items():
                    differences(blocks[first], blocks[second], pieces)
                    total += pieces.sum(axis=0)
                n_elements += stop - start
    if not sums or not all(total[:2].all() for total in sums.values()):
        what = "the sampled matrices are all zero in one of the models" if sample else "there is no matrix to compare"
        return None, [
            Finding(Level.WARNING, "lineage", f"{what}: lineage is not known", "look at the models"),
            *_finite(n_elements),
        ]
    lineage = Lineage(
        base,
        len(sample),
        n_elements,
        {label: float(s[2] / sqrt(s[0] * s[1])) for (first, label), s in sums.items() if first == base},
        {label: float(sqrt(s[3] / s[0])) for (first, label), s in sums.items() if first == base},
        float(sqrt(sums["domain", "aligned"][3] / sums[base, "domain"][0])) if roles else None,
    )
    return lineage, [*_finite(n_elements), *_judge(lineage, tensors, roles=roles)]


def _sample(tensors: Sequence[MatchedTensor]) -> list[MatchedTensor]:
    """Matrices of the models that meet most often, evenly spread over the kinds of matrices."""
    matrices = [
        t
        for t in tensors
        if t.is_float and len(t.sources[0].tensor.shape) > 1 and len({s.tensor.shape for s in t.sources}) == 1
    ]
    meetings = Counter(tuple(s.model for s in t.sources) for t in matrices)
    if not meetings:
        return []
    (most, _) = max(meetings.items(), key=lambda item: (len(set(item[0])) > 1, item[1]))
    together = [t for t in matrices if tuple(s.model for s in t.sources) == most]
    return _spread(sorted(together, key=lambda t: re.sub(r"\d+", "", t.name)))


def _spread(matrices: Sequence[MatchedTensor]) -> list[MatchedTensor]:
    """Evenly spread over matrices that are sorted by kind, so that every kind is among them."""
    n = min(len(matrices), _MATRICES)
    return [matrices[round(i * (len(matrices) - 1) / max(1, n - 1))] for i in range(n)]


def _ranges(n: int) -> Iterator[tuple[int, int]]:
    """A few ranges of elements spread evenly over a tensor, or all of a small one."""
    if n <= _PIECES * PIECE_ELEMENTS:
        yield 0, n
        return
    for i in range(_PIECES):
        start = i * (n - PIECE_ELEMENTS) // (_PIECES - 1)
        yield start, start + PIECE_ELEMENTS


def _not_finite(source: Source) -> Finding:
    what = f"'{source.tensor.name}' of {source.model} holds NaN or infinity ({source.tensor.file})"
    return Finding(Level.ERROR, "finite values", what, "the checkpoint is broken: download or train it again")


def _finite(n_elements: int) -> Iterator[Finding]:
    what = f"{n_elements} sampled numbers of each model are finite; a merge looks at all"
    yield Finding(Level.OK if n_elements else Level.NOTE, "finite values", what)


def _same_model(tensors: Sequence[MatchedTensor], first: str, second: str) -> bool:
    """Whether two models are equal wherever they meet."""
    with TensorReader() as reader:
        for t in tensors:
            by_label = {s.model: s.tensor for s in t.sources}
            if by_label.keys() >= {first, second} and not _same_values(reader, by_label[first], by_label[second]):
                return False
    return True


def _same_values(reader: TensorReader, first: Tensor, second: Tensor) -> bool:
    """Equal numbers, also where one model was saved in a wider dtype."""
    if first.dtype == second.dtype or first.dtype.storage is None:
        return same_bytes(first, second)
    for start in range(0, first.n_elements, PIECE_ELEMENTS):
        stop = min(start + PIECE_ELEMENTS, first.n_elements)
        decoded = np.empty((2, stop - start))
        for tensor, out in zip((first, second), decoded, strict=True):
            convert(reader.numbers(tensor, start, stop), out)
        if not np.array_equal(decoded[0], decoded[1]):
            return False
    return True


def _judge(lineage: Lineage, tensors: Sequence[MatchedTensor], *, roles: bool) -> Iterator[Finding]:
    base = lineage.base
    distances: Mapping[tuple[str, str], float] = {
        **({("domain", "aligned"): lineage.apart} if lineage.apart is not None else {}),
        **{(base, label): norm for label, norm in lineage.relative_norm.items()},
    }
    for (first, second), distance in distances.items():
        if distance == 0 and _same_model(tensors, first, second):
            level = Level.ERROR if roles else Level.WARNING
            yield Finding(level, "lineage", f"{first} and {second} hold the same weights", f"check the paths; {ALLOW}")
    for label, cosine in lineage.cosine.items():
        norm = lineage.relative_norm[label]
        measured = f"cosine {cosine:.3f}, relative norm of the difference {norm:.3f}"
        if cosine < MIN_COSINE:
            what = f"{label} was not tuned from this base ({measured})"
            cure = f"use the base that {label} was trained from; {ALLOW}"
            if base != "base":
                what = f"{label} and {base} are unrelated ({measured})"
                cure = f"merge models of one base; {ALLOW}"
            yield Finding(Level.ERROR, "lineage", what, cure)
        elif cosine < DOUBTFUL_COSINE:
            what = f"{label} is unusually far from {'this base' if base == 'base' else base} ({measured})"
            yield Finding(Level.WARNING, "lineage", what, "check that it was tuned from this very version of the base")
        else:
            what = f"{label} was tuned from base" if base == "base" else f"{label} is related to {base}"
            yield Finding(Level.OK, "lineage", f"{what} ({measured})")
    if lineage.apart is None:
        return
    domain, aligned = lineage.relative_norm["domain"], lineage.relative_norm["aligned"]
    if 0 < lineage.apart < domain and aligned > 0:
        yield Finding(
            Level.WARNING,
            "lineage",
            f"domain is nearer to aligned ({lineage.apart:.3f}) than to base ({domain:.3f}): "
            "it seems to be tuned from the aligned model",
            "its domain vector then holds the alignment vector already: use weights that sum to 1, e.g. 0.5 and 0.5",
        )
