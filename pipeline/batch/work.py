"""How the requests of a batch become rows, wherever they run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """How requests become rows.

    Attributes:
        options: Options of the ``Pipeline`` of each process.
        shared: Paths that every request asks beside its own.
        budget, rate: Size of a context where a request names none.
        compress_only: Whether contexts are the results and no target is asked.
        concurrency: Requests that run at the same time.
        processes: Processes that compress; 0 compresses in this one. With more, each imports the calling program.
    """

    options: Mapping[str, Any]
    shared: tuple[str, ...] = ()
    budget: int | None = None
    rate: float | None = None
    compress_only: bool = False
    concurrency: int = 8
    processes: int = 0
