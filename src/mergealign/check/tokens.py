"""Do vocabularies, chat template and stop tokens go together? Taken from different models, they may not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..checkpoint.config import read_config
from ..checkpoint.folder import Checkpoint
from ..checkpoint.tokens import CONFIG_STOP_KEYS, Vocabulary, read_template, read_vocabulary
from ..recipe.merge import ROLES, MergeRecipe, Role
from .configs import text_config
from .finding import Finding, Level

__all__ = ["GENERATION_CONFIG", "check_tokens", "stop_role"]

GENERATION_CONFIG = "generation_config.json"
_TOLERATED = 0.02  # share of ids whose token may differ: reserved tokens that were given a name
_SHOWN = 3


def stop_role(recipe: MergeRecipe) -> Role:
    """Whose stop tokens and generation config the output gets: they belong to the chat template."""
    return recipe.tokenizer_from if recipe.chat_template_from == "none" else recipe.chat_template_from


def check_tokens(models: Mapping[Role, Checkpoint], recipe: MergeRecipe) -> Iterator[Finding]:
    """Compare the vocabularies of the models, then tokenizer, template and stop tokens of the output."""
    vocabularies = {role: read_vocabulary(models[role].folder) for role in ROLES}
    yield from _vocabulary_findings(vocabularies)
    keeper, talker = recipe.tokenizer_from, stop_role(recipe)
    vocabulary, origin = vocabularies[keeper], vocabularies[talker]
    if not vocabulary.ids:
        what = f"{keeper} has no tokenizer.json: its tokens could not be checked against the chat template"
        yield Finding(Level.NOTE, "tokenizer", what)
        return
    rows = text_config(models["base"].config).get("vocab_size")
    if isinstance(rows, int) and (largest := max(vocabulary.ids.values())) >= rows:
        what = f"the tokenizer of {keeper} has ids up to {largest}, the embedding of base {rows} rows"
        yield Finding(
            Level.ERROR, "tokenizer", what, "use --tokenizer-from base, or resize the models to one vocabulary"
        )
    wanted: dict[str, str] = {}
    if recipe.chat_template_from != "none":
        template = read_template(models[talker].folder)
        if template is None:
            yield Finding(Level.WARNING, "chat template", f"{talker} has no chat template: the merged model gets none")
        else:
            wanted = dict.fromkeys(sorted(template.special_tokens(origin)), "the chat template writes")
    texts = {i: token for token, i in origin.ids.items()}
    for i in sorted(_stop_ids(models[talker])):
        if i in texts:
            wanted.setdefault(texts[i], "generation stops at")
        elif origin.ids:
            what = f"{talker} stops at token id {i}, which its tokenizer does not have"
            yield Finding(Level.ERROR, "stop tokens", what, "repair its config.json and generation_config.json")
    for token, why in wanted.items():
        subject = "chat template" if "template" in why else "stop tokens"
        if token not in vocabulary.ids:
            what = f"{why} {token} ({talker}), which the tokenizer of {keeper} does not have"
            cure = f"use --tokenizer-from {talker}, or another --chat-template-from"
            yield Finding(Level.ERROR, subject, what, cure)
        elif token in origin.ids and origin.ids[token] != vocabulary.ids[token]:
            what = f"{token} has id {origin.ids[token]} in {talker} and {vocabulary.ids[token]} in {keeper}"
            yield Finding(Level.ERROR, subject, what, "take tokenizer and chat template from the same model")


def _vocabulary_findings(vocabularies: Mapping[Role, Vocabulary]) -> Iterator[Finding]:
    """A row of the embedding that means another token in another model must not be averaged with it."""
    base = {i: token for token, i in vocabularies["base"].ids.items()}
    for role in ROLES[1:]:
        ids = {i: token for token, i in vocabularies[role].ids.items()}
        if not ids or not base:
            continue
        different = sorted(i for i in ids.keys() & base.keys() if ids[i] != base[i])
        if different:
            shown = ", ".join(f"{i} is {ids[i]!r} in {role}, {base[i]!r} in base" for i in different[:_SHOWN])
            what = f"{len(different)} of {len(base)} token ids mean something else in {role}: {shown}"
            bad = len(different) > _TOLERATED * len(base)
            cure = "use models of one tokenizer" if bad else "right if reserved tokens were given names"
            yield Finding(Level.ERROR if bad else Level.WARNING, "tokenizer", what, cure)
        if added := sorted(i for i in ids.keys() - base.keys()):
            shown = ", ".join(repr(ids[i]) for i in added[:_SHOWN])
            what = f"{role} has {len(added)} tokens that the tokenizer of base lacks: {shown}"
            yield Finding(Level.NOTE, "tokenizer", what)


def _stop_ids(model: Checkpoint) -> set[int]:
    found: set[int] = set()
    file = model.folder / GENERATION_CONFIG
    configs: list[Mapping[str, Any]] = [model.config, text_config(model.config)]
    for config in [*configs, read_config(file)] if file.exists() else configs:
        for key in CONFIG_STOP_KEYS:
            value = config.get(key)
            found.update(i for i in (value if isinstance(value, list) else [value]) if isinstance(i, int) and i >= 0)
    return found
