"""A sheet as Markdown: its name and title as headings, each table under its column titles."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Sequence

from ctxpipe.pipeline.readers.html.layout import table_lines
from ctxpipe.pipeline.readers.sheets.merged import Line, Merge, fill

Row = list[str]
_VALUE = re.compile(r"[-+(]?[\d.,:/ %€$£'-]*\d[\d.,:/ %€$£')-]*(?:E[-+]?\d+)?|TRUE|FALSE|=.*|\d{4}-\d\d-\d\d.*")
_PREAMBLE = 25
"""Most rows above the column titles."""
_SAMPLE = 100
_LONGEST_TITLE = 200
_MOST_HEADER_ROWS = 3
_SHARE = 0.6
"""Share of the usual number of cells that a row of column titles has at least."""


def sheet_markdown(name: str, rows: Sequence[Row], merges: Sequence[Merge] = (), *, hidden: bool = False) -> str:
    """A sheet as Markdown.

    Merged cells are repeated in every row and column that they cover. Rows above the column titles (a title, the date
    of the export) are a heading when they are short, else lines; column titles over several rows are joined to one row.
    A table that begins after an empty row has column titles of its own.

    Args:
        name: The sheet's name.
        rows: Its rows, empty ones included, as text.
        merges: Its merged ranges.
        hidden: Whether the sheet is hidden, which its heading then says.

    Returns:
        The text; empty when no cell has any.
    """
    tables = [part for table in _tables(fill(rows, merges)) for part in _table(table)]
    if not tables:
        return ""
    return "\n\n".join([f"## {' '.join(name.split())}{' (hidden sheet)' if hidden else ''}", *tables])


def _tables(lines: Sequence[Line]) -> list[list[Line]]:
    """Rows by table: a new one begins after an empty row with a title, or with column titles above numbers."""
    groups: list[list[Line]] = [[]]
    for line in lines:
        if any(line.cells):
            groups[-1].append(line)
        elif groups[-1]:
            groups.append([])
    tables: list[list[Line]] = []
    current: list[Line] = []
    for group in filter(None, groups):
        if _has_rows(current) and _begins_table(group, current):
            tables.append(current)
            current = []
        current = [*current, *group]
    return [*tables, current] if current else tables


def _has_rows(lines: Sequence[Line]) -> bool:
    return sum(_count(line) > 1 for line in lines) > 1


def _begins_table(group: Sequence[Line], above: Sequence[Line]) -> bool:
    first = group[0].cells
    if _count(group[0]) == 1:
        return not _values(first) and sum(_count(line) == 1 for line in above[-3:]) == 0
    if _values(first) or len(group) < 2:
        return False
    columns = [i for i, cell in enumerate(first) if cell and i < len(above[-1].cells) and _is_value(above[-1].cells[i])]
    return any(i < len(group[1].cells) and _is_value(group[1].cells[i]) for i in columns)


def _table(lines: list[Line]) -> list[str]:
    """A title or lines, then the table; either may be missing."""
    start = _first_titles(lines)
    above, rows = lines[:start], lines[start:]
    if above and rows and _is_group_row(above[-1], rows[0]):
        above, rows = above[:-1], [above[-1], *rows]
    parts: list[str] = []
    words = [_joined(line) for line in above]
    if words and rows and len(words) <= 3 and sum(map(len, words)) <= _LONGEST_TITLE:
        parts.append(f"### {'; '.join(words)}")
    elif words:
        parts.append("\n".join(words))
    if len(rows) == 1 and parts:
        return [*parts, _joined(rows[0])]
    if rows:
        count = _title_rows(rows)
        body = [line.cells for line in rows[count:]]
        parts.append("\n".join(table_lines([_titles(rows[:count]), *body])))
    return parts


def _first_titles(lines: Sequence[Line]) -> int:
    """Index of the first row with about as many cells as most rows have; 0 when all rows have one cell."""
    counts = [_count(line) for line in lines[:_SAMPLE]]
    usual = max(Counter(count for count in counts if count > 1).items(), key=lambda item: item[1], default=(1, 0))[0]
    if usual == 1:
        return 0
    enough = max(2, _SHARE * usual)
    return next((index for index, count in enumerate(counts[: _PREAMBLE + 1]) if count >= enough), 0)


def _is_group_row(above: Line, titles: Line) -> bool:
    """Whether a sparse row stands over groups of columns: its first cell is empty, and what it has are words."""
    places = [index for index, cell in enumerate(above.cells) if cell]
    apart = any(b - a > 1 for a, b in itertools.pairwise(places)) or bool(above.repeated)
    return len(places) > 1 and places[0] > 0 and apart and not _values(above.cells) and not _values(titles.cells)


def _title_rows(rows: Sequence[Line]) -> int:
    """Number of rows with column titles."""
    count = 1
    while count < min(_MOST_HEADER_ROWS, len(rows) - 1):
        upper, lower = rows[count - 1], rows[count]
        if _values(lower.cells) or not (_is_split(upper, lower) or _values(rows[count + 1].cells)):
            break
        if not (upper.repeated or lower.down or _is_group_row(upper, lower)):
            break
        count += 1
    return count


def _is_split(upper: Line, lower: Line) -> bool:
    """Whether the second row only divides what is merged in the first."""
    groups = upper.repeated | {column - 1 for column in upper.repeated}
    beside = [(a, b) for i, (a, b) in enumerate(zip(upper.cells, lower.cells, strict=False)) if i not in groups]
    return bool(groups) and all(b in ("", a) for a, b in beside)


def _titles(rows: Sequence[Line]) -> Row:
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


def _count(line: Line) -> int:
    """Number of cells with text; a row with one merged cell counts once."""
    filled = sum(map(bool, line.cells))
    return 1 if filled - len(line.repeated) == 1 else filled


def _joined(line: Line) -> str:
    cells = [cell for index, cell in enumerate(line.cells) if cell and index not in line.repeated]
    return " ".join(" ".join(cells).split())


def _values(cells: Sequence[str]) -> bool:
    return any(map(_is_value, cells))


def _is_value(cell: str) -> bool:
    return bool(cell) and _VALUE.fullmatch(cell) is not None
