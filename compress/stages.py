"""The time that each stage of a compression takes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from ctxpipe.compress.types import OnProgress, OnStage


class Stages:
    """Times the stages, and reports when each begins and how far it is.

    Args:
        on_stage: Called with the stage's name, work done and total work.
    """

    def __init__(self, on_stage: OnStage | None) -> None:
        self._on_stage = on_stage
        self.timings: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[OnProgress]:
        """Time a block; it gets a function to call with work done and total work."""

        def progress(done: int, total: int) -> None:
            if self._on_stage is not None:
                self._on_stage(name, done, total)

        started = time.perf_counter()
        progress(0, 0)
        try:
            yield progress
        finally:
            self.timings[name] = self.timings.get(name, 0.0) + time.perf_counter() - started
