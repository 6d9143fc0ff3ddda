"""Files that plots are written to."""

from __future__ import annotations

from pathlib import Path

from ctxpipe.errors import UsageError

SUFFIXES = (".svg", ".png")


def suffix_of(path: str | Path) -> str:
    """The suffix that says what kind of picture a file is.

    Raises:
        UsageError: unless it is one that can be drawn.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise UsageError(f"a plot is an .svg or a .png file, not {Path(path).name!r}")
    return suffix
