"""Rows under a row above them: one whose cell goes over them (MediaWiki), or that is one cell over all columns."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ctxpipe.compress.text.unit import Unit

_SPAN = re.compile(r"\browspan[ ]?=[ ]?[\"']?(\d{1,4})")
_ONE_CELL = re.compile(r"\\multicolumn\{[ ]?(?:[2-9]|\d{2,3})[ ]?\}(?:[^&\\]|\\.)*\\\\", re.DOTALL)
_RULED = re.compile(r"\\(?:mid|bottom)rule|\\hline")


def under_spans(text: str, rows: Sequence[Unit]) -> list[Unit]:
    """Rows of which those without a cell, because one above goes over them, stand under the row that has it.

    Args:
        text: The text.
        rows: The header and the rows below it.
    """
    spanning: list[tuple[int, int]] = []
    placed = list(rows[:1])
    for index, row in enumerate(rows[1:], start=1):
        while spanning and spanning[-1][0] < index:
            spanning.pop()
        placed.append(row._replace(parent=spanning[-1][1]) if spanning else row)
        last = index - 1 + max((int(n) for n in _SPAN.findall(text, row.start, row.end)), default=1)
        if last > index:
            spanning.append((last, row.start))
    return placed


def under_groups(text: str, rows: Sequence[Unit]) -> list[Unit]:
    """Rows of which those below one that is one cell over several columns stand under it, up to a rule or the next.

    Args:
        text: The text.
        rows: The header of a table of TeX and the rows below it.
    """
    ruled = [_RULED.search(text, row.start, row.end) is not None for row in rows]
    parts = 2 * sum(ruled) <= len(rows)
    placed = list(rows[:1])
    group = -1
    for row, above_ruled in zip(rows[1:], ruled, strict=False):
        if _ONE_CELL.match(text, row.start, row.end):
            group = row.start
        elif (parts and above_ruled and placed[-1].start != group) or text.startswith("\\end{", row.start):
            group = -1
        placed.append(row._replace(parent=group) if group not in (-1, row.start) else row)
    return placed
