"""The document cache: prepared documents of plain paths, so that the second question about them is quick.

A lost entry only costs time, so no problem with the file fails a call.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from ctxpipe.compress.prepare.prepared import Prepared
from ctxpipe.compress.text.counting import Tokenizer
from ctxpipe.errors import CorpusError
from ctxpipe.models.cache import cache_root
from ctxpipe.pipeline.corpus.files import KnownFiles, add_document, file_row, find_document, key_of
from ctxpipe.pipeline.corpus.store import FORMAT, Entry, Store
from ctxpipe.pipeline.corpus.stored import Shelf, StoredDocument
from ctxpipe.pipeline.corpus.work import parts_of
from ctxpipe.pipeline.readers.find import FoundFile

LIMIT_BYTES = 2_000_000_000
"""Default size limit of the file; the least recently used documents are deleted first."""
LEAST_CHARACTERS = 200_000
"""Shorter documents, taken together, are prepared as fast as they are read from the cache, so they are not kept."""


def default_path() -> Path:
    """Path of the file: ``CTXPIPE_DOCUMENTS``, else in the cache folder."""
    if given := os.environ.get("CTXPIPE_DOCUMENTS"):
        return Path(given).expanduser().absolute()
    return cache_root() / f"documents-{FORMAT}.ctx"


class Fresh(NamedTuple):
    """A document that was read and prepared, and its file."""

    file: FoundFile
    prepared: Prepared


class DocumentCache:
    """Prepared documents by file.

    Args:
        errors: How undecodable bytes are read, which is part of a document's key.
        path: The file; by default ``default_path()``.
        limit: Size limit in bytes.

    Attributes:
        found: Documents that were found, by path.
    """

    def __init__(self, errors: str, *, path: Path | None = None, limit: int = LIMIT_BYTES) -> None:
        self.path = path or default_path()
        self.limit = limit
        self._prefix = f"{errors}:"
        self._store: Store | None = None
        self._known: KnownFiles | None = None
        self._shelf: Shelf | None = None
        self.found: dict[str, Prepared] = {}
        if self.path.exists():
            try:
                self._store = Store(self.path)
                self._known = KnownFiles(self._store, self._prefix)
                self._shelf = Shelf(self._store, few=True)
            except CorpusError:
                self._drop()

    def find(self, file: FoundFile) -> bool:
        """Whether the document of an unchanged file is here; ``found`` then holds it."""
        if self._known is None or self._store is None or self._shelf is None or not self._known(file):
            return False
        try:
            document = self._known.row(file).document
            ((characters,),) = self._store.rows("SELECT characters FROM document WHERE id = ?", (document,))
            stored = StoredDocument(Entry(document, file.source, int(characters)), self._shelf)
            # A damaged cache must show now, while the document can still be read from its own file.
            _ = stored.document, stored.passages, stored.outline
        except (CorpusError, ValueError):
            self._drop()
            return False
        self.found[file.path] = stored
        return True

    def put(self, fresh: Sequence[Fresh], used: Sequence[Prepared], tokenizer: Tokenizer) -> None:
        """Keep documents, note which were used, and delete the oldest above the limit."""
        again = [one.entry.document for one in used if isinstance(one, StoredDocument)]
        with suppress(CorpusError, OSError):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with Store(self.path, "write") as store:
                for file, prepared in fresh:
                    self._add(store, file, prepared, tokenizer)
                with store.writing() as database:
                    now = time.time()
                    database.executemany("UPDATE document SET used = ? WHERE id = ?", [(now, id) for id in again])
                self._shrink(store)

    def close(self) -> None:
        """Close the file."""
        if self._store is not None:
            self._store.close()

    def _add(self, store: Store, file: FoundFile, prepared: Prepared, tokenizer: Tokenizer) -> None:
        row = file_row(file, prepared.document, file.source)
        key = key_of(prepared.document)
        parts = parts_of(prepared, tokenizer)
        with store.writing() as database:
            document = find_document(store, key)
            if document < 0:
                document = add_document(database, key, parts)
            database.execute("UPDATE document SET used = ? WHERE id = ?", (time.time(), document))
            database.execute(
                "INSERT OR REPLACE INTO file VALUES (?, 0, 0, ?, ?, ?, ?, ?)",
                (self._prefix + row.path, row.source, row.size, row.modified, row.digest, document),
            )

    def _shrink(self, store: Store) -> None:
        sizes = store.rows(
            "SELECT id, (SELECT sum(length(value)) FROM part WHERE document = id) FROM document ORDER BY used"
        )
        over = sum(size or 0 for _, size in sizes) - self.limit
        doomed = []
        for document, size in sizes:
            if over <= 0:
                break
            doomed.append((document,))
            over -= size or 0
        if doomed:
            with store.writing() as database:
                database.executemany("DELETE FROM file WHERE document = ?", doomed)
                database.executemany("DELETE FROM document WHERE id = ?", doomed)
            store.shrink()

    def _drop(self) -> None:
        """Delete the file, which cannot be read."""
        self._store = None
        for ending in ("", "-wal", "-shm"):
            with suppress(OSError):
                os.unlink(f"{self.path}{ending}")
