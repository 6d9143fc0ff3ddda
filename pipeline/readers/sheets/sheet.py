"""A sheet as Markdown: its name and title as headings, each table under its column titles."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from ctxpipe.pipeline.readers.sheets.beside import tables_beside
from ctxpipe.pipeline.readers.tables.header import has_values, headed, is_group_row, is_value
from ctxpipe.pipeline.readers.tables.merged import FilledRow, Merge, fill
from ctxpipe.pipeline.readers.tables.rows import table_lines

Row = list[str]
_PREAMBLE = 25
"""Most rows above the column titles."""
_SAMPLE = 100
_LONGEST_TITLE = 200
_NOTE = re.compile(
    r"[*†‡]{1,3}[ ]?\w|(?:Notes?|Sources?|Remarks?|Hinweise?|Anmerkung(?:en)?|Quellen?|Notas?|Fuente|Fonte)[ ]?:",
    re.IGNORECASE,
)
_FEWEST_TITLES = 2
"""Titles that a table has more of if its first numbers stand in other columns than those of the table above it."""
_SHARE = 0.6
"""Share of the usual number of cells that a row of column titles has at least."""


def sheet_markdown(name: str, rows: Sequence[Row], merges: Sequence[Merge] = (), *, hidden: bool = False) -> str:
    """A sheet as Markdown.

    Merged cells are repeated in every row and column that they cover. Rows above the column titles (a title, the date
    of the export) are a heading when they are short, else lines; column titles over several rows are joined to one row.
    A table that begins after an empty row has column titles of its own, and so has one beside another.

    Args:
        name: The sheet's name.
        rows: Its rows, empty ones included, as text.
        merges: Its merged ranges.
        hidden: Whether the sheet is hidden, which its heading then says.

    Returns:
        The text; empty when no cell has any.
    """
    blocks = (table for lines in _tables(fill(rows, merges)) for table in tables_beside(lines))
    tables = [part for table in blocks for part in _table(table)]
    if not tables:
        return ""
    return "\n\n".join([f"## {' '.join(name.split())}{' (hidden sheet)' if hidden else ''}", *tables])


def _tables(lines: Sequence[FilledRow]) -> list[list[FilledRow]]:
    """Rows by table: a new one begins after an empty row with a title, or with column titles above numbers."""
    groups: list[list[FilledRow]] = [[]]
    for line in lines:
        if any(line.cells):
            groups[-1].append(line)
        elif groups[-1]:
            groups.append([])
    tables: list[list[FilledRow]] = []
    current: list[FilledRow] = []
    for group in filter(None, itertools.chain.from_iterable(map(_stacked, groups))):
        if _has_rows(current) and _begins_table(group, _without_notes(current)):
            tables.append(current)
            current = []
        current = [*current, *group]
    return [*tables, current] if current else tables


def _stacked(lines: list[FilledRow]) -> Iterator[list[FilledRow]]:
    """Tables without an empty row between them, each with a title above the same titles of columns."""
    at = 0
    if len(lines) > 1 and _count(lines[0]) == 1 and _count(lines[1]) > 1 and not has_values(lines[1].cells):
        for index in range(2, len(lines) - 1):
            if _count(lines[index]) == 1 and lines[index + 1].cells == lines[1].cells:
                yield lines[at:index]
                at = index
    yield lines[at:]


def _has_rows(lines: Sequence[FilledRow]) -> bool:
    return sum(_count(line) > 1 for line in lines) > 1


def _without_notes(lines: Sequence[FilledRow]) -> Sequence[FilledRow]:
    end = len(lines)
    while _is_note(lines[end - 1]):
        end -= 1
    return lines[:end]


def _is_note(line: FilledRow) -> bool:
    """Whether a row has nothing but a note on the table above it."""
    return _count(line) == 1 and _NOTE.match(_joined(line)) is not None


def _begins_table(group: Sequence[FilledRow], above: Sequence[FilledRow]) -> bool:
    first = group[0].cells
    if all(map(_is_note, group)):
        return False
    if _count(group[0]) == 1:
        return not has_values(first) and sum(_count(line) == 1 for line in above[-3:]) == 0
    if has_values(first) or len(group) < 2:
        return False
    named = [i for i, cell in enumerate(first) if cell]
    before, below = (
        [i for i in named if i < len(line.cells) and is_value(line.cells[i])] for line in (above[-1], group[1])
    )
    is_full = len(named) > _FEWEST_TITLES and len(named) >= _count(group[1])
    return bool(before and below) and (is_full or not set(before).isdisjoint(below))


def _table(lines: list[FilledRow]) -> list[str]:
    """A title or lines, then the table; either may be missing."""
    start = _first_titles(lines)
    is_form = start > 0 and _is_form(lines[start - 1 :])
    start -= is_form
    above, rows = lines[:start], lines[start:]
    if above and rows and is_group_row(above[-1], rows[0]):
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
        parts.append("\n".join(table_lines([line.cells for line in rows] if is_form else headed(rows))))
    return parts


def _is_form(lines: Sequence[FilledRow]) -> bool:
    """Whether the first row is the title of a group, as another one is that stands above the same first cell."""
    first = lines[1].cells[:1] if len(lines) > 1 else []
    # The same titles of columns again begin another table.
    later = itertools.pairwise(lines[1:_SAMPLE])
    return any(_count(a) == 1 and b.cells[:1] == first and b.cells != lines[1].cells for a, b in later)


def _first_titles(lines: Sequence[FilledRow]) -> int:
    """Index of the first row with about as many cells as most rows have; 0 when all rows have one cell."""
    counts = [_count(line) for line in lines[:_SAMPLE]]
    usual = max(Counter(count for count in counts if count > 1).items(), key=lambda item: item[1], default=(1, 0))[0]
    if usual == 1:
        return 0
    enough = max(2, _SHARE * usual)
    return next((index for index, count in enumerate(counts[: _PREAMBLE + 1]) if count >= enough), 0)


def _count(line: FilledRow) -> int:
    """Number of cells with text; a row with one merged cell counts once."""
    filled = sum(map(bool, line.cells))
    return 1 if filled - len(line.repeated) == 1 else filled


def _joined(line: FilledRow) -> str:
    cells = [cell for index, cell in enumerate(line.cells) if cell and index not in line.repeated]
    return " ".join(" ".join(cells).split())
