"""A record from its file: one reader for all kinds."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from ..errors import MergeAlignError, Problem

__all__ = ["read_record_file"]

R = TypeVar("R", bound=BaseModel)


def read_record_file(
    file: Path, model: type[R], *, is_not: str, if_missing: str, if_broken: str, error: type[MergeAlignError]
) -> R:
    """The `model` in `file`. Raises `error`, saying where the first mistake is.

    Args:
        is_not: completes "FILE is …" where it holds something else.
        if_missing, if_broken: the cures.
    """
    try:
        return model.model_validate_json(file.read_bytes())
    except OSError as e:
        raise error(Problem(f"cannot read {file}: {e.strerror}", if_missing)) from e
    except ValidationError as e:
        first = e.errors()[0]
        where = ".".join(map(str, first["loc"])) or "top level"
        raise error(Problem(f"{file} is {is_not}: {where}: {first['msg']}", if_broken)) from e
