"""What is left of the requests of a batch, as a dataset."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ctxpipe.pipeline.batch.batch import BatchPlan
from ctxpipe.pipeline.batch.cluster.forms import FromColumns, FromLines, Reads
from ctxpipe.pipeline.batch.cluster.index import index_of
from ctxpipe.pipeline.batch.cluster.parquet import SUFFIX, ids_in
from ctxpipe.pipeline.batch.rows import Id

if TYPE_CHECKING:
    from ray.data import Dataset

_BLOCKS = 10_000
"""Most blocks; each has its costs in the program that began the batch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What is left of the requests of a batch.

    Attributes:
        dataset: Makes a dataset of them, with so many requests in each block.
        reads: Reads its requests.
        count: How many they are.
        total: Requests in all.
    """

    dataset: Callable[[int], Dataset]
    reads: Reads
    count: int
    total: int


def left_of(plan: BatchPlan, before: set[Id]) -> Left:
    """What is left of a batch.

    Args:
        plan: The batch.
        before: Ids whose results are there.

    Raises:
        ReadError: if the requests cannot be read.
        UsageError: if they are Parquet without ids.
    """
    return (_in_parquet if plan.requests.suffix == SUFFIX else _in_lines)(plan, before)


def _in_lines(plan: BatchPlan, before: set[Id]) -> Left:
    index, total = index_of(plan.requests, before, text=plan.results.suffix == SUFFIX)

    def dataset(block: int) -> Dataset:
        import ray

        return ray.data.from_arrow(index, override_num_blocks=min(_BLOCKS, -(-len(index) // block)))

    return Left(dataset=dataset, reads=FromLines(path=plan.requests), count=len(index), total=total)


def _in_parquet(plan: BatchPlan, before: set[Id]) -> Left:
    ids = ids_in(plan.requests)

    def dataset(block: int) -> Dataset:
        import ray

        read = ray.data.read_parquet(str(plan.requests.absolute()))
        return read.repartition(target_num_rows_per_block=block)

    folder = plan.requests if plan.requests.is_dir() else plan.requests.parent
    return Left(
        dataset=dataset,
        reads=FromColumns(folder=Path(folder), skipped=frozenset(before)),
        count=sum(name not in before for name in ids),
        total=len(ids),
    )
