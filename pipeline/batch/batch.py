"""Runs a batch: each request's result once, whatever stops it in between."""

from __future__ import annotations

import json
import multiprocessing
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, ThreadPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from ctxpipe.compress.types import CompressedContext
from ctxpipe.errors import CtxpipeError, ReadError, UnreachableError, UsageError, reason_of
from ctxpipe.pipeline.batch import worker
from ctxpipe.pipeline.batch.rows import (
    BadRequest,
    BatchRequest,
    Id,
    answer_row,
    context_row,
    done_ids,
    error_row,
    requests_in,
    sizes_of,
)
from ctxpipe.pipeline.pipeline import Pipeline

_AHEAD = 2
"""Requests, for each that runs, that wait for their turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchPlan:
    """What a batch does.

    Attributes:
        requests: File of requests, one a line.
        results: File of results; what is in it already is not done again.
        options: Options of the ``Pipeline`` of each process.
        shared: Paths that every request asks beside its own.
        budget, rate: Size of a context where a request names none.
        compress_only: Whether contexts are the results and no target is asked.
        concurrency: Requests that run at the same time.
        processes: Processes that compress; 0 compresses in this one. With more, each imports the calling program.
    """

    requests: Path
    results: Path
    options: Mapping[str, Any]
    shared: tuple[str, ...] = ()
    budget: int | None = None
    rate: float | None = None
    compress_only: bool = False
    concurrency: int = 8
    processes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchDone:
    """What a run did.

    Attributes:
        done: Requests whose results it wrote.
        failed: How many of them are errors.
        before: Requests whose results were there already.
        torn: Bytes of a torn last line, which was cut off.
    """

    done: int
    failed: int
    before: int
    torn: int


class MakeContext(Protocol):
    """Makes the context of a request."""

    def __call__(self, request: BatchRequest, budget: int | None, rate: float | None, asks: bool) -> CompressedContext:
        """See ``Contexts.make``."""
        ...


def run_batch(
    plan: BatchPlan,
    *,
    on_progress: Callable[[int, int], None] | None = None,
    on_error: Callable[[Id, str], None] | None = None,
) -> BatchDone:
    """Do what is left of a batch.

    Results are written in the order in which they are done, each in one write. A request that fails is a result with an
    error; a target that is out of reach ends the run, since every further request would fail.

    Args:
        plan: The batch.
        on_progress: Called with requests done and requests in all.
        on_error: Called with the id of each request that failed, and why.

    Raises:
        ReadError: if the requests cannot be read, or the results not written.
        UsageError: if the results' file holds something else, or requests and results are one file.
        UnreachableError: if the target is out of reach.
    """
    if plan.requests.absolute() == plan.results.absolute():
        raise UsageError("requests and results cannot be one file")
    total = sum(1 for _ in requests_in(plan.requests))
    before, torn = done_ids(plan.results)
    waiting = (one for one in requests_in(plan.requests) if one.id not in before)
    done = failed = 0
    with _results(plan.results) as write, _runner(plan) as run:
        for row in run(waiting):
            write(row)
            done += 1
            if "error" in row:
                failed += 1
                if on_error is not None:
                    on_error(row["id"], row["error"])
            if on_progress is not None:
                on_progress(done + len(before), total)
    return BatchDone(done=done, failed=failed, before=len(before), torn=torn)


@contextmanager
def _results(path: Path) -> Iterator[Callable[[Mapping[str, Any]], None]]:
    try:
        with path.open("ab", buffering=0) as file:
            yield lambda row: _write(file, row)
    except OSError as exc:
        raise ReadError(str(path), reason_of(exc)) from exc


def _write(file: Any, row: Mapping[str, Any]) -> None:
    data = (json.dumps(row, ensure_ascii=False) + "\n").encode("utf-8", "replace")
    while data:
        data = data[file.write(data) :]


@contextmanager
def _runner(plan: BatchPlan) -> Iterator[Callable[[Iterator[BatchRequest | BadRequest]], Iterator[dict[str, Any]]]]:
    pipeline = Pipeline(**plan.options)
    with _maker(plan, pipeline) as make:
        one = _One(plan, make, pipeline)
        with ThreadPoolExecutor(plan.concurrency) as threads:
            yield lambda requests: _side_by_side(threads, one, requests, plan.concurrency * _AHEAD)


def _side_by_side(
    threads: ThreadPoolExecutor, one: _One, requests: Iterator[BatchRequest | BadRequest], most: int
) -> Iterator[dict[str, Any]]:
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

    def __init__(self, plan: BatchPlan, make: MakeContext, pipeline: Pipeline) -> None:
        self._plan = plan
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

    def _done(self, request: BatchRequest) -> dict[str, Any]:
        budget, rate = sizes_of(request, self._plan.budget, self._plan.rate)
        name: Id = request.id
        if self._plan.compress_only:
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


@contextmanager
def _maker(plan: BatchPlan, pipeline: Pipeline) -> Iterator[MakeContext]:
    if plan.processes < 1:
        contexts = worker.Contexts(pipeline, plan.shared)
        lock = threading.Lock()  # models are not made for several threads

        def make(request: BatchRequest, budget: int | None, rate: float | None, asks: bool) -> CompressedContext:
            with lock:
                return contexts.make(request, budget, rate, asks=asks)

        yield make
        return
    pool = _Pool(plan)
    try:
        yield pool.make
    finally:
        pool.close()


class _Pool:
    """Processes that make contexts; one that dies takes nothing with it but the request that killed it."""

    def __init__(self, plan: BatchPlan) -> None:
        self._plan = plan
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
                    f"request {request.id}", "the process that compressed it died, perhaps for want of memory"
                ) from exc

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _replace(self, broken: ProcessPoolExecutor) -> None:
        with self._lock:
            if self._pool is broken:
                broken.shutdown(wait=False)
                self._pool = self._started()

    def _started(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(
            self._plan.processes,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=worker.begin,
            initargs=(dict(self._plan.options), self._plan.shared, 1),
        )


def _said(future: Future[CompressedContext | str]) -> CompressedContext:
    made = future.result()
    if isinstance(made, str):
        raise CtxpipeError(made)
    return made
