"""File types of plots."""

from __future__ import annotations

from pathlib import Path

from ctxpipe.errors import UsageError

SUFFIXES = (".svg", ".png")


def suffix_of(path: str | Path) -> str:
    """The suffix of a picture file.

    Raises:
        UsageError: for a suffix that cannot be drawn.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise UsageError(f"a plot must be an .svg or .png file, not {Path(path).name!r}")
    return suffix
