"""What surrounds the weights: vocabulary, chat template and stop tokens of a model folder, read without tokenizers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import CheckpointError
from .files import read_json, read_text

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
TEMPLATE_FOLDER = "additional_chat_templates"
TEMPLATE_FILES = ("chat_template.jinja", "chat_template.json", TEMPLATE_FOLDER)
CONFIG_STOP_KEYS = ("eos_token_id", "pad_token_id")

_LOOKS_SPECIAL = re.compile(r"<\|[^|<>\s{}'\"]+\|>|<(?:start|end)_of_[a-z_]+>|\[/?[A-Z_]{3,}\]")


@dataclass(frozen=True)
class Vocabulary:
    """Tokens of a folder's tokenizer.

    Attributes:
        ids: token → id, added tokens included.
        added: the added (special) tokens among them.
        named: the roles of tokenizer_config.json: "eos_token" → text.
        complete: a token that is not in `ids` does not exist; False for sentencepiece alone, where only added tokens
            can be read.
    """

    ids: Mapping[str, int] = field(default_factory=dict)
    added: frozenset[str] = frozenset()
    named: Mapping[str, str] = field(default_factory=dict)
    complete: bool = False


@dataclass(frozen=True)
class ChatTemplate:
    """The chat template(s) of a folder.

    Attributes:
        text: all templates joined, to look for tokens in.
        in_config: the value of `chat_template` in tokenizer_config.json, kept as it is, or None.
        files: template files beside it, those in folders included.
    """

    text: str
    in_config: Any
    files: tuple[Path, ...]

    def special_tokens(self, vocabulary: Vocabulary) -> set[str]:
        """Tokens the template writes: added tokens of its own tokenizer, literally or by role (`eos_token`)."""
        literal = {t for t in vocabulary.added if len(t) > 2 and t in self.text}
        names = {text for role, text in vocabulary.named.items() if re.search(rf"\b{re.escape(role)}\b", self.text)}
        return literal | names | (self.marks(vocabulary) & vocabulary.ids.keys())

    def marks(self, vocabulary: Vocabulary) -> set[str]:
        """What looks like a special token (`<|eot_id|>`, `[INST]`); many families write such marks as plain text."""
        return {t for t in _LOOKS_SPECIAL.findall(self.text) if not any(t != u and t in u for u in vocabulary.added)}


def _broken(file: Path, what: str) -> CheckpointError:
    return CheckpointError(f"{file}: {what}", cure="download or save it again")


def _token_id(file: Path, token: Any, number: Any) -> int:
    if not isinstance(token, str) or type(number) is not int or number < 0:
        raise _broken(file, f"token {repr(token)[:60]} has the id {repr(number)[:60]}")
    return number


def _ids_of_model(file: Path, model: Any) -> dict[str, int]:
    vocab = model.get("vocab") if isinstance(model, dict) else model
    if not vocab:
        return {}
    if isinstance(vocab, dict):
        return {token: _token_id(file, token, number) for token, number in vocab.items()}
    if isinstance(vocab, list) and all(isinstance(e, list) and e and isinstance(e[0], str) for e in vocab):
        return {entry[0]: i for i, entry in enumerate(vocab)}  # unigram: [token, score]
    raise _broken(file, "its model has no vocabulary that can be understood")


def _added_tokens(file: Path, entries: Iterable[tuple[Any, Any]]) -> dict[str, int]:
    """(id, entry) of added tokens → ids by text."""
    found = {}
    for number, entry in entries:
        token = entry.get("content") if isinstance(entry, dict) else None
        found[str(token)] = _token_id(file, token, number)
    return found


def _number(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[0-9]{1,15}", text) else None


def _token_text(file: Path, role: str, value: Any) -> str | None:
    """The text of a named token; switches like `add_bos_token` have none."""
    text = value.get("content") if isinstance(value, dict) else value
    if isinstance(text, str):
        return text
    if text is None or (isinstance(text, bool) and text is value):
        return None
    raise _broken(file, f"{role} is {repr(value)[:60]}, not a token")


def read_vocabulary(folder: Path) -> Vocabulary:
    """The vocabulary of a model folder; an empty one where there is nothing readable. Raises CheckpointError."""
    ids: dict[str, int] = {}
    added: dict[str, int] = {}
    complete = True
    if (file := folder / "tokenizer.json").exists():
        content = read_json(file, walked=False)
        ids.update(_ids_of_model(file, content.get("model")))
        entries = content.get("added_tokens") or []
        if not isinstance(entries, list):
            raise _broken(file, "its added_tokens are not a list")
        added.update(_added_tokens(file, ((e.get("id") if isinstance(e, dict) else None, e) for e in entries)))
        ids.update(added)
    elif (file := folder / "vocab.json").exists():
        ids.update({token: _token_id(file, token, number) for token, number in read_json(file, walked=False).items()})
    else:
        complete = False
    if (file := folder / "added_tokens.json").exists():
        more = {token: _token_id(file, token, number) for token, number in read_json(file).items()}
        ids = more | ids
        added |= more
    named: dict[str, str] = {}
    if (file := folder / "tokenizer_config.json").exists():
        config = read_json(file)
        decoder = config.get("added_tokens_decoder") or {}
        if not isinstance(decoder, dict):
            raise _broken(file, "its added_tokens_decoder is not a table")
        decoded = _added_tokens(file, ((_number(i), e) for i, e in decoder.items()))
        ids = decoded | ids
        added |= decoded
        roles = ((k, v) for k, v in config.items() if k.endswith("_token"))
        named = {k: text for k, v in roles if (text := _token_text(file, k, v))}
    return Vocabulary(ids, frozenset(added), named, complete and bool(ids))


def _template_texts(file: Path, value: Any) -> list[str]:
    """The template(s) in the setting `chat_template`: a text, or a list of {"name", "template"}."""
    entries = value if isinstance(value, list) else [value]
    texts: list[Any] = [e.get("template") if isinstance(e, dict) else e for e in entries]
    if not all(isinstance(text, str) for text in texts):
        raise _broken(file, "its chat_template is neither a text nor a list of named texts")
    return texts


def read_template(folder: Path) -> ChatTemplate | None:
    """The chat template of a model folder, or None. Raises CheckpointError."""
    entries = [f for name in TEMPLATE_FILES if (f := folder / name).exists()]
    if entries and entries[-1].name == TEMPLATE_FOLDER and not entries[-1].is_dir():
        raise _broken(entries[-1], "it is not a folder")
    files = tuple(f for entry in entries for f in (sorted(entry.glob("*.jinja")) if entry.is_dir() else [entry]))
    texts = [read_text(f) for f in files if f.suffix == ".jinja"]
    in_config = None
    for name in ("tokenizer_config.json", "chat_template.json"):
        if (folder / name).exists() and (value := read_json(folder / name).get("chat_template")):
            in_config = value if name == "tokenizer_config.json" else in_config
            texts += _template_texts(folder / name, value)
    return ChatTemplate("\n".join(texts), in_config, files) if texts else None
