"""Whose tokenizer and chat template a recipe of mergekit asks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import Problem
from .request import AUTO, OWN_OR_AUTO

if TYPE_CHECKING:
    from .mergekit import MergekitRecipe

__all__ = ["Words", "choose_words", "refused_words"]

_NAMED_TEMPLATES = ("alpaca", "chatml", "exaone", "llama3", "mistral")
_BASE, _UNION = "base", "union"


@dataclass(frozen=True)
class Words:
    """What the output speaks: the fields of the same names in a MergeRequest, and what to say about them."""

    tokenizer_from: str
    chat_template_from: str
    chat_template: str | None
    notes: tuple[str, ...]


def refused_words(recipe: MergekitRecipe, source: str, labels: Mapping[str, str]) -> Iterator[Problem]:
    """What is asked for that cannot be had; `labels` are the models that are merged, by their source."""
    asked = recipe.tokenizer
    if asked is not None and recipe.tokenizer_source is not None:
        yield Problem(f"{source}: tokenizer: tokenizer_source says the same", "give one of the two")
    if asked is not None and asked.tokens is not None:
        cure = "remove it: every token keeps the row it has in the models, which must agree on it"
        yield Problem(f"{source}: tokenizer.tokens: embeddings of single tokens are not composed", cure)
    if asked is not None and asked.pad_to_multiple_of is not None:
        cure = "remove it, and resize the merged model with transformers: resize_token_embeddings(pad_to_multiple_of=…)"
        yield Problem(f"{source}: tokenizer.pad_to_multiple_of: embeddings are not resized", cure)
    place, wanted = _tokenizer_source(recipe)
    if wanted is not None and wanted.text not in (_BASE, _UNION) and wanted.source not in labels:
        cure = f"name one of {', '.join(labels.values())}: with another tokenizer the embeddings lose their meaning"
        yield Problem(f"{source}: {place}: {wanted.text} is none of the models that are merged", cure)
    template = recipe.chat_template
    if template is not None and template != AUTO and template not in labels.values() and not _is_jinja(template):
        cure = "write the template itself, auto, or the name of the model that has it"
        what = f"'{template[:40]}' is neither a template nor one of the models"
        if template in _NAMED_TEMPLATES:
            what = f"mergekit's own template '{template}' is not shipped here"
        yield Problem(f"{source}: chat_template: {what}", cure)


def choose_words(recipe: MergekitRecipe, labels: Mapping[str, str]) -> Words:
    """Tokenizer and template of a recipe without refused words.

    Without a wish the tokenizer is that of the base, or of the first model listed, and the template is its own, or the
    most frequent one where it has none: mergekit would lose it.
    """
    place, wanted = _tokenizer_source(recipe)
    first = next(iter(labels.values()))  # the base, if there is one
    keeper = first if wanted is None else labels.get(wanted.source, first)
    notes: tuple[str, ...] = ()
    if wanted is not None and wanted.text == _UNION:
        notes = (f"{place}: union is the tokenizer of {keeper}: all models must agree on the meaning of token ids",)
    template = recipe.chat_template
    if template is None or template == AUTO:
        return Words(keeper, OWN_OR_AUTO if template is None else AUTO, None, notes)
    if template in labels.values():
        return Words(keeper, template, None, notes)
    return Words(keeper, keeper, template, notes)


def _tokenizer_source(recipe: MergekitRecipe) -> tuple[str, Any]:
    if recipe.tokenizer is not None:
        return "tokenizer.source", recipe.tokenizer.source
    return "tokenizer_source", recipe.tokenizer_source


def _is_jinja(text: str) -> bool:
    return "{{" in text or "{%" in text
