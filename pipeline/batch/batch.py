"""Runs a batch: each request's result once, whatever stops it in between."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ctxpipe.errors import ReadError, UsageError, reason_of
from ctxpipe.pipeline.batch.rows import Id, done_ids, line_of, requests_in
from ctxpipe.pipeline.batch.running import running
from ctxpipe.pipeline.batch.work import Work
from ctxpipe.pipeline.corpus.store import Store, is_corpus
from ctxpipe.pipeline.readers.find import find


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchPlan(Work):
    """What a batch does.

    Attributes:
        requests: File of requests, one a line.
        results: File of results; what is in it already is not done again.
    """

    requests: Path
    results: Path

    @property
    def work(self) -> Work:
        """What it does, without its files."""
        return Work(**{field.name: getattr(self, field.name) for field in dataclasses.fields(Work)})


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchDone:
    """What a run did.

    Attributes:
        done: Requests whose results it wrote.
        failed: How many of them are errors.
        before: Requests whose results were there already.
        failed_before: How many of the results that were there are errors.
        torn: Bytes of a torn last line, which was cut off.
    """

    done: int
    failed: int
    before: int
    failed_before: int
    torn: int


OnProgress = Callable[[int, int], None]
OnError = Callable[[Id | None, str], None]


def run_batch(plan: BatchPlan, *, on_progress: OnProgress | None = None, on_error: OnError | None = None) -> BatchDone:
    """Do what is left of a batch.

    Results are written in the order in which they are done, each in one write. A request that fails is a result with an
    error; a target that is out of reach ends the run, since every further request would fail.

    Args:
        plan: The batch.
        on_progress: Called with requests done and requests in all.
        on_error: Called with the id of each request that failed, and why.

    Raises:
        ReadError: if the requests or what all of them ask cannot be read, or the results not written.
        CorpusError: if a corpus that all of them ask cannot be opened.
        UsageError: if the results' file holds something else, requests and results are one file, one is Parquet, or the
            requests are no file.
        UnreachableError: if the target is out of reach.
    """
    check_files(plan)
    for path in (plan.requests, plan.results):
        if path.suffix == ".parquet":
            raise UsageError(f"{path}: Parquet is read and written with --ray only")
    check_shared(plan.shared)
    total = sum(1 for _ in requests_in(plan.requests))
    before, failed, torn = done_ids(plan.results)
    done = BatchDone(done=0, failed=0, before=len(before), failed_before=failed, torn=torn)
    waiting = (one for one in requests_in(plan.requests) if one.id not in before)
    with running(plan) as run:
        return write_rows(plan.results, run(waiting), done, total, on_progress=on_progress, on_error=on_error)


def check_files(plan: BatchPlan) -> None:
    """Refuse a batch that would write over its requests, or cannot read them twice.

    Raises:
        UsageError: if requests and results are one file, or one is a pipe or a device.
    """
    for path, why in ((plan.requests, "are read twice"), (plan.results, "are read when a run goes on")):
        if str(path) == "-" or (path.exists() and not (path.is_file() or path.is_dir())):
            what = "requests" if path is plan.requests else "results"
            raise UsageError(f"{path}: {what} {why}, so they must be in a file")
    if plan.requests.absolute() == plan.results.absolute():
        raise UsageError("requests and results cannot be one file")


def check_shared(paths: Sequence[str]) -> None:
    """Refuse what every request would fail on, before the results are full of errors.

    Raises:
        ReadError: if there is no such file.
        CorpusError: if a corpus file cannot be opened.
    """
    for path in paths:
        if is_corpus(path):
            Store(Path(path)).close()
        elif isinstance(first := next(iter(find(path)), None), ReadError):
            raise first


def write_rows(
    path: Path,
    rows: Iterator[Mapping[str, Any]],
    begun: BatchDone,
    total: int,
    *,
    on_progress: OnProgress | None,
    on_error: OnError | None,
) -> BatchDone:
    """Add rows to a file of results as they come.

    Args:
        path: The file.
        rows: The rows.
        begun: What was done before.
        total: Requests in all.
        on_progress, on_error: See ``run_batch``.

    Raises:
        ReadError: if the file cannot be written.
    """
    done = failed = 0
    with _results(path) as write:
        for row in rows:
            write(row)
            done += 1
            if "error" in row:
                failed += 1
                if on_error is not None:
                    on_error(row["id"], row["error"])
            if on_progress is not None:
                on_progress(done + begun.before, total)
    return dataclasses.replace(begun, done=done, failed=failed)


@contextmanager
def _results(path: Path) -> Iterator[Callable[[Mapping[str, Any]], None]]:
    try:
        file = path.open("ab", buffering=0)
    except OSError as exc:
        raise ReadError(str(path), reason_of(exc)) from exc
    with file:
        yield lambda row: _write(path, file, row)


def _write(path: Path, file: Any, row: Mapping[str, Any]) -> None:
    data = line_of(row)
    try:
        while data:
            data = data[file.write(data) :]
    except OSError as exc:
        raise ReadError(str(path), reason_of(exc)) from exc
