"""The rows of a page in reading order: columns one after the other, the cells of a table's row side by side."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence

from ctxpipe.pipeline.readers.pdf.rows import CELL, HYPHEN, Row

_PARTED = 0.5
"""Width of a gap, in sizes of the font, that is more than a space."""
_MOST_LINES = 12
"""Lines of a cell of a table."""
_ALIGNED = 0.45
"""Share of the larger size by which the baselines of one row may differ."""


def in_order(rows: list[Row]) -> list[list[Row]]:
    """Columns of a page in reading order, each from top to bottom.

    The order of the file is kept where it can be read: most write one column after the other. Where rows were cut at a
    gutter, the pieces of a column follow each other.
    """
    if any(row.column for row in rows):
        return _banded(rows)
    runs = _runs(_with_late_cells([_joined(line) for line in _lines(rows)]))
    return _sorted(runs)


def _banded(rows: Sequence[Row]) -> list[list[Row]]:
    """Columns of rows that were cut, each as far as the next row that runs over all of them."""
    columns: list[list[Row]] = []
    for whole, band in itertools.groupby(rows, key=lambda row: row.column == 0):
        if whole:
            columns.append([_joined(line) for line in _lines(list(band))])
        else:
            pieces = sorted(band, key=lambda row: row.column)
            columns.extend(list(column) for _, column in itertools.groupby(pieces, key=lambda row: row.column))
    return columns


def _is_beside(a: Row, b: Row) -> bool:
    """Whether a row goes on with the next one on the same baseline."""
    return abs(a.base - b.base) <= _ALIGNED * max(a.size, b.size) and b.left >= a.right - a.size * 0.5


def _lines(rows: Sequence[Row]) -> list[list[Row]]:
    lines: list[list[Row]] = []
    for row in rows:
        if lines and _is_beside(lines[-1][-1], row):
            lines[-1].append(row)
        else:
            lines.append([row])
    return lines


def _joined(line: list[Row]) -> Row:
    """One row of pieces that stand on one baseline."""
    first = line[0]
    for piece in line[1:]:
        gap = piece.left - first.right
        between = CELL if gap > first.size else " " if gap > 0.12 * first.size else ""
        first.second = first.second or (piece.left if between == CELL else piece.second)
        first.last = piece.last or (piece.left if between == CELL else first.last)
        first.text = (
            first.text.removesuffix(HYPHEN) + ("-" if first.text.endswith(HYPHEN) else "") + between + piece.text
        )
        first.right = max(first.right, piece.right)
        first.parted = first.parted or gap > _PARTED * first.size
    return first


def _with_late_cells(rows: Sequence[Row]) -> list[Row]:
    """Rows of which a cell with one line, written behind the last line of a cell beside it, goes on with that line."""
    kept: list[Row] = []
    for row, following in itertools.zip_longest(rows, rows[1:]):
        if _is_late_cell(kept, row) and (following is None or following.base < kept[-1].base):
            last = kept[-1]
            last.text = f"{last.text.replace(HYPHEN, '-')}{CELL}{row.text}"
            last.right = max(last.right, row.right)
            last.closes = True
        else:
            kept.append(row)
    return kept


def _is_late_cell(above: Sequence[Row], row: Row) -> bool:
    """Whether a row stands beside the first line of a cell of at least two lines, right of all of them."""
    if len(above) < 2 or row.base < above[-1].base + 0.7 * row.size:
        return False
    for first in reversed(above[-_MOST_LINES:]):
        if first.right > row.left + 0.5 * row.size:
            return False
        if abs(first.base - row.base) <= _ALIGNED * max(first.size, row.size):
            return first.parted or CELL in first.text
    return False


def _runs(rows: Sequence[Row]) -> list[list[Row]]:
    """Stretches of the file's order that go down the page."""
    runs: list[list[Row]] = []
    for row in rows:
        if runs and row.base < runs[-1][-1].base + 0.7 * row.size and not runs[-1][-1].closes:
            runs[-1].append(row)
        else:
            runs.append([row])
    return runs


def _sorted(runs: list[list[Row]]) -> list[list[Row]]:
    """Runs in reading order: above before below, left before right, else as the file has them."""
    if len(runs) < 2:
        return runs
    boxes = [_box(run) for run in runs]
    left = list(range(len(runs)))
    order: list[int] = []
    while left:
        chosen = next((i for i in left if not any(_precedes(boxes[j], boxes[i]) for j in left if j != i)), left[0])
        left.remove(chosen)
        order.append(chosen)
    return [runs[index] for index in order]


def _box(run: Sequence[Row]) -> tuple[float, float, float, float]:
    return (
        min(row.left for row in run),
        min(row.base for row in run),
        max(row.right for row in run),
        max(row.base + 0.5 * row.size for row in run),
    )


def _precedes(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    """Whether a box must be read before another."""
    beside = a[2] <= b[0] + 2 or b[2] <= a[0] + 2
    if a[1] >= b[3]:
        return not beside or a[1] > b[3] + 2 * (b[3] - b[1])
    return beside and a[2] <= b[0] + 2 and a[1] < b[3] and b[1] < a[3]


def margins(runs: list[list[Row]]) -> None:
    """Tell each row the edges of its column."""
    for run in runs:
        lefts = Counter(round(row.left) for row in run)
        most = lefts.most_common(3)
        (edge, count), common = min(most), most[0]
        left = float(edge if count * 3 >= common[1] else common[0])
        right = max(row.right for row in run)
        for row in run:
            row.margin = (left, right)
