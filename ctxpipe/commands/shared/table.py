"""Tables without lines, as wide as the terminal.

Libraries for tables measure East Asian characters by wcwidth, which takes 6 MB; this takes none.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import zip_longest

from ctxpipe.commands.shared.cells import width, wrapped

_GAP = "  "
_LEAST = 16
"""Columns of a wrapped cell; where fewer are left, it stands below its row."""
_INDENT = " " * 4


def table(
    rows: Sequence[Sequence[str]], *, right: Collection[int] = (), wrap: int = 0, columns: int | None = None
) -> list[list[str]]:
    """The lines of each row, without spaces at their ends.

    No cell is cut. Where a row is too long for the terminal, its last cells are wrapped; a row that is too long even so
    is left to the terminal.

    Args:
        rows: Cells of one line, colours included; the first row may be the names of the columns.
        right: Columns that are flush right.
        wrap: How many of the last columns are wrapped.
        columns: Of the terminal; None for any number.
    """
    natural = [max(map(width, cells)) for cells in zip(*rows, strict=True)]
    fixed = len(natural) - wrap
    if columns is None or not wrap:
        return [[_line(row, natural, right)] for row in rows]
    room = columns - sum(natural[:fixed]) - len(_GAP) * (len(natural) - 1)
    fitted = _fitted(natural[fixed:], room)
    if any(few < min(_LEAST, many) for few, many in zip(fitted, natural[fixed:], strict=True)):
        return _below(rows, natural[:fixed], right, columns)
    widths = [*natural[:fixed], *fitted]
    lines = []
    for row in rows:
        cells = [[cell] for cell in row[:fixed]]
        for cell, wide in zip(row[fixed:], fitted, strict=True):
            cells.append([cell] if width(cell) <= wide else wrapped(cell, wide))
        lines.append([_line(part, widths, right) for part in zip_longest(*cells, fillvalue="")])
    return lines


def _line(cells: Sequence[str], widths: Sequence[int], right: Collection[int]) -> str:
    padded = []
    for number, (cell, wide) in enumerate(zip(cells, widths, strict=True)):
        blank = " " * (wide - width(cell))
        padded.append(blank + cell if number in right else cell + blank)
    return _GAP.join(padded).rstrip()


def _fitted(natural: Sequence[int], room: int) -> list[int]:
    """Widths that add up to at most ``room``: the widest columns give way first."""
    fitted, left, open_columns = list(natural), room, len(natural)
    for number in sorted(range(len(natural)), key=lambda number: natural[number]):
        fitted[number] = max(0, min(natural[number], left // open_columns))
        left, open_columns = left - fitted[number], open_columns - 1
    return fitted


def _below(
    rows: Sequence[Sequence[str]], widths: Sequence[int], right: Collection[int], columns: int
) -> list[list[str]]:
    """Rows whose last cells stand below the others, each on lines of its own."""
    fixed, lines = len(widths), []
    for row in rows:
        under = [line for cell in row[fixed:] if cell for line in wrapped(cell, columns - len(_INDENT))]
        lines.append([_line(row[:fixed], widths, right), *(_INDENT + line for line in under)])
    return lines
