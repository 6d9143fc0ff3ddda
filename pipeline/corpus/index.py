"""Makes and updates a corpus file: reads what changed, prepares it, drops what is gone."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ctxpipe.compress.types import Document, OnStage
from ctxpipe.errors import ReadError
from ctxpipe.pipeline.corpus.files import FileRow, KnownFiles, add_document, file_row, find_document, key_of
from ctxpipe.pipeline.corpus.store import Store
from ctxpipe.pipeline.corpus.work import PreparingWorkers, StoredParts
from ctxpipe.pipeline.readers.find import FoundFile
from ctxpipe.pipeline.readers.reader import Errors
from ctxpipe.pipeline.readers.reading import ReadFile, Reading

COUNTED = "smollm2-135m"
"""Tokenizer that counts while indexing. Another target's tokens are counted at its first question."""

_COMMIT_BYTES, _COMMIT_SECONDS = 32_000_000, 2.0
"""Most work that is lost when the process is killed."""
_LAST = 1 << 40
"""Added to the places of what stands behind all files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Indexed:
    """What a run of the indexer did.

    Attributes:
        documents: Documents in the corpus now.
        read: Files that were read: new and changed ones.
        unchanged: Files that were not read again.
        dropped: Files that are gone.
        embedded: Passages that were embedded.
        failures: Files that could not be read; they are not in the corpus.
        notes: Lines for the user on what was read and passed over.
    """

    documents: int
    read: int
    unchanged: int
    dropped: int
    failures: tuple[ReadError, ...]
    notes: tuple[str, ...]
    embedded: int = 0


class _Job(NamedTuple):
    place: int
    file: FileRow
    key: bytes


class Indexer:
    """One run of the indexer.

    Args:
        store: The file, open for writing.
        errors: For undecodable bytes, as for ``Pipeline``.
        rename: Maps a source's name here to its name in the corpus.
        on_stage: Called with progress.
    """

    def __init__(self, store: Store, *, errors: Errors, rename: Callable[[str], str], on_stage: OnStage) -> None:
        self._store = store
        self._errors = errors
        self._rename = rename
        self._on_stage = on_stage
        self._known = KnownFiles(store)
        self._done: list[tuple[int, FileRow, bytes, StoredParts | None]] = []
        self._taken: set[str] = set()
        self._notes: dict[str, None] = {}
        self._read = self._unchanged = self._bytes = 0
        self._committed = time.monotonic()

    def run(
        self,
        paths: Sequence[str | Document],
        *,
        all_files: bool,
        keep_documents: bool = False,
        processes: int = 1,
    ) -> Indexed:
        """Index paths; the corpus then holds them and nothing else.

        Args:
            paths: Files, directories, patterns, documents.
            all_files: As for ``Pipeline``.
            keep_documents: Whether documents of the last run that were no files stay; they cannot be read again.
            processes: How many processes prepare documents.

        Raises:
            CorpusError: if the file cannot be written.
            ReadError: if nothing could be read; the corpus stays as it was.
            UsageError: for no path.
        """
        kept = self._keep_documents() if keep_documents else 0
        if kept and not paths:
            return Indexed(documents=kept, read=0, unchanged=0, dropped=self._swap(), failures=(), notes=())
        reading = Reading(
            list(paths),
            errors=self._errors,
            all_files=all_files,
            is_known=self._known,
            on_progress=lambda source, done, total: self._on_stage("index", done, total),
        )
        workers = PreparingWorkers[_Job](COUNTED, processes)
        try:
            for place, read in enumerate(reading):
                if isinstance(read, FoundFile):
                    self._unchanged += 1
                    row = self._known.row(read)._replace(source=self._rename(read.source))
                    self._take(_Job(place, row, b""), None)
                else:
                    self._prepare(place, read, workers)
            for job, parts in workers.rest():
                self._take(job, parts)
        finally:
            workers.close()
            self._commit()
        if reading.failures and not self._read + self._unchanged + kept:
            raise reading.failures[0]
        return Indexed(
            dropped=self._swap(),
            documents=len(self._store.entries()),
            read=self._read,
            unchanged=self._unchanged,
            failures=tuple(reading.failures),
            notes=(*self._notes, *reading.notes),
        )

    def _prepare(self, place: int, file: ReadFile, workers: PreparingWorkers[_Job]) -> None:
        document = file.document
        self._read += 1
        self._notes.update(dict.fromkeys(f"{document.source}: {note}" for note in document.notes))
        job = _Job(place, file_row(file.file, document, self._rename(document.source)), key_of(document))
        if find_document(self._store, job.key) >= 0:
            self._take(job, None)
            return
        for done, parts in workers.give(job, document):
            self._take(done, parts)

    def _take(self, job: _Job, parts: StoredParts | None) -> None:
        self._taken.add(job.file.path)
        self._done.append((job.place, job.file, job.key, parts))
        self._bytes += sum(map(len, parts.values.values())) if parts else 0
        if self._bytes >= _COMMIT_BYTES or time.monotonic() - self._committed >= _COMMIT_SECONDS:
            self._commit()

    def _commit(self) -> None:
        """Write finished work as staged rows, which readers see when the run is complete."""
        done, self._done = self._done, []
        if done:
            with self._store.writing() as database:
                for place, file, key, parts in done:
                    document = file.document
                    if document < 0:
                        document = find_document(self._store, key)
                    if document < 0 and parts is not None:
                        document = add_document(database, key, parts)
                    database.execute(
                        "INSERT OR REPLACE INTO file VALUES (?, 1, ?, ?, ?, ?, ?, ?)",
                        (file.path, place, *file[1:5], document),
                    )
        self._bytes, self._committed = 0, time.monotonic()

    def _keep_documents(self) -> int:
        """Stage the documents of the last run that were no files, behind all others."""
        with self._store.writing() as database:
            kept = database.execute(
                "INSERT OR REPLACE INTO file SELECT path, 1, place % ? + ?, source, size, modified, digest, document "
                "FROM file WHERE staged = 0 AND path LIKE 'text:%'",
                (_LAST, _LAST),
            ).rowcount
            staged = database.execute("SELECT path FROM file WHERE staged = 1 AND path LIKE 'text:%'")
            self._taken.update(path for (path,) in staged)
        return kept

    def _swap(self) -> int:
        """Replace the rows of the last run by the staged ones in one transaction.

        Returns:
            Number of files that are gone.
        """
        with self._store.writing() as database:
            # A run that was stopped may have staged what this one was not given, or what was removed since.
            staged = database.execute("SELECT path FROM file WHERE staged = 1").fetchall()
            left = [row for row in staged if row[0] not in self._taken]
            database.executemany("DELETE FROM file WHERE staged = 1 AND path = ?", left)
            gone = database.execute(
                "SELECT count(*) FROM file WHERE staged = 0 AND path NOT IN (SELECT path FROM file WHERE staged = 1)"
            ).fetchone()[0]
            database.execute("DELETE FROM file WHERE staged = 0")
            database.execute("UPDATE file SET staged = 0")
            database.execute("DELETE FROM document WHERE id NOT IN (SELECT document FROM file)")
            database.execute("INSERT OR REPLACE INTO setting VALUES ('complete', '1')")
        self._store.shrink()
        return int(gone)
