"""Datasets of requests to datasets of rows."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ctxpipe.errors import UsageError
from ctxpipe.extras import require
from ctxpipe.pipeline.batch.cluster.actor import BatchActor
from ctxpipe.pipeline.batch.cluster.forms import FromColumns, Reads, ToColumns, Writes
from ctxpipe.pipeline.batch.cluster.session import MODULES, cores
from ctxpipe.pipeline.batch.work import Work
from ctxpipe.pipeline.pipeline import Pipeline

if TYPE_CHECKING:
    from ray.data import Dataset

_BATCH = 32
"""Requests that an actor takes at a time."""


def compress_dataset(
    dataset: Dataset,
    *,
    budget: int | None = None,
    rate: float | None = None,
    ask: bool = False,
    corpus: Sequence[str] = (),
    workers: int | None = None,
    concurrency: int = 8,
    num_cpus: float = 1.0,
    **options: Any,
) -> Dataset:
    """Compress the documents of each row of a Ray Dataset to a context, and with ``ask`` ask the target.

    The columns of a request are ``id`` (texts or whole numbers) and ``question``, and ``paths``, ``text``, ``budget``
    and ``rate`` where they are wanted; others are passed over. The columns of the result are the fields of a row of
    ``ctxpipe batch``: ``id`` and ``error``, which is empty where all went well, and ``context``, ``kept_tokens``,
    ``source_tokens``, ``excerpts``, or with ``ask`` ``answer``, ``citations`` and the like. A request that fails is a
    row with an error. Only a target out of reach ends the job.

    Nothing runs before the result is used. Rows come in no certain order.

    Args:
        dataset: The requests.
        budget: Size of a context in tokens where a row names none; see ``Pipeline.compress``.
        rate: The same as a share of the documents' tokens.
        ask: Whether the target is asked, and the answers are the result.
        corpus: Paths that every request asks beside its own. Relative ones, and those of requests, are below the
            working directory, which all machines must see.
        workers: Most actors; None for one for each ``num_cpus`` of the cluster. A lost one is replaced where there is
            room.
        concurrency: With ``ask``, most requests that an actor has at the target at the same time.
        num_cpus: Cores of an actor, as Ray counts them.
        **options: Those of ``Pipeline``.

    Raises:
        UsageError: if a size is missing or an option is invalid.
        MissingExtraError: without the extra ``ray``.
    """
    require("ray", "a batch on Ray", *MODULES)
    if not ask and budget is None and rate is None:
        raise UsageError("say how much to keep: budget or rate")
    Pipeline(**options)  # refuses invalid options here and not in an actor
    work = Work(
        options=options,
        shared=tuple(str(path) for path in corpus),
        budget=budget,
        rate=rate,
        compress_only=not ask,
        concurrency=concurrency if ask else 2,
        processes=1,
    )
    reads, writes = FromColumns(folder=Path()), ToColumns(compress_only=not ask)
    return rows_of(dataset, work, reads, writes, workers=workers, num_cpus=num_cpus, batch_size=_BATCH)


def rows_of(
    dataset: Dataset,
    work: Work,
    reads: Reads,
    writes: Writes,
    *,
    workers: int | None = None,
    num_cpus: float = 1.0,
    batch_size: int | None = None,
) -> Dataset:
    """The rows of a dataset of requests.

    Args:
        dataset: The requests, as ``reads`` reads them.
        work: How requests become rows.
        reads, writes: Between tables and requests, and between rows and tables.
        workers: Most actors; None for one for each ``num_cpus`` of the cluster.
        num_cpus: Cores of an actor.
        batch_size: Requests that an actor takes at a time; None for those of a block.
    """
    from ray.data import ActorPoolStrategy

    most = workers or max(1, int(cores() / num_cpus))
    return dataset.map_batches(
        BatchActor,
        fn_constructor_kwargs={
            "work": dataclasses.replace(work, processes=1),
            "reads": reads,
            "writes": writes,
            "folder": Path.cwd(),
        },
        batch_format="pyarrow",
        batch_size=batch_size,
        num_cpus=num_cpus,
        compute=ActorPoolStrategy(
            min_size=1,  # a pool of a fixed size waits for ever for an actor that was lost with its machine
            max_size=most,
            # Two blocks share the actor's threads, so that none waits while the last requests of a block are answered.
            max_concurrent_calls_per_actor=2,
            enable_true_multi_threading=True,
        ),
    )
