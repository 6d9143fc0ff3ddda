"""Processes that compress: off the event loop, few, and killed when they hang."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import anyio
from anyio import to_process

from ctxpipe.errors import ChatBudgetError, CompressionFault
from ctxpipe.pipeline.gateway.pace import Pace
from ctxpipe.pipeline.gateway.worker import GOOD_RANK


class Workers:
    """A few processes with loaded models.

    A caller's deadline ends a job by killing its process; the next job starts another.

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
            said = await to_process.run_sync(self._work, data, cancellable=True, limiter=self._limiter)
            result: dict[str, Any] = json.loads(said)
        except anyio.get_cancelled_exc_class():
            self._cold = True
            self._pace.missed()
            raise
        except anyio.BrokenWorkerProcess as exc:
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
