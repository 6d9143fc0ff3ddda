"""Runs a batch on Ray: requests and results are those of a batch in processes of this machine."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ctxpipe.errors import CtxpipeError, reason_of
from ctxpipe.extras import require
from ctxpipe.pipeline.batch.batch import BatchDone, BatchPlan, OnError, OnProgress, check_files, write_rows
from ctxpipe.pipeline.batch.cluster.dataset import rows_of
from ctxpipe.pipeline.batch.cluster.forms import ToColumns, Writes, to_lines
from ctxpipe.pipeline.batch.cluster.left import Left, left_of
from ctxpipe.pipeline.batch.cluster.parquet import SUFFIX, done_in, errors_in
from ctxpipe.pipeline.batch.cluster.session import MODULES, session
from ctxpipe.pipeline.batch.rows import Id, done_ids

if TYPE_CHECKING:
    from ray.data import Dataset

_BLOCK = 16
"""Requests at least of a block, the piece of work that an actor takes and that is done again if it is lost."""
_FILE = 256
"""Results of a Parquet file at least; a file is written when its results are all done."""


def run_on_ray(
    plan: BatchPlan,
    address: str,
    *,
    most: int | None = None,
    on_progress: OnProgress | None = None,
    on_error: OnError | None = None,
) -> BatchDone:
    """Do what is left of a batch on Ray; see ``run_batch``.

    Files whose names end in ``.parquet`` are Parquet: of requests a file or a folder of files, of results a folder,
    which the machines of the cluster write beside each other. Other files are lines of JSON.

    Args:
        plan: The batch. Its ``concurrency`` is that of all machines together.
        address: See ``session``.
        most: Most actors; None for one for each core.
        on_progress: Called with requests done and requests in all.
        on_error: Called with the id of each request that failed, and why.

    Raises:
        ReadError: if the requests cannot be read, or the results not written.
        UsageError: if the results' file holds something else, or requests and results are one file.
        UnreachableError: if the target or Ray is out of reach.
        MissingExtraError: without the extra ``ray``.
    """
    check_files(plan)
    require("ray", "a batch on Ray", *MODULES)
    in_folder = plan.results.suffix == SUFFIX
    before, failed, torn = done_in(plan.results) if in_folder else done_ids(plan.results)
    begun = BatchDone(done=0, failed=0, before=len(before), failed_before=failed, torn=torn)
    left = left_of(plan, before)
    if not left.count:
        return begun
    with session(address) as cores, _errors_of_ours():
        workers = min(cores, most or (cores if plan.compress_only else plan.concurrency))
        if in_folder:
            return _to_folder(plan, left, workers, before, begun, on_error)
        rows = _rows(plan, left, workers)
        return write_rows(plan.results, rows, begun, left.total, on_progress=on_progress, on_error=on_error)


@contextmanager
def _errors_of_ours() -> Iterator[None]:
    from ray.exceptions import RayError

    try:
        yield
    except RayError as exc:
        cause = getattr(exc, "cause", None)
        if isinstance(cause, CtxpipeError):  # Ray adds lines of its own
            raise type(cause)(str(cause).partition("\n")[0]) from exc
        raise CtxpipeError(f"Ray ended the batch: {reason_of(exc)}") from exc


def _rows(plan: BatchPlan, left: Left, workers: int) -> Iterator[dict[str, Any]]:
    dataset = _dataset(plan, left, workers, to_lines)
    for table in dataset.iter_batches(batch_size=None, batch_format="pyarrow", prefetch_batches=0):
        for line in table["line"]:
            yield json.loads(line.as_py())


def _to_folder(
    plan: BatchPlan, left: Left, workers: int, before: set[Id], begun: BatchDone, on_error: OnError | None
) -> BatchDone:
    rows = _dataset(plan, left, workers, ToColumns(compress_only=plan.compress_only))
    rows.write_parquet(str(plan.results.absolute()), min_rows_per_file=_FILE)
    done = failed = 0
    for name, error in errors_in(plan.results, before):
        done += 1
        if error is not None:
            failed += 1
            if on_error is not None:
                on_error(name, error)
    return dataclasses.replace(begun, done=done, failed=failed)


def _dataset(plan: BatchPlan, left: Left, workers: int, writes: Writes) -> Dataset:
    # Two, so that a process has the next request as soon as it has done one.
    each = 2 if plan.compress_only else plan.concurrency // workers
    work = dataclasses.replace(plan.work, concurrency=each)
    return rows_of(left.dataset(max(_BLOCK, 2 * each)), work, left.reads, writes, workers=workers)
