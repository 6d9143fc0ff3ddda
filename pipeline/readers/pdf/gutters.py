"""Rows that run over two columns, cut at the gutter between them."""

from __future__ import annotations

import itertools
import re
import statistics
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from ctxpipe.pipeline.readers.pdf.calls import PdfiumCalls
from ctxpipe.pipeline.readers.pdf.rows import Row

_SPACES = re.compile(r"(?<=[^ ]) +(?=[^ ])")
_LEADERS = ". . ."
_LONG = 45
"""Characters from which on a row may run over two columns."""
_WIDE = 0.7
"""Width of a row that may run over two columns, in widths of the widest."""
FEWEST = 5
"""Rows that share a gutter."""
_MOST = 12
"""Rows that are looked into before all of them are."""
_NARROWEST = 0.5
"""Width of a gutter, in sizes of the font."""
_EDGE = 2.0
"""Distance in points within which rows of one column begin."""
_SHORT = 8
"""Characters of the last row of a paragraph."""
_FULL = 0.7
"""Share of its column that a usual row of prose fills."""
COLUMN = 20
"""Characters of a usual row of a column; what is shorter is a column of a table."""
_ALIKE = 0.3
"""Share of a column's rows up to which they may be the same, as those of code often are."""

_Strip = tuple[float, float]
"""Left and right edge of what the words of several rows leave free, in points."""


class _Gap(NamedTuple):
    """A space between two words: its edges in points and its offsets in the row."""

    left: float
    right: float
    start: int
    end: int


class _Sheet(NamedTuple):
    """A page's rows, and where the places of their words are asked for; see ``cut``."""

    calls: PdfiumCalls
    raw: int
    rows: Sequence[Row]
    starts: Sequence[int]

    def gaps(self, at: int, margin: int = 0) -> list[_Gap]:
        """The spaces of a row, without those within some characters of its ends."""
        text, start = self.rows[at].text, self.starts[at]
        matches = list(_SPACES.finditer(text, margin, len(text) - margin))
        befores = self.calls.rights(self.raw, [start + match.start() - 1 for match in matches])
        afters = self.calls.lefts(self.raw, [start + match.end() for match in matches])
        return [
            _Gap(before, after, match.start(), match.end())
            for match, before, after in zip(matches, befores, afters, strict=True)
        ]


def cut(calls: PdfiumCalls, raw: int, rows: list[Row], starts: Sequence[int], *, thorough: bool = True) -> list[Row]:
    """Cut the rows of a page whose columns are written row by row.

    A gutter is a strip of the page that the words of many rows in sequence leave free. Words of one column of prose
    leave none. Pieces are told by ``Row.column``, counted from 1.

    Args:
        calls: Asks for the places of words.
        raw: Address of PDFium's text page.
        rows: The rows, in the order of the file.
        starts: Index of each row's first character.
        thorough: Whether columns of other lengths and pages with something between columns are looked for too.
    """
    long = [at for at, row in enumerate(rows) if len(row.text) >= _LONG and _LEADERS not in row.text]
    if len(long) < FEWEST:
        return rows
    sheet, middle = _Sheet(calls, raw, rows, starts), len(long) // 3
    found = [_strips(sheet, long[middle : middle + _MOST], COLUMN)]
    if thorough:
        widest = max(rows[at].right - rows[at].left for at in long)
        wide = [at for at in long if rows[at].right - rows[at].left > _WIDE * widest]
        firsts = sorted({0, len(wide) // 3, 2 * len(wide) // 3}) if len(wide) >= FEWEST else ()
        found += [_strips(sheet, wide[first : first + _MOST], _SHORT) for first in firsts]
    # Rows in which one column is short show fewer gutters than there are.
    distinct = dict.fromkeys(map(tuple, filter(None, [*found, _merged(found)])))
    for strips in sorted(distinct, key=len, reverse=True):
        pieces = _cut_at(sheet, strips)
        if pieces is not None and _are_full(pieces):
            return pieces
    return rows


def at_wide_gaps(calls: PdfiumCalls, raw: int, rows: Sequence[Row], starts: Sequence[int]) -> list[Row]:
    """Rows cut where a gap is wider than their font is high. The arguments are those of ``cut``."""
    sheet, found = _Sheet(calls, raw, rows, starts), list[Row]()
    for at, row in enumerate(rows):
        found += _pieces(row, [gap for gap in sheet.gaps(at) if gap.right - gap.left > row.size])
    for piece in found:
        piece.column = 0
    return found


def _merged(found: Sequence[Sequence[_Strip]]) -> list[_Strip]:
    """All strips, from left to right; of those that overlap what they share."""
    merged: list[_Strip] = []
    for strip in sorted(itertools.chain.from_iterable(found)):
        if merged and strip[0] < merged[-1][1]:
            merged[-1] = (strip[0], min(strip[1], merged[-1][1]))
        else:
            merged.append(strip)
    return merged


def _cut_at(sheet: _Sheet, strips: Sequence[_Strip]) -> list[Row] | None:
    """The rows cut at strips, if that makes columns of prose."""
    gaps = {at: sheet.gaps(at) for at, row in enumerate(sheet.rows) if row.right > strips[0][0]}
    cuts = [_crossings(gaps.get(at, ()), row, strips) for at, row in enumerate(sheet.rows)]
    pieces = [_pieces(row, places) for row, places in zip(sheet.rows, cuts, strict=True)]
    return [piece for of_row in pieces for piece in of_row] if _are_columns(pieces, len(strips) + 1) else None


def _strips(sheet: _Sheet, long: Sequence[int], margin: int) -> list[_Strip]:
    """What the words of all the given rows leave free, away from the ends of the rows."""
    strips: list[_Strip] = []
    for count, at in enumerate(long):
        least = _NARROWEST * sheet.rows[at].size
        gaps = sheet.gaps(at, margin)
        free = [(gap.left, gap.right) for gap in gaps if gap.right - gap.left > least]
        strips = _shared(strips, free, least) if count else free
        if not strips:
            break
    return strips


def _shared(a: Sequence[_Strip], b: Sequence[_Strip], least: float) -> list[_Strip]:
    both = [(max(x[0], y[0]), min(x[1], y[1])) for x in a for y in b if x[0] < y[1] and y[0] < x[1]]
    return [strip for strip in both if strip[1] - strip[0] >= least]


def _crossings(gaps: Sequence[_Gap], row: Row, strips: Sequence[_Strip]) -> list[_Gap] | None:
    """For each strip that a row runs over, its gap there; None for a row that fills a strip."""
    crossings: list[_Gap] = []
    for left, right in strips:
        middle = (left + right) / 2
        if row.left < middle and row.right > right:
            gap = _crossing(gaps, middle, right, row.size)
            if gap is None:
                return None
            crossings.append(gap)
        else:
            crossings.append(_Gap(left, right, -1, -1))
    return crossings


def _crossing(gaps: Sequence[_Gap], middle: float, edge: float, size: float) -> _Gap | None:
    """The wide gap in the middle of a strip, or before its right edge if the words before it are longer than usual."""
    wide = [gap for gap in gaps if gap.right - gap.left > _NARROWEST * size]
    inside = (gap for gap in wide if gap.left <= middle <= gap.right)
    return next(inside, None) or next((gap for gap in wide if abs(gap.right - edge) < _EDGE), None)


def _pieces(row: Row, places: Sequence[_Gap] | None) -> list[Row]:
    if places is None:
        return [row]
    pieces: list[Row] = []
    at, left, column = 0, row.left, 1
    for gap in places:
        if gap.start >= 0:
            piece = Row(row.text[at : gap.start], left, gap.left, row.base, row.size, bold=row.bold, column=column)
            pieces.append(piece)
            at, left = gap.end, gap.right
            column += 1
        elif gap.right <= row.left + 1:
            column += 1
    pieces.append(Row(row.text[at:], left, row.right, row.base, row.size, bold=row.bold, column=column))
    return pieces


def _are_columns(pieces: Sequence[Sequence[Row]], columns: int) -> bool:
    """Whether the pieces are lines of prose and not the cells of a table."""
    cut_rows = [of_row for of_row in pieces if len(of_row) > 1]
    if len(cut_rows) < FEWEST:
        return False
    for column in range(1, columns + 1):
        texts = [piece.text for of_row in cut_rows for piece in of_row if piece.column == column]
        if not texts or statistics.median(map(len, texts)) < COLUMN:
            return False
        if Counter(texts).most_common(1)[0][1] > _ALIKE * len(texts):
            return False
    return True


def _are_full(pieces: Sequence[Row]) -> bool:
    """Whether the rows of each column mostly run from edge to edge, which code and its comments do not."""
    for column in {piece.column for piece in pieces if piece.column}:
        rows = [piece for piece in pieces if piece.column == column]
        width = max(row.right for row in rows) - min(row.left for row in rows)
        if statistics.median(row.right - row.left for row in rows) < _FULL * width:
            return False
    return True
