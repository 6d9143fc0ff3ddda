"""Whether a sentence goes on from the end of a column to the beginning of the next."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from ctxpipe.pipeline.readers.pdf.flow import FULL, ITEM, SMALL_BEGIN, first_word, is_stopped
from ctxpipe.pipeline.readers.pdf.rows import CELL, HYPHEN, Row

CAPTION = re.compile(
    r"(?:fig(?:ure|\.)?|table|tab\.|listing|algorithm|scheme|abbildung|tabelle)\s*[\dA-Z]", re.IGNORECASE
)
_WORD = re.compile(r"[\"“‘'(\[]{0,3}\w")
_WORDS = re.compile(r"\b[a-z]{2,},? (?:[^ ]+ +)*?[a-z]{2,},? (?:[^ ]+ +)*?[a-z]{2,}\b")
_BREAKS_OFF = re.compile(r"(?:^| )[a-z]+,?$")
_SENTENCE_END = re.compile(r"[a-z]\.$")
_AROUND = 12
"""Lines at the end of a column that tell the width of its prose; lines of code in a sentence."""
_FEWEST = 4
"""Lines from which on they tell it."""
_WRAPPED = 0.7
"""Share of them behind which the first word of the next had no room."""
_INDENTED = 1.5
"""How far code is indented, in sizes of the font."""
_NARROW = 0.85
"""Share of the column that a line of code stays below."""


def goes_on(above: Sequence[Row], below: Row) -> bool:
    """Whether a sentence goes on.

    Args:
        above: The rows of a column, up to the one that may go on.
        below: The first row of the next column.
    """
    if below.level or ITEM.match(below.text) or CAPTION.match(below.text):
        return False
    return _fills(above, below) or _before_code(above, below) >= 0


def _have_one_size(above: Row, below: Row) -> bool:
    return 0.85 < above.size / max(below.size, 0.1) < 1.18


def _fills(above: Sequence[Row], below: Row) -> bool:
    """Whether the last line is as long as one within a sentence, and the next goes on with it."""
    last = above[-1]
    if last.level or CAPTION.match(last.text) or is_stopped(last.text) or not _have_one_size(last, below):
        return False
    if CELL in last.text and CELL not in below.text and not _WORDS.search(last.text):
        return False  # the last row of a table; stretched prose has words between its gaps
    left, right = last.margin[0], _right_edge(above, below)
    if len(last.text) < FULL or last.right < left + 0.7 * (right - left):
        return False
    if SMALL_BEGIN.match(below.text) or last.text.endswith((HYPHEN, ",", "-")):
        return True
    room = first_word(below) if _WORD.match(below.text) else 0.0
    full = last.right > right - max(2.5 * last.size, room)
    return full and _begins_below(last, below) and CELL not in below.text


def is_prose(row: Row) -> bool:
    """Whether a row has several words in small letters and no cells."""
    return CELL not in row.text and _WORDS.search(row.text) is not None


def _begins_below(above: Row, below: Row) -> bool:
    """Whether a row begins at the edge of its column, or is indented as the line of prose above it."""
    indent, other = below.left - below.margin[0], above.left - above.margin[0]
    offset = min(abs(below.left - above.left), abs(indent - other))
    if indent < 0.8 * below.size:
        return True
    return offset < 0.8 * below.size and not below.listed and is_prose(above)


def _right_edge(rows: Sequence[Row], below: Row) -> float:
    """Where the lines at the end of a column end: at its edge, or before it if words are what they are broken for."""
    last = rows[-1]
    rows = rows[-_AROUND:]
    edge = max(row.right for row in rows)
    is_wide = edge > last.margin[1] - 2.5 * last.size
    if is_wide or last.listed or not _BREAKS_OFF.search(last.text) or not below.text[0].isalpha():
        return last.margin[1]
    pairs = [(a, b) for a, b in itertools.pairwise(rows) if not is_stopped(a.text)]
    wrapped = sum(a.right + first_word(b) > edge - 0.8 * a.size and CELL not in a.text for a, b in pairs)
    return edge if len(pairs) >= _FEWEST and wrapped >= _WRAPPED * len(pairs) else last.margin[1]


def last_of_prose(above: Sequence[Row], below: Row) -> int:
    """The row, by index, with which a sentence that goes on breaks off: the last, or the last before code."""
    return len(above) - 1 if _fills(above, below) else max(_before_code(above, below), 0)


def _before_code(above: Sequence[Row], below: Row) -> int:
    """The row at which indented lines of code, which end the column, broke a sentence off; -1 if they did not."""
    left, right = above[-1].margin
    is_narrower = right - left < 0.6 * (below.margin[1] - below.margin[0])
    if (
        is_narrower
        or below.left - below.margin[0] > 2.5 * below.size
        or not (below.text[0].islower() and is_prose(below))
    ):
        return -1
    for at in range(len(above) - 1, max(-1, len(above) - _AROUND - 2), -1):
        row = above[at]
        if row.left <= left + _INDENTED * row.size:
            is_broken_off = at < len(above) - 1 and _have_one_size(row, below) and _breaks_off(above[: at + 1])
            return at if is_broken_off else -1
        is_wide = row.right > left + _NARROW * (right - left)
        if row.level or row.listed or is_wide or ITEM.match(row.text) or _SENTENCE_END.search(row.text):
            return -1
    return -1


def _breaks_off(rows: Sequence[Row]) -> bool:
    """Whether rows end within a sentence: in a word in small letters, of a line with some, or that goes on with one."""
    last = rows[-1]
    if last.level or CAPTION.match(last.text) or not _BREAKS_OFF.search(last.text):
        return False
    is_long = last.text.count(" ") >= 2
    return is_long or (len(rows) > 1 and not rows[-2].level and not is_stopped(rows[-2].text))
