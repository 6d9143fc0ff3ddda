"""One line on a terminal that says what is being done, and how far it is."""

from __future__ import annotations

import io
import os
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr
from itertools import cycle
from threading import Event, RLock, Thread
from typing import Any, NamedTuple, TextIO

from ctxpipe.commands.shared.cells import columns_of
from ctxpipe.commands.shared.printing import safe_line

PERCENT = "{percentage:3.0f}% {elapsed}{postfix}"
ITEMS = "{n_fmt}/{total_fmt} {elapsed}, left {remaining}"
BYTES = "{n_fmt}B/{total_fmt}B {elapsed}"
_SECONDS = 0.1
"""Between two drawings."""
_COLUMNS = 80
"""Of a terminal that does not know."""
_SPINNERS = ("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏", "|/-\\")


class _State(NamedTuple):
    what: str = "starting"
    done: int = 0
    total: int | None = None
    note: str = ""


class ProgressBar:
    """A line on standard error, redrawn while work goes on; what else is printed there stands above it.

    Args:
        end: What stands behind the bar: ``PERCENT``, ``ITEMS`` or ``BYTES``.
    """

    def __init__(self, end: str) -> None:
        self._end = end
        self._state = _State()
        self._first: int | None = None
        self._began = time.time()
        self._stream = sys.stderr
        self._turn, self._ended = RLock(), Event()
        self._live: ExitStack | None = None
        self._drawn: Any = None

    def update(self, what: str, done: int, total: int | None, note: str = "") -> None:
        """Show this from now on.

        Args:
            what: What is being done.
            done, total: Of it; None or 0 where the total is unknown.
            note: Put at the end.
        """
        if self._first is None and total:
            self._first = done  # what an earlier run did says nothing of the time left
        with self._turn:
            before, self._state = self._state, _State(safe_line(what), done, total or None, safe_line(note))
            if self._live is None:
                self._start()
            elif before.what != self._state.what:  # a short stage is seen too
                self._draw(" ")

    def pause(self) -> None:
        """Take the line away until the next ``update``, and let others have standard error as it is."""
        with self._turn:
            if self._live is not None:
                self._live.close()
                self._live = None

    def _start(self) -> None:
        from tqdm import tqdm

        self._live = ExitStack()
        # Nothing is drawn by tqdm itself: its own drawing waits for progress, and a stage may take long without.
        self._drawn = self._live.enter_context(
            tqdm(leave=False, file=self._stream, ncols=_COLUMNS, nrows=24, delay=1e9, unit_scale=self._end is BYTES)
        )
        self._drawn.start_t = self._began
        self._live.callback(self._drawn.clear)  # which it leaves out after a delay
        self._draw(" ")
        above = _Above(self._stream, self._drawn)
        self._live.callback(above.finish)
        self._live.enter_context(redirect_stderr(above))

    def _draw(self, spinner: str) -> None:
        what, done, total, note = self._state
        drawn = self._drawn
        drawn.n, drawn.total, drawn.postfix, drawn.initial = done, total, note, self._first or 0
        drawn.colour = None if os.environ.get("NO_COLOR") else "green"
        drawn.desc = what if total else f"{spinner} {what}"
        drawn.ncols = columns_of(self._stream, _COLUMNS)
        size = 40 if drawn.ncols >= 80 else 10
        drawn.bar_format = f"{{desc}} {{bar:{size}}} {self._end}" if total else "{desc} {elapsed}"
        drawn.refresh()

    def _redraw(self) -> None:
        frames = cycle(_SPINNERS["utf" not in (self._stream.encoding or "").lower()])
        while not self._ended.wait(_SECONDS):
            with self._turn:
                if self._live is not None:
                    self._draw(next(frames))


class _Above(io.TextIOBase):
    """Standard error for all others: whole lines are written above the line that is drawn."""

    def __init__(self, stream: TextIO, drawn: Any) -> None:
        self._stream, self._drawn, self._rest = stream, drawn, ""

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._stream.encoding

    @property
    def errors(self) -> str | None:  # type: ignore[override]
        return self._stream.errors

    def fileno(self) -> int:
        return self._stream.fileno()

    def isatty(self) -> bool:
        return self._stream.isatty()

    def write(self, text: str) -> int:
        if not isinstance(text, str):  # click finds out in this way what a stream takes
            raise TypeError("text is written here, not bytes")
        *lines, self._rest = (self._rest + text).split("\n")
        if lines:
            self._drawn.write("\n".join([*lines, ""]), file=self._stream, end="")
        return len(text)

    def flush(self) -> None:  # never closed: a logger may hold it for longer than the line is there
        self._stream.flush()

    def finish(self) -> None:
        if self._rest:
            self.write("\n")


@contextmanager
def bar(end: str) -> Iterator[ProgressBar]:
    """A line that is there while the block runs. Only for a terminal."""
    shown = ProgressBar(end)
    shown.update(*_State())
    thread = Thread(target=shown._redraw, name="progress", daemon=True)
    thread.start()
    try:
        yield shown
    finally:
        shown._ended.set()
        thread.join()
        shown.pause()
