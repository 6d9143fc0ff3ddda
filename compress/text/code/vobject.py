"""Calendars and address cards: properties under the object that ``BEGIN`` opens."""

from __future__ import annotations

import re

from ctxpipe.compress.text.code.lines import after, physical
from ctxpipe.compress.text.code.marks import Marks

_EDGE = re.compile(r"(?P<edge>BEGIN|END):(?P<name>[\w-]+)[ \t]*", re.IGNORECASE)
NAME = re.compile(r"(?:SUMMARY|FN)(?:;[^:\n]*)?:", re.IGNORECASE)
"""The property that names an object."""
_DEEPEST = 64


def mark_vobject(marks: Marks, start: int, end: int) -> None:
    """Mark ``text[start:end]`` of iCalendar or vCard: a property, with the lines that it is folded into, is a unit."""
    text = marks.text
    opened: list[tuple[int, str]] = []
    at = start
    while at < end:
        line = physical(text, at, end)
        at = after(text, at, end)
        if line is None or (line.indent and marks.last() >= 0):
            continue  # blank, or folded from the line before
        edge = _EDGE.fullmatch(text, line.start, line.end)
        above = opened[-1][0] if opened else -1
        if edge is None:
            marks.unit(line.start, above)
        elif edge["edge"].upper() == "BEGIN" and len(opened) < _DEEPEST:
            unit = marks.unit(line.start, above)
            marks.head(unit, edge["name"])
            opened.append((unit, edge["name"].upper()))
        elif opened and opened[-1][1] == edge["name"].upper():
            marks.close(line.start, opened.pop()[0])
        else:
            marks.unit(line.start, above)
