"""Long comments and strings, cut by paragraph."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ctxpipe.compress.text.code.marks import Marks

LONG = 600
"""Characters from which a comment or a string is cut."""
SUMMARY = 300
"""Most characters of a first paragraph for the others to stand under it."""

_BREAK = re.compile(r"\n[ \t]*(?:[#*;%!'-]{1,3}|/{2,4})?[ \t\r]*(?=\n)")
_SENTENCE_END = re.compile(r"[.:!?;>})\]。！？][\"'”’)]*[ \t\r]*\n")
_CLOSING = re.compile(r"[ \t]*(?:\"\"\"|'''|\*+/|--\]\]|=end|-\}|\]\]|`|#>|\}\}|-->)[\s;,)]*")


def mark_paragraphs(marks: Marks, start: int, end: int, parent: int, *, exact: bool = False) -> None:
    """Mark a comment or a string: one unit, or a unit a paragraph when it is longer than ``LONG``.

    The paragraphs stand under the first one when that is short; a last line that only closes then closes that.
    """
    first = marks.unit(start, parent, exact=exact)
    if end - start <= LONG:
        return
    stops = list(_stops(marks.text, start, end))
    below = first if stops and stops[0] - start <= SUMMARY else parent
    closing = marks.text.rfind("\n", start, end) + 1
    closes = below == first and bool(_CLOSING.fullmatch(marks.text, closing, end)) and closing > start
    for at in stops:
        if at < (closing if closes else end):
            marks.unit(at, below)
    if closes:
        marks.close(closing, first)


def _stops(text: str, start: int, end: int) -> Iterator[int]:
    """Where paragraphs begin, except the first; a very long one is cut where a line ends with a sentence."""
    begin = start
    for stop in (*(m.end() + 1 for m in _BREAK.finditer(text, start, end)), end):
        while stop - begin > 2 * LONG:
            found = _SENTENCE_END.search(text, begin + LONG // 2, begin + LONG)
            newline = found.end() - 1 if found else text.find("\n", begin + LONG, stop - 1)
            if newline < 0:
                break
            begin = newline + 1
            yield begin
        begin = stop
        if stop < end:
            yield stop
