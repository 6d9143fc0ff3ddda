"""Prepares documents of a one-off call in further processes, while others are still read."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool

from ctxpipe.compress.prepare.prepared import Prepared
from ctxpipe.compress.prepare.words import Stemmer
from ctxpipe.compress.types import Document
from ctxpipe.pipeline.corpus.index import COUNTED
from ctxpipe.pipeline.corpus.work import WORTH_A_POOL, MadeElsewhere, StoredParts, begin, in_worker
from ctxpipe.pipeline.processes import HelperProcesses, Processes

_MOST = 8
"""Processes that work on one document."""


class Ahead:
    """Takes documents as they are read, and gives them back prepared.

    Few or short documents are prepared in this process, when they are first needed. So are those whose process died.

    Args:
        processes: How many work at the same time. With more than one, each imports the calling program.
    """

    def __init__(self, processes: int) -> None:
        self._size = processes
        self._stemmer = Stemmer()
        self._documents: list[Document] = []
        self._futures: list[Future[StoredParts]] = []
        self._characters = 0
        self._pool: Processes | None = None

    def take(self, document: Document) -> None:
        """Take a document, whose preparation begins if there is enough to do."""
        self._documents.append(document)
        self._characters += len(document.text)
        if self._size > 1 and self._characters >= WORTH_A_POOL and len(self._documents) > 1:
            if self._pool is None:
                self._pool = Processes(self._size, begin, (COUNTED,))
            for one in self._documents[len(self._futures) :]:
                self._futures.append(self._pool.submit(in_worker, one))

    def prepared(self) -> Iterator[Prepared]:
        """The documents in the order in which they were taken; waits for those that are still prepared."""
        for place, document in enumerate(self._documents):
            try:
                made = self._futures[place].result() if place < len(self._futures) else None
            except BrokenProcessPool:
                made = None
            yield self._here(document) if made is None else MadeElsewhere(document, made)

    def _here(self, document: Document) -> Prepared:
        helped = self._size > 1 and len(document.text) >= WORTH_A_POOL
        return Prepared(document, self._stemmer, HelperProcesses(min(self._size, _MOST)) if helped else None)

    def close(self) -> None:
        """End the processes and drop what waits."""
        if self._pool is not None:
            self._pool.end()
