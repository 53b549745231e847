"""JSON readers skip leading blanks, the format forbids them: loaders disagree."""

from __future__ import annotations

import json
from pathlib import Path

from ._craft import MODEL, parts, put

EXPECT = (MODEL, "not a JSON object")


def attack(folder: Path) -> None:
    header, data = parts(folder)
    put(folder, b"  " + json.dumps(header).encode(), data)
