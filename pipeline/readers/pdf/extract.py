"""The lines of a page with their positions."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ctxpipe.pipeline.readers.pdf.annotations import with_annotations
from ctxpipe.pipeline.readers.pdf.calls import PdfiumCalls, address
from ctxpipe.pipeline.readers.pdf.gutters import at_wide_gaps, cut
from ctxpipe.pipeline.readers.pdf.line_numbers import FEWEST
from ctxpipe.pipeline.readers.pdf.rows import CELL, HYPHEN, Page, Row
from ctxpipe.pipeline.readers.pdf.scattered import is_scattered, told_by_place

if TYPE_CHECKING:
    from pypdfium2 import PdfPage

_LINE = re.compile("[^\\s\x02\ufffe](?:[^\r\n\x02\ufffe]*[^\\s\x02\ufffe])?[\x02\ufffe]?")
"""A line without the spaces around it."""
_MARKS = "\x02\ufffe"
"""What PDFium puts in the place of a hyphen at the end of a line, with no line break after it."""
_CONTROLS = re.compile("[\x00-\x09\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")
_TITLE = re.compile(r"[^\W_a-z]")
_BOLD = re.compile(r"bold|black|heavy|demi|cmbx|ecbx|cmssbx|(?:^|\+)sfbx|-medi", re.IGNORECASE)
_LONGEST_TITLE = 100
_GAP = 1.0
"""Width of a gap between the cells of a row, in sizes of the font."""
_FEW = 6
"""Spaces of a row from which on it is looked into only where something speaks for a gap."""
_FEW_MORE, _BESIDE = 3, 3
"""Further spaces of a row that is looked into because one so many rows above or below it takes more room."""
_STRETCHED = 2
"""Gaps of a row from which on the usual one is known."""
_NARROW = 0.44
"""Width of a character, in sizes of the font, in words of narrow letters and in figures."""
_SPACE = 0.6
"""Width of a gap between words, in sizes of the font, that a line of prose stays below unless it is stretched."""
_TABLE = 1.6
"""Width of a usual gap, in sizes of the font, that a stretched line of prose stays below."""
_LOOSE = 0.62
"""Width of a character, in sizes of the font, that text without gaps stays below."""
_SPACES = re.compile(r"(?<=[^ ]) +(?=[^ ])")
_MOST = 200_000
"""Characters of a page from which on positions are not asked for."""
_LEADERS = ". . ."
_LONGEST_LINE = 200
"""Characters from which on a line is looked into for several."""
_APART = 7.0
"""Width in points of a gap between two columns."""
_STEP = 3.0
"""Distance of two baselines in points that is that of two lines."""

Box = tuple[float, float, float, float]
_Places = tuple[list[float], list[float], list[float], list[float], list[bool]]
"""Of each line: left edge, baseline, right edge, size, and whether it stands upright."""


class Extractor:
    """Reads pages one after the other."""

    def __init__(self) -> None:
        self._calls = PdfiumCalls()

    def page(self, page: PdfPage, *, thorough: bool = True) -> Page:
        """The lines of a page as rows, in the order of the file.

        Args:
            page: The page.
            thorough: See ``gutters.cut``.

        Raises:
            PdfiumError: if the page is damaged.
        """
        content = page.get_textpage()
        try:
            box = page.get_bbox()
            turned = page.get_rotation() // 90
            rows, turned = self._rows(address(content.raw), box, turned, thorough=thorough)
        finally:
            content.close()
        shown = _turned(box, turned)
        picture = not rows and _has_picture(page)
        rows = with_annotations(page, self._calls, rows, lambda inner: _turned(inner, turned), shown[1])
        return Page(rows=rows, box=shown, picture=picture)

    def _rows(self, raw: int, box: Box, turned: int, *, thorough: bool) -> tuple[list[Row], int]:
        """The rows of a page and by how many quarters it is turned: by none where its words would be shown sideways."""
        text = self._calls.text(raw)
        if len(text) > _MOST:
            step = (box[3] - box[1]) / (text.count("\n") + 2)
            lines = enumerate(_LINE.findall(text), start=1)
            return [Row(_clean(line.strip()), box[0], box[2], box[3] - i * step, step / 1.2) for i, line in lines], 0
        spans = [match.span() for match in _LINE.finditer(text)]
        xs, ys, ends, sizes, upright = self._places(raw, spans)
        odd = {
            at
            for at, (start, end) in enumerate(() if turned else spans)
            if upright[at] and (ends[at] < xs[at] or end - start > _LONGEST_LINE)
        }
        if odd:
            parts = [self._parts(raw, text, *span) if at in odd else [span] for at, span in enumerate(spans)]
            spans = list(itertools.chain.from_iterable(parts))
            xs, ys, ends, sizes, upright = self._places(raw, spans)
        sideways = turned > 0 and sum(upright) > len(upright) / 2
        turned = 0 if sideways else turned
        lows = self._calls.bottoms(raw, [end - 1 for _, end in spans]) if turned else ys
        rows, first = [], []
        for (start, end), x, y, right, low, size, up in zip(spans, xs, ys, ends, lows, sizes, upright, strict=True):
            left, base = x, y
            if turned:
                left, base, right, _ = _turned((x, y, right, low), turned)
            if box[1] - 1 <= y <= box[3] + 1 and box[0] - 1 <= x <= box[2] + 1:
                rows.append(Row(text[start:end], left, max(left, right), base, size, upright=up or turned > 0))
                first.append(start)
        if sideways and sum(a.base < b.base for a, b in itertools.pairwise(rows)) > len(rows) / 2:
            rows, first = rows[::-1], first[::-1]
        self._weights(raw, rows, first)
        if not turned and is_scattered(rows):
            rows = told_by_place(at_wide_gaps(self._calls, raw, rows, first))
        elif not turned:
            pieces = cut(self._calls, raw, rows, first, thorough=thorough)
            if pieces is rows:
                self._cells(raw, rows, first)
            rows = pieces
        if _CONTROLS.search(text):
            for row in rows:
                row.text = _clean(row.text)
            rows = [row for row in rows if row.text.strip(HYPHEN)]
        return rows, turned

    def _places(self, raw: int, spans: Sequence[tuple[int, int]]) -> _Places:
        starts = [start for start, _ in spans]
        xs, ys = self._calls.origins(raw, starts)
        return xs, ys, self._calls.rights(raw, [end - 1 for _, end in spans]), *self._calls.sizes(raw, starts)

    def _parts(self, raw: int, text: str, start: int, end: int) -> list[tuple[int, int]]:
        """Start and end of the lines in one of PDFium's: several where two columns come in turns."""
        gaps = [match.span() for match in _SPACES.finditer(text, start, end)]
        xs, ys = self._calls.origins(raw, [start, *(after for _, after in gaps)])
        back = [b < a for a, b in itertools.pairwise(xs)]
        if sum(back) > len(back) / 2:  # a script that runs from right to left
            return [(start, end)]
        rights = self._calls.rights(raw, [before - 1 for before, _ in gaps])
        parts = []
        for at, (before, after) in enumerate(gaps):
            low, far = abs(ys[at + 1] - ys[at]) > _STEP, xs[at + 1] - rights[at] > _APART
            if back[at] or (low and far):
                parts.append((start, before))
                start = after
        return [*parts, (start, end)]

    def _cells(self, raw: int, rows: Sequence[Row], starts: Sequence[int]) -> None:
        """Write two spaces where a row has a wide gap."""
        looked_at = self._with_gaps(raw, rows)
        spaces = [[match.span() for match in _SPACES.finditer(rows[at].text)] for at in looked_at]
        words = [starts[at] + end for at, places in zip(looked_at, spaces, strict=True) for _, end in places]
        lefts = self._calls.lefts(raw, words)
        of_each = _dealt(lefts, spaces)
        loose = [
            (at, places, afters)
            for at, places, afters in zip(looked_at, spaces, of_each, strict=True)
            if _is_loose(rows[at], places, afters)
        ]
        ends = [starts[at] + start - 1 for at, places, _ in loose for start, _ in places]
        befores = _dealt(self._calls.rights(raw, ends), [places for _, places, _ in loose])
        for (at, places, afters), left_of in zip(loose, befores, strict=True):
            _mark_gaps(rows[at], places, left_of, afters)

    def _with_gaps(self, raw: int, rows: Sequence[Row]) -> list[int]:
        """Rows that may have a wide gap, by index.

        A row of a table may be one piece of text for PDFium. It has few words, or takes more room than they need, or
        begins or ends in a number, as many do, which may be that of a line. Of the other rows, either PDFium's pieces
        are looked at or all that end before the margin, whichever are fewer.
        """
        sure, rest = [], []
        beside: set[int] = set()
        numbered = {at for at, row in enumerate(rows) if row.text[0].isdecimal() or row.text[-1].isdecimal()}
        numbered = numbered if len(numbered) >= FEWEST else set()
        edge = Counter(round(row.right) for row in rows).most_common(1)[0][0] if rows else 0.0
        for at, row in enumerate(rows):
            text = row.text
            if _LEADERS in text:
                continue
            loose = row.right - row.left > _LOOSE * row.size * len(text)
            if loose:
                beside.update(range(at - _BESIDE, at + _BESIDE + 1))
            if loose or text.count(" ") < _FEW or at in numbered:
                sure.append(at)
            elif row.right < edge - 1.5 * row.size:
                rest.append(at)
        sure += [at for at in beside if 0 <= at < len(rows) and _FEW <= rows[at].text.count(" ") < _FEW + _FEW_MORE]
        count = self._calls.count_rects(raw) if rest else 0
        if count and count < 2 * sum(rows[at].text.count(" ") for at in rest):
            rest = self._parted(raw, rows, count)
        return sorted({*sure, *rest})

    def _parted(self, raw: int, rows: Sequence[Row], pieces: int) -> list[int]:
        """Rows of several pieces of text with a wide gap between two of them."""
        wide: set[int] = set()
        limits = [(row.left - 2, row.right + 2, row.base - row.size, row.base + row.size, row.size) for row in rows]
        at, edge, count = 0, -1.0, len(rows)
        left, right, low, high, size = limits[0]
        for x0, y1, x1, y0 in zip(*self._calls.rects(raw, pieces), strict=True):
            if not (left <= x0 and x1 <= right and y0 <= high and low <= y1):
                for ahead in range(at + 1, min(at + 4, count)):
                    left, right, low, high, size = limits[ahead]
                    if left <= x0 and x1 <= right and y0 <= high and low <= y1:
                        at, edge = ahead, -1.0
                        break
                else:
                    left, right, low, high, size = limits[at]
                    continue
            if 0 <= edge < x0 - _GAP * size:
                wide.add(at)
            edge = max(edge, x1)
        return [at for at in wide if _LEADERS not in rows[at].text]

    def _weights(self, raw: int, rows: Sequence[Row], starts: Sequence[int]) -> None:
        """Look for bold letters in rows that may be headings."""
        for row, start in zip(rows, starts, strict=True):
            text = row.text
            if len(text) <= _LONGEST_TITLE and text[-1] not in ".,;-\x02\ufffe" and _TITLE.match(text):
                row.bold = _BOLD.search(self._calls.font(raw, start)) is not None


def _dealt(numbers: Sequence[float], groups: Sequence[Sequence[object]]) -> list[Sequence[float]]:
    """Numbers one after the other as lists of the lengths of some groups."""
    ends = itertools.accumulate(map(len, groups), initial=0)
    return [numbers[a:b] for a, b in itertools.pairwise(ends)]


def _is_loose(row: Row, spaces: Sequence[tuple[int, int]], lefts: Sequence[float]) -> bool:
    """Whether a word takes so much more room than its letters need that a wide gap may follow it."""
    begin, left = 0, row.left
    for (start, end), after in zip(spaces, lefts, strict=True):
        if after - left > (_NARROW * (start - begin) + 0.85 * _GAP) * row.size:
            return True
        begin, left = end, after
    return False


def _mark_gaps(row: Row, spaces: Sequence[tuple[int, int]], befores: Sequence[float], afters: Sequence[float]) -> None:
    """Write two spaces where a gap is wider than the others of its row, or where all are those of a table."""
    gaps = [after - before for before, after in zip(befores, afters, strict=True)]
    usual = _usual(sorted(gaps), row.size) if len(gaps) > _STRETCHED else 0.0
    least = max(_GAP * row.size, 1.8 * usual)
    for at in reversed(range(len(gaps))):
        if gaps[at] > least:
            start, end = spaces[at]
            row.text = f"{row.text[:start]}{CELL}{row.text[end:]}"
            row.second, row.last = afters[at], row.last or afters[at]


def _usual(gaps: Sequence[float], size: float) -> float:
    """Width of the gaps between the words of a row; 0 where all gaps are those between cells.

    Args:
        gaps: Widths of its gaps, in order of size.
        size: Size of the font.
    """
    middle, narrow = gaps[len(gaps) // 2], gaps[len(gaps) // 4]
    if len(gaps) <= _FEW and middle > _TABLE * size:
        return 0.0
    return narrow if middle > _GAP * size and narrow < _SPACE * size else middle


def _has_picture(page: PdfPage) -> bool:
    """Whether a page shows an image, so that it may be a scan and not a blank page."""
    import pypdfium2.raw as pdfium

    return next(iter(page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE], max_depth=3)), None) is not None


def _clean(line: str) -> str:
    """A line without control characters; a hyphen at its end is marked."""
    hyphen = HYPHEN if line and line[-1] in _MARKS else ""
    line = line[:-1] if hyphen else line
    line = _CONTROLS.sub(" ", line)
    return line.strip() + hyphen


def _turned(box: Box, turned: int) -> Box:
    """A box on a page that is shown turned by quarters, clockwise."""
    left, bottom, right, top = box
    if turned == 1:
        return bottom, -right, top, -left
    if turned == 2:
        return -right, -top, -left, -bottom
    return (-top, left, -bottom, right) if turned == 3 else box
