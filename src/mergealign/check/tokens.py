"""Do tokenizer, chat template and stop tokens go together? Taken from different models, they may not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..checkpoint.folder import Checkpoint, read_json
from ..checkpoint.tokens import CONFIG_STOP_KEYS, read_template, read_vocabulary
from ..errors import IncompatibleError, Problem
from ..recipe.merge import MergeRecipe, Role
from .fit import text_config

__all__ = ["check_tokens", "stop_role"]

GENERATION_CONFIG = "generation_config.json"


def stop_role(recipe: MergeRecipe) -> Role:
    """Whose stop tokens and generation config the output gets: they belong to the chat template."""
    return recipe.tokenizer_from if recipe.chat_template_from == "none" else recipe.chat_template_from


def check_tokens(models: Mapping[Role, Checkpoint], recipe: MergeRecipe) -> list[str]:
    """Compare tokenizer, template and stop tokens of the output. Returns notes, raises IncompatibleError."""
    keeper, talker = recipe.tokenizer_from, stop_role(recipe)
    vocabulary, origin = (read_vocabulary(models[role].folder) for role in (keeper, talker))
    notes: list[str] = []
    problems: list[Problem] = []
    rows = text_config(models["base"].config).get("vocab_size")
    if vocabulary.ids and isinstance(rows, int) and (largest := max(vocabulary.ids.values())) >= rows:
        problems.append(
            Problem(
                f"the tokenizer of {keeper} has ids up to {largest}, the embedding of base {rows} rows",
                "use --tokenizer-from base, or resize the models to one vocabulary",
            )
        )
    if not vocabulary.ids:
        notes.append(f"{keeper} has no tokenizer.json: its tokens could not be checked against the chat template")
        return notes
    wanted: dict[str, str] = {}
    if recipe.chat_template_from != "none":
        template = read_template(models[talker].folder)
        if template is None:
            notes.append(f"{talker} has no chat template: the merged model gets none")
        else:
            wanted = dict.fromkeys(sorted(template.special_tokens(origin)), "the chat template writes")
    texts = {i: token for token, i in origin.ids.items()}
    for i in sorted(_stop_ids(models[talker])):
        if i in texts:
            wanted.setdefault(texts[i], "generation stops at")
        elif origin.ids:
            problems.append(
                Problem(f"{talker} stops at token id {i}, which its tokenizer does not have", "repair its config")
            )
    for token, why in wanted.items():
        if token not in vocabulary.ids:
            what = f"{why} {token} ({talker}), which the tokenizer of {keeper} does not have"
            problems.append(Problem(what, f"use --tokenizer-from {talker}, or another --chat-template-from"))
        elif token in origin.ids and origin.ids[token] != vocabulary.ids[token]:
            what = f"{token} has id {origin.ids[token]} in {talker} and {vocabulary.ids[token]} in {keeper}"
            problems.append(Problem(what, "take tokenizer and chat template from the same model"))
    if problems:
        raise IncompatibleError(*problems)
    return notes


def _stop_ids(model: Checkpoint) -> set[int]:
    found: set[int] = set()
    file = model.folder / GENERATION_CONFIG
    configs: list[Mapping[str, Any]] = [model.config, text_config(model.config)]
    for config in [*configs, read_json(file)] if file.is_file() else configs:
        for key in CONFIG_STOP_KEYS:
            value = config.get(key)
            found.update(i for i in (value if isinstance(value, list) else [value]) if isinstance(i, int) and i >= 0)
    return found
