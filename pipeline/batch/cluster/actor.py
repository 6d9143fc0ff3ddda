"""What runs on the machines of a cluster."""

from __future__ import annotations

import os
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ctxpipe.errors import CtxpipeError, UnreachableError
from ctxpipe.pipeline.batch.cluster.forms import Reads, Writes
from ctxpipe.pipeline.batch.running import running
from ctxpipe.pipeline.batch.work import Work

if TYPE_CHECKING:
    import pyarrow


class BatchActor:
    """Turns requests into rows, and keeps one pipeline.

    The pipeline stands in a process beside the actor. A request that ends its process would else end the actor, which
    Ray starts again with the same requests, without end.

    Args:
        work: How requests become rows.
        reads, writes: Between tables and requests, and between rows and tables.
        folder: The working directory of the program that began the batch, which paths may be relative to.
    """

    def __init__(self, work: Work, reads: Reads, writes: Writes, folder: Path) -> None:
        with suppress(OSError):  # what is not there on this machine is an error of the rows that need it
            os.chdir(folder)
        self._open = ExitStack()
        self._run = self._open.enter_context(running(work))
        self._reads = reads
        self._writes = writes

    def __call__(self, table: pyarrow.Table) -> pyarrow.Table:
        """The rows of a table of requests."""
        try:
            rows = list(self._run(self._reads(table)))
        except UnreachableError:
            raise
        except CtxpipeError as exc:
            raise CtxpipeError(str(exc)) from None  # others do not survive the way between processes
        return self._writes(rows, table)
