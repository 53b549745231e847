"""Where a suite is: a file, a folder that holds `suite.yml` (a lab), or one that is shipped, by its name."""

from __future__ import annotations

from pathlib import Path

from ..errors import RecipeError
from ..registry import did_you_mean

__all__ = ["find_suite", "shipped_suites"]

_FOLDER = Path(__file__).parent.parent / "suites"


def shipped_suites() -> dict[str, Path]:
    """The suites that come with mergealign, by name."""
    return {file.stem: file for file in sorted(_FOLDER.glob("*.yml"))}


def find_suite(name_or_file: str | Path) -> Path:
    """The suite file that is meant. Raises RecipeError with the nearest name.

    A shipped name comes first; a file or folder of the same name is meant by `./name`. The suite of the lab lies in the
    lab's folder, so `lab` is the lab that was built as `./lab`.
    """
    text = str(name_or_file)
    shipped = shipped_suites()
    if text in shipped:
        return shipped[text]
    path = Path(text)
    if (path / "suite.yml").is_file():
        return path / "suite.yml"
    if path.is_file():
        return path
    if text == "lab":
        raise RecipeError("there is no lab in ./lab", cure="mergealign lab build --out lab; any lab: --suite FOLDER")
    if path.suffix in (".yml", ".yaml") or path.parent != Path():
        raise RecipeError(f"cannot read {path}: no such suite file", cure="correct the path, or name a shipped suite")
    raise RecipeError(f"unknown suite '{text}'", cure=did_you_mean(text, [*shipped, "lab"]))
