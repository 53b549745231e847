"""What surrounds the weights: vocabulary, chat template and stop tokens of a model folder, read without tokenizers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .folder import read_json

__all__ = [
    "CONFIG_STOP_KEYS",
    "TEMPLATE_FILES",
    "TOKENIZER_FILES",
    "ChatTemplate",
    "Vocabulary",
    "read_template",
    "read_vocabulary",
]

TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "tokenizer.model",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "vocab.txt",
    "merges.txt",
    "spiece.model",
    "sentencepiece.bpe.model",
    "tekken.json",
)
TEMPLATE_FILES = ("chat_template.jinja", "chat_template.json", "additional_chat_templates")
CONFIG_STOP_KEYS = ("eos_token_id", "pad_token_id")

_LOOKS_SPECIAL = re.compile(r"<\|[^|<>\s{}'\"]+\|>|<(?:start|end)_of_[a-z_]+>|\[/?[A-Z_]{3,}\]")


@dataclass(frozen=True)
class Vocabulary:
    """Tokens of a folder's tokenizer.

    Attributes:
        ids: token → id, added tokens included; empty if the folder has none we can read (sentencepiece only).
        added: the added (special) tokens among them.
        named: the roles of tokenizer_config.json: "eos_token" → text.
    """

    ids: Mapping[str, int] = field(default_factory=dict)
    added: frozenset[str] = frozenset()
    named: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ChatTemplate:
    """The chat template(s) of a folder.

    Attributes:
        text: all templates joined, to look for tokens in.
        in_config: the value of `chat_template` in tokenizer_config.json, kept as it is, or None.
        files: template files and folders beside it.
    """

    text: str
    in_config: Any
    files: tuple[Path, ...]

    def special_tokens(self, vocabulary: Vocabulary) -> set[str]:
        """Tokens the template writes: added tokens of its own tokenizer, and whatever looks like one (`<|eot_id|>`)."""
        literal = {t for t in vocabulary.added if len(t) > 2 and t in self.text}
        names = {text for role, text in vocabulary.named.items() if re.search(rf"\b{role}\b", self.text)}
        looks = {t for t in _LOOKS_SPECIAL.findall(self.text) if not any(t != u and t in u for u in literal)}
        return literal | names | looks


def _token_text(value: Any) -> str | None:
    return value if isinstance(value, str) else value.get("content") if isinstance(value, dict) else None


def read_vocabulary(folder: Path) -> Vocabulary:
    """The vocabulary of a model folder; an empty one where there is nothing readable."""
    ids: dict[str, int] = {}
    added: set[str] = set()
    if (file := folder / "tokenizer.json").is_file():
        content = read_json(file)
        model = content.get("model") or {}
        vocab = model.get("vocab") or {}
        if isinstance(vocab, dict):
            ids.update(vocab)
        else:  # unigram: a list of [token, score]
            ids.update({token: i for i, (token, *_) in enumerate(vocab)})
        entries = content.get("added_tokens") or []
        ids.update({e["content"]: e["id"] for e in entries})
        added.update(e["content"] for e in entries)
    elif (file := folder / "vocab.json").is_file():
        ids.update(read_json(file))
    named: dict[str, str] = {}
    if (file := folder / "tokenizer_config.json").is_file():
        config = read_json(file)
        for i, entry in (config.get("added_tokens_decoder") or {}).items():
            ids.setdefault(entry["content"], int(i))
            added.add(entry["content"])
        named = {k: text for k, v in config.items() if k.endswith("_token") and (text := _token_text(v))}
    return Vocabulary(ids, frozenset(added), named)


def read_template(folder: Path) -> ChatTemplate | None:
    """The chat template of a model folder, or None."""
    files = tuple(f for name in TEMPLATE_FILES if (f := folder / name).exists())
    texts = [f.read_text(encoding="utf-8") for f in files if f.suffix == ".jinja"]
    texts += [f.read_text(encoding="utf-8") for d in files if d.is_dir() for f in sorted(d.glob("*.jinja"))]
    in_config = None
    for name in ("tokenizer_config.json", "chat_template.json"):
        if (folder / name).is_file() and (value := read_json(folder / name).get("chat_template")):
            in_config = value if name == "tokenizer_config.json" else in_config
            entries = value if isinstance(value, list) else [value]
            texts += [e["template"] if isinstance(e, dict) else e for e in entries]
    return ChatTemplate("\n".join(texts), in_config, files) if texts else None
