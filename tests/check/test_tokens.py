"""Tokenizer, chat template and stop tokens, taken from one model or from several."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mergealign.check.tokens import check_tokens
from mergealign.checkpoint.folder import open_checkpoint
from mergealign.errors import IncompatibleError
from mergealign.recipe.merge import MergeRecipe, Models

from ..conftest import TOKENIZER, TOKENIZER_CONFIG

Family = Callable[..., dict[str, Path]]
PLAIN = {"model": {"type": "BPE", "vocab": {"a": 0, "</s>": 1}, "merges": []}, "added_tokens": []}


def check(folders: dict[str, Path], **options: Any) -> list[str]:
    recipe = MergeRecipe(models=Models(base="b", domain="d", aligned="a"), **options)
    return check_tokens({role: open_checkpoint(f) for role, f in folders.items()}, recipe)  # type: ignore[misc]


def test_one_source_is_fine(family: Family) -> None:
    assert check(family()) == []


def test_a_template_whose_tokens_the_tokenizer_lacks(family: Family) -> None:
    folders = family(base={"files": {"tokenizer.json": PLAIN}})
    with pytest.raises(IncompatibleError) as caught:
        check(folders, tokenizer_from="base")
    assert "writes <|end|> (aligned), which the tokenizer of base does not have" in str(caught.value)
    assert "--tokenizer-from aligned" in str(caught.value)


def test_tokens_that_only_look_special_are_looked_for(family: Family) -> None:
    template = {**TOKENIZER_CONFIG, "chat_template": "<|im_start|>{{ messages[0].content }}{{ eos_token }}"}
    with pytest.raises(IncompatibleError, match=r"<\|im_start\|>"):
        check(family(aligned={"files": {"tokenizer_config.json": template}}))


def test_ids_must_agree_between_models(family: Family) -> None:
    moved = {**TOKENIZER, "added_tokens": [{"id": 1, "content": "</s>"}, {"id": 5, "content": "<|end|>"}]}
    with pytest.raises(IncompatibleError, match=r"<\|end\|> has id 3 in aligned and 5 in domain"):
        check(family(domain={"files": {"tokenizer.json": moved}}), tokenizer_from="domain")


def test_stop_tokens_outside_the_tokenizer(family: Family) -> None:
    with pytest.raises(IncompatibleError, match="aligned stops at token id 77"):
        check(family(aligned={"files": {"generation_config.json": {"eos_token_id": [1, 77]}}}))


def test_a_tokenizer_larger_than_the_embedding(family: Family) -> None:
    large = {**TOKENIZER, "added_tokens": [*TOKENIZER["added_tokens"], {"id": 96, "content": "<pad>"}]}  # type: ignore[misc]
    with pytest.raises(IncompatibleError, match="ids up to 96, the embedding of base 96 rows"):
        check(family(aligned={"files": {"tokenizer.json": large}}))


def test_what_cannot_be_checked_is_said(family: Family) -> None:
    folders = family(aligned={"files": {"tokenizer_config.json": {"eos_token": "</s>"}}})
    assert check(folders) == ["aligned has no chat template: the merged model gets none"]
    (folders["aligned"] / "tokenizer.json").unlink()
    assert "could not be checked" in check(folders)[0]
    assert check(folders, chat_template_from="none", tokenizer_from="base") == []
