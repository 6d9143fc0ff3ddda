"""Sentences that go on behind pages of figures and tables alone.

The rest of such a sentence is set down on the page where it begins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ctxpipe.compress.text.sentences import sentences
from ctxpipe.pipeline.readers.pdf.asides import bring_together, is_running
from ctxpipe.pipeline.readers.pdf.continued import CAPTION, goes_on
from ctxpipe.pipeline.readers.pdf.flow import PARAGRAPH, Measure, is_stopped, separator
from ctxpipe.pipeline.readers.pdf.rows import Row

_MOST_PAGES = 3
_MOST_PROSE = 4
"""Rows of prose on a page of figures: a caption goes on in the size of the body."""
_MOST_ROWS = 12
"""Rows of the rest of a sentence."""


def join_over_figures(pages: Sequence[list[list[Row]]], measure: Measure) -> None:
    """Bring the halves of sentences together between which there are only figures and tables.

    Args:
        pages: For each page its columns in reading order; the rest of a sentence becomes a column.
        measure: What is usual in the document.
    """
    text: list[list[Row]] = []
    figures = 0
    for columns in pages:
        if not any(columns):
            continue
        if _has_only_figures(columns, measure):
            figures += 1
            continue
        if text and 0 < figures <= _MOST_PAGES:
            _join(text, columns, measure)
        text, figures = columns, 0


def _has_only_figures(columns: Sequence[Sequence[Row]], measure: Measure) -> bool:
    rows = [row for column in columns for row in column]
    has_caption = any(CAPTION.match(row.text) for row in rows)
    return has_caption and sum(is_running(row, measure) for row in rows) <= _MOST_PROSE


def _join(above: list[list[Row]], below: Sequence[list[Row]], measure: Measure) -> None:
    """Move the rest of a sentence.

    Args:
        above: The columns of the page where it may begin.
        below: Those of the page where it may go on.
        measure: What is usual in the document.
    """
    last = [column for column in above if column][-1]
    first, *others = [column for column in below if column]
    bring_together(last, [first, *others], measure)
    if first[0].text[:1].islower() and is_running(first[0], measure) and goes_on(last, first[0]):
        above.append(_rest(first, measure))


def _rest(column: list[Row], measure: Measure) -> list[Row]:
    """Take the rows of the sentence with which a column begins out of it. The row in which it ends is parted."""
    for index, row in enumerate(column[:_MOST_ROWS]):
        spans = sentences(row.text)
        if len(spans) > 1:
            taken = [*column[:index], replace(row, text=row.text[: spans[0][1]])]
            column[: index + 1] = [replace(row, text=row.text[spans[1][0] :])]
            return taken
        is_last = index + 1 == len(column) or separator(row, column[index + 1], measure) == PARAGRAPH
        if is_last or is_stopped(row.text):
            break
    taken, column[:] = column[: index + 1], column[index + 1 :]
    return taken
