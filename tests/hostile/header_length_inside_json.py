"""The header's length cuts its JSON short."""

from __future__ import annotations

import json
from pathlib import Path

from ._craft import MODEL, parts, put

EXPECT = (MODEL, "not JSON")


def attack(folder: Path) -> None:
    header, data = parts(folder)
    put(folder, header, data, length=len(json.dumps(header)) - 1)
