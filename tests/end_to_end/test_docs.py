"""Every command the docs show is run, in the order of the page, beside a finished demo."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import pytest

from mergealign.cli.main import run

from .conftest import Demo

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NOT_RUN = ("make ", "pip install ")  # set-up: the targets are checked to exist, installing is what CI begins with


def blocks(page: Path, *languages: str) -> list[tuple[str, str]]:
    return [(m[1], m[2]) for m in BLOCK.finditer(page.read_text()) if m[1] in languages]


@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p, "sh")], ids=lambda p: p.name)
def test_commands(demo: Demo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: Path) -> None:
    """In this process, which has torch loaded already: what the console script does is seen in test_demo.py."""
    (tmp_path / "demo").symlink_to(demo.root / "demo")
    monkeypatch.chdir(tmp_path)
    for language, text in blocks(page, "sh", "yaml"):
        if language == "yaml":  # a file that a later command reads, if its first line names it
            if text.startswith("# "):
                (tmp_path / text.splitlines()[0].removeprefix("# ")).write_text(text)
            continue
        for line in text.replace("\\\n", " ").splitlines():
            if not line or line.startswith(("#", *NOT_RUN)):
                continue
            monkeypatch.setattr("sys.argv", shlex.split(line, comments=True))
            assert sys.argv[0] == "mergealign", f"{page.name}: {line}"
            assert exit_code() == 0, f"{page.name}: {line}"


def exit_code() -> object:
    """Of the command in sys.argv."""
    try:
        run()
    except SystemExit as e:
        return e.code or 0
    return 0


@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p, "python")], ids=lambda p: p.name)
def test_python(demo: Demo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: Path) -> None:
    (tmp_path / "demo").symlink_to(demo.root / "demo")
    monkeypatch.chdir(tmp_path)
    for n, (_, text) in enumerate(blocks(page, "python")):
        exec(compile(text, f"{page.name}, Python block {n + 1}", "exec"), {"__name__": "__main__"})


def test_no_command_hides_from_the_tests() -> None:
    """A synopsis may be indented, a command to copy stands in a block that is run."""
    for page in PAGES:
        for line in re.findall(r"^    (mergealign .*)$", page.read_text(), re.MULTILINE):
            assert re.search(r"[A-Z]{2,}|…", line), f"{page.name}: {line}"


def test_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    shown = {
        w
        for p in [*PAGES, ROOT / "CONTRIBUTING.md"]
        for w in re.findall(r"^\s*make (\w+)", p.read_text(), re.MULTILINE)
    }
    assert {"demo", "test"} <= shown <= targets


def test_links_lead_somewhere() -> None:
    for page in [*PAGES, ROOT / "CONTRIBUTING.md", *(ROOT / "docs" / "decisions").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text()):
            assert target.startswith("https://") or (page.parent / target).exists(), f"{page.name}: {target}"
