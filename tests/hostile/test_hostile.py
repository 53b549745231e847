"""Every attack is refused: exit code 2, the file and tensor named in printable words, and nothing written."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import mergealign.merge.run

from ..cli.conftest import Result
from ._attacks import AFTER_PLANNING, ATTACKS, load
from ._craft import MODEL, shard

Cli = Callable[..., Result]
Family = Callable[..., dict[str, Path]]
SCRIPT = Path(sys.executable).parent / "mergealign"
TIME_LIMIT_S = 30


@pytest.fixture(autouse=True)
def no_hang() -> Iterator[None]:
    """A hang is a failure, not a night on the build machine."""

    def late(*_: object) -> None:
        raise TimeoutError(f"still at it after {TIME_LIMIT_S} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(TIME_LIMIT_S)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def arguments(folders: dict[str, Path], out: Path) -> list[str]:
    return ["merge", *(f"--{role}={folder}" for role, folder in folders.items()), f"--out={out}"]


def is_refusal(code: int, err: str, expect: tuple[str, ...]) -> None:
    assert code == 2, err
    assert any(line.startswith("error: ") for line in err.splitlines())
    assert "Traceback" not in err
    assert all(c.isprintable() or c == "\n" for c in err), f"steers the terminal: {err!r}"
    assert len(err) < 10_000
    for text in expect:
        assert text in err


def test_there_are_enough() -> None:
    assert len(ATTACKS) >= 60
    assert all(load(name).idea.endswith((".", "is.", "true.")) for name in ATTACKS)


@pytest.mark.parametrize("name", ATTACKS)
def test_is_refused(name: str, family: Family, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    attack, folders = load(name), family()
    run_plan = mergealign.merge.run.run_plan

    def attack_then_run(*args: Any, **options: Any) -> Any:
        attack.attack(folders[attack.role])
        return run_plan(*args, **options)

    if attack.when == AFTER_PLANNING:
        monkeypatch.setattr(mergealign.merge.run, "run_plan", attack_then_run)
    else:
        attack.attack(folders[attack.role])
    result = cli(*arguments(folders, tmp_path / "out"))
    is_refusal(result.code, result.err, attack.expect)
    assert {f.name for f in tmp_path.iterdir()} == {"base", "domain", "aligned"}


@pytest.mark.parametrize("name", ["header_deeply_nested", "model_is_a_pipe", "name_with_terminal_escape"])
def test_is_refused_by_the_command(name: str, family: Family, tmp_path: Path) -> None:
    attack, folders = load(name), family()
    attack.attack(folders[attack.role])
    command = [str(SCRIPT), *arguments(folders, tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIME_LIMIT_S)
    is_refusal(done.returncode, done.stderr, attack.expect)
    assert not (tmp_path / "out").exists()


def test_a_family_that_is_not_attacked_merges(family: Family, cli: Cli, tmp_path: Path) -> None:
    folders = family()
    shard(folders["domain"])
    result = cli(*arguments(folders, tmp_path / "out"))
    assert result.code == 0, result.err
    assert json.loads((tmp_path / "out" / "config.json").read_text())["model_type"] == "llama"
    assert (tmp_path / "out" / MODEL).exists()


def test_notes_cannot_steer_the_terminal_either(family: Family, cli: Cli, tmp_path: Path) -> None:
    folders = family()
    (folders["domain"] / "\x1b[2J.safetensors").write_bytes(b"")
    for result in (cli(*arguments(folders, tmp_path / "out")), cli("check", *arguments(folders, tmp_path)[1:4])):
        assert result.code == 0, result.err
        assert "\x1b" not in result.out + result.err
    assert "\x1b" not in (tmp_path / "out" / "mergealign.json").read_text()


def test_an_attack_can_be_written_by_hand(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "tests.hostile", "header_not_json", str(tmp_path / "bad")]
    subprocess.run(command, cwd=root, check=True)
    assert b"not the tensors" in (tmp_path / "bad" / MODEL).read_bytes()
