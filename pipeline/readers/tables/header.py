"""Column titles over several rows of a table, joined to one row."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from ctxpipe.pipeline.readers.tables.merged import FilledRow

Row = list[str]
MOST_HEAD = 6
"""Rows that may hold the title of a table and of its columns, with the one below them."""
_VALUE = re.compile(r"[-+(]?[\d.,:/ %€$£'-]*\d[\d.,:/ %€$£')-]*(?:E[-+]?\d+)?|TRUE|FALSE|=.*|\d{4}-\d\d-\d\d.*")
_YEAR = re.compile(r"(?:FY ?|Q[1-4] ?)?(?:19|20)\d\d(?:[/–-]\d{2,4})?")
_MOST_HEADER_ROWS = 3


def headed(rows: Sequence[FilledRow], named: int = 0) -> list[Row]:
    """The rows of a table with its column titles, over however many rows they stand, as the first one.

    Args:
        rows: Its rows, at least one.
        named: How many of them the file says are column titles; 0 if it does not say.
    """
    count = title_rows(rows, named)
    return [titles(rows[:count]), *(line.cells for line in rows[count:])]


def titled(rows: Sequence[FilledRow]) -> int:
    """Number of rows that a table begins with and that are its title: one cell over all columns.

    Such a row is the title of a group if another one comes later, above the same first cell.
    """
    spans = [1 < len(row.cells) == len(row.repeated) + 1 for row in rows]
    count = 0
    while count + 1 < len(rows) and spans[count]:
        count += 1
    later = [rows[i + 1].cells for i in range(count + 1, len(rows) - 1) if spans[i] and count]
    first = rows[count].cells if count < len(rows) else []
    return 0 if any(cells[:1] == first[:1] and cells != first for cells in later) else count


def is_group_row(above: FilledRow, titles: FilledRow) -> bool:
    """Whether a sparse row stands over groups of columns: its first cell is empty, and what it has are words."""
    places = [index for index, cell in enumerate(above.cells) if cell]
    apart = any(b - a > 1 for a, b in itertools.pairwise(places)) or bool(above.repeated)
    return len(places) > 1 and places[0] > 0 and apart and not has_values(above.cells) and not has_values(titles.cells)


def title_rows(rows: Sequence[FilledRow], named: int = 0) -> int:
    """Number of rows with column titles; ``named`` is how many the file says are, 0 if it does not say."""
    if 1 < named <= _MOST_HEADER_ROWS and named < len(rows):
        return named
    count = 1
    while count < min(_MOST_HEADER_ROWS, len(rows) - 1):
        upper, lower = rows[count - 1], rows[count]
        if _holds_values(upper, lower) or not (_is_split(upper, lower) or _are_below(rows, count)):
            break
        if not (upper.repeated or lower.down or is_group_row(upper, lower)):
            break
        count += 1
    return count


def _are_below(rows: Sequence[FilledRow], titles: int) -> bool:
    """Whether values stand right below a row of titles, or below one that says in what they are."""
    below = rows[titles + 1]
    if not has_values(below.cells) and below.cells and not below.cells[0] and titles + 2 < len(rows):
        below = rows[titles + 2]
    return has_values(below.cells)


def _holds_values(upper: FilledRow, lower: FilledRow) -> bool:
    """Whether a row has values; years below the names of groups are titles."""
    return any(is_value(cell) and not (upper.repeated and _YEAR.fullmatch(cell)) for cell in lower.cells)


def _is_split(upper: FilledRow, lower: FilledRow) -> bool:
    """Whether the second row only divides what is merged in the first."""
    groups = upper.repeated | {column - 1 for column in upper.repeated}
    beside = [(a, b) for i, (a, b) in enumerate(zip(upper.cells, lower.cells, strict=False)) if i not in groups]
    return bool(groups) and all(b in ("", a) for a, b in beside)


def titles(rows: Sequence[FilledRow]) -> Row:
    """The titles of columns over several rows as one row: ``Q1`` over ``Jan`` is ``Q1 Jan``."""
    width = max(len(line.cells) for line in rows)
    titles: Row = [""] * width
    for number, line in enumerate(rows):
        cells = [*line.cells, *[""] * (width - len(line.cells))]
        if number < len(rows) - 1 and not line.repeated:
            cells = _spread(cells, [*rows[number + 1].cells, *[""] * width])
        for column, cell in enumerate(cells):
            if cell and column not in line.down:
                titles[column] = f"{titles[column]} {cell}".strip()
    return titles


def _spread(cells: Row, below: Row) -> Row:
    """Repeat the name of a group over the empty cells to its right that have a title below them."""
    spread, latest = list(cells), ""
    for column, cell in enumerate(cells):
        latest = cell or (latest if below[column] else "")
        spread[column] = latest
    return spread


def has_values(cells: Sequence[str]) -> bool:
    """Whether one of the cells is a value."""
    return any(map(is_value, cells))


def is_value(cell: str) -> bool:
    """Whether a cell is a number, a date, a truth value or a formula."""
    return bool(cell) and _VALUE.fullmatch(cell) is not None
