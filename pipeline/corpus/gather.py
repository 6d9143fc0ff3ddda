"""From sources (paths, corpus files, documents) to prepared documents."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from ctxpipe.compress.prepare.collection import Collection
from ctxpipe.compress.prepare.prepared import Prepared
from ctxpipe.compress.text.counting import Tokenizer
from ctxpipe.compress.types import Document
from ctxpipe.errors import ReadError
from ctxpipe.pipeline.corpus.ahead import Ahead
from ctxpipe.pipeline.corpus.cache import LEAST_CHARACTERS, DocumentCache, Fresh
from ctxpipe.pipeline.corpus.corpus import Corpus
from ctxpipe.pipeline.corpus.store import is_corpus
from ctxpipe.pipeline.readers.find import FoundFile
from ctxpipe.pipeline.readers.reader import Errors
from ctxpipe.pipeline.readers.reading import ReadFile, Reading

Source = str | os.PathLike[str] | Document | Collection
Sources = Source | Sequence[Source]


class GatheredDocuments(NamedTuple):
    """Prepared documents, failures to read, and notes for the user."""

    collection: Collection
    failures: list[ReadError]
    notes: list[str]


class Gatherer:
    """Gathers documents in the order in which they are named.

    Args:
        errors: For undecodable bytes, as for ``Pipeline``.
        all_files: As for ``Pipeline``.
        cache: Whether documents prepared earlier are used and kept.
        processes: How many prepare documents that are long together.
        on_progress: Called with files done and files in all.
    """

    def __init__(
        self,
        *,
        errors: Errors,
        all_files: bool,
        cache: bool,
        on_progress: Callable[[int, int], None],
        processes: int = 1,
    ) -> None:
        self._errors = errors
        self._all_files = all_files
        self._caches = cache
        self._on_progress = on_progress
        self._cache: DocumentCache | None = None
        self._fresh: list[Fresh] = []
        self._processes = processes

    def gather(self, sources: Sources) -> GatheredDocuments:
        """Read sources.

        Raises:
            UsageError: without a source, or for one of another type.
            CorpusError: if a corpus file cannot be opened.
        """
        if isinstance(sources, Collection):
            return GatheredDocuments(sources, [], _notes_of(sources))
        listed = [sources] if isinstance(sources, str | os.PathLike | Document) else list(sources)
        prepared: list[Prepared] = []
        failures: list[ReadError] = []
        notes: list[str] = []
        for kept, group in groupby(listed, key=_is_kept):
            if kept:
                for one in group:
                    collection = one if isinstance(one, Collection) else Corpus.open(_path(one))
                    notes += _notes_of(collection)
                    prepared += collection.prepared
                    if len(listed) == 1:
                        return GatheredDocuments(collection, [], notes)
            else:
                prepared += self._read(list(group), failures, notes)
        if not listed:
            prepared += self._read([], failures, notes)
        return GatheredDocuments(Collection(prepared), failures, list(dict.fromkeys(notes)))

    def keep(self, collection: Collection, tokenizer: Tokenizer) -> None:
        """Keep what was prepared, once it has been used."""
        if self._cache is not None:
            if sum(one.characters for one in collection.prepared) >= LEAST_CHARACTERS:
                self._cache.put(self._fresh, collection.prepared, tokenizer)
            self._fresh = []

    def _read(self, paths: Sequence[Source], failures: list[ReadError], notes: list[str]) -> Iterator[Prepared]:
        if self._caches and self._cache is None:
            self._cache = DocumentCache(self._errors)
        cache = self._cache
        reading = Reading(
            [path for path in paths if not isinstance(path, Collection)],
            errors=self._errors,
            all_files=self._all_files,
            on_progress=lambda source, done, total: self._on_progress(done, total),
            is_known=None if cache is None else cache.find,
        )
        ahead = Ahead(self._processes)
        try:
            read = [self._known_or_given(file, ahead) for file in reading]
            fresh = ahead.prepared()
            for file, known in read:
                prepared = known or next(fresh)
                if known is None and cache is not None and file is not None:
                    self._fresh.append(Fresh(file, prepared))
                notes += [f"{prepared.document.source}: {note}" for note in prepared.document.notes]
                yield prepared
        finally:
            ahead.close()
        failures += reading.failures
        notes += reading.notes

    def _known_or_given(self, file: ReadFile | FoundFile, ahead: Ahead) -> tuple[FoundFile | None, Prepared | None]:
        """A file, and its document if that is known; else the document is given to ``ahead``."""
        if isinstance(file, FoundFile):
            return file, None if self._cache is None else self._cache.found[file.path]
        ahead.take(file.document)
        return file.file, None


def _is_kept(source: Source) -> bool:
    """Whether a source is prepared already."""
    return isinstance(source, Collection) or (not isinstance(source, Document) and is_corpus(source))


def _path(source: Source) -> str:
    return "" if isinstance(source, Document | Collection) else os.fspath(source)


def _notes_of(collection: Collection) -> list[str]:
    if isinstance(collection, Corpus) and not collection.is_complete:
        return [f"{collection.path} is not finished, so it holds only a part; run ctxpipe index again"]
    return []
