"""Turns requests into rows, some at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Any

from ctxpipe.errors import CtxpipeError, UnreachableError, reason_of
from ctxpipe.pipeline.batch.pool import MakeContext, making
from ctxpipe.pipeline.batch.rows import (
    BadRequest,
    BatchRequest,
    Id,
    Requests,
    answer_row,
    context_row,
    error_row,
    sizes_of,
)
from ctxpipe.pipeline.batch.work import Work
from ctxpipe.pipeline.pipeline import Pipeline

Rows = Iterator[dict[str, Any]]

_AHEAD = 2
"""Requests, for each that runs, that wait for their turn."""


@contextmanager
def running(work: Work) -> Iterator[Callable[[Requests], Rows]]:
    """What turns requests into rows, in the order in which they are done, as long as the block lasts.

    A request that fails is a row with an error. A target out of reach raises ``UnreachableError``, since every further
    request would fail.
    """
    pipeline = Pipeline(**work.options)
    with making(work, pipeline) as make:
        one = _One(work, make, pipeline)
        with ThreadPoolExecutor(work.concurrency) as threads:
            yield lambda requests: _side_by_side(threads, one, requests, work.concurrency * _AHEAD)


def _side_by_side(threads: ThreadPoolExecutor, one: _One, requests: Requests, most: int) -> Rows:
    running: set[Future[dict[str, Any]]] = set()
    try:
        for request in requests:
            running.add(threads.submit(one, request))
            while len(running) >= most:
                finished, running = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    yield future.result()
        while running:
            finished, running = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                yield future.result()
    finally:
        for future in running:
            future.cancel()


class _One:
    """Does one request."""

    def __init__(self, work: Work, make: MakeContext, pipeline: Pipeline) -> None:
        self._work = work
        self._make = make
        self._pipeline = pipeline
        self._lock = threading.Lock()

    def __call__(self, request: BatchRequest | BadRequest) -> dict[str, Any]:
        if isinstance(request, BadRequest):
            return error_row(request.id, request.reason)
        try:
            return self._done(request)
        except UnreachableError:
            raise
        except CtxpipeError as exc:
            return error_row(request.id, str(exc))
        except MemoryError:
            return error_row(request.id, "too large for the memory of this machine")
        except Exception as exc:  # a fault of ours or of a library's in one document costs no other request
            return error_row(request.id, f"unexpected {type(exc).__name__}: {reason_of(exc)}")

    def _done(self, request: BatchRequest) -> dict[str, Any]:
        budget, rate = sizes_of(request, self._work.budget, self._work.rate)
        name: Id = request.id
        if self._work.compress_only:
            return context_row(name, self._make(request, budget, rate, False))
        with self._lock:  # connected once
            _ = self._pipeline.engine
        run = self._pipeline.ask(
            request.question,
            lambda budget, rate: self._make(request, budget, rate, True),
            budget=budget,
            rate=rate,
        )
        return answer_row(name, run)
