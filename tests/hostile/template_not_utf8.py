"""A chat template that is not UTF-8."""

from __future__ import annotations

from pathlib import Path

EXPECT = ("chat_template.jinja", "not UTF-8")
ROLE = "aligned"


def attack(folder: Path) -> None:
    (folder / "chat_template.jinja").write_bytes(b"\xff\xfe{{ messages }}")
