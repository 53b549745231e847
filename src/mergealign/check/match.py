"""Which tensor of which model becomes which tensor of the output: by name, layers renumbered where slices are cut."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ..checkpoint.header import Tensor
from ..recipe.request import MergeRequest, SliceRequest
from ..recipe.values import OUTSIDE, layer_position
from .finding import Finding, Level
from .layers import count_layers, in_layer, is_before_layers, layer_of

__all__ = ["MatchedTensor", "Matches", "Source", "match"]

_SHOWN = 5  # names listed in one message

Tensors = Mapping[str, Mapping[str, Tensor]]
"""Tensors by name, by model."""


@dataclass(frozen=True)
class Source:
    """One tensor of one model, by the model's label."""

    model: str
    tensor: Tensor


@dataclass(frozen=True)
class MatchedTensor:
    """One tensor of the output.

    Attributes:
        name: in the output.
        sources: in the order of the slice's sources.
        part: the slice it belongs to; decides its parameters.
        position: of its layer within the slice, in [0, 1].
    """

    name: str
    sources: tuple[Source, ...]
    part: SliceRequest
    position: float

    @property
    def is_float(self) -> bool:
        return self.sources[0].tensor.dtype.storage is not None


@dataclass(frozen=True)
class Matches:
    """What was matched.

    Attributes:
        tensors: of the output, in the order of the first model's files.
        family: the same tensors with their sources in all models, used by the method or not, where whole models are
            merged; else `tensors`.
        findings: what does not fit.
    """

    tensors: tuple[MatchedTensor, ...]
    family: tuple[MatchedTensor, ...]
    findings: tuple[Finding, ...]


def _some(names: Iterable[str]) -> str:
    """The first few of some names."""
    names = list(names)
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")


def match(kept: Tensors, request: MergeRequest) -> Matches:
    """Find the sources of each tensor of the output. The first model is the one that the others are compared with."""
    if len(request.slices) == 1 and all(s.layers is None for s in request.slices[0].sources):
        return _whole(kept, request.slices[0])
    if found := tuple(_range_findings(kept, request)):
        return Matches((), (), found)
    return _sliced(kept, request)


def _whole(kept: Tensors, part: SliceRequest) -> Matches:
    """Models merged as they are: every tensor with those of the same name."""
    reference, *others = kept
    n_layers = count_layers(kept[reference])
    found = []
    for label in others:
        for has, lacks in ((reference, label), (label, reference)):
            if names := [n for n in kept[has] if n not in kept[lacks]]:
                what = f"{lacks} lacks {len(names)} tensors of {has}: {_some(names)}"
                found.append(Finding(Level.ERROR, "tensor names", what, "use models of one family"))
    family = []
    for name in kept[reference]:
        if all(name in tensors for tensors in kept.values()):
            layer = layer_of(name)
            position = OUTSIDE if layer is None else layer_position(layer, n_layers)
            sources = tuple(Source(label, tensors[name]) for label, tensors in kept.items())
            family.append(MatchedTensor(name, sources, part, position))
    labels = [s.model for s in part.sources]
    matched = [replace(m, sources=tuple(Source(label, kept[label][m.name]) for label in labels)) for m in family]
    return Matches(tuple(matched), tuple(family), tuple(found))


def _range_findings(kept: Tensors, request: MergeRequest) -> Iterator[Finding]:
    for i, part in enumerate(request.slices):
        for source in part.sources:
            n = count_layers(kept[source.model])
            if source.layers is not None and source.layers.stop > n:
                what = (
                    f"slice {i} takes layers {source.layers.start} to {source.layers.stop} of {source.model}, "
                    f"which has {n}"
                )
                yield Finding(Level.ERROR, "tensor names", what, f"layer_range ends at most at {n}")


def _kind_findings(kept: Tensors, part: SliceRequest) -> Iterator[Finding]:
    """Tensors of the other sources that the first has in no layer would be lost."""
    first, *others = part.sources
    known = {in_layer(name, 0) for name in kept[first.model]}
    for other in others:
        if lost := sorted({in_layer(name, 0) for name in kept[other.model]} - known):
            what = f"{first.model} lacks {len(lost)} kinds of tensors of {other.model}: {_some(lost)}"
            yield Finding(Level.ERROR, "tensor names", what, "use models of one family")


def _sliced(kept: Tensors, request: MergeRequest) -> Matches:
    """Layers cut from models and stacked; what is before them comes from the first slice, the rest from the last."""
    first, last = request.slices[0], request.slices[-1]
    matched: list[MatchedTensor] = []
    found = [finding for part in request.slices for finding in _kind_findings(kept, part)]

    def add(name: str, names: Sequence[str], part: SliceRequest, position: float) -> None:
        sources = []
        for source, wanted in zip(part.sources, names, strict=True):
            if wanted in kept[source.model]:
                sources.append(Source(source.model, kept[source.model][wanted]))
            else:
                what = f"{source.model} lacks '{wanted}', which would become '{name}'"
                found.append(Finding(Level.ERROR, "tensor names", what, "use models of one family"))
        if len(sources) == len(names):
            matched.append(MatchedTensor(name, tuple(sources), part, position))

    outside = [
        [n for n in kept[part.sources[0].model] if layer_of(n) is None and is_before_layers(n) == before]
        for part, before in ((first, True), (last, False))
    ]
    for name in outside[0]:
        add(name, [name] * len(first.sources), first, OUTSIDE)
    n_before = 0
    for part in request.slices:
        ranges = [s.layers or range(count_layers(kept[s.model])) for s in part.sources]
        model = part.sources[0].model
        for i, layer in enumerate(ranges[0]):
            for name in (n for n in kept[model] if layer_of(n) == layer):
                names = [in_layer(name, r[i]) for r in ranges]
                add(in_layer(name, n_before + i), names, part, layer_position(i, len(ranges[0])))
        n_before += len(ranges[0])
    for name in outside[1]:
        add(name, [name] * len(last.sources), last, OUTSIDE)
    return Matches(tuple(matched), tuple(matched), tuple(found))
