"""Footnotes, figures and tables that stand between the two halves of a sentence, moved out of it.

Rows stay on their page, so that pages remain right.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from ctxpipe.pipeline.readers.pdf.flow import CAPTION, PARAGRAPH, Measure, goes_on, is_stopped, separator
from ctxpipe.pipeline.readers.pdf.rows import HYPHEN, Row

_SMALL = 0.93
"""Size of a footnote, in sizes of the body, that it stays below."""
_APART = 1.05
"""Distance of a footnote from the text above it, in usual distances of its lines, that it stays above."""
_MOST_PARAGRAPHS = 6
_MOST_ROWS = 40


def move_asides(columns: Sequence[list[Row]], measure: Measure) -> None:
    """Bring the halves of sentences together that go on from one column to the next.

    Args:
        columns: The columns of all pages in reading order; their rows are put in order.
        measure: What is usual in the document.
    """
    for above, below in itertools.pairwise(columns):
        if not above or not below or not _have_asides(above, below, measure) or goes_on(above[-1], below[0]):
            continue
        found = _halves(above, below, measure)
        if found is not None:
            end, begin = found
            if end < len(above):
                at = _sentence_start(above, end - 1, measure)
                above[:] = above[:at] + above[end:] + above[at:end]
            if begin:
                stop = _paragraph_end(below, begin, measure)
                below[:] = below[begin:stop] + below[:begin] + below[stop:]


def _have_asides(above: Sequence[Row], below: Sequence[Row], measure: Measure) -> bool:
    small = _SMALL * measure.body
    if above[-1].size < small or below[0].size < small:
        return True
    return any(CAPTION.match(row.text) for row in (*above[-_MOST_ROWS:], *below[:_MOST_ROWS]))


def _halves(above: Sequence[Row], below: Sequence[Row], measure: Measure) -> tuple[int, int] | None:
    """Where the first half ends in one column, and where the second begins in the next."""
    ends = [len(above), *(end for end in _ends(above, measure) if _is_aside(above[end:], measure))]
    begins = [0, *(begin for begin in _begins(below, measure) if _has_caption(below[:begin]))]
    for end in ends:
        notes = end < len(above) and above[end].size < _SMALL * measure.body
        for begin in begins:
            sure = below[begin].text[:1].islower() or (notes and not begin)
            if sure and goes_on(above[end - 1], below[begin]):
                return end, begin
    return None


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
            if len(begins) == _MOST_PARAGRAPHS:
                break
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
