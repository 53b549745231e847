"""The header is not UTF-8."""

from __future__ import annotations

import json
from pathlib import Path

from ._craft import MODEL, parts, put

EXPECT = (MODEL, "not JSON")


def attack(folder: Path) -> None:
    header, data = parts(folder)
    put(folder, json.dumps(header).encode("utf-16"), data)
