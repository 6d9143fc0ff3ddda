"""Options of ``Pipeline.cover``, and its cost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from ctxpipe.errors import UsageError

How = Literal["whole", "compress"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """The cost of an answer from all of the documents, before the target is asked.

    Attributes:
        windows: Number of windows.
        calls: Most requests still to be made: windows without a stored answer, joins, and the answer.
        prompt_tokens: Estimated tokens of their prompts.
        stored: Windows whose answers were stored by an earlier run.
        place: The file that stores them; None if answers are not stored.
    """

    windows: int
    calls: int
    prompt_tokens: int
    stored: int
    place: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """How all of the documents are read.

    Attributes:
        how: ``"whole"`` reads everything; ``"compress"`` compresses windows of four times the size to the size.
        window: Most tokens of a window; None for what the target reads well.
        concurrency: Requests at a time; None for 8 at a server and 1 on this machine.
        on_cost: Called with the cost before the target is asked; an exception that it raises ends the run.

    Raises:
        UsageError: for a number below 1, or an unknown ``how``.
    """

    how: How = "whole"
    window: int | None = None
    concurrency: int | None = None
    on_cost: Callable[[Cost], None] | None = None

    def __post_init__(self) -> None:
        if self.how not in get_args(How):
            raise UsageError(f"how must be {' or '.join(get_args(How))}, not {self.how!r}")
        for name, number in (("window", self.window), ("concurrency", self.concurrency)):
            if number is not None and number < 1:
                raise UsageError(f"{name} must be at least 1, not {number}")
