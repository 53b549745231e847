"""What models and judges said, in one SQLite file: a run that was killed goes on from here.

    key   = XXH3-128(identity, question)   digests of all that decides a reply; no prompt is stored
    reply = JSON, with its own XXH3-128, because SQLite does not notice flipped bits

One row is one batch: whole or absent, and committed before the next batch starts. The file belongs to its owner alone
(mode 0600), for replies hold the words of models. Several processes may use it at once.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import sqlite3
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xxhash

from ..errors import EvaluationError, OutputError, Problem

__all__ = ["Cache", "CacheMemo"]

APPLICATION_ID = 0x6D616C67  # "malg"
FORMAT = 1
BUSY_S = 60.0
_FULL = ("SQLITE_FULL", "SQLITE_IOERR")
_DAMAGED = ("SQLITE_CORRUPT", "SQLITE_NOTADB")


class Cache:
    """Replies by key. Use it as a context manager, and from one thread."""

    def __init__(self, file: Path) -> None:
        """Open or create `file`. Raises OutputError if it cannot be written, EvaluationError if it is no cache."""
        self.file = file
        with self._explained():
            file.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileExistsError):
                os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            self._db = sqlite3.connect(file, timeout=BUSY_S, isolation_level=None)
            try:
                self._prepare()
            except BaseException:
                self._db.close()
                raise

    def _prepare(self) -> None:
        with self._transaction():  # two processes may be here at once
            (application,) = self._db.execute("PRAGMA application_id").fetchone()
            (version,) = self._db.execute("PRAGMA user_version").fetchone()
            (n_tables,) = self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()
            if application != APPLICATION_ID and (application or version or n_tables):
                raise EvaluationError(f"{self.file} is a database of another program", cure="choose another --cache")
            if application == APPLICATION_ID and version != FORMAT:
                raise EvaluationError(
                    f"{self.file} has cache format {version}; this version reads {FORMAT}",
                    cure="choose another --cache, or delete the file: its answers are then asked again",
                )
            self._db.execute("CREATE TABLE IF NOT EXISTS replies (key BLOB PRIMARY KEY, reply BLOB, sum BLOB)")
            self._db.execute("CREATE TABLE IF NOT EXISTS runs (name TEXT PRIMARY KEY, token TEXT)")
            self._db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            self._db.execute(f"PRAGMA user_version = {FORMAT}")
        self._db.execute("PRAGMA synchronous = NORMAL")
        give_up = time.monotonic() + BUSY_S
        while True:
            try:
                self._db.execute("PRAGMA journal_mode = WAL")  # SQLite does not wait here, whatever its time-out
                return
            except sqlite3.OperationalError as e:
                if not e.sqlite_errorname.startswith("SQLITE_BUSY") or time.monotonic() > give_up:
                    raise
                time.sleep(0.01)

    def __enter__(self) -> Cache:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._db.close()

    def memo(self, identity: Mapping[str, str]) -> CacheMemo:
        """The replies of whoever has this identity."""
        return CacheMemo(self, _digest(dict(identity)))

    def get(self, key: bytes) -> Any | None:
        """The reply under `key`, or None."""
        with self._explained():
            row = self._db.execute("SELECT reply, sum FROM replies WHERE key = ?", (key,)).fetchone()
        if row is None:
            return None
        reply, checksum = row
        if xxhash.xxh3_128_digest(reply) != checksum:
            raise self._damaged("a reply differs from its digest")
        return json.loads(reply)

    def put(self, key: bytes, reply: Any) -> None:
        """Keep `reply` (JSON). What is there already stays. Raises OutputError where the disk is full."""
        text = json.dumps(reply, separators=(",", ":")).encode()
        with self._explained(), self._transaction():
            self._db.execute(
                "INSERT OR IGNORE INTO replies VALUES (?, ?, ?)", (key, text, xxhash.xxh3_128_digest(text))
            )

    def begin_run(self, name: str) -> str:
        """A random word that stays the same until `end_run`: what an unnamed server said is good for one run."""
        with self._explained(), self._transaction():
            self._db.execute("INSERT OR IGNORE INTO runs VALUES (?, ?)", (name, secrets.token_hex(16)))
            (token,) = self._db.execute("SELECT token FROM runs WHERE name = ?", (name,)).fetchone()
        return str(token)

    def end_run(self, name: str) -> None:
        """Forget the word of a run that came to its end."""
        with self._explained(), self._transaction():
            self._db.execute("DELETE FROM runs WHERE name = ?", (name,))

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):  # a full disk may have ended the transaction already
                self._db.execute("ROLLBACK")
            raise

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        """What SQLite and the system say, in our words."""
        try:
            yield
        except OSError as e:
            raise OutputError(
                Problem(
                    f"cannot write the cache {self.file}: {e.strerror}", "choose another --cache, or add --no-cache"
                )
            ) from e
        except sqlite3.Error as e:
            code = str(getattr(e, "sqlite_errorname", ""))
            if code.startswith(_DAMAGED):
                raise self._damaged(str(e)) from e
            if code.startswith(_FULL):
                raise OutputError(
                    f"cannot write the cache {self.file}: {e}",
                    cure="make room and run the same command again: what was answered so far is kept",
                ) from e
            if code.startswith("SQLITE_BUSY"):
                raise OutputError(
                    f"another process has held the cache {self.file} for {BUSY_S:.0f} s",
                    cure="run the same command again: what was answered so far is kept",
                ) from e
            raise OutputError(
                f"cannot use the cache {self.file}: {e}", cure="choose another --cache, or add --no-cache"
            ) from e

    def _damaged(self, why: str) -> EvaluationError:
        return EvaluationError(
            f"the cache {self.file} is damaged ({why})", cure="delete the file: its answers are then asked again"
        )


@dataclass(frozen=True)
class CacheMemo:
    """One identity's view of a cache: a `models.Memo`."""

    cache: Cache
    identity: bytes

    def recall(self, question: Any) -> Any | None:
        return self.cache.get(self._key(question))

    def keep(self, question: Any, reply: Any) -> None:
        self.cache.put(self._key(question), reply)

    def _key(self, question: Any) -> bytes:
        return xxhash.xxh3_128_digest(self.identity + _digest(question))


def _digest(content: Any) -> bytes:
    return xxhash.xxh3_128_digest(json.dumps(content, sort_keys=True, separators=(",", ":")).encode())
