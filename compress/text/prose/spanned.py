"""Rows of a table of MediaWiki that a cell of a row above them spans."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ctxpipe.compress.text.unit import Unit

_SPAN = re.compile(r"\browspan[ ]?=[ ]?[\"']?(\d{1,4})")


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
