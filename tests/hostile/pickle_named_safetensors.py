"""A pickle that runs a command when it is opened, under the name of a safetensors file."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

from ._craft import MODEL

EXPECT = (MODEL, "a pickle")


class _Bomb:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("true",)


def attack(folder: Path) -> None:
    (folder / MODEL).write_bytes(pickle.dumps(_Bomb()))
