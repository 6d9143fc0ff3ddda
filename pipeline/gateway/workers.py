"""Processes that compress: off the event loop, few, and ended when they hang."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from typing import Any

import anyio

from ctxpipe.errors import ChatBudgetError, CompressionFault
from ctxpipe.pipeline.gateway.pace import Pace
from ctxpipe.pipeline.gateway.worker import GOOD_RANK
from ctxpipe.pipeline.processes import Processes


class Workers:
    """A few processes with loaded models.

    A caller's deadline ends a job with its process; the next job starts another.

    Args:
        work: What they run: a function of a module, from bytes to bytes.
        count: Most processes.
        tokenizer: Model whose tokens are estimated; None for the embedded one.
        rank: Ranker, or ``"auto"``.
        deadline: Seconds that a prompt may take; with ``"auto"``, prompts that the better ranker would not cut in time
            are left to the faster one.
    """

    def __init__(
        self, work: Callable[[bytes], bytes], *, count: int, tokenizer: str | None, rank: str, deadline: float
    ) -> None:
        self.tokenizer = tokenizer
        self._work = work
        self._count = count
        self._rank = rank
        self._pace = Pace(deadline)
        self._limiter: anyio.CapacityLimiter | None = None
        self._idle: list[Processes] = []
        self._cold = True
        self._problem: str | None = None

    @property
    def cold(self) -> bool:
        """Whether a process was lost since they were warmed."""
        return self._cold

    async def warm(self) -> str | None:
        """Start all processes and load their models.

        Returns:
            Why that failed; None if it did not.
        """
        self._cold = False
        self._problem = None
        async with anyio.create_task_group() as group:
            for _ in range(self._count):
                group.start_soon(self._warm)
        return self._problem

    async def _warm(self) -> None:
        try:
            await self.run({"job": "warm"})
        except CompressionFault as fault:
            self._cold = True
            self._problem = str(fault)

    async def run(self, job: dict[str, Any]) -> dict[str, Any]:
        """Do a job; see ``worker.work``.

        Raises:
            ChatBudgetError: when what must stay is more than the budget.
            CompressionFault: if it cannot be done, or its process died.
        """
        self._limiter = self._limiter or anyio.CapacityLimiter(self._count)
        more = {"tokenizer": self.tokenizer, "rank": self._rank, "good_tokens": self._pace.tokens}
        data = json.dumps({**more, **job}).encode()
        try:
            async with self._limiter:
                result: dict[str, Any] = json.loads(await self._said(data))
        except anyio.get_cancelled_exc_class():
            self._cold = True
            self._pace.missed()
            raise
        except BrokenProcessPool as exc:
            self._cold = True
            raise CompressionFault("the process that compresses died") from exc
        except (Exception, SystemExit, KeyboardInterrupt) as exc:  # what ends that process must not end this one
            raise CompressionFault(f"the process that compresses failed with {type(exc).__name__}") from exc
        if result.get("too_much"):
            raise ChatBudgetError(0, 0)
        if "error" in result:
            raise CompressionFault(str(result["error"]))
        if job["job"] == "fit" and self._rank == "auto":
            if result["rank"] == GOOD_RANK:
                self._pace.took(job["source_tokens"], result["seconds"])
            else:
                self._pace.spared()
        return result

    async def close(self) -> None:
        """End the processes."""
        while self._idle:
            await anyio.to_thread.run_sync(self._idle.pop().end)

    async def _said(self, data: bytes) -> bytes:
        """What a process says to some data; it is ended if it did not come to that."""
        process, future = self._started(data)
        try:
            return await asyncio.wrap_future(future)
        finally:
            if future.done() and not isinstance(_raised(future), BrokenProcessPool):
                self._idle.append(process)
            else:
                with anyio.CancelScope(shield=True):
                    await anyio.to_thread.run_sync(process.end)

    def _started(self, data: bytes) -> tuple[Processes, Future[bytes]]:
        """A process that works on some data: the last that was idle and lives, or another."""
        while self._idle:
            process = self._idle.pop()
            try:
                return process, process.submit(self._work, data)
            except BrokenProcessPool:
                process.end()
        process = Processes(1, _be_quiet, ())
        return process, process.submit(self._work, data)


def _raised(future: Future[bytes]) -> BaseException | None:
    return None if future.cancelled() else future.exception()


def _be_quiet() -> None:
    """Show nothing where the gateway talks to its operator."""
    sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  # open as long as the process
