"""config.json and generation_config.json: what we rely on has the type it must have."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ..errors import CheckpointError, Problem
from .files import read_json

__all__ = ["read_config"]


def _whole(value: Any) -> bool:
    return type(value) is int


def _token_ids(value: Any) -> bool:
    return all(map(_whole, value)) if isinstance(value, list) else _whole(value)


_KINDS: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    "model_type": ("a string", lambda v: isinstance(v, str)),
    "vocab_size": ("a positive whole number", lambda v: _whole(v) and v > 0),
    "hidden_size": ("a positive whole number", lambda v: _whole(v) and v > 0),
    "tie_word_embeddings": ("true or false", lambda v: isinstance(v, bool)),
    "torch_dtype": ("the name of a dtype", lambda v: isinstance(v, str)),
    "dtype": ("the name of a dtype", lambda v: isinstance(v, (str, dict))),
    "bos_token_id": ("a token id or a list of them", _token_ids),
    "eos_token_id": ("a token id or a list of them", _token_ids),
    "pad_token_id": ("a token id or a list of them", _token_ids),
    "quantization_config": ("a table", lambda v: isinstance(v, dict)),
    "text_config": ("a table", lambda v: isinstance(v, dict)),
}


def read_config(file: Path) -> dict[str, Any]:
    """A config whose known settings, if there, have their types. Raises CheckpointError with all that do not."""
    config = read_json(file)
    if problems := list(_problems(file, config)):
        raise CheckpointError(*problems)
    return config


def _problems(file: Path, config: Mapping[str, Any], inside: str = "") -> Iterator[Problem]:
    for key, (kind, fits) in _KINDS.items():
        value = config.get(key)
        if value is not None and not fits(value):
            what = f"{file}: {inside}{key} is {repr(value)[:60]}, not {kind}"
            yield Problem(what, "repair it, or download the file again")
    if not inside and isinstance(nested := config.get("text_config"), dict):
        yield from _problems(file, nested, "text_config.")
