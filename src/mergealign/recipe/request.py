"""What every recipe comes down to: models by label, slices of layers with their sources, settings not yet values.

Both faces of a recipe (the native one and mergekit's dialect) become a `MergeRequest`; nothing else knows which it was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeAlias

from .signature import Takes

__all__ = [
    "AUTO",
    "NONE",
    "OWN_OR_AUTO",
    "MergeRequest",
    "Scalar",
    "Setting",
    "SliceRequest",
    "SourceRef",
    "Sources",
    "split",
    "split_sources",
    "template_owner",
]

Scalar: TypeAlias = bool | int | float | str | None
Setting: TypeAlias = Scalar | Sequence[Scalar] | Sequence[Mapping[str, Any]]
"""What a recipe holds for a parameter: a scalar, a gradient (list of scalars) or a list of {filter, value}."""

NONE = "none"
AUTO = "auto"
OWN_OR_AUTO = "own or auto"


@dataclass(frozen=True)
class SourceRef:
    """A model, or a run of its layers, that goes into a slice.

    Attributes:
        model: its label.
        layers: which of its layers; None = all.
        parameters: settings for this input alone.
    """

    model: str
    layers: range | None = None
    parameters: Mapping[str, Setting] = field(default_factory=dict)


@dataclass(frozen=True)
class SliceRequest:
    """Layers of the output that are made from the same sources.

    Attributes:
        sources: in the order of the recipe; the base is among them where the method makes use of it.
        base: its label, where this slice has another than the request.
        parameters: settings for this slice.
    """

    sources: tuple[SourceRef, ...]
    base: str | None = None
    parameters: Mapping[str, Setting] = field(default_factory=dict)


@dataclass(frozen=True)
class MergeRequest:
    """A merge as it was asked for, before a model is opened.

    Tensors that stand before the layers are made from the sources of the first slice, those after the layers from the
    sources of the last one.

    Attributes:
        dialect: the face of the recipe.
        method: registry name.
        models: label → folder, or org/name[@revision] on the Hub.
        base: label of the model that gives the config, and to which the method refers if it uses a base.
        slices: in the order of the output's layers; a merge of whole models has one, whose sources name no layers.
        parameters: settings for all slices.
        dtype: of all float tensors of the output; None = per tensor the base's (the first source's without a base).
        tokenizer_from: label.
        chat_template_from: a label; "none"; "auto": the template that most models have in common; "own or auto": the
            one of `tokenizer_from`, or as "auto" if that has none. See `template_owner`.
        chat_template: Jinja text given in the recipe itself; it replaces the template of `chat_template_from`.
        max_shard_size: bytes per output file.
        copy_code: also copy the base's *.py files.
        seed: of random methods; None = to be drawn.
        notes: what the user should know about the recipe.
        settings: the recipe as given, defaults filled in, for the record.
    """

    dialect: Literal["native", "mergekit"]
    method: str
    models: Mapping[str, str]
    base: str | None
    slices: tuple[SliceRequest, ...]
    parameters: Mapping[str, Setting]
    dtype: str | None
    tokenizer_from: str
    chat_template_from: str
    chat_template: str | None
    max_shard_size: int
    copy_code: bool
    seed: int | None
    notes: tuple[str, ...]
    settings: dict[str, Any]


class Sources(NamedTuple):
    """The sources of a slice by their part in the merge."""

    base: SourceRef | None
    inputs: tuple[SourceRef, ...]


def split(sources: tuple[SourceRef, ...], base: str | None, takes: Takes) -> Sources:
    """Which of the sources of a slice is the base, and which are the inputs, in the order of per-input parameters.

    A method that ignores bases takes all sources as inputs. For any other, the first source that is the base's model is
    the base and no input; further layers of the same model are inputs like others.
    """
    if takes.base != "ignored":
        for i, source in enumerate(sources):
            if source.model == base:
                return Sources(source, sources[:i] + sources[i + 1 :])
    return Sources(None, sources)


def split_sources(request: MergeRequest, part: SliceRequest, takes: Takes) -> Sources:
    """The base and the inputs of a slice of a request."""
    return split(part.sources, part.base or request.base, takes)


def template_owner(request: MergeRequest, templates: Mapping[str, str | None]) -> str:
    """The label of the model whose chat template, stop tokens and generation config the output gets, or "none".

    `templates` holds every model's template text, None where it has none. Among equally frequent templates the one
    of `tokenizer_from` wins, then the first of `request.models`.
    """
    wanted, keeper = request.chat_template_from, request.tokenizer_from
    if wanted not in (AUTO, OWN_OR_AUTO):
        return wanted
    if wanted == OWN_OR_AUTO and templates.get(keeper) is not None:
        return keeper
    texts = {label: text.strip() for label in request.models if (text := templates.get(label)) is not None}
    if not texts:
        return NONE
    votes = Counter(texts.values())
    return max(texts, key=lambda label: (votes[texts[label]], label == keeper))
