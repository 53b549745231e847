"""How a recipe names a model: a folder, seen from the recipe's own, or `org/name[@revision]` on the Hub."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import PlainSerializer, PlainValidator, ValidationInfo, WithJsonSchema

__all__ = ["HUB_NAME", "Reference", "is_there", "seen_from"]

HUB_NAME = re.compile(r"(?P<repo>\w[\w.-]*/\w[\w.-]*)(?:@(?P<revision>\w[\w./-]*))?", re.ASCII)
"""A model on the Hub: `org/name[@revision]`, the revision a branch, a tag, a commit or refs/pr/N."""


def is_there(folder: Path, source: str) -> bool:
    """Whether `source` is a path that exists, seen from `folder`."""
    with suppress(OSError, RuntimeError, ValueError):  # too long, ~nobody, NUL: no path
        return (folder / Path(source).expanduser()).exists()
    return False


def seen_from(folder: Path, source: str) -> str:
    """A path from `folder`; what is no folder there but looks like a name on the Hub stays a name."""
    if HUB_NAME.fullmatch(source) and not is_there(folder, source):
        return source
    return str(folder / Path(source).expanduser())


@dataclass(frozen=True)
class _Reference:
    """A model as mergekit writes it: `path[@revision][+adapter[@revision]]`.

    Attributes:
        text: as written; the label of the model.
        source: the folder or the name on the Hub.
    """

    text: str
    source: str

    @property
    def has_adapter(self) -> bool:
        return "+" in self.text and not is_there(Path(), self.source)


def _parse(given: Any, info: ValidationInfo) -> _Reference:
    if isinstance(given, _Reference):
        return given
    text = _written_out(given)
    folder = (info.context or {}).get("folder")
    return _Reference(text, text if folder is None else seen_from(folder, text))


def _written_out(given: Any) -> str:
    """mergekit's long form, {model: {path, revision}, lora}, in its short one."""
    if isinstance(given, str) and given.strip():
        return given
    if isinstance(given, Mapping) and {"model"} <= given.keys() <= {"model", "lora"}:
        return "+".join(_written_out(given[k]) for k in ("model", "lora") if given.get(k) is not None)
    if isinstance(given, Mapping) and {"path"} <= given.keys() <= {"path", "revision"}:
        return "@".join(_written_out(given[k]) for k in ("path", "revision") if given.get(k) is not None)
    raise ValueError("a model is a folder, or org/name[@revision] on the Hub")


Reference = Annotated[
    _Reference,
    PlainValidator(_parse),
    PlainSerializer(lambda reference: reference.text),
    WithJsonSchema({"type": "string", "description": "A folder, or org/name[@revision] on the Hub."}),
]
