"""Merged cells, repeated in all that they cover."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

_RANGE = re.compile(r"\$?([A-Z]{1,3})\$?(\d{1,7}):\$?([A-Z]{1,3})\$?(\d{1,7})")
_MOST_REPEATED = 20_000_000
"""Characters that the merged ranges of a sheet may add; a hostile file claims more."""


class Merge(NamedTuple):
    """A merged range: rows and columns from 0, ends exclusive."""

    top: int
    left: int
    bottom: int
    right: int


def merge_of(name: str) -> Merge | None:
    """The range of a name such as ``A1:B3``; None for anything else."""
    match = _RANGE.fullmatch(name)
    if match is None:
        return None
    merge = Merge(int(match[2]) - 1, _column(match[1]), int(match[4]), _column(match[3]) + 1)
    return merge if 0 <= merge.top < merge.bottom and merge.left < merge.right else None


class FilledRow(NamedTuple):
    """A row: its cells, and the columns whose text is repeated from the left and from above."""

    cells: list[str]
    repeated: frozenset[int] = frozenset()
    down: frozenset[int] = frozenset()


_EMPTY = FilledRow([])


def fill(rows: Sequence[list[str]], merges: Sequence[Merge]) -> list[FilledRow]:
    """Repeat the text of merged cells.

    Args:
        rows: Rows of text.
        merges: Merged ranges; the text is in the first cell of each.

    Returns:
        The rows.
    """
    filled = [list(row) for row in rows]
    repeated: dict[int, set[int]] = {}
    down: dict[int, set[int]] = {}
    width = max(map(len, rows), default=0)
    room = _MOST_REPEATED
    for merge in merges:
        # What is merged beyond the last cell with text has no column of its own.
        bottom, right = min(merge.bottom, len(filled)), min(merge.right, max(width, merge.left + 1))
        text = filled[merge.top][merge.left] if merge.top < bottom and merge.left < len(filled[merge.top]) else ""
        cost = (bottom - merge.top) * (right - merge.left) * (len(text) + 1)
        if not text or cost > room:
            continue
        room -= cost
        for index in range(merge.top, bottom):
            row = filled[index]
            row.extend([""] * (right - len(row)))
            row[merge.left : right] = [text] * (right - merge.left)
            repeated.setdefault(index, set()).update(range(merge.left + 1, right))
            if index > merge.top:
                down.setdefault(index, set()).update(range(merge.left, right))
    none: frozenset[int] = frozenset()
    return [
        # A sheet may have a million empty rows.
        FilledRow(row, frozenset(repeated.get(index, none)), frozenset(down.get(index, none))) if row else _EMPTY
        for index, row in enumerate(filled)
    ]


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - 64
    return number - 1
