"""Makes contexts in this process or in others."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Protocol

from ctxpipe.compress.types import CompressedContext
from ctxpipe.errors import CtxpipeError, ReadError
from ctxpipe.pipeline.batch import worker
from ctxpipe.pipeline.batch.rows import BatchRequest
from ctxpipe.pipeline.batch.work import Work
from ctxpipe.pipeline.pipeline import Pipeline
from ctxpipe.pipeline.processes import Processes


class MakeContext(Protocol):
    """Makes the context of a request."""

    def __call__(self, request: BatchRequest, budget: int | None, rate: float | None, asks: bool) -> CompressedContext:
        """See ``Contexts.make``."""
        ...


@contextmanager
def making(work: Work, pipeline: Pipeline) -> Iterator[MakeContext]:
    """What makes contexts, as long as the block lasts.

    Args:
        work: How they are made, and in how many processes.
        pipeline: Makes them where there is no process for it.
    """
    if work.processes < 1:
        contexts = worker.Contexts(pipeline, work.shared)
        lock = threading.Lock()  # models are not made for several threads

        def make(request: BatchRequest, budget: int | None, rate: float | None, asks: bool) -> CompressedContext:
            with lock:
                return contexts.make(request, budget, rate, asks=asks)

        yield make
        return
    pool = _Pool(work)
    try:
        yield pool.make
    finally:
        pool.close()


class _Pool:
    """Processes that make contexts; one that dies takes nothing with it but the request that killed it."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._lock = threading.Lock()
        self._alone = threading.Lock()
        self._pool = self._started()

    def make(self, request: BatchRequest, budget: int | None, rate: float | None, asks: bool) -> CompressedContext:
        pool = self._pool
        try:
            return _said(pool.submit(worker.make, request, budget, rate, asks))
        except BrokenProcessPool:
            self._replace(pool)
        # Which of the requests that ran killed the process cannot be told, so each is tried once more, alone.
        with self._alone:
            pool = self._pool
            try:
                return _said(pool.submit(worker.make, request, budget, rate, asks))
            except BrokenProcessPool as exc:
                self._replace(pool)
                raise ReadError(
                    f"request {request.id}", "the process that compressed it died, perhaps because memory ran out"
                ) from exc

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _replace(self, broken: Processes) -> None:
        with self._lock:
            if self._pool is broken:
                broken.shutdown(wait=False)
                self._pool = self._started()

    def _started(self) -> Processes:
        return Processes(self._work.processes, worker.begin, (dict(self._work.options), self._work.shared, 1))


def _said(future: Future[CompressedContext | str]) -> CompressedContext:
    made = future.result()
    if isinstance(made, str):
        raise CtxpipeError(made)
    return made
