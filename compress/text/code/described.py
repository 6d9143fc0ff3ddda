"""Strings below assignments in Python, which say what is assigned."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ctxpipe.compress.text.unit import Unit

_STRING = re.compile(r"([ \t]*)[rRuU]?(?:\"\"\"|''')")
_ASSIGNED = re.compile(r"([ \t]*)[\w.]+(?:[ \t]*,[ \t]*[\w.]+)*[ \t]*(?:=(?!=)|:[ \t]*\S)")


def with_described(text: str, units: Sequence[Unit]) -> list[Unit]:
    """Units of which each string on the line below an assignment stands under it: alone it describes nothing."""
    moved = list(units)
    latest: dict[int, Unit] = {}
    for index, unit in enumerate(moved):
        before = latest.get(unit.parent)
        string = _STRING.match(text, unit.start)
        if before is not None and string is not None:
            assigned = _ASSIGNED.match(text, before.start)
            last = moved[index - 1]
            end = max(last.end, last.close_end, before.close_end)
            beside = text.count("\n", end, unit.start) == 1 and not text[end : unit.start].strip()
            if assigned is not None and assigned[1] == string[1] and beside:
                moved[index] = unit._replace(parent=before.start)
                continue
        latest[unit.parent] = unit
    return moved
