"""Rows to paragraphs, and paragraphs to one text over all pages."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Sequence

from ctxpipe.pipeline.readers.pdf.rows import HYPHEN, Row

_STOPPED = re.compile(r"[.!?:…。！？：]['\"”’»)\]]*$")
_ITEM = re.compile(r"(?:[-*+•‣◦–▪·○●■□]|\(?\d{1,3}[.)]|\(?[A-Za-z][.)]|\(?[ivxIVX]{1,5}[.)]|\[\d+\])\s")
_GOES_ON = re.compile(r"[a-z(]")
_FULL = 20
"""Characters that a line in the middle of a sentence has at least."""
PARAGRAPH, LINE = "\n\n", "\n"


class Measure:
    """What is usual in a document: size of the body and distance of its lines.

    Args:
        columns: The columns of all pages.
    """

    def __init__(self, columns: Sequence[Sequence[Row]]) -> None:
        sizes: Counter[float] = Counter()
        for rows in columns:
            for row in rows:
                sizes[round(2 * row.size) / 2] += len(row.text)
        self.body = sizes.most_common(1)[0][0] if sizes else 10.0
        pitches: Counter[float] = Counter()
        for rows in columns:
            for above, below in itertools.pairwise(rows):
                gap = above.base - below.base
                if gap > 0.5 * self.body and abs(below.size - self.body) <= 0.5:
                    pitches[round(2 * gap) / 2] += 1
        self.pitch = min(
            (p for p, n in pitches.items() if n * 3 >= pitches.most_common(1)[0][1]), default=1.2 * self.body
        )

    def pitch_at(self, size: float) -> float:
        """Usual distance of lines of a size."""
        return self.pitch * max(size, 1.0) / max(self.body, 1.0)


def separator(above: Row, below: Row, measure: Measure) -> str:
    """What stands between two rows of a column."""
    if above.level or below.level:
        return LINE if above.level == below.level and _is_near(above, below, measure) else PARAGRAPH
    if not _is_near(above, below, measure):
        return PARAGRAPH
    if not 0.8 < above.size / max(below.size, 0.1) < 1.25:
        return PARAGRAPH
    if _ITEM.match(below.text):
        return LINE
    left, right = below.margin
    short = above.right < right - 1.5 * above.size
    ends = bool(_STOPPED.search(above.text))
    indent = below.left - left
    if 0.8 * below.size < indent < 5 * below.size and abs(above.left - left) < 0.5 * below.size and ends:
        return PARAGRAPH
    if ends and short and not below.text[:1].islower():
        word = below.text.split(None, 1)[0]
        width = (below.right - below.left) * len(word) / max(len(below.text), 1)
        if above.right + width + 0.5 * below.size < right - 0.05 * (right - left):
            return PARAGRAPH
    return LINE


def _is_near(above: Row, below: Row, measure: Measure) -> bool:
    gap = above.base - below.base
    return gap <= 1.28 * measure.pitch_at(max(above.size, below.size))


def goes_on(above: Row, below: Row) -> bool:
    """Whether a sentence goes on from the end of a column to the beginning of the next."""
    if above.level or below.level or _STOPPED.search(above.text) or _ITEM.match(below.text):
        return False
    if not 0.85 < above.size / max(below.size, 0.1) < 1.18:
        return False
    left, right = above.margin
    if len(above.text) < _FULL or above.right < left + 0.7 * (right - left):
        return False
    if _GOES_ON.match(below.text) or above.text.endswith((HYPHEN, ",", "-")):
        return True
    full = above.right > right - 2.5 * above.size
    return full and below.left - below.margin[0] < 0.8 * below.size and "  " not in below.text
