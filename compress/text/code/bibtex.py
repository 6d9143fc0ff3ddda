"""Bibliographies of BibTeX: fields under the entry that ``@article{key,`` opens."""

from __future__ import annotations

import re

from ctxpipe.compress.text.code.lines import after, physical
from ctxpipe.compress.text.code.marks import Marks

_ENTRY = re.compile(r"@[A-Za-z]+[ \t]*[{(][ \t]*([^\s,{}()=\"]*)[ \t]*,?")
_FIELD = re.compile(r",?[ \t]*[A-Za-z][\w.:+-]*[ \t]*=")
_CLOSING = re.compile(r"[})]+[ \t,]*")
_ESCAPED = re.compile(r"\\.")
TITLE = re.compile(r",?\s*(?:title|booktitle|name)\s*=", re.IGNORECASE)
"""The field that names an entry."""


def mark_bibtex(marks: Marks, start: int, end: int) -> None:
    """Mark ``text[start:end]``: a field, with the lines that its braces hold together, is a unit."""
    text = marks.text
    entry, depth = -1, 0
    at = start
    while at < end:
        line = physical(text, at, end)
        at = after(text, at, end)
        if line is None:
            continue
        words = text[line.start : line.end]
        opened = _ENTRY.match(words)
        if opened is not None and depth < 2:
            entry, depth = marks.unit(line.start), 0
            marks.head(entry, opened[1])
        elif entry < 0:
            marks.unit(line.start)
        elif depth == 1 and _CLOSING.fullmatch(words):
            marks.close(line.start, entry)
        elif depth == 1 and _FIELD.match(words):
            marks.unit(line.start, entry)
        depth += _nesting(words)
        if depth <= 0:
            entry, depth = -1, 0


def _nesting(words: str) -> int:
    """How many more braces a line opens than it closes; an entry in round brackets counts as one in braces."""
    bare = _ESCAPED.sub("", words)
    return bare.count("{") - bare.count("}") + _round(bare)


def _round(words: str) -> int:
    if words.startswith("@"):
        return bool(re.match(r"@\w+[ \t]*\(", words)) - words.rstrip().endswith("})")
    return -(words.strip() == ")")
