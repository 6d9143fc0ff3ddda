"""A tree of the documents' names, for the head of a context."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from ctxpipe.compress.select.formats import MARK, Fragment, Written
from ctxpipe.compress.select.labels import path_parts

SHARE = 0.1
"""Most of the budget that a tree takes."""
_INDENT = "  "


class _Folder(NamedTuple):
    """A folder: its files, and the folders in it by name."""

    files: list[str]
    folders: dict[str, _Folder]

    def total(self) -> int:
        """Number of files in it and below."""
        return len(self.files) + sum(folder.total() for folder in self.folders.values())


def tree_of(names: Sequence[str], fits: Callable[[str], bool]) -> Written | None:
    """The tree as an excerpt of no document.

    Folders stand before files. The deepest folders are closed first, each with a mark and the number of its files; a
    tree of one level is cut, with a mark and the number of names left out.

    Args:
        names: Label of each document; paths are taken apart.
        fits: Whether a text is short enough.

    Returns:
        None for fewer than two names, or when not even a cut tree fits.
    """
    if len(names) < 2:
        return None
    root = _Folder([], {})
    for name in names:
        *above, last = path_parts(name)
        folder = root
        for part in above:
            folder = folder.folders.setdefault(part, _Folder([], {}))
        folder.files.append(last)
    text = _fitted(root, fits)
    return Written("files", -1, (), (), (Fragment(text),)) if text else None


def _fitted(root: _Folder, fits: Callable[[str], bool]) -> str:
    low, high = 1, max(2, _depth(root))
    if fits(whole := "\n".join(_lines(root, high))):
        return whole
    best: list[str] = _lines(root, 1)
    if not fits("\n".join(best)):
        return _cut(best, fits)
    while high - low > 1:
        middle = (low + high) // 2
        lines = _lines(root, middle)
        if fits("\n".join(lines)):
            best, low = lines, middle
        else:
            high = middle
    return "\n".join(best)


def _cut(lines: Sequence[str], fits: Callable[[str], bool]) -> str:
    """As many of the lines as fit, and what says how many are missing; at least one line."""

    def text(kept: int) -> str:
        return "\n".join([*lines[:kept], f"{MARK} {len(lines) - kept:,} more"])

    low, high = 0, len(lines)
    while high - low > 1:
        middle = (low + high) // 2
        if fits(text(middle)):
            low = middle
        else:
            high = middle
    return text(low) if low else ""


def _depth(folder: _Folder) -> int:
    return 1 + max(map(_depth, folder.folders.values()), default=0)


def _lines(folder: _Folder, depth: int) -> list[str]:
    """The lines of a folder, its folders first; those deeper than ``depth`` levels are closed."""
    lines: list[str] = []
    for name, inner in folder.folders.items():
        if depth == 1:
            lines.append(f"{name}/ {MARK} {inner.total():,} file{'s' * (inner.total() != 1)}")
        else:
            lines.append(f"{name}/")
            lines.extend(_INDENT + line for line in _lines(inner, depth - 1))
    return [*lines, *folder.files]
