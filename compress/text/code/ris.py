"""Bibliographies in RIS or of PubMed: fields under the first of their entry (``TY  - JOUR``)."""

from __future__ import annotations

import re

from ctxpipe.compress.text.code.lines import after, physical
from ctxpipe.compress.text.code.marks import Marks

_FIELD = re.compile(r"(?P<tag>[A-Z][A-Z0-9]{1,3}) {0,2}-(?: (?P<value>[^\n]*)|$)", re.MULTILINE)
NAME = re.compile(r"(?:TI|T1) {1,2}- ")
"""The field that names an entry."""


def mark_ris(marks: Marks, start: int, end: int) -> None:
    """Mark ``text[start:end]``: a field with all its lines is a unit; ``ER`` or a blank line ends an entry."""
    text = marks.text
    entry = -1
    at = start
    while at < end:
        line = physical(text, at, end)
        at = after(text, at, end)
        if line is None:
            entry = -1
            continue
        field = _FIELD.match(text, line.start, line.end) if not line.indent else None
        if field is None:
            if entry < 0:
                marks.unit(line.start)
        elif entry < 0:
            entry = marks.unit(line.start)
            marks.head(entry, field["value"] or "" if field["tag"] == "TY" else "")
        elif field["tag"] == "ER":
            marks.close(line.start, entry)
            entry = -1
        else:
            marks.unit(line.start, entry)
