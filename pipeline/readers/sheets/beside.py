"""Tables that stand beside each other in a sheet, told from one table with an empty column."""

from __future__ import annotations

from collections.abc import Sequence

from ctxpipe.pipeline.readers.tables.merged import FilledRow

_FEWEST = 2
"""Columns of a table; one column beside others belongs to them."""
_SAMPLE = 100
_LOOKED_AT = 3
"""Rows in which the titles of columns and of tables stand."""


def tables_beside(lines: Sequence[FilledRow]) -> list[list[FilledRow]]:
    """The tables that empty columns part.

    They are several only where they say so: a title of a column stands in more than one of them (``City``), or each
    begins with a title of its own, alone in its row.

    Args:
        lines: Rows without empty rows.

    Returns:
        Rows by table, from the left; all rows as one table where they are no several.
    """
    # Most sheets have no empty column, which their first rows show.
    if len(_blocks(lines[:_SAMPLE])) < 2:
        return [list(lines)]
    blocks = _blocks(lines)
    if len(blocks) < 2 or any(end - start < _FEWEST for start, end in blocks):
        return [list(lines)]
    parts = [[_part(line, start, end) for line in lines] for start, end in blocks]
    if not (_have_titles(parts) or _share_a_title(parts)):
        return [list(lines)]
    return [[line for line in part if any(line.cells)] for part in parts]


def _blocks(lines: Sequence[FilledRow]) -> list[tuple[int, int]]:
    """Columns that follow one another without an empty one: the first and the end of each."""
    filled = sorted({column for line in lines for column, cell in enumerate(line.cells) if cell})
    starts = [column for index, column in enumerate(filled) if not index or filled[index - 1] < column - 1]
    ends = [column + 1 for index, column in enumerate(filled) if filled[index + 1 : index + 2] != [column + 1]]
    return list(zip(starts, ends, strict=True))


def _part(line: FilledRow, start: int, end: int) -> FilledRow:
    def moved(columns: frozenset[int]) -> frozenset[int]:
        return frozenset(column - start for column in columns if start <= column < end)

    return FilledRow(line.cells[start:end], moved(line.repeated), moved(line.down))


def _have_titles(parts: Sequence[Sequence[FilledRow]]) -> bool:
    """Whether the first row of each part is a title: the only cell of a row above rows of several."""
    firsts = [
        [cell for column, cell in enumerate(part[0].cells) if cell and column not in part[0].repeated] for part in parts
    ]
    return all(len(first) == 1 for first in firsts) and all(
        sum(map(bool, part[1].cells)) > 1 for part in parts if part[1:]
    )


def _share_a_title(parts: Sequence[Sequence[FilledRow]]) -> bool:
    """Whether a title of a column stands in more than one part, in the same row."""
    for row in range(min(_LOOKED_AT, len(parts[0]))):
        titles = [{cell for cell in part[row].cells if cell and not cell[0].isdigit()} for part in parts]
        if all(titles) and sum(map(len, titles)) > len(set.union(*titles)):
            return True
    return False
