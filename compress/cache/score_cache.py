"""The score cache: a file in the user's cache with scores and embeddings, by a hash of all that they depend on.

A lost entry only costs time, so no problem with the file may fail a compression: a damaged file is renamed, and with a
full disk or a read-only folder nothing is stored.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from ctxpipe.errors import UsageError

MEGABYTES = 512
"""Default size limit of the file."""
_VERSION = 1
_APPLICATION = 0x63747870
"""Our mark in SQLite's file header; a database without it belongs to another program."""
_WAIT = 5.0
_FRESH = 600.0
_ROW_BYTES = 80
_ROOM = 0.9
_MOST_VARIABLES = 500
_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS entry (key BLOB PRIMARY KEY, value BLOB NOT NULL, used REAL NOT NULL)",
    "CREATE INDEX IF NOT EXISTS entry_used ON entry (used)",
)
_DAMAGE = frozenset({sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_ERROR})
"""Error codes for a file that is not a database, for damaged pages, and for unexpected tables."""
_TRIES, _PAUSE = 20, 0.05

OnNote = Callable[[str], None]
"""Called with a line for the user."""


class _ForeignError(Exception):
    """The file is a database of another program."""


def default_path() -> Path:
    """Path of the file: ``CTXPIPE_SCORES``, else in the cache folder."""
    if given := os.environ.get("CTXPIPE_SCORES"):
        return Path(given).expanduser().absolute()
    from ctxpipe.models.cache import cache_root

    return cache_root() / f"scores-{_VERSION}.sqlite3"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caching:
    """Options of the score cache, which is shared by later calls and other processes.

    Attributes:
        megabytes: Size limit of the file; 0 turns the cache off.
        path: The file; None for ``CTXPIPE_SCORES``, else one in the user's cache folder.

    Raises:
        UsageError: for a size below 0.
    """

    megabytes: int = MEGABYTES
    path: Path | None = None

    def __post_init__(self) -> None:
        if self.megabytes < 0:
            raise UsageError(f"the size of the score cache must be at least 0 megabytes, not {self.megabytes}")

    @classmethod
    def of(cls, given: int | Caching) -> Caching:
        """From the short form: megabytes."""
        return given if isinstance(given, Caching) else cls(megabytes=given)

    def open(self) -> ScoreCache | None:
        """Open the cache; None if it is off."""
        return ScoreCache(self.path, megabytes=self.megabytes) if self.megabytes else None


class ScoreCache:
    """Values by key in one SQLite file (write-ahead log), shared by any number of processes and threads.

    Each call opens the file again, so an object can be used from any thread and after a fork.

    Args:
        path: The file; it and its folder are created if missing.
        megabytes: Size limit of the values; the least recently used are deleted first.
    """

    def __init__(self, path: Path | None = None, *, megabytes: int = MEGABYTES) -> None:
        self.path = path or default_path()
        self.limit = megabytes * 1_000_000

    def get(self, keys: Sequence[bytes], on_note: OnNote | None = None) -> dict[bytes, bytes]:
        """The stored values, by key.

        Args:
            keys: Any number.
            on_note: Called if the file had to be replaced.
        """
        values: dict[bytes, bytes] = {}
        if keys and self.path.exists():
            with self._guarded(on_note), closing(self._open()) as database:
                stale = self._read(database, keys, values)
                if stale:
                    # The time of use need not be exact, so most calls write nothing.
                    self._execute(
                        database, "UPDATE entry SET used = ? WHERE key = ?", [(time.time(), k) for k in stale]
                    )
        return values

    def put(self, values: Mapping[bytes, bytes], on_note: OnNote | None = None) -> None:
        """Store values; delete the least recently used if the limit is exceeded.

        Args:
            values: Values by key; one that is larger than the limit is not stored.
            on_note: Called if the file had to be replaced.
        """
        rows = [(key, value, time.time()) for key, value in values.items() if len(value) < self.limit * _ROOM]
        if not rows:
            return
        with self._guarded(on_note):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with closing(self._open()) as database:
                self._execute(database, "INSERT OR REPLACE INTO entry VALUES (?, ?, ?)", rows)
                self._shrink(database)

    def _read(self, database: sqlite3.Connection, keys: Sequence[bytes], values: dict[bytes, bytes]) -> list[bytes]:
        stale = []
        old = time.time() - _FRESH
        for at in range(0, len(keys), _MOST_VARIABLES):
            some = list(dict.fromkeys(keys[at : at + _MOST_VARIABLES]))
            marks = ",".join("?" * len(some))
            for key, value, used in database.execute(
                f"SELECT key, value, used FROM entry WHERE key IN ({marks})",
                some,
            ):
                if not isinstance(value, bytes):
                    continue
                values[key] = value
                if not old < used <= time.time():
                    stale.append(key)
        return stale

    def _execute(self, database: sqlite3.Connection, statement: str, rows: Iterable[tuple[object, ...]]) -> None:
        database.execute("BEGIN IMMEDIATE")
        with database:
            database.executemany(statement, rows)

    def _shrink(self, database: sqlite3.Connection) -> None:
        over = _bytes(database) - self.limit
        if over <= 0:
            return
        database.execute("BEGIN IMMEDIATE")
        with database:
            # Another process may have deleted entries while this one waited.
            over = _bytes(database) - int(self.limit * _ROOM)
            doomed = []
            for key, size in database.execute("SELECT key, length(value) FROM entry ORDER BY used, rowid"):
                if over <= 0:
                    break
                doomed.append((key,))
                over -= size + _ROW_BYTES
            database.executemany("DELETE FROM entry WHERE key = ?", doomed)
        database.execute("PRAGMA incremental_vacuum").fetchall()
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def _open(self) -> sqlite3.Connection:
        database = sqlite3.connect(self.path, timeout=_WAIT, isolation_level=None)
        try:
            if database.execute("PRAGMA application_id").fetchone()[0] != _APPLICATION:
                self._create(database)
            database.execute("PRAGMA synchronous = NORMAL")
        except BaseException:
            database.close()
            raise
        return database

    def _create(self, database: sqlite3.Connection) -> None:
        tables = database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if tables:
            # Another process may have created it meanwhile, in one transaction with the mark.
            if database.execute("PRAGMA application_id").fetchone()[0] != _APPLICATION:
                raise _ForeignError
            return
        database.execute("PRAGMA auto_vacuum = INCREMENTAL")
        _write_ahead(database)
        database.execute("BEGIN IMMEDIATE")
        with database:
            for statement in _SCHEMA:
                database.execute(statement)
            database.execute(f"PRAGMA application_id = {_APPLICATION}")

    @contextmanager
    def _guarded(self, on_note: OnNote | None) -> Iterator[None]:
        """Suppress errors of the file system and SQLite."""
        inode = _inode(self.path)
        try:
            yield
        except _ForeignError:
            self._set_aside(inode, "is a database of something else", on_note)
        except sqlite3.Error as exc:
            # The low byte is the primary code.
            if getattr(exc, "sqlite_errorcode", 0) & 0xFF in _DAMAGE:
                self._set_aside(inode, "is damaged or no database", on_note)
        except OSError:
            pass

    def _set_aside(self, inode: int, why: str, on_note: OnNote | None) -> None:
        from filelock import FileLock

        aside = self.path.with_name(f"{self.path.name}.aside-{time.time_ns()}")
        try:
            with FileLock(self.path.with_name(f".{self.path.name}.lock"), timeout=_WAIT):
                if _inode(self.path) != inode:
                    return  # another process has done it, and the file is now valid
                for ending in ("", "-wal", "-shm"):
                    with suppress(FileNotFoundError):
                        self.path.with_name(self.path.name + ending).rename(aside.with_name(aside.name + ending))
        except (OSError, TimeoutError):
            return
        if on_note is not None:
            on_note(f"the score cache {self.path} {why}; it was renamed to {aside.name}, and a new one was started")


def _write_ahead(database: sqlite3.Connection) -> None:
    """Switch the file to write-ahead logging; SQLite does not wait if another process does the same."""
    for attempt in range(_TRIES):
        try:
            database.execute("PRAGMA journal_mode = WAL").fetchone()
            return
        except sqlite3.OperationalError as exc:
            if exc.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or attempt == _TRIES - 1:
                raise
            time.sleep(_PAUSE)


def _inode(path: Path) -> int:
    try:
        return path.stat().st_ino
    except OSError:
        return 0


def _bytes(database: sqlite3.Connection) -> int:
    size, pages, free = (
        int(database.execute(f"PRAGMA {name}").fetchone()[0]) for name in ("page_size", "page_count", "freelist_count")
    )
    return size * (pages - free)
