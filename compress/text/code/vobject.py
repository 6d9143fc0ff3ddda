"""Calendars and address cards: properties under the object that ``BEGIN`` opens."""

from __future__ import annotations

import re

from ctxpipe.compress.text.code.lines import after, physical
from ctxpipe.compress.text.code.marks import Marks

_EDGE = re.compile(r"(?P<edge>BEGIN|END):(?P<name>[\w-]+)[ \t]*", re.IGNORECASE)
NAME = re.compile(r"(?:SUMMARY|FN)(?:;[^:\n]*)?:", re.IGNORECASE)
"""The property that names an object."""
_GROUP = re.compile(r"(?P<group>[\w-]{1,40})\.[\w-]+[;:]")
"""What the properties of a card have before their names that say one thing: ``item1.TEL``, ``item1.X-ABLabel``."""
_DEEPEST = 64


def mark_vobject(marks: Marks, start: int, end: int) -> None:
    """Mark ``text[start:end]`` of iCalendar or vCard: a property, with the lines that it is folded into, is a unit.

    So are properties of one group below one another; others of the group stand under the first.
    """
    text = marks.text
    opened: list[tuple[int, str]] = []
    groups: dict[str, int] = {}
    at = start
    while at < end:
        line = physical(text, at, end)
        at = after(text, at, end)
        if line is None or (line.indent and marks.last() >= 0):
            continue  # blank, or folded from the line before
        edge = _EDGE.fullmatch(text, line.start, line.end)
        above = opened[-1][0] if opened else -1
        if edge is None:
            grouped = _GROUP.match(text, line.start, line.end) if opened and opened[-1][1] == "VCARD" else None
            first = groups.get(grouped["group"].upper(), -1) if grouped else -1
            if first >= 0 and first == marks.last():
                continue
            unit = marks.unit(line.start, first if first >= 0 else above)
            if grouped:
                groups.setdefault(grouped["group"].upper(), unit)
        elif edge["edge"].upper() == "BEGIN" and len(opened) < _DEEPEST:
            unit = marks.unit(line.start, above)
            marks.head(unit, edge["name"])
            opened.append((unit, edge["name"].upper()))
            groups.clear()
        elif opened and opened[-1][1] == edge["name"].upper():
            marks.close(line.start, opened.pop()[0])
        else:
            marks.unit(line.start, above)
