"""A link to a tokenizer that is gone. Left aside silently, the merged model would have none."""

from __future__ import annotations

from pathlib import Path

EXPECT = ("tokenizer.json", "link that leads nowhere")


def attack(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()
    (folder / "tokenizer.json").symlink_to("../blobs/gone")
