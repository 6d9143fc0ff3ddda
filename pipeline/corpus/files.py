"""Rows of a store: the files that it knows, and their documents."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from typing import NamedTuple

from ctxpipe.compress.types import Document
from ctxpipe.pipeline.corpus.parts import fields_out, text_out
from ctxpipe.pipeline.corpus.store import Store
from ctxpipe.pipeline.corpus.work import StoredParts
from ctxpipe.pipeline.readers.find import FoundFile
from ctxpipe.pipeline.readers.held import is_inside, opened


class FileRow(NamedTuple):
    """A file as it was read.

    Attributes:
        path: Where it is; for a document that is no file, a name made of its hash.
        source: Name of its document.
        size: Bytes, or -1 if they are not known.
        modified: Time of its last change, nanoseconds.
        digest: SHA-256 of its bytes.
        document: Id of its document; -1 while it has none.
    """

    path: str
    source: str
    size: int
    modified: int
    digest: bytes
    document: int = -1


class KnownFiles:
    """Which files have not changed since a store read them: by size and time, else by their bytes.

    Args:
        store: The store.
        prefix: Set before paths in the store.
    """

    def __init__(self, store: Store, prefix: str = "") -> None:
        self._prefix = prefix
        rows = store.rows("SELECT path, source, size, modified, digest, document FROM file ORDER BY staged")
        self._rows = {row[0]: FileRow(*row) for row in rows}

    def __call__(self, file: FoundFile) -> bool:
        """Whether a file is known and unchanged."""
        known = self._rows.get(self._prefix + os.path.abspath(file.path))
        if known is None or not is_inside(file.path):
            return False
        try:
            status = os.stat(file.path)
            if status.st_size != known.size:
                return False
            if status.st_mtime_ns != known.modified:
                if digest_of(file.path) != known.digest:
                    return False
                self._rows[known.path] = known._replace(modified=status.st_mtime_ns)
        except OSError:
            return False
        return True

    def row(self, file: FoundFile) -> FileRow:
        """The row of a known file."""
        return self._rows[self._prefix + os.path.abspath(file.path)]


def file_row(file: FoundFile | None, document: Document, source: str) -> FileRow:
    """The row of a file that was just read, or of a document that was given."""
    if file is None:
        return FileRow(f"text:{key_of(document).hex()}:{source}", source, len(document.text), 0, b"")
    path = os.path.abspath(file.path)
    try:
        status = os.stat(path)
        return FileRow(path, source, status.st_size, status.st_mtime_ns, digest_of(path))
    except OSError:  # it is gone since it was read: the next run sees that
        return FileRow(path, source, -1, 0, b"")


def key_of(document: Document) -> bytes:
    """A hash of a document without its source's name."""
    fields = fields_out(document)
    digest = hashlib.sha256(len(fields).to_bytes(8, "little"))
    digest.update(fields)
    digest.update(text_out(document.text))
    return digest.digest()


def digest_of(path: str) -> bytes:
    """SHA-256 of a file."""
    with opened(path) as file:
        return hashlib.file_digest(file, "sha256").digest()


def find_document(store: Store, key: bytes) -> int:
    """Id of the document with a key; -1 for none."""
    rows = store.rows("SELECT id FROM document WHERE key = ?", (key,)) if key else []
    return int(rows[0][0]) if rows else -1


def add_document(database: sqlite3.Connection, key: bytes, parts: StoredParts) -> int:
    """Write a document; returns its id."""
    characters = len(parts.values["text"].decode("utf-8", "surrogatepass"))
    made = database.execute(
        "INSERT INTO document (key, characters, passages) VALUES (?, ?, ?)", (key, characters, parts.passages)
    ).lastrowid
    database.executemany(
        "INSERT INTO part VALUES (?, ?, ?)", [(made, name, value) for name, value in parts.values.items()]
    )
    database.executemany(
        "INSERT INTO tokens VALUES (?, ?, ?)", [(made, name, count) for name, count in parts.tokens.items()]
    )
    return -1 if made is None else made
