"""Rows whose order in the file says nothing, put in order by their places."""

from __future__ import annotations

import itertools
import statistics
from collections import Counter
from collections.abc import Sequence

from ctxpipe.pipeline.readers.pdf.gutters import COLUMN, FEWEST
from ctxpipe.pipeline.readers.pdf.rows import Row

_JUMP = 0.25
"""Distance that is no step within a table, in heights of a page's text."""
_SCATTERED = 0.15
"""Share of rows that stand a jump above the row before, from which on the order of the file says nothing."""
_TURNS = 0.6
"""Share of rows beside the row before from which on columns come in turns."""
_LOWER = 0.15
"""Distance of two baselines, in sizes of the font, that the cells of a row stay below."""


def is_scattered(rows: Sequence[Row]) -> bool:
    """Whether the order of the rows says nothing, as no columns and no table bring about.

    Either many rows stand far above the row before, or rows of two columns come in turns, on lines of their own. Rows
    that run upwards, as those of a turned table do, stand above each other in their order.
    """
    if len(rows) < 2 * FEWEST or not all(row.upright for row in rows):
        return False
    bases = [row.base for row in rows]
    jump = _JUMP * (max(bases) - min(bases))
    rises = sum(below - above > jump for above, below in itertools.pairwise(bases))
    return (jump > 0 and rises >= max(FEWEST, _SCATTERED * len(rows))) or _come_in_turns(rows)


def _come_in_turns(rows: Sequence[Row]) -> bool:
    """Whether most rows stand beside the row before and a little below it."""
    if not any(_is_beside(rows[at - 1], rows[at]) for at in range(FEWEST, 2 * FEWEST)):
        return False
    turns = sum(_is_beside(above, below) for above, below in itertools.pairwise(rows))
    return turns > _TURNS * len(rows) and len(_parted(rows)) > 1


def _is_beside(above: Row, below: Row) -> bool:
    apart = above.right < below.left or below.right < above.left
    return apart and _LOWER * above.size < above.base - below.base < above.size


def told_by_place(rows: list[Row]) -> list[Row]:
    """Pieces of text whose order says nothing, from top to bottom, with the columns that they stand in.

    A gutter is where many pieces begin to the right of many others and few run over it.
    """
    rows = sorted(rows, key=lambda row: (-row.base, row.left))
    columns = _parted(rows)
    if len(columns) > 1:
        for number, column in enumerate(columns, start=1):
            for row in column:
                row.column = number
        _leave_tables(rows, len(columns))
    return rows


def _leave_tables(rows: Sequence[Row], columns: int) -> None:
    """Let the rows of tables that stand across the columns be whole: more cells than columns, all of them short."""
    for _, line in itertools.groupby(rows, key=lambda row: row.base):
        cells = list(line)
        if len(cells) > columns and max(len(cell.text) for cell in cells) < COLUMN:
            for cell in cells:
                cell.column = 0


def _parted(rows: Sequence[Row]) -> list[Sequence[Row]]:
    """The columns of some rows, from left to right, without the rows that run over a gutter."""
    lefts = Counter(round(row.left / 6) for row in rows if len(row.text) >= COLUMN)
    for place, count in sorted(lefts.items(), key=lambda item: -item[0]):
        edge = 6 * place - 4.0
        before = [row for row in rows if row.right < edge]
        behind = [row for row in rows if row.left >= edge]
        lengths = [statistics.median(len(row.text) for row in side) if side else 0 for side in (before, behind)]
        few = len(rows) - len(before) - len(behind) <= len(rows) // 3
        if count >= FEWEST and len(before) >= FEWEST and few and min(lengths) >= COLUMN:
            return [*_parted(before), *_parted(behind)]
    return [rows]
