"""Rows of a table that leave their first cell empty, with the name of the group above them."""

from __future__ import annotations

from collections.abc import Sequence

import regex

from ctxpipe.pipeline.readers.pdf.rows import CELL, Row

_WORDS = regex.compile(r"\p{L}{2}")
_FEWEST = 3
"""Cells of a row that names a group."""
_ALIGNED = 0.5
"""How far the second cells of two rows may begin from each other, in sizes of the font."""
_FARTHEST = 4.0
"""Distance of two rows of a table, in sizes of the font."""


def fill_groups(rows: Sequence[Row]) -> None:
    """Repeat the name of a group in each of its rows.

    A row of a group has all cells but the first, with numbers and words where the row above has them. At least two
    groups are asked for: below a single one such a row may be a sum.

    Args:
        rows: The rows of a column from top to bottom.
    """
    named: Row | None = None
    above: Row | None = None
    groups: list[tuple[Row, list[Row]]] = []
    for row in rows:
        near = above is not None and 0 < above.base - row.base < _FARTHEST * row.size
        if named is not None and near and _belongs(named, row):
            groups[-1][1].append(row)
        elif row.text.count(CELL) >= _FEWEST - 1:
            if not near:
                _fill(groups)
                groups = []
            named = row
            groups.append((row, []))
        else:
            _fill(groups)
            named, groups = None, []
        above = row
    _fill(groups)


def _fill(groups: Sequence[tuple[Row, list[Row]]]) -> None:
    """Write the names into the rows, unless only the last row with a name has some below it."""
    if not any(below for _, below in groups[:-1]):
        return
    for named, below in groups:
        name = named.text.split(CELL)[0]
        for row in below:
            row.text = f"{name}{CELL}{row.text}"
            row.second, row.last, row.left = row.left, row.last or row.left, named.left


def _belongs(named: Row, row: Row) -> bool:
    """Whether a row has the same cells as one with a name, the first aside."""
    cells, others = row.text.split(CELL), named.text.split(CELL)[1:]
    if len(cells) < _FEWEST - 1 or len(cells) != len(others) or cells[0][:1].islower():
        return False
    if abs(row.left - named.second) > _ALIGNED * row.size:
        return False
    return all(_are_alike(a, b) for a, b in zip(cells, others, strict=True))


def _are_alike(a: str, b: str) -> bool:
    """Whether two cells both have words, or neither has; a cell with a dash alone is like any other."""
    if not (any(map(str.isalnum, a)) and any(map(str.isalnum, b))):
        return True
    return bool(_WORDS.search(a)) == bool(_WORDS.search(b))
