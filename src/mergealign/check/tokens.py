"""Do vocabularies, chat template and stop tokens go together? Taken from different models, they may not.

Where a vocabulary cannot be read whole (sentencepiece alone), nothing is concluded from what it seems to lack, and the
report says that it was not checked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

from ..checkpoint.config import read_config
from ..checkpoint.digest import file_digest
from ..checkpoint.folder import Checkpoint
from ..checkpoint.tokens import (
    CONFIG_STOP_KEYS,
    TOKENIZER_FILES,
    ChatTemplate,
    Vocabulary,
    read_template,
    read_vocabulary,
)
from ..recipe.request import AUTO, NONE, OWN_OR_AUTO, MergeRequest, template_owner
from .configs import text_config
from .finding import Finding, Level
from .fit import embedding_of

__all__ = ["GENERATION_CONFIG", "check_tokens", "settle_template", "stop_model", "template_of"]

GENERATION_CONFIG = "generation_config.json"
_TOLERATED = 0.02  # share of ids whose token may differ: reserved tokens that were given a name
_SHOWN = 3


def settle_template(models: Mapping[str, Checkpoint], request: MergeRequest) -> MergeRequest:
    """The request with the model named whose chat template the output gets; only an undecided one reads templates."""
    if request.chat_template_from not in (AUTO, OWN_OR_AUTO):
        return request
    found = {label: read_template(model.folder) for label, model in models.items()}
    owner = template_owner(request, {label: t.text if t else None for label, t in found.items()})
    return replace(request, chat_template_from=owner)


def template_of(models: Mapping[str, Checkpoint], request: MergeRequest) -> ChatTemplate | None:
    """The chat template of the output: the recipe's own text, or a model's."""
    if request.chat_template is not None:
        return ChatTemplate(request.chat_template, None, ())
    owner = request.chat_template_from
    return None if owner == NONE else read_template(models[owner].folder)


def stop_model(request: MergeRequest) -> str:
    """Whose stop tokens and generation config the output gets: they belong to the chat template."""
    return request.tokenizer_from if request.chat_template_from == NONE else request.chat_template_from


def check_tokens(models: Mapping[str, Checkpoint], request: MergeRequest) -> Iterator[Finding]:
    """Compare the vocabularies of the models, then tokenizer, template and stop tokens of the output."""
    vocabularies = _vocabularies(models)
    yield from _vocabulary_findings(vocabularies)
    keeper, talker = request.tokenizer_from, stop_model(request)
    vocabulary, origin = vocabularies[keeper], vocabularies[talker]
    for subject in ("chat template", "stop tokens"):
        if unread := sorted({label for label in (talker, keeper) if not vocabularies[label].complete}):
            yield Finding(
                Level.NOTE, subject, f"not checked: the vocabulary of {', '.join(unread)} cannot be read whole"
            )
    written, found = _template_tokens(template_of(models, request), request, talker, origin)
    yield from found
    stops, found = _stop_tokens(models[talker], talker, origin)
    yield from found
    yield from _lookup(written, "chat template", "the chat template writes", talker, keeper, origin, vocabulary)
    yield from _lookup(stops, "stop tokens", "generation stops at", talker, keeper, origin, vocabulary)
    reference = next(iter(models))
    embedding = embedding_of(models[reference])
    if embedding is not None and vocabulary.ids:
        yield from _room(embedding.shape[0], keeper, reference, vocabularies, written | stops)


def _vocabularies(models: Mapping[str, Checkpoint]) -> dict[str, Vocabulary]:
    """The vocabulary of each model; files that are alike byte for byte are read once, for they hold up to 15 MB."""
    read: dict[Any, Vocabulary] = {}
    found = {}
    for label, model in models.items():
        key = _tokenizer_digests(model.folder) or label
        if key not in read:
            read[key] = read_vocabulary(model.folder)
        found[label] = read[key]
    return found


def _tokenizer_digests(folder: Path) -> tuple[tuple[str, str], ...] | None:
    """Names and digests of the tokenizer's files; None where one cannot be read, which is told when it is."""
    files = [f for name in TOKENIZER_FILES if (f := folder / name).is_file()]
    try:
        return tuple((f.name, file_digest(f)) for f in files)
    except OSError:
        return None


def _template_tokens(
    template: ChatTemplate | None, request: MergeRequest, role: str, origin: Vocabulary
) -> tuple[set[str], list[Finding]]:
    """Tokens of its own tokenizer that the chat template writes, and what is to be said about it."""
    subject = "chat template"
    if request.chat_template_from == NONE and template is None:
        return set(), [Finding(Level.NOTE, subject, "the merged model gets none, as asked")]
    if template is None:
        return set(), [Finding(Level.WARNING, subject, f"{role} has no chat template: the merged model gets none")]
    found = []
    written = template.special_tokens(origin)
    if origin.complete and (plain := sorted(template.marks(origin) - origin.ids.keys())):
        what = f"{', '.join(plain)} in the template of {role} are plain text: its vocabulary has no such tokens"
        found.append(Finding(Level.NOTE, subject, what))
    return written, found


def _stop_tokens(talker: Checkpoint, role: str, origin: Vocabulary) -> tuple[set[str], list[Finding]]:
    texts = {i: token for token, i in origin.ids.items()}
    stops = _stop_ids(talker)
    unknown = sorted(i for i in stops if i not in texts)
    found = []
    for i in unknown if origin.complete else ():
        what = f"{role} stops at token id {i}, which its tokenizer does not have"
        cure = "repair its config.json and generation_config.json"
        found.append(Finding(Level.ERROR, "stop tokens", what, cure))
    return {texts[i] for i in stops if i in texts}, found


def _lookup(
    tokens: set[str], subject: str, why: str, talker: str, keeper: str, origin: Vocabulary, vocabulary: Vocabulary
) -> Iterator[Finding]:
    """Every token of `talker` must exist in the vocabulary of `keeper`, under the same id."""
    for token in sorted(tokens):
        if token not in vocabulary.ids:
            if vocabulary.complete:
                what = f"{why} {token} ({talker}), which the tokenizer of {keeper} does not have"
                cure = f"use --tokenizer-from {talker}, or another --chat-template-from"
                if talker == keeper:
                    cure = "repair its tokenizer_config.json, or take another --chat-template-from"
                yield Finding(Level.ERROR, subject, what, cure)
        elif origin.ids.get(token, vocabulary.ids[token]) != vocabulary.ids[token]:
            what = f"{token} has id {origin.ids[token]} in {talker} and {vocabulary.ids[token]} in {keeper}"
            yield Finding(Level.ERROR, subject, what, "take tokenizer and chat template from the same model")


def _room(
    rows: int, keeper: str, reference: str, vocabularies: Mapping[str, Vocabulary], needed: set[str]
) -> Iterator[Finding]:
    """The embedding needs a row for every token that is used; some families ship a few tokens beyond it."""
    vocabulary = vocabularies[keeper]
    beyond = {token: i for token, i in vocabulary.ids.items() if i >= rows}
    if not beyond:
        return
    what = f"the tokenizer of {keeper} has ids up to {max(beyond.values())}, the embedding of {reference} {rows} rows"
    as_in_base = beyond.keys() <= vocabularies[reference].ids.keys()
    if needed & beyond.keys() or not as_in_base:
        cure = f"use --tokenizer-from {reference}, or resize the models to one vocabulary"
        yield Finding(Level.ERROR, "tokenizer", what, cure)
    else:
        yield Finding(Level.NOTE, "tokenizer", f"{what}, as in {reference}")


def _vocabulary_findings(vocabularies: Mapping[str, Vocabulary]) -> Iterator[Finding]:
    """A row of the embedding that means another token in another model must not be averaged with it."""
    texts = {label: {i: token for token, i in v.ids.items()} for label, v in vocabularies.items()}
    if unread := [label for label, v in vocabularies.items() if not v.complete]:
        yield Finding(Level.NOTE, "tokenizer", f"not compared: no readable vocabulary in {', '.join(unread)}")
    reference, *others = texts
    base = texts[reference]
    for label in others:
        yield from _differences(label, texts[label], reference, base)
        if base and (added := sorted(texts[label].keys() - base.keys())):
            shown = ", ".join(repr(texts[label][i]) for i in added[:_SHOWN])
            what = f"{label} has {len(added)} tokens that the tokenizer of {reference} lacks: {shown}"
            yield Finding(Level.NOTE, "tokenizer", what)
    added_by = {label: {i: t for i, t in texts[label].items() if i not in base} for label in others}
    for first, second in combinations(others, 2):
        yield from _differences(first, added_by[first], second, added_by[second])


def _differences(role: str, ids: Mapping[int, str], other: str, there: Mapping[int, str]) -> Iterator[Finding]:
    different = sorted(i for i in ids.keys() & there.keys() if ids[i] != there[i])
    if not different:
        return
    shown = ", ".join(f"{i} is {ids[i]!r} in {role}, {there[i]!r} in {other}" for i in different[:_SHOWN])
    what = f"{len(different)} token ids mean something else in {role} than in {other}: {shown}"
    if len(different) > _TOLERATED * len(there):
        yield Finding(Level.ERROR, "tokenizer", what, "use models of one tokenizer")
    else:
        yield Finding(Level.WARNING, "tokenizer", what, "right if reserved tokens were given names")


def _stop_ids(model: Checkpoint) -> set[int]:
    found: set[int] = set()
    file = model.folder / GENERATION_CONFIG
    configs: list[Mapping[str, Any]] = [model.config, text_config(model.config)]
    for config in [*configs, read_config(file)] if file.exists() else configs:
        for key in CONFIG_STOP_KEYS:
            value = config.get(key)
            found.update(i for i in (value if isinstance(value, list) else [value]) if isinstance(i, int) and i >= 0)
    return found
