"""A file in the user's cache that keeps what models said: scores and vectors, by a hash of all that they depend on.

Losing an entry costs time and nothing else, so nothing that happens to the file may fail a compression: damage sets it
aside, and a full disk or a folder that cannot be written means that nothing is kept.
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
"""Size that the file is held to unless told otherwise."""
_VERSION = 1
_APPLICATION = 0x63747870
"""What SQLite holds for us in the file's header; a database without it is somebody else's."""
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
"""Codes of a file that is no database, of broken pages, and of tables that are not as we make them."""
_TRIES, _PAUSE = 20, 0.05

OnNote = Callable[[str], None]
"""Called with a line that a person should see."""


class _ForeignError(Exception):
    """The file is a database of something else."""


def default_path() -> Path:
    """Where the file is: ``CTXPIPE_SCORES``, else in the cache folder."""
    if given := os.environ.get("CTXPIPE_SCORES"):
        return Path(given).expanduser().absolute()
    from ctxpipe.models.cache import cache_root

    return cache_root() / f"scores-{_VERSION}.sqlite3"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caching:
    """Whether what models compute is kept for later calls, of this process and others.

    Attributes:
        megabytes: Size that the file is held to; 0 neither uses nor keeps anything.
        path: The file; None for ``CTXPIPE_SCORES``, else one in the user's cache folder.

    Raises:
        UsageError: for a size below 0.
    """

    megabytes: int = MEGABYTES
    path: Path | None = None

    def __post_init__(self) -> None:
        if self.megabytes < 0:
            raise UsageError(f"the score cache may take 0 megabytes or more, not {self.megabytes}")

    @classmethod
    def of(cls, given: int | Caching) -> Caching:
        """From the short form: megabytes."""
        return given if isinstance(given, Caching) else cls(megabytes=given)

    def open(self) -> ScoreCache | None:
        """The cache; None where nothing is kept."""
        return ScoreCache(self.path, megabytes=self.megabytes) if self.megabytes else None


class ScoreCache:
    """Values by key in one SQLite file (write-ahead log), shared by any number of processes and threads.

    Each call opens the file anew, so an object may be used from any thread and after a fork.

    Args:
        path: The file; made when there is none. Its folder too.
        megabytes: Size that the values are held to; those unused longest go first.
    """

    def __init__(self, path: Path | None = None, *, megabytes: int = MEGABYTES) -> None:
        self.path = path or default_path()
        self.limit = megabytes * 1_000_000

    def get(self, keys: Sequence[bytes], on_note: OnNote | None = None) -> dict[bytes, bytes]:
        """The values that are there, by key.

        Args:
            keys: Any number.
            on_note: Called when the file had to be set aside.
        """
        values: dict[bytes, bytes] = {}
        if keys and self.path.exists():
            with self._guarded(on_note), closing(self._open()) as database:
                stale = self._read(database, keys, values)
                if stale:
                    # That a value was used need not be known to the second, so most calls write nothing.
                    self._execute(
                        database, "UPDATE entry SET used = ? WHERE key = ?", [(time.time(), k) for k in stale]
                    )
        return values

    def put(self, values: Mapping[bytes, bytes], on_note: OnNote | None = None) -> None:
        """Keep values, and let go of those unused longest when all together are too many.

        Args:
            values: By key; one that is larger than everything may be is not kept.
            on_note: Called when the file had to be set aside.
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
            # Another process may have made room while this one waited for its turn.
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
            # Another process may have made it meanwhile, in one transaction with the mark.
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
        """Let nothing out that the file system or SQLite raises."""
        inode = _inode(self.path)
        try:
            yield
        except _ForeignError:
            self._set_aside(inode, "is a database of something else", on_note)
        except sqlite3.Error as exc:
            # The low byte is the primary code; the others say where it arose.
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
                    return  # another process has done it, and what is there now is sound
                for ending in ("", "-wal", "-shm"):
                    with suppress(FileNotFoundError):
                        self.path.with_name(self.path.name + ending).rename(aside.with_name(aside.name + ending))
        except (OSError, TimeoutError):
            return
        if on_note is not None:
            on_note(f"the score cache {self.path} {why}; it was renamed to {aside.name}, and a new one is begun")


def _write_ahead(database: sqlite3.Connection) -> None:
    """Switch the file to write-ahead logging, for which SQLite does not wait while another process does the same."""
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
