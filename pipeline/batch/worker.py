"""What a worker process does: it keeps a pipeline and the corpora it has opened, and makes contexts."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ctxpipe.compress.prepare.collection import Collection
from ctxpipe.compress.types import CompressedContext, Document
from ctxpipe.errors import CtxpipeError, UsageError
from ctxpipe.pipeline.batch.rows import BatchRequest
from ctxpipe.pipeline.batch.slim import slim
from ctxpipe.pipeline.corpus.gather import Source
from ctxpipe.pipeline.corpus.store import is_corpus
from ctxpipe.pipeline.pipeline import Pipeline
from ctxpipe.recent import Recent

_MOST_OPEN = 4


class Contexts:
    """Makes contexts of requests.

    Args:
        pipeline: Compresses.
        shared: Paths that every request asks beside its own.
    """

    def __init__(self, pipeline: Pipeline, shared: tuple[str, ...]) -> None:
        self._pipeline = pipeline
        self._shared = shared
        self._open: Recent[tuple[str, ...], Collection] = Recent(_MOST_OPEN)

    def make(self, request: BatchRequest, budget: int | None, rate: float | None, *, asks: bool) -> CompressedContext:
        """The context of a request; see ``Pipeline.compress``.

        Args:
            request: The request.
            budget, rate: Size of the context.
            asks: Whether the target is asked with it.
        """
        return self._pipeline.context_of(self._collection(request), request.question, budget, rate, asks=asks)

    def _collection(self, request: BatchRequest) -> Collection:
        paths = (*self._shared, *request.paths)
        if not paths and request.text is None:
            raise UsageError("a request needs paths, a text, or --corpus FILE")
        if request.text is not None:
            sources: list[Source] = [*paths, Document(text=request.text, source=f"request {request.id}")]
            return self._pipeline.prepare(sources)
        # A corpus is loaded once for many requests; other documents are mostly asked once.
        if not any(is_corpus(path) for path in paths):
            return self._pipeline.prepare(paths)
        known = self._open.get(paths)
        if known is None:
            known = self._pipeline.prepare(paths)
            self._open.put(paths, known)
        return known


_CONTEXTS: list[Contexts] = []


def begin(options: Mapping[str, Any], shared: tuple[str, ...], threads: int) -> None:
    """Begin a worker process."""
    for name in ("OMP_NUM_THREADS", "RAYON_NUM_THREADS"):
        os.environ[name] = str(threads)
    _CONTEXTS.append(Contexts(Pipeline(**options), shared))


def make(request: BatchRequest, budget: int | None, rate: float | None, asks: bool) -> CompressedContext | str:
    """``Contexts.make`` in a worker process; gives a slim context, or the line of an error."""
    try:
        return slim(_CONTEXTS[0].make(request, budget, rate, asks=asks))
    except CtxpipeError as exc:
        return str(exc)
    except MemoryError:
        return "too large for the memory of this machine"
