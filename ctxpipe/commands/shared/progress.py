"""Stages on standard error while work goes on."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from ctxpipe.commands.shared.closing import STAGES
from ctxpipe.commands.shared.printing import safe_line

_STOPPING = frozenset({"agree", "ask"})
"""Stages whose own text takes over the terminal."""
_LONG = frozenset({"cover", "index", "embed"})
"""Stages whose time left is told."""


@contextmanager
def progress(quiet: bool) -> Iterator[Callable[[str, int, int], None]]:
    """Show stages on standard error while work goes on; nothing when quiet, and only downloads when not a terminal."""
    if quiet or not sys.stderr.isatty():
        yield _nothing if quiet else _Downloads()
        return
    from ctxpipe.commands.shared.bar import PERCENT, bar

    left = _Left()
    with bar(PERCENT) as shown:

        def show(stage: str, done: int, total: int) -> None:
            if stage in _STOPPING:
                shown.pause()
            else:
                shown.update(STAGES.get(stage, stage), done, total, left.told(stage, done, total))

        yield show


class _Left:
    """Estimates the time that a long stage still takes."""

    def __init__(self) -> None:
        self._stage = ""
        self._began = 0.0
        self._first = 0

    def told(self, stage: str, done: int, total: int) -> str:
        """``about 4 min left``; empty for other stages, and until something was done."""
        if stage != self._stage:
            self._stage, self._began, self._first = stage, time.monotonic(), done
        worked = done - self._first
        if stage not in _LONG or worked < 1:
            return ""
        seconds = (time.monotonic() - self._began) / worked * (total - done)
        return f"about {seconds:.0f} s left" if seconds < 90 else f"about {seconds / 60:.0f} min left"


def _nothing(stage: str, done: int, total: int) -> None:
    """Show nothing."""


class _Downloads:
    """One line for each download, so that a log says what takes minutes."""

    def __init__(self) -> None:
        self._said: set[str] = set()

    def __call__(self, stage: str, done: int, total: int) -> None:
        if stage.startswith("downloading ") and stage not in self._said:
            self._said.add(stage)
            click.echo(safe_line(f"{stage}, once"), err=True)
