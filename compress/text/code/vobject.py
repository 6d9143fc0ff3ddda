"""Calendars and address cards: properties under the object that ``BEGIN`` opens, and under what names it."""

from __future__ import annotations

import re

from ctxpipe.compress.text.code.lines import after, physical
from ctxpipe.compress.text.code.marks import Marks
from ctxpipe.compress.text.unit import Unit

_EDGE = re.compile(r"(?P<edge>BEGIN|END):(?P<name>[\w-]+)[ \t]*", re.IGNORECASE)
_NAME = re.compile(r"(?:SUMMARY|FN)(?:;[^:\n]*)?:", re.IGNORECASE)
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


def named_vobjects(text: str, units: list[Unit]) -> list[Unit]:
    """Let the properties of an object stand under the one that names it."""
    names: dict[int, Unit] = {}
    for unit in units:
        if unit.parent >= 0 and unit.parent not in names and _NAME.match(text, unit.start):
            names[unit.parent] = unit
    titled = {name.start: " ".join(text[name.start : name.end].split())[:100] for name in names.values()}
    return [
        unit._replace(
            parent=names[unit.parent].start if unit.parent in names and unit.start not in titled else unit.parent,
            title=titled.get(unit.start, unit.title),
        )
        for unit in units
    ]
