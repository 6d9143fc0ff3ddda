"""Differences: lines under their hunks, hunks under their files."""

from __future__ import annotations

import re

from ctxpipe.compress.text.code.lines import after, physical
from ctxpipe.compress.text.code.marks import Marks
from ctxpipe.compress.text.unit import Unit

_FILE = re.compile(r"diff --git \S+ (?:b/)?(?P<git>\S+)|diff\s.*?(?P<plain>\S+)\s*$|Index: (?P<index>\S+)")
_OLD = re.compile(r"(?:---|\*\*\*) (?!\d+,?\d* (?:----|\*\*\*\*))\S")
_NEW = re.compile(r"(?:\+\+\+|---) (?:b/)?(?P<name>\S+)")
_HUNK = re.compile(r"@@+ -\d+(?:,(?P<old>\d+))? \+\d+(?:,(?P<new>\d+))? @@+|\*{15}|\d+(?:,\d+)?[acd]\d+(?:,\d+)?\s*$")
_PART = re.compile(r"[-+ \\]")
_MAIL = re.compile(r"From [0-9a-f]{7,40} ")
_REMOVED = re.compile(r"(?: [^\n]{0,100}\n)?(?:-[^\n]*\n)+(?:\\[^\n]*\n)?(?=\+)")
_ADDED = re.compile(r"(?:\+[^\n]*(?:\n|\Z))+(?:\\[^\n]*(?:\n|\Z))?")
_SHORT_HUNK = 400
"""Characters up to which a hunk is one unit."""
_LONGEST_CHANGE = 600
"""Characters up to which removed lines and those in their place are one unit."""


_INDEX = re.compile(r"\n(?:index [0-9a-f]|---[ ]|GIT binary)")


def with_short_heads(text: str, units: list[Unit]) -> list[Unit]:
    """Units of a difference, of whose heads the lines that repeat the names of the files are noise."""
    above = {unit.parent for unit in units}
    shortened: list[Unit] = []
    for unit in units:
        repeated = _INDEX.search(text, unit.start, unit.end) if text.startswith("diff ", unit.start) else None
        says = text.startswith("@@", unit.start) and "\n" in text[unit.start : unit.end]
        if unit.start not in above or not unit.title or says:
            shortened.append(unit)
        elif repeated is None:
            shortened.append(unit._replace(kind="heading"))
        else:
            start = repeated.start() + 1
            shortened += [
                unit._replace(end=start - 1, kind="heading"),
                Unit(start, unit.end, "line", unit.start, noise=True),
            ]
    return shortened


def mark_diff(marks: Marks, start: int, end: int) -> None:
    """Mark ``text[start:end]``: a line of a hunk stands under ``@@ … @@``, and that under the header of its file.

    A short hunk is one unit. In a longer one removed lines and the lines in their place are, with the line above them:
    what was removed says nothing of what holds now.
    """
    text = marks.text
    at = start
    file = hunk = -1
    in_header = False
    left = changed = 0
    while at < end:
        line = physical(text, at, end)
        begin, at = at, after(text, at, end)
        if line is None:
            left -= 2 * (left > 0)
            continue
        if left > 0 and _PART.match(text, begin):
            sign = text[begin]
            left -= 2 if sign == " " else sign in "-+"
            if begin >= changed:
                marks.unit(line.start, hunk)
                changed = _change_end(text, begin, end)
        elif named := _FILE.match(text, begin, line.end):
            name = named["git"] or named["plain"] or named["index"]
            file = hunk = marks.unit(line.start, title=name)
            marks.head(file)
            in_header, left = True, 0
        elif (found := _HUNK.match(text, begin, line.end)) and (file >= 0 or text[begin] == "@"):
            hunk = marks.unit(line.start, file, title=text[line.start : line.end])
            in_header = False
            left = int(found["old"] or 1) + int(found["new"] or 1) if found[0].startswith("@@") else 0
            changed = _hunk_end(text, at, end, left)
            if changed == at:
                marks.head(hunk)
        elif _OLD.match(text, begin, line.end) and not in_header and left <= 0 and _starts_file(text, at, end):
            file = hunk = marks.unit(line.start)
            marks.head(file, _name(text, at, end))
            in_header = True
        elif _MAIL.match(text, begin):
            file = hunk = -1
            in_header = False
            marks.unit(line.start)
        elif not in_header:
            marks.unit(line.start, hunk)


def _starts_file(text: str, at: int, end: int) -> bool:
    return _NEW.match(text, at, end) is not None


def _name(text: str, at: int, end: int) -> str:
    found = _NEW.match(text, at, end)
    return found["name"] if found else ""


def _change_end(text: str, begin: int, end: int) -> int:
    """Where removed lines that begin at ``begin``, and those in their place, end; ``begin`` where they are no unit."""
    removed = _REMOVED.match(text, begin, min(end, begin + _LONGEST_CHANGE))
    added = _ADDED.match(text, removed.end(), end) if removed else None
    return added.end() if added and added.end() - begin <= _LONGEST_CHANGE else begin


def _hunk_end(text: str, begin: int, end: int, left: int) -> int:
    """Where a short hunk whose lines begin at ``begin`` ends; ``begin`` for a longer one.

    Args:
        text: The text.
        begin, end: Offsets.
        left: Lines of the hunk, those that are not changed counted twice.
    """
    at = begin
    while left > 0 and at < end and (text[at] == "\n" or _PART.match(text, at)):
        left -= 2 if text[at] in " \n" else text[at] in "-+"
        at = after(text, at, end)
    return at if at - begin <= _SHORT_HUNK else begin
