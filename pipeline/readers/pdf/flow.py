"""Rows to paragraphs, and paragraphs to one text over all pages."""

from __future__ import annotations

import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Sequence

from ctxpipe.pipeline.readers.pdf.rows import HYPHEN, Row

_STOPS = frozenset(".!?:…。！？：")
_CLOSING = "\"'”’»)]"
ITEM = re.compile(r"(?:[-*+•‣◦–▪·○●■□]|\(?\d{1,3}[.)]|\(?[A-Za-z][.)]|\(?[ivxIVX]{1,5}[.)]|\[\d+\])\s")
SMALL_BEGIN = re.compile(r"[\"“‘'(\[]{0,3}(?:[a-z]|--?[a-z]|[/~]\w)|\(")
FULL = 20
"""Characters that a line in the middle of a sentence has at least."""
_FEWEST = 5
"""Lines of a size from which on their usual distance is known."""
_WIDEST = 1.8
"""Distance of two lines of one sentence, in usual ones."""
PARAGRAPH, LINE, SPACE = "\n\n", "\n", " "


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
        gaps: dict[float, Counter[float]] = defaultdict(Counter)
        for rows in columns:
            for above, below in itertools.pairwise(rows):
                gap = above.base - below.base
                if 0.5 * below.size < gap < 4 * below.size and abs(above.size - below.size) <= 0.5:
                    gaps[round(2 * below.size) / 2][round(2 * gap) / 2] += 1
        self._pitches = {size: _least_usual(counts) for size, counts in gaps.items() if counts.total() >= _FEWEST}
        self._pitch = self._pitches.get(self.body, 1.2 * self.body)
        self._found: dict[float, float] = {}

    def pitch_at(self, size: float) -> float:
        """Usual distance of lines of a size."""
        pitch = self._found.get(size)
        if pitch is None:
            scaled = self._pitch * max(size, 1.0) / max(self.body, 1.0)
            pitch = self._found[size] = self._pitches.get(round(2 * size) / 2, scaled)
        return pitch


def _least_usual(gaps: Counter[float]) -> float:
    """The smallest of the distances that are common."""
    most = gaps.most_common(1)[0][1]
    return min(gap for gap, count in gaps.items() if count * 3 >= most)


def is_stopped(text: str) -> bool:
    """Whether a line ends a sentence or announces something."""
    return text.rstrip(_CLOSING)[-1:] in _STOPS


def separator(above: Row, below: Row, measure: Measure) -> str:
    """What stands between two rows of a column."""
    if below.wrapped:
        return SPACE
    if above.level or below.level:
        return LINE if above.level == below.level and _is_near(above, below, measure) else PARAGRAPH
    if not _is_near(above, below, measure):
        return LINE if _is_open(above, below, measure) else PARAGRAPH
    if not 0.8 < above.size / max(below.size, 0.1) < 1.25:
        return PARAGRAPH
    if ITEM.match(below.text):
        return LINE
    if not is_stopped(above.text):
        return LINE
    left, right = below.margin
    indent = below.left - left
    if 0.8 * below.size < indent < 5 * below.size and abs(above.left - left) < 0.5 * below.size:
        return PARAGRAPH
    if above.right >= right - 1.5 * above.size or below.text[:1].islower():
        return LINE
    had_room = above.right + first_word(below) + 0.5 * below.size < right - 0.05 * (right - left)
    return PARAGRAPH if had_room else LINE


def first_word(row: Row) -> float:
    """Width of the first word of a row in points, as if all its characters were of one width."""
    return (row.right - row.left) * len(row.text.split(None, 1)[0]) / max(len(row.text), 1)


def _is_near(above: Row, below: Row, measure: Measure) -> bool:
    size = above.size if above.size > below.size else below.size
    return -0.5 * below.size < above.base - below.base <= 1.28 * measure.pitch_at(size)


def _is_open(above: Row, below: Row, measure: Measure) -> bool:
    """Whether a sentence goes on over more space than usual, as it does around a formula."""
    gap = above.base - below.base
    if not 0 < gap <= _WIDEST * measure.pitch_at(max(above.size, below.size)) or not SMALL_BEGIN.match(below.text):
        return False
    left, right = above.margin
    full = len(above.text) >= 2 * FULL and above.right > left + 0.8 * (right - left)
    return above.text.endswith((HYPHEN, "-")) or (full and not is_stopped(above.text))
