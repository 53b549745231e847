"""What separates the tokenizers of two model folders, read without tokenizers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..checkpoint.digest import file_digest
from ..checkpoint.files import read_json, read_text
from ..checkpoint.tokens import Vocabulary, read_template, read_vocabulary
from .settings import Setting, compare_settings, read_settings, same_value

__all__ = ["TokenizerDiff", "compare_tokenizers"]

_OPAQUE = ("tokenizer.model", "merges.txt", "vocab.txt", "spiece.model", "sentencepiece.bpe.model", "tekken.json")
_COMPARED_ELSEWHERE = {"chat_template", "added_tokens_decoder"}
_STATE = {"version", "truncation", "padding"}  # of tokenizer.json: set anew by whoever calls it


@dataclass(frozen=True)
class TokenizerDiff:
    """What differs.

    Attributes:
        size_a, size_b: tokens, added ones included; None where no vocabulary can be read (sentencepiece alone).
        n_only_a, n_only_b, n_moved: tokens of one side alone, and tokens whose id differs; None if one is unread.
        added_only_a, added_only_b: added (special) tokens of one side alone.
        parts: what differs beyond counts of tokens, in words: "tokenizer.json: normalizer differs".
        settings: of tokenizer_config.json.
        template_differs: whether the chat templates differ, or one side has none.
    """

    size_a: int | None
    size_b: int | None
    n_only_a: int | None
    n_only_b: int | None
    n_moved: int | None
    added_only_a: tuple[str, ...]
    added_only_b: tuple[str, ...]
    parts: tuple[str, ...]
    settings: tuple[Setting, ...]
    template_differs: bool

    @property
    def differs(self) -> bool:
        counts = (self.n_only_a, self.n_only_b, self.n_moved)
        found = (*counts, self.added_only_a, self.added_only_b, self.parts, self.settings, self.template_differs)
        return self.size_a != self.size_b or any(found)

    def describe(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "size": {"a": self.size_a, "b": self.size_b},
            "n_only_a": self.n_only_a,
            "n_only_b": self.n_only_b,
            "n_moved": self.n_moved,
            "added_only_a": list(self.added_only_a),
            "added_only_b": list(self.added_only_b),
            "parts": list(self.parts),
            "settings": [s.describe() for s in self.settings],
            "chat_template_differs": self.template_differs,
        }


def compare_tokenizers(a: Path, b: Path) -> TokenizerDiff:
    """Compare two model folders. Raises CheckpointError where a file cannot be understood."""
    first, second = read_vocabulary(a), read_vocabulary(b)
    readable = first.complete and second.complete
    shared = first.ids.keys() & second.ids.keys()
    return TokenizerDiff(
        size_a=len(first.ids) if first.complete else None,
        size_b=len(second.ids) if second.complete else None,
        n_only_a=len(first.ids.keys() - shared) if readable else None,
        n_only_b=len(second.ids.keys() - shared) if readable else None,
        n_moved=sum(first.ids[t] != second.ids[t] for t in shared) if readable else None,
        added_only_a=_by_id(first, first.added - second.added),
        added_only_b=_by_id(second, second.added - first.added),
        parts=_parts(a, b),
        settings=compare_settings(_config(a), _config(b)),
        template_differs=_template(a) != _template(b),
    )


def _by_id(vocabulary: Vocabulary, tokens: frozenset[str]) -> tuple[str, ...]:
    return tuple(sorted(tokens, key=lambda t: vocabulary.ids[t]))


def _config(folder: Path) -> dict[str, Any]:
    settings = read_settings(folder / "tokenizer_config.json")
    return {k: v for k, v in settings.items() if k not in _COMPARED_ELSEWHERE}


def _template(folder: Path) -> str | None:
    """The chat template(s) that count: a file of its own wins over tokenizer_config.json, as in transformers."""
    found = read_template(folder)
    if found is None:
        return None
    files = [read_text(f) for f in found.files if f.suffix == ".jinja"]
    return "\n".join(files or [found.text]).removesuffix("\n")  # jinja drops one at the end


def _parts(a: Path, b: Path) -> tuple[str, ...]:
    """What differs beyond counts of tokens. Files of one side alone do not matter beside a tokenizer.json on both."""
    found = []
    if _changed(a, b, "tokenizer.json"):
        tables = [_flat(read_json(f / "tokenizer.json")) for f in (a, b)]
        names = dict.fromkeys(key for table in tables for key in table)
        found += [f"tokenizer.json: {n} differs" for n in names if not same_value(*(t.get(n) for t in tables))]
    found += [f"{n} differs" for n in _OPAQUE if _changed(a, b, n)]
    if not all((f / "tokenizer.json").is_file() for f in (a, b)):
        there = {n: [(f / n).is_file() for f in (a, b)] for n in ("tokenizer.json", *_OPAQUE)}
        found += [f"{n} is only in {'A' if in_a else 'B'}" for n, (in_a, in_b) in there.items() if in_a != in_b]
    return tuple(found)


def _changed(a: Path, b: Path, name: str) -> bool:
    files = [f / name for f in (a, b)]
    return all(f.is_file() for f in files) and file_digest(files[0]) != file_digest(files[1])


def _flat(tokenizer: Mapping[str, Any]) -> dict[str, Any]:
    """Parts of a tokenizer.json by name, in one form: pairs to merge as "a b" or ["a", "b"]; entries by token."""
    model = tokenizer.get("model")
    parts = {k: v for k, v in tokenizer.items() if k not in {"model", "added_tokens", *_STATE}}
    if isinstance(model, dict):
        parts |= {f"model.{k}": v for k, v in model.items()}
        if isinstance(merges := model.get("merges"), list):
            parts["model.merges"] = [" ".join(map(str, m)) if isinstance(m, list) else m for m in merges]
    entries = tokenizer.get("added_tokens")
    if isinstance(entries, list):
        parts["added_tokens"] = {str(e.get("content")): e for e in entries if isinstance(e, dict)}
    return parts
