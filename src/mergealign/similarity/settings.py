"""Settings of two JSON files, compared key by key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any, Literal

from ..checkpoint.files import read_json

__all__ = ["Setting", "compare_settings", "read_settings", "same_value"]

Side = Literal["a", "b"]

_RENAMED = {"torch_dtype": "dtype"}  # transformers 5 writes the second
_PROVENANCE = {"_name_or_path", "transformers_version", "_commit_hash"}


@dataclass(frozen=True)
class Setting:
    """One setting that differs.

    Attributes:
        key: its path in the file, "rope_scaling.factor".
        values: as stored, by side; a side that does not have the key is missing.
    """

    key: str
    values: Mapping[Side, Any]

    @property
    def is_provenance(self) -> bool:
        """Whether it says where a file comes from and nothing about the model."""
        return self.key.rpartition(".")[2] in _PROVENANCE

    def describe(self) -> dict[str, Any]:
        return {"key": self.key} | {str(side): value for side, value in self.values.items()}


def read_settings(file: Path) -> dict[str, Any]:
    """The content of a JSON file; empty where there is none. Raises CheckpointError."""
    return read_json(file) if file.exists() else {}


def compare_settings(a: Mapping[str, Any], b: Mapping[str, Any]) -> tuple[Setting, ...]:
    """What differs, sorted by key. 1 and 1.0 are one value; a key that is null is not a key that is missing."""
    flat: dict[Side, dict[str, Any]] = {"a": dict(_leaves(a)), "b": dict(_leaves(b))}
    found = []
    for key in sorted(flat["a"].keys() | flat["b"].keys()):
        values = {side: leaves[key] for side, leaves in flat.items() if key in leaves}
        if len(values) < 2 or not same_value(values["a"], values["b"]):
            found.append(Setting(key, values))
    return tuple(found)


def same_value(a: Any, b: Any) -> bool:
    """Equality as JSON sees it: to Python true is 1."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same_value(a[k], b[k]) for k in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same_value, a, b))
    return isinstance(a, bool) == isinstance(b, bool) and bool(a == b)


def _leaves(table: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        here = f"{path}{_RENAMED.get(key, key)}"
        if isinstance(value, dict) and value:
            yield from _leaves(value, f"{here}.")
        else:
            yield here, _writable(value)


def _writable(value: Any) -> Any:
    """JSON has no NaN and no infinity, though Python reads them: they become words."""
    if isinstance(value, float) and not isfinite(value):
        return repr(value)
    if isinstance(value, dict):
        return {k: _writable(v) for k, v in value.items()}
    return [_writable(v) for v in value] if isinstance(value, list) else value
