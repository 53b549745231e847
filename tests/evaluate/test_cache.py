"""The file that remembers: private, checked, shared, and whole after a crash."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from mergealign.errors import EvaluationError, OutputError
from mergealign.evaluate.cache import Cache

IDENTITY = {"weights": "a" * 32, "dtype": "float32"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "new" / "cache.sqlite"


def test_what_is_kept_is_recalled_exactly(file: Path) -> None:
    reply = [[-1.2345678901234567, True], [float("-inf"), False], {"text": "é\n", "n": 3}]
    with Cache(file) as cache:
        memo = cache.memo(IDENTITY)
        assert memo.recall(["q", 1]) is None
        memo.keep(["q", 1], reply)
        memo.keep(["q", 1], "something else")  # the first one stays
    with Cache(file) as cache:
        assert cache.memo(IDENTITY).recall(["q", 1]) == reply
        assert cache.memo(dict(reversed(IDENTITY.items()))).recall(["q", 1]) == reply
        for identity, question in (({**IDENTITY, "weights": "b" * 32}, ["q", 1]), (IDENTITY, ["q", 2])):
            assert cache.memo(identity).recall(question) is None


def test_nobody_else_can_read_it_and_no_question_is_in_it(file: Path) -> None:
    with Cache(file) as cache:
        cache.memo(IDENTITY).keep(["a prompt nobody should see"], "a reply")
        files = sorted(file.parent.iterdir())
        assert len(files) == 3  # with the write-ahead log and its index
        for part in files:
            assert stat.S_IMODE(part.stat().st_mode) == 0o600, part
            assert b"nobody should see" not in part.read_bytes()
    assert list(file.parent.iterdir()) == [file]


def test_a_run_keeps_its_word_until_it_ends(file: Path) -> None:
    with Cache(file) as cache:
        first, other = cache.begin_run("/a/scores.json"), cache.begin_run("/b/scores.json")
        assert first != other
    with Cache(file) as cache:
        assert cache.begin_run("/a/scores.json") == first
        cache.end_run("/a/scores.json")
        assert cache.begin_run("/a/scores.json") != first
        assert cache.begin_run("/b/scores.json") == other


@pytest.mark.parametrize("where", ["header", "middle", "garbage"])
def test_a_damaged_file_is_an_error_that_names_the_cure(file: Path, where: str) -> None:
    with Cache(file) as cache:
        for n in range(200):
            cache.memo(IDENTITY).keep([n], "reply " * 50)
    content = bytearray(file.read_bytes())
    if where == "header":
        content[:16] = b"\0" * 16
    elif where == "middle":
        content[4096 * 3 : -4096] = b"\xa5" * (len(content) - 4096 * 4)
    else:
        content[:] = b"not a database at all, but long enough to be looked at" * 20
    file.write_bytes(content)

    def read() -> None:
        with Cache(file) as cache:
            for n in range(200):
                cache.memo(IDENTITY).recall([n])

    with pytest.raises(EvaluationError, match=r"cache .* is damaged \(.*\)\n  → delete the file"):
        read()


def test_a_flipped_bit_in_a_reply_is_noticed(file: Path) -> None:
    with Cache(file) as cache:
        cache.memo(IDENTITY).keep(["q"], "the lamp is red")
    content = file.read_bytes()
    assert content.count(b"lamp is red") == 1
    file.write_bytes(content.replace(b"lamp is red", b"lamp is reD"))
    with Cache(file) as cache, pytest.raises(EvaluationError, match=r"damaged \(a reply differs from its digest"):
        cache.memo(IDENTITY).recall(["q"])


def test_other_databases_are_left_alone(file: Path) -> None:
    file.parent.mkdir()
    with sqlite3.connect(file) as foreign:
        foreign.execute("CREATE TABLE bookmarks (url TEXT)")
    foreign.close()
    kept = file.read_bytes()
    with pytest.raises(EvaluationError, match=r"is a database of another program\n  → choose another --cache"):
        Cache(file)
    assert file.read_bytes() == kept


def test_another_format_is_told(file: Path) -> None:
    with Cache(file) as cache:
        cache._db.execute("PRAGMA user_version = 99")
    with pytest.raises(EvaluationError, match="has cache format 99; this version reads 1"):
        Cache(file)


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"cannot write the cache .*\n  → choose another --cache, or add --no-cache"):
        Cache(tmp_path / "file" / "cache.sqlite")
    with pytest.raises(OutputError, match="cannot use the cache"):
        Cache(tmp_path)


def test_a_full_disk_loses_nothing_that_was_kept(file: Path) -> None:
    with Cache(file) as cache:
        memo, n = cache.memo(IDENTITY), 0
        (pages,) = cache._db.execute("PRAGMA page_count").fetchone()
        cache._db.execute(f"PRAGMA max_page_count = {pages + 20}")

        def fill() -> None:
            nonlocal n
            for n in range(1000):
                memo.keep([n], "reply " * 200)

        with pytest.raises(
            OutputError, match=r"cannot write the cache .* full\n  → make room and run the same command"
        ):
            fill()
        assert n > 5
        assert memo.recall([n]) is None
    with Cache(file) as cache:
        memo = cache.memo(IDENTITY)
        assert all(memo.recall([k]) for k in range(n))
        memo.keep([n], "there is room again")
        assert memo.recall([n]) == "there is room again"


def test_another_process_that_never_lets_go_is_told(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mergealign.evaluate.cache.BUSY_S", 0.05)
    with Cache(file) as cache, Cache(file) as other:
        other._db.execute("BEGIN IMMEDIATE")
        with pytest.raises(OutputError, match="another process has held the cache"):
            cache.memo(IDENTITY).keep(["q"], 1)
        other._db.execute("ROLLBACK")
        cache.memo(IDENTITY).keep(["q"], 1)
        assert other.memo(IDENTITY).recall(["q"]) == 1


WRITER = """
import sys
from pathlib import Path
from mergealign.evaluate.cache import Cache

with Cache(Path(sys.argv[1])) as cache:
    memo = cache.memo({"who": "all"})
    for n in range(100):
        memo.keep([sys.argv[2], n], f"{sys.argv[2]} {n}")
        memo.keep(["shared", n], n)
"""


def test_processes_share_a_file(file: Path) -> None:
    names = ["a", "b", "c"]
    command = [sys.executable, "-c", WRITER, file]
    writers = [subprocess.Popen([*command, name], stderr=subprocess.PIPE, text=True) for name in names]
    for writer in writers:
        _, err = writer.communicate(timeout=60)
        assert writer.returncode == 0, err
    with Cache(file) as cache:
        memo = cache.memo({"who": "all"})
        assert all(memo.recall([name, n]) == f"{name} {n}" for name in names for n in range(100))
        assert [memo.recall(["shared", n]) for n in range(100)] == list(range(100))
