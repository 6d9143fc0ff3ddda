"""Cells of a table that go on in lines below their row."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ctxpipe.pipeline.readers.pdf.flow import ITEM, first_word
from ctxpipe.pipeline.readers.pdf.rows import CELL, Row

_ALIGNED = 0.5
"""How far lines of one cell may begin from each other, in sizes of the font."""
_INDENT = 2.0
"""How far the last cell of a row begins from the first at least, in sizes of the font."""
_FARTHEST = 1.8
"""Distance of two lines of a cell, in sizes of the font."""
_SPACE, _RAGGED = 0.3, 0.03
"""Width of a space, in sizes of the font, and share of the width of a cell that a full line stays below it."""
_NARROWEST = 12.0
"""Width of a cell of sentences, in sizes of the font, that is not reached by a list of words."""
_OF_CODE, _WORDS = (";", "{", "}"), re.compile(r"[(\"'“‘\[]?\w")
"""What lines of code end in, and how those of words begin."""
_BESIDE = 12
"""Rows further down in which another row has its last cell at the same place."""


def mark_wrapped(rows: Sequence[Row]) -> None:
    """Mark lines that go on with the last cell of a row, where two rows near each other have it at the same place.

    Each line before such a line fills the width that the cells at this place take, so that lines of code stay lines.

    Args:
        rows: The rows of a column from top to bottom.
    """
    heads = _aligned_heads(rows)
    if not heads:
        return
    below: list[tuple[Row, Row, Row]] = []
    head: Row | None = None
    edges: dict[int, float] = {}
    for at, row in enumerate(rows):
        if head is not None and _goes_on(head, rows[at - 1], row):
            below.append((head, rows[at - 1], row))
        else:
            head = row if at in heads else None
        if head is not None:
            place = round(head.last)
            edges[place] = max(edges.get(place, 0.0), row.right)
    for head, above, row in below:
        edge = edges[round(head.last)]
        width = edge - head.last
        full = above.right + first_word(row) + _SPACE * row.size > edge - _RAGGED * width
        row.wrapped = full and width > _NARROWEST * row.size


def _aligned_heads(rows: Sequence[Row]) -> set[int]:
    """Rows by index whose last cell begins where that of another row near them does."""
    last: dict[int, int] = {}
    aligned: set[int] = set()
    for at, row in enumerate(rows):
        if not row.last or not _has_cells(row):
            continue
        place = round(row.last / row.size)
        for near in (place - 1, place, place + 1):
            other = last.get(near, -_BESIDE)
            if at - other < _BESIDE and abs(rows[other].last - row.last) <= _ALIGNED * row.size:
                aligned.update((other, at))
        last[place] = at
    return aligned


def _has_cells(row: Row) -> bool:
    return row.last > row.left + _INDENT * row.size and CELL in row.text and not ITEM.match(row.text)


def _goes_on(head: Row, above: Row, row: Row) -> bool:
    return (
        CELL not in row.text
        and not above.text.endswith(_OF_CODE)
        and _WORDS.match(row.text) is not None
        and not row.level
        and abs(row.left - head.last) <= _ALIGNED * row.size
        and 0 < above.base - row.base <= _FARTHEST * row.size
        and 0.8 < row.size / max(head.size, 0.1) < 1.25
    )
