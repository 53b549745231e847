"""What separates two tokenizers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mergealign.similarity.tokenizer import TokenizerDiff, compare_tokenizers

from ..conftest import TOKENIZER, TOKENIZER_CONFIG


def folder(path: Path, files: Mapping[str, Any] | None = None, **tokenizer: Any) -> Path:
    """A folder with the tokenizer of the tests, changed."""
    path.mkdir()
    default = {"tokenizer.json": {**TOKENIZER, **tokenizer}, "tokenizer_config.json": TOKENIZER_CONFIG}
    for name, content in (default if files is None else files).items():
        (path / name).write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def compare(tmp_path: Path, *args: Any, **kwargs: Any) -> TokenizerDiff:
    return compare_tokenizers(folder(tmp_path / "a"), folder(tmp_path / "b", *args, **kwargs))


def test_the_same(tmp_path: Path) -> None:
    found = compare(tmp_path)
    assert not found.differs
    assert found.size_a == found.size_b == 4


def test_tokens(tmp_path: Path) -> None:
    model = {"type": "BPE", "vocab": {"a": 2, "</s>": 1, "b": 0, "c": 4}, "merges": []}
    added = [{"id": 1, "content": "</s>"}, {"id": 6, "content": "<|x|>"}, {"id": 5, "content": "<|y|>"}]
    found = compare(tmp_path, model=model, added_tokens=added)
    assert (found.size_a, found.size_b) == (4, 6)
    assert (found.n_only_a, found.n_only_b, found.n_moved) == (1, 3, 2)
    assert (found.added_only_a, found.added_only_b) == (("<|end|>",), ("<|y|>", "<|x|>"))


def test_what_cuts_text_into_tokens(tmp_path: Path) -> None:
    found = compare(tmp_path, normalizer={"type": "NFC"}, truncation={"max_length": 5})
    assert found.parts == ("tokenizer.json: normalizer differs",)
    assert found.differs
    assert not found.n_only_b


def test_merges_have_two_spellings(tmp_path: Path) -> None:
    model = {"type": "BPE", "vocab": {"a": 0, "b": 1}}
    a = folder(tmp_path / "a", model={**model, "merges": ["a b"]})
    assert not compare_tokenizers(a, folder(tmp_path / "b", model={**model, "merges": [["a", "b"]]})).differs
    other = compare_tokenizers(a, folder(tmp_path / "c", model={**model, "merges": ["b a"]}))
    assert other.parts == ("tokenizer.json: model.merges differs",)


def test_settings_and_template(tmp_path: Path) -> None:
    config = {"eos_token": "<|end|>", "chat_template": "other"}
    found = compare(tmp_path, {"tokenizer.json": TOKENIZER, "tokenizer_config.json": config})
    assert [s.key for s in found.settings] == ["eos_token"]
    assert found.template_differs


def test_a_template_is_its_text_wherever_it_stands(tmp_path: Path) -> None:
    text = TOKENIZER_CONFIG["chat_template"]
    files = {"tokenizer.json": TOKENIZER, "tokenizer_config.json": {"eos_token": "</s>"}}
    assert not compare(tmp_path, {**files, "chat_template.jinja": f"{text}\n"}).differs
    both = {**files, "tokenizer_config.json": TOKENIZER_CONFIG, "chat_template.jinja": text}
    a = tmp_path / "a"
    assert not compare_tokenizers(a, folder(tmp_path / "both", both)).differs
    assert compare_tokenizers(a, folder(tmp_path / "none", files)).template_differs


def test_sentencepiece_alone_is_compared_by_bytes(tmp_path: Path) -> None:
    a = folder(tmp_path / "a", {"tokenizer.model": "one"})
    found = compare_tokenizers(a, folder(tmp_path / "b", {"tokenizer.model": "two"}))
    assert found.parts == ("tokenizer.model differs",)
    assert (found.size_a, found.n_moved) == (None, None)
    assert compare_tokenizers(a, folder(tmp_path / "none", {})).parts == ("tokenizer.model is only in A",)
    assert not compare_tokenizers(a, a).differs


def test_files_beside_a_tokenizer_json_do_not_matter(tmp_path: Path) -> None:
    files = {"tokenizer.json": TOKENIZER, "tokenizer_config.json": TOKENIZER_CONFIG}
    assert not compare(tmp_path, {**files, "merges.txt": "a b"}).differs
