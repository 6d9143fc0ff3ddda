"""Runs a batch: each request's result once, whatever stops it in between."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ctxpipe.errors import ReadError, UsageError, reason_of
from ctxpipe.pipeline.batch.rows import Id, done_ids, line_of, requests_in
from ctxpipe.pipeline.batch.running import running
from ctxpipe.pipeline.batch.work import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchPlan(Work):
    """What a batch does.

    Attributes:
        requests: File of requests, one a line.
        results: File of results; what is in it already is not done again.
    """

    requests: Path
    results: Path


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
    with _results(plan.results) as write, running(plan) as run:
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
    data = line_of(row)
    while data:
        data = data[file.write(data) :]
