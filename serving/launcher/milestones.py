"""The progress of a starting vLLM, read from its log."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

_MILESTONES = (
    (r"Resolved architecture: (\S+)", "reading the configuration ({})"),
    (r"Starting to load model", "loading the model"),
    (r"Time spent downloading weights for \S+: ([\d.]+)", "weights downloaded in {} s"),
    (r"Loading \w+ checkpoint shards: +\d+% Completed \| (\d+)/(\d+)", "loading weights: {} of {} files"),
    (r"Model loading took ([\d.]+) GiB", "weights loaded: {} GiB"),
    (r"Dynamo bytecode transform|Compiling a graph|for vLLM's torch\.compile", "compiling"),
    (r"KV cache size: ([\d,]+) tokens", "KV cache: {} tokens"),
    (r"Capturing CUDA graphs", "capturing CUDA graphs"),
    (r"Starting vLLM (?:API )?server", "starting the web server"),
)
"""Patterns in vLLM's log and their meaning; checked against vLLM 0.32."""

_MOST = 1 << 20
_TAIL = 1 << 18


def milestone(line: str) -> str | None:
    """The step that a line of the log reports, or None."""
    for pattern, told in _MILESTONES:
        if match := re.search(pattern, line):
            return told.format(*match.groups())
    return None


class LogReader:
    """Reads new lines of a log.

    Args:
        log: The file; it may not exist yet.
        start: Where to begin, in bytes.
    """

    def __init__(self, log: Path, start: int = 0) -> None:
        self._log = log
        self._place = start
        self._begun = ""

    def lines(self) -> Iterator[str]:
        """Complete lines added since the last call; each state of a progress bar counts as a line."""
        try:
            with self._log.open("rb") as file:
                file.seek(self._place)
                new = file.read(_MOST)
        except OSError:
            return
        self._place += len(new)
        *complete, self._begun = re.split(r"[\r\n]", self._begun + new.decode("utf-8", errors="replace"))
        yield from complete

    def milestones(self) -> Iterator[str]:
        """The steps that new lines report."""
        for line in self.lines():
            if told := milestone(line):
                yield told


def tail(log: Path, start: int = 0) -> str:
    """The end of the log, not before ``start``; empty if there is none."""
    try:
        with log.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(start, file.tell() - _TAIL))
            return file.read().decode("utf-8", errors="replace")
    except OSError:
        return ""
