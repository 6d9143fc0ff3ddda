"""Makes and updates a corpus file: reads what changed, prepares it, drops what is gone."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ctxpipe.compress.types import Document, OnStage
from ctxpipe.errors import ReadError
from ctxpipe.pipeline.corpus.parts import fields_out, text_out
from ctxpipe.pipeline.corpus.store import Store
from ctxpipe.pipeline.corpus.work import Parts, Workers
from ctxpipe.pipeline.readers.find import FoundFile
from ctxpipe.pipeline.readers.reader import Errors
from ctxpipe.pipeline.readers.reading import ReadFile, Reading

COUNTED = "smollm2-135m"
"""Whose tokens are counted while indexing; another target's are counted when it first asks."""

_COMMIT_BYTES, _COMMIT_SECONDS = 32_000_000, 2.0
"""How much work a kill may lose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Indexed:
    """What a run of the indexer did.

    Attributes:
        documents: Documents in the corpus now.
        read: Files that were read, as they are new or have changed.
        unchanged: Files that were known.
        dropped: Files that are gone.
        failures: What could not be read; it is not in the corpus.
        notes: What must be known of what was read and passed over.
    """

    documents: int
    read: int
    unchanged: int
    dropped: int
    failures: tuple[ReadError, ...]
    notes: tuple[str, ...]


class _File(NamedTuple):
    """A row of a file: its document's id is known, or -1 and the document is prepared."""

    path: str
    source: str
    size: int
    modified: int
    digest: bytes
    document: int = -1


class _Job(NamedTuple):
    place: int
    file: _File
    key: bytes


class Indexer:
    """One run of the indexer.

    Args:
        store: The file, open for writing.
        errors: For undecodable bytes, as for ``Pipeline``.
        rename: From a source's name as it is found to the name that it has in the corpus.
        on_stage: Called with progress.
    """

    def __init__(self, store: Store, *, errors: Errors, rename: Callable[[str], str], on_stage: OnStage) -> None:
        self._store = store
        self._errors = errors
        self._rename = rename
        self._on_stage = on_stage
        rows = store.rows("SELECT path, source, size, modified, digest, document FROM file ORDER BY staged")
        self._known = {row[0]: _File(*row) for row in rows}
        self._done: list[tuple[int, _File, bytes, Parts | None]] = []
        self._notes: dict[str, None] = {}
        self._read = self._unchanged = self._bytes = 0
        self._committed = time.monotonic()

    def run(self, paths: Sequence[str | Document], *, all_files: bool, processes: int = 1) -> Indexed:
        """Index paths; the corpus then holds them and nothing else.

        Raises:
            CorpusError: if the file cannot be written.
            ReadError: if nothing could be read; the corpus stays as it was.
            UsageError: for no path.
        """
        reading = Reading(
            list(paths),
            errors=self._errors,
            all_files=all_files,
            is_known=self._is_known,
            on_progress=lambda source, done, total: self._on_stage("index", done, total),
        )
        workers = Workers[_Job](COUNTED, processes)
        try:
            for place, found in enumerate(reading):
                if isinstance(found, FoundFile):
                    self._unchanged += 1
                    known = self._known[_path(found)]
                    self._take(_Job(place, known._replace(source=self._rename(found.source)), b""), None)
                else:
                    self._prepare(place, found, workers)
            for job, parts in workers.rest():
                self._take(job, parts)
        finally:
            workers.close()
            self._commit()
        if reading.failures and not self._read + self._unchanged:
            raise reading.failures[0]
        return Indexed(
            dropped=self._swap(),
            documents=len(self._store.entries()),
            read=self._read,
            unchanged=self._unchanged,
            failures=tuple(reading.failures),
            notes=(*self._notes, *reading.notes),
        )

    def _prepare(self, place: int, found: ReadFile, workers: Workers[_Job]) -> None:
        document = found.document
        self._read += 1
        self._notes.update(dict.fromkeys(f"{document.source}: {note}" for note in document.notes))
        job = _Job(place, self._file(found.file, document), key_of(document))
        if self._id(job.key) is not None:
            self._take(job, None)
            return
        for done, parts in workers.give(job, document):
            self._take(done, parts)

    def _is_known(self, file: FoundFile) -> bool:
        """Whether a file has not changed: by size and time, else by its bytes."""
        known = self._known.get(_path(file))
        if known is None:
            return False
        try:
            status = os.stat(file.path)
            if status.st_size != known.size:
                return False
            if status.st_mtime_ns == known.modified:
                return True
            if _digest(file.path) != known.digest:
                return False
        except OSError:
            return False
        self._known[known.path] = known._replace(modified=status.st_mtime_ns)
        return True

    def _file(self, file: FoundFile | None, document: Document) -> _File:
        source = self._rename(document.source)
        if file is None:
            return _File(f"text:{key_of(document).hex()}:{source}", source, len(document.text), 0, b"")
        try:
            status = os.stat(file.path)
            return _File(_path(file), source, status.st_size, status.st_mtime_ns, _digest(file.path))
        except OSError:  # it is gone since it was read: the next run sees that
            return _File(_path(file), source, -1, 0, b"")

    def _take(self, job: _Job, parts: Parts | None) -> None:
        self._done.append((job.place, job.file, job.key, parts))
        self._bytes += sum(map(len, parts.values.values())) if parts else 0
        if self._bytes >= _COMMIT_BYTES or time.monotonic() - self._committed >= _COMMIT_SECONDS:
            self._commit()

    def _commit(self) -> None:
        """Write what is done. It is staged: readers see it when the run is complete."""
        done, self._done = self._done, []
        if done:
            with self._store.writing() as database:
                for place, file, key, parts in done:
                    document = file.document
                    if document < 0:
                        document = self._id(key) or -1
                    if document < 0 and parts is not None:
                        document = _add(database, key, parts)
                    database.execute(
                        "INSERT OR REPLACE INTO file VALUES (?, 1, ?, ?, ?, ?, ?, ?)",
                        (file.path, place, *file[1:5], document),
                    )
        self._bytes, self._committed = 0, time.monotonic()

    def _id(self, key: bytes) -> int | None:
        found = self._store.rows("SELECT id FROM document WHERE key = ?", (key,)) if key else []
        return int(found[0][0]) if found else None

    def _swap(self) -> int:
        """Let what this run has found take the place of what was there, at once; how many files are gone."""
        with self._store.writing() as database:
            gone = database.execute(
                "SELECT count(*) FROM file WHERE staged = 0 AND path NOT IN (SELECT path FROM file WHERE staged = 1)"
            ).fetchone()[0]
            database.execute("DELETE FROM file WHERE staged = 0")
            database.execute("UPDATE file SET staged = 0")
            database.execute("DELETE FROM document WHERE id NOT IN (SELECT document FROM file)")
            database.execute("INSERT OR REPLACE INTO setting VALUES ('complete', '1')")
        self._store.shrink()
        return int(gone)


def key_of(document: Document) -> bytes:
    """A hash of a document without its source's name."""
    fields = fields_out(document)
    digest = hashlib.sha256(len(fields).to_bytes(8, "little"))
    digest.update(fields)
    digest.update(text_out(document.text))
    return digest.digest()


def _add(database: sqlite3.Connection, key: bytes, parts: Parts) -> int:
    characters = len(parts.values["text"].decode("utf-8", "surrogatepass"))
    made = database.execute("INSERT INTO document (key, characters) VALUES (?, ?)", (key, characters)).lastrowid
    database.executemany(
        "INSERT INTO part VALUES (?, ?, ?)", [(made, name, value) for name, value in parts.values.items()]
    )
    database.executemany(
        "INSERT INTO tokens VALUES (?, ?, ?)", [(made, name, count) for name, count in parts.tokens.items()]
    )
    return int(made or -1)


def _path(file: FoundFile) -> str:
    return os.path.abspath(file.path)


def _digest(path: str) -> bytes:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
