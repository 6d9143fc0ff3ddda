"""Footnotes, figures and tables that stand between the two halves of a sentence, moved out of it.

Rows stay on their page, so that pages remain right; ``figures`` has the only exception.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from ctxpipe.pipeline.readers.pdf.continued import CAPTION, goes_on, is_prose, last_of_prose
from ctxpipe.pipeline.readers.pdf.flow import PARAGRAPH, SMALL_BEGIN, Measure, is_stopped, separator
from ctxpipe.pipeline.readers.pdf.rows import HYPHEN, Row

_SMALL = 0.93
"""Size of a footnote, in sizes of the body, that it stays below."""
_APART = 1.05
"""Distance of a footnote from the text above it, in usual distances of its lines, that it stays above."""
_MOST_PARAGRAPHS = 6
_MOST_ROWS = 40


def move_asides(pages: Sequence[Sequence[list[Row]]], measure: Measure) -> None:
    """Bring the halves of sentences together that go on from one column to the next.

    Args:
        pages: For each page its columns in reading order; their rows are put in order.
        measure: What is usual in the document.
    """
    above: list[Row] = []
    for columns in pages:
        filled = [column for column in columns if column]
        for index, column in enumerate(filled):
            if column:  # unless it was moved as a whole
                bring_together(above, [column] if index else filled, measure)
                above = column


def bring_together(above: list[Row], columns: Sequence[list[Row]], measure: Measure) -> None:
    """Bring the halves of a sentence together.

    Args:
        above: The column in which the first half ends.
        columns: The next one, in which the second half begins; of a new page all, as a table may be read as several.
        measure: What is usual in the document.
    """
    if not above or goes_on(above, columns[0][0]):
        return
    below = list(itertools.islice(itertools.chain.from_iterable(columns), _MOST_ROWS))
    if not _have_asides(above, below, measure):
        return
    end, begin = _halves(above, below, len(columns[0]), measure)
    if end < len(above):
        at = _sentence_start(above, last_of_prose(above[:end], below[begin]), measure)
        above[:] = above[:at] + above[end:] + above[at:end]
    if begin:
        rest = below[begin : _paragraph_end(below, begin, measure)]
        moved = {id(row) for row in rest}
        for column in columns:
            column[:] = [row for row in column if id(row) not in moved]
        columns[0][:0] = rest


def _have_asides(above: Sequence[Row], below: Sequence[Row], measure: Measure) -> bool:
    small = _SMALL * measure.body
    if above[-1].size < small or below[0].size < small:
        return True
    return any(CAPTION.match(row.text) for row in (*above[-_MOST_ROWS:], *below))


def _halves(above: Sequence[Row], below: Sequence[Row], first: int, measure: Measure) -> tuple[int, int]:
    """Where the first half ends, and where the second begins: in the first rows, or behind them if all are asides."""
    begins = _begins(below, measure)
    has_notes = any(row.size < _SMALL * measure.body for row in above[-_MOST_ROWS:])
    firsts = (below[at].text for at in (0, *begins))
    if not has_notes and not any(text[:1].islower() or SMALL_BEGIN.match(text) for text in firsts):
        return len(above), 0
    ends = [len(above), *(end for end in _ends(above, measure) if _is_aside(above[end:], measure))]
    near = [at for at in begins if at < first][:_MOST_PARAGRAPHS]
    prose = next((at for at in (0, *begins) if is_running(below[at], measure)), 0)
    begins = [0, *(at for at in (*([prose] if prose >= first else []), *near) if _has_caption(below[:at]))]
    for end in ends:
        last = above[end - 1]
        notes = end < len(above) and above[end].size < _SMALL * measure.body
        for begin in begins:
            row = below[begin]
            if not _have_one_width(last, row):
                continue
            sure = row.text[:1].islower() or (notes and not begin)
            if begin >= first:
                sure = bool(SMALL_BEGIN.match(row.text)) and is_running(last, measure)
            if sure and goes_on(above[:end], row):
                return end, begin
    return len(above), 0


def is_running(row: Row, measure: Measure) -> bool:
    """Whether a row is prose in the size of the body."""
    return is_prose(row) and not row.listed and row.size > _SMALL * measure.body and not CAPTION.match(row.text)


def _have_one_width(a: Row, b: Row) -> bool:
    """Whether the columns of two rows are about as wide."""
    return 0.4 < (a.margin[1] - a.margin[0]) / max(b.margin[1] - b.margin[0], 0.1) < 2.5


def _ends(rows: Sequence[Row], measure: Measure) -> list[int]:
    """Ends of the last paragraphs, from the last but one backwards."""
    ends: list[int] = []
    for at in range(len(rows) - 1, max(0, len(rows) - _MOST_ROWS), -1):
        if separator(rows[at - 1], rows[at], measure) == PARAGRAPH or _is_smaller(rows[at - 1], rows[at], measure):
            ends.append(at)
            if len(ends) == _MOST_PARAGRAPHS:
                break
    return ends


def _is_smaller(above: Row, below: Row, measure: Measure) -> bool:
    """Whether a row is in smaller type and keeps its distance, which one that begins in small capitals does not."""
    far = above.base - below.base > _APART * measure.pitch_at(above.size)
    return below.size < _SMALL * above.size and far and not above.text.endswith(HYPHEN)


def _begins(rows: Sequence[Row], measure: Measure) -> list[int]:
    """Beginnings of the first paragraphs after the first."""
    begins: list[int] = []
    for at in range(1, min(len(rows), _MOST_ROWS)):
        if separator(rows[at - 1], rows[at], measure) == PARAGRAPH or rows[at - 1].size < _SMALL * rows[at].size:
            begins.append(at)
    return begins


def _is_aside(rows: Sequence[Row], measure: Measure) -> bool:
    """Whether rows are footnotes or a figure or table with its caption."""
    return all(row.size < _SMALL * measure.body for row in rows) or _has_caption(rows)


def _has_caption(rows: Sequence[Row]) -> bool:
    return any(CAPTION.match(row.text) for row in rows)


def _sentence_start(rows: Sequence[Row], at: int, measure: Measure) -> int:
    """The first row of the sentence that goes on after a row, better of its paragraph."""
    stop = -1
    for index in range(at, max(0, at - _MOST_ROWS), -1):
        if separator(rows[index - 1], rows[index], measure) == PARAGRAPH:
            return index
        if stop < 0 and is_stopped(rows[index - 1].text):
            stop = index
    return stop if stop >= 0 else max(0, at - _MOST_ROWS)


def _paragraph_end(rows: Sequence[Row], at: int, measure: Measure) -> int:
    """Behind the last row of the paragraph that begins at a row."""
    for index in range(at + 1, len(rows)):
        if separator(rows[index - 1], rows[index], measure) == PARAGRAPH:
            return index
    return len(rows)
