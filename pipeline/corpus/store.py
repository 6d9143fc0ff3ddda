"""The corpus file: one SQLite database (write-ahead log) that one process writes while others read."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, NamedTuple

from ctxpipe.closing import Closing
from ctxpipe.errors import CorpusError, reason_of

FORMAT = 17
"""Version of the format, raised with every change to what is stored or how it is made."""
APPLICATION = 0x63747863
"""Our mark in SQLite's file header."""

_WAIT = 30.0
_SCHEMA = """
CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE document (
    id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, characters INTEGER NOT NULL, passages INTEGER NOT NULL,
    used REAL NOT NULL DEFAULT 0
);
CREATE TABLE part (
    document INTEGER NOT NULL REFERENCES document ON DELETE CASCADE, name TEXT NOT NULL, value BLOB NOT NULL
);
CREATE UNIQUE INDEX part_of ON part (name, document);
CREATE INDEX part_document ON part (document);
CREATE TABLE tokens (
    document INTEGER NOT NULL REFERENCES document ON DELETE CASCADE, tokenizer TEXT NOT NULL, tokens INTEGER NOT NULL,
    PRIMARY KEY (document, tokenizer)
) WITHOUT ROWID;
CREATE TABLE file (
    path TEXT NOT NULL, staged INTEGER NOT NULL, place INTEGER NOT NULL, source TEXT NOT NULL, size INTEGER NOT NULL,
    modified INTEGER NOT NULL, digest BLOB NOT NULL, document INTEGER NOT NULL REFERENCES document,
    PRIMARY KEY (path, staged)
);
CREATE TABLE vectors (
    document INTEGER NOT NULL REFERENCES document ON DELETE CASCADE, passage INTEGER NOT NULL,
    passages INTEGER NOT NULL, value BLOB NOT NULL, PRIMARY KEY (document, passage)
);
CREATE TABLE sentences (
    document INTEGER NOT NULL REFERENCES document ON DELETE CASCADE, passage INTEGER NOT NULL, value BLOB NOT NULL,
    PRIMARY KEY (document, passage)
);
CREATE INDEX file_document ON file (document);
"""
_HEADER = b"SQLite format 3\x00"
_MARK_AT, _VERSION_AT, _HEADER_SIZE = 68, 60, 100


class Entry(NamedTuple):
    """A document of the corpus: its id, its source's name, and the length of its text in characters."""

    document: int
    source: str
    characters: int


def is_corpus(path: str | os.PathLike[str]) -> bool:
    """Whether a path is a corpus file by its header, of any version."""
    return _header(path)[_MARK_AT : _MARK_AT + 4] == APPLICATION.to_bytes(4, "big")


class Store(Closing):
    """A connection to a corpus file. Threads may share it.

    A connection for reading sees the file as it was when it was opened, whatever is written meanwhile.

    Args:
        path: The file.
        mode: ``"read"``, or ``"write"``, which makes a missing file.

    Raises:
        CorpusError: if it cannot be opened, or is not a corpus file of this version.
    """

    def __init__(self, path: Path, mode: Literal["read", "write"] = "read") -> None:
        self.path = path
        self._lock = threading.RLock()
        with self._errors():
            self._database = self._open_to_write() if mode == "write" else self._open_to_read()

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._database.close()

    def rows(self, statement: str, values: Iterable[Any] = ()) -> list[Any]:
        """The rows of a statement that reads.

        Raises:
            CorpusError: if the file is damaged or closed.
        """
        with self._lock, self._errors():
            return self._database.execute(statement, tuple(values)).fetchall()

    def blocks(self, statement: str, size: int) -> Iterator[list[Any]]:
        """The rows of a statement that reads, so many at a time.

        Raises:
            CorpusError: see ``rows``.
        """
        with self._lock, self._errors():
            cursor = self._database.execute(statement)
        while True:
            with self._lock, self._errors():
                rows = cursor.fetchmany(size)
            if not rows:
                return
            yield rows

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction; an exception leaves the file as it was.

        Raises:
            CorpusError: if it cannot be written, as on a full disk.
        """
        with self._lock, self._errors():
            self._database.execute("BEGIN IMMEDIATE")
            with self._database:
                yield self._database

    def shrink(self) -> None:
        """Free the space of deleted rows, and move the log into the file."""
        with self._lock, self._errors():
            self._database.execute("PRAGMA incremental_vacuum").fetchall()
            # Not waited for: a server may keep the file open for days, and the log is read as well as the file.
            self._database.execute("PRAGMA busy_timeout = 0")
            self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            self._database.execute(f"PRAGMA busy_timeout = {int(1000 * _WAIT)}")

    def entries(self) -> list[Entry]:
        """The documents, in order; before the end of the first run, those that are finished."""
        staged = 0 if self.is_complete else 1
        return [
            Entry(*row)
            for row in self.rows(
                "SELECT document, source, characters FROM file JOIN document ON document.id = file.document "
                "WHERE staged = ? ORDER BY place, path",
                (staged,),
            )
        ]

    @property
    def is_complete(self) -> bool:
        """Whether a run of the indexer ended once."""
        return self.setting("complete") == "1"

    def setting(self, name: str) -> str:
        """A setting of the file; empty if it was never set."""
        rows = self.rows("SELECT value FROM setting WHERE name = ?", (name,))
        return str(rows[0][0]) if rows else ""

    def _open_to_read(self) -> sqlite3.Connection:
        self._check(_header(self.path))
        quoted = self.path.absolute().as_uri()
        # With write access, SQLite removes its log and index when the last reader closes. Without write access to the
        # folder it cannot share a log, and needs none, because nobody writes there.
        for query in ("mode=rw", "mode=ro", "mode=ro&immutable=1"):
            database = sqlite3.connect(
                f"{quoted}?{query}", uri=True, timeout=_WAIT, isolation_level=None, check_same_thread=False
            )
            try:
                database.execute("PRAGMA query_only = ON")
                database.execute("BEGIN")
                database.execute("SELECT count(*) FROM setting").fetchone()
            except sqlite3.OperationalError:
                database.close()
                if "immutable" in query or ("ro" in query and os.access(self.path.parent, os.W_OK)):
                    raise
            else:
                return database
        raise CorpusError(str(self.path), "cannot be opened")

    def _open_to_write(self) -> sqlite3.Connection:
        if not self.path.exists() or (self.path.is_file() and not self.path.stat().st_size):
            # Only its owner may read it: it holds the text of the documents.
            os.close(os.open(self.path, os.O_CREAT | os.O_WRONLY, 0o600))
        else:
            self._check(_header(self.path))
        database = sqlite3.connect(self.path, timeout=_WAIT, isolation_level=None, check_same_thread=False)
        try:
            if not database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                _create(database)
            database.execute("PRAGMA foreign_keys = ON")
            database.execute("PRAGMA synchronous = NORMAL")
        except BaseException:
            database.close()
            raise
        return database

    def _check(self, header: bytes) -> None:
        path = str(self.path)
        if not header:
            raise CorpusError(path, _why_empty(self.path))
        if not header.startswith(_HEADER) or len(header) < _HEADER_SIZE:
            raise CorpusError(path, "not a corpus file, or cut off")
        if header[_MARK_AT : _MARK_AT + 4] != APPLICATION.to_bytes(4, "big"):
            raise CorpusError(path, "a database of another program")
        version = int.from_bytes(header[_VERSION_AT : _VERSION_AT + 4], "big")
        if version != FORMAT:
            raise CorpusError(
                path, f"made by another version of ctxpipe (format {version}, not {FORMAT}); index into a new file"
            )

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as exc:
            raise CorpusError(str(self.path), _why(exc)) from exc
        except OSError as exc:
            raise CorpusError(str(self.path), reason_of(exc)) from exc


def _create(database: sqlite3.Connection) -> None:
    database.execute("PRAGMA auto_vacuum = INCREMENTAL")
    # The log begins only now: the mark must be in the header of the file itself.
    database.executescript(
        f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {FORMAT}; COMMIT;"
    )
    database.execute("PRAGMA journal_mode = WAL").fetchone()


def _header(path: str | os.PathLike[str]) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(_HEADER_SIZE)
    except OSError:
        return b""


def _why_empty(path: Path) -> str:
    if not path.exists():
        return "there is no such file; ctxpipe index makes it"
    if path.is_dir():
        return "a folder, not a corpus file"
    if not path.is_file():
        return "a device or a pipe, not a corpus file"
    return "an empty file, no corpus" if os.access(path, os.R_OK) else "may not be read"


def _why(exc: sqlite3.Error) -> str:
    code = getattr(exc, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return "damaged; index into a new file"
    if code == sqlite3.SQLITE_FULL:
        return "the disk is full; what was written before is kept, and the same command goes on"
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN):
        return "cannot be written or opened: check the permissions of the file and its folder"
    if code == sqlite3.SQLITE_BUSY:
        return "another process writes it"
    return str(exc)
