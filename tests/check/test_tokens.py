"""Tokenizer, chat template and stop tokens, taken from one model or from several."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from mergealign.check.finding import Finding, Level
from mergealign.check.tokens import check_tokens
from mergealign.checkpoint.folder import open_checkpoint
from mergealign.recipe.merge import ROLES, MergeRecipe, Models

from ..conftest import TOKENIZER, TOKENIZER_CONFIG

Family = Callable[..., dict[str, Path]]
PLAIN = {"model": {"type": "BPE", "vocab": {"a": 0, "</s>": 1}, "merges": []}, "added_tokens": []}


def check(folders: dict[str, Path], **options: Any) -> list[Finding]:
    recipe = MergeRecipe(models=Models(base="b", domain="d", aligned="a"), **options)
    models: Any = {role: open_checkpoint(f) for role, f in folders.items()}
    return list(check_tokens(models, recipe.request()))


def errors(folders: dict[str, Path], **options: Any) -> str:
    found = [f for f in check(folders, **options) if f.level is Level.ERROR]
    assert all(f.cure for f in found)
    return "\n".join(f"{f.what} → {f.cure}" for f in found)


def test_one_source_is_fine(family: Family) -> None:
    assert check(family()) == []


def test_a_template_whose_tokens_the_tokenizer_lacks(family: Family) -> None:
    folders = family(base={"files": {"tokenizer.json": PLAIN}})
    message = errors(folders, tokenizer_from="base")
    assert "writes <|end|> (aligned), which the tokenizer of base does not have" in message
    assert "--tokenizer-from aligned" in message


def test_marks_that_are_plain_text_are_a_note(family: Family) -> None:
    """[INST] of Mistral, <|user|> of Zephyr: special to the eye, ordinary text to the tokenizer."""
    template = {**TOKENIZER_CONFIG, "chat_template": "[INST] <|user|> {{ messages[0].content }}{{ eos_token }}"}
    (found,) = check(family(aligned={"files": {"tokenizer_config.json": template}}))
    assert (found.level, found.subject) == (Level.NOTE, "chat template")
    assert "<|user|>, [INST] in the template of aligned are plain text" in found.what


def test_a_role_whose_token_does_not_exist_is_an_error(family: Family) -> None:
    broken = {"eos_token": "<|gone|>", "chat_template": "{{ messages[0].content }}{{ eos_token }}"}
    message = errors(family(aligned={"files": {"tokenizer_config.json": broken}}))
    assert "writes <|gone|> (aligned), which the tokenizer of aligned does not have" in message
    assert "repair its tokenizer_config.json" in message


def test_sentencepiece_alone_is_not_checked_and_said_so(family: Family) -> None:
    """Llama-2: tokenizer.model, a few decoded added tokens, a stop id and a template made of ordinary pieces."""
    decoder = {"1": {"content": "</s>"}}
    config = {
        "added_tokens_decoder": decoder,
        "eos_token": "</s>",
        "chat_template": "[INST] x [/INST]{{ eos_token }}",
    }
    folders = family(
        aligned={"files": {"tokenizer_config.json": config, "generation_config.json": {"eos_token_id": 2}}}
    )
    (folders["aligned"] / "tokenizer.json").unlink()
    (folders["aligned"] / "tokenizer.model").write_bytes(b"pieces")
    found = check(folders)
    assert {f.level for f in found} <= {Level.NOTE, Level.WARNING}
    not_checked = {f.subject for f in found if f.what.startswith("not c")}
    assert not_checked == {"tokenizer", "chat template", "stop tokens"}


def test_added_tokens_json_is_read(family: Family) -> None:
    plain = {"model": {"type": "BPE", "vocab": {"a": 0, "</s>": 1, "b": 2}, "merges": []}}
    folders = family(**{role: {"files": {"tokenizer.json": plain}} for role in ROLES})
    assert "stops at token id 3" in errors(folders)
    (folders["aligned"] / "added_tokens.json").write_text('{"<|end|>": 3}')
    assert errors(folders) == ""


def test_tokens_beyond_the_embedding_as_in_base(family: Family) -> None:
    """Some families ship tokens for images that their language model has no row for."""
    image = {**TOKENIZER, "added_tokens": [*TOKENIZER["added_tokens"], {"id": 96, "content": "<image>"}]}  # type: ignore[misc]
    folders = family(**{role: {"files": {"tokenizer.json": image}} for role in ROLES})
    (found,) = check(folders)
    assert (found.level, "as in base" in found.what) == (Level.NOTE, True)
    stops = family(
        base={"files": {"tokenizer.json": image}},
        domain={"files": {"tokenizer.json": image}},
        aligned={"files": {"tokenizer.json": image, "generation_config.json": {"eos_token_id": 96}}},
    )
    assert "the embedding of base 96 rows" in errors(stops)


def test_domain_and_aligned_that_gave_one_id_to_two_tokens(family: Family) -> None:
    def with_token(text: str) -> dict[str, Any]:
        more = [*TOKENIZER["added_tokens"], {"id": 4, "content": text}]  # type: ignore[misc]
        return {"files": {"tokenizer.json": {**TOKENIZER, "added_tokens": more}}}

    message = errors(family(domain=with_token("<med>"), aligned=with_token("<tool>")))
    assert "4 is '<med>' in domain, '<tool>' in aligned" in message


def test_ids_must_agree_between_models(family: Family) -> None:
    moved = {**TOKENIZER, "added_tokens": [{"id": 1, "content": "</s>"}, {"id": 5, "content": "<|end|>"}]}
    message = errors(family(domain={"files": {"tokenizer.json": moved}}), tokenizer_from="domain")
    assert "<|end|> has id 3 in aligned and 5 in domain" in message


def test_stop_tokens_outside_the_tokenizer(family: Family) -> None:
    folders = family(aligned={"files": {"generation_config.json": {"eos_token_id": [1, 77]}}})
    assert "aligned stops at token id 77" in errors(folders)


def test_a_tokenizer_larger_than_the_embedding(family: Family) -> None:
    large = {**TOKENIZER, "added_tokens": [*TOKENIZER["added_tokens"], {"id": 96, "content": "<pad>"}]}  # type: ignore[misc]
    folders = family(aligned={"files": {"tokenizer.json": large}})
    assert "ids up to 96, the embedding of base 96 rows" in errors(folders)


def test_what_cannot_be_checked_is_said(family: Family) -> None:
    folders = family(aligned={"files": {"tokenizer_config.json": {"eos_token": "</s>"}}})
    assert [f.what for f in check(folders)] == ["aligned has no chat template: the merged model gets none"]
    (folders["aligned"] / "tokenizer.json").unlink()
    (folders["aligned"] / "tokenizer_config.json").unlink()
    said = {f.subject: f.what for f in check(folders)}
    assert said["tokenizer"] == "not compared: no readable vocabulary in aligned"
    assert "cannot be read whole" in said["stop tokens"]
    assert [f.what for f in check(folders, chat_template_from="none", tokenizer_from="base")] == [
        "not compared: no readable vocabulary in aligned",
        "the merged model gets none, as asked",
    ]


def test_vocabularies_that_mean_other_things(family: Family) -> None:
    vocab = {"a": 2, "</s>": 1, "b": 0}
    swapped = {**TOKENIZER, "model": {"type": "BPE", "vocab": vocab, "merges": []}}
    message = errors(family(domain={"files": {"tokenizer.json": swapped}}))
    assert "2 token ids mean something else in domain than in base: 0 is 'b' in domain, 'a' in base" in message


def test_a_renamed_reserved_token_is_a_warning(family: Family) -> None:
    vocab = {f"t{i}": i for i in range(4, 96)} | {"a": 0, "</s>": 1, "b": 2}
    base = {
        **TOKENIZER,
        "model": {"type": "BPE", "vocab": {**vocab, "<reserved>": 3}, "merges": []},
        "added_tokens": [],
    }
    named = {**base, "model": {"type": "BPE", "vocab": {**vocab, "<|end|>": 3}, "merges": []}}
    models = {"base": base, "domain": base, "aligned": named}
    found = check(family(**{role: {"files": {"tokenizer.json": t}} for role, t in models.items()}))
    assert [f.level for f in found] == [Level.WARNING]
    assert "3 is '<|end|>' in aligned, '<reserved>' in base" in found[0].what


def test_added_tokens_are_a_note(family: Family) -> None:
    more = {**TOKENIZER, "added_tokens": [*TOKENIZER["added_tokens"], {"id": 4, "content": "<pad>"}]}  # type: ignore[misc]
    (found,) = check(family(aligned={"files": {"tokenizer.json": more}}))
    assert (found.level, found.what) == (
        Level.NOTE,
        "aligned has 1 tokens that the tokenizer of base lacks: '<pad>'",
    )
