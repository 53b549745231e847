"""The laws of the house, checked by machine: direction of imports, what may be loaded when, the public surface."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import mergealign
from mergealign.errors import RecipeError, UnknownNameError
from mergealign.registry import Registry, did_you_mean

ROOT = Path(__file__).parent.parent
HEAVY = (
    "numpy",
    "numba",
    "pydantic",
    "huggingface_hub",
    "torch",
    "transformers",
    "lm_eval",
    "datasets",
    "optuna",
    "scipy",
)


def loaded_after(code: str) -> set[str]:
    """The heavy modules that are in sys.modules after `code`, in a fresh interpreter."""
    program = f"{code}\nimport sys\nprint(*(m for m in {HEAVY!r} if m in sys.modules), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


def test_imports_point_down() -> None:
    script = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([script, "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_import_loads_nothing_heavy() -> None:
    assert loaded_after("import mergealign") == set()


COMMANDS = "merge align evaluate lab demo check verify show push diff methods recipe tasks judges compare"


@pytest.mark.parametrize("command", [[], *([c] for c in COMMANDS.split()), ["lab", "build"], ["recipe", "schema"]])
def test_help_loads_nothing_heavy(command: list[str]) -> None:
    """Reading the options of a subcommand, typer itself loads pydantic; the bare --help is free of it too."""
    code = f"""
from mergealign.cli.main import make_app
try:
    make_app({next(iter(command), None)!r})({[*command, "--help"]!r})
except SystemExit as e:
    assert not e.code, e.code
"""
    assert loaded_after(code) - ({"pydantic"} if command else set()) == set()


def test_merge_never_loads_torch() -> None:
    rooms = ("merge.run", "report.scores_table", "check.tokens", "similarity.diff")
    code = "\n".join(f"import mergealign.{room}" for room in rooms)
    assert not loaded_after(code) & {"torch", "transformers", "lm_eval", "datasets", "scipy", "numba"}


def test_public_surface() -> None:
    assert sorted(mergealign.__all__) == sorted(dir(mergealign))
    for name in mergealign.__all__:
        assert getattr(mergealign, name) is not None
    with pytest.raises(AttributeError):
        mergealign.nonsense  # noqa: B018


def test_no_room_for_odds_and_ends() -> None:
    forbidden = {"utils", "common", "helpers", "misc"}
    assert not [p for p in (ROOT / "src").rglob("*.py") if p.stem in forbidden or p.parent.name in forbidden]


def test_the_registry_is_lazy_and_names_the_nearest() -> None:
    judges = Registry("judges", "judge")
    assert "refusal" in judges.names()
    with pytest.raises(UnknownNameError, match="unknown judge 'refusel'\n  → did you mean 'refusal'"):
        judges.get("refusel")
    assert loaded_after("from mergealign.registry import Registry; Registry('tasks', 'task').names()") == set()
    assert did_you_mean("zzz", ["b", "a"]) == "known: a, b"


def test_third_parties_register_through_entry_points(monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib.metadata import EntryPoint

    found = [
        EntryPoint("mine", "mergealign.errors:Problem", "mergealign.methods"),
        EntryPoint("mergealign", "mergealign.errors:Problem", "mergealign.methods"),
        EntryPoint("broken", "no.such.module:x", "mergealign.methods"),
    ]
    monkeypatch.setattr("mergealign.registry.entry_points", lambda group: [e for e in found if e.group == group])
    methods = Registry("methods", "merge method")
    assert methods.get("mine").__name__ == "Problem"
    assert methods.get("mergealign").__name__ == "mergealign"
    with pytest.raises(RecipeError, match=r"'broken' from no\.such\.module"):
        methods.get("broken")
