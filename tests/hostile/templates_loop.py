"""A folder of templates with links to itself: copying it as it is would never end."""

from __future__ import annotations

from pathlib import Path

EXPECT = ("additional_chat_templates", "a.jinja")
ROLE = "aligned"


def attack(folder: Path) -> None:
    templates = folder / "additional_chat_templates"
    templates.mkdir()
    for name in ("a.jinja", "b.jinja"):
        (templates / name).symlink_to(".")
