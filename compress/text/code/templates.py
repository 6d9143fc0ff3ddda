"""Templates in YAML (Helm, Ansible): what is in one stands under its condition."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import NamedTuple

from ctxpipe.compress.text.unit import Unit

_TEMPLATE = re.compile(r"(?P<line>^[ \t]*)?\{\{(?!\{)[^{}\n]*\}\}(?(line)(?P<alone>[ \t]*$)?)", re.MULTILINE)
_CONTROL = re.compile(
    r"[ \t]*\{\{-?[ \t]*(?P<word>if|range|with|define|block|else|end)\b[^\n]*\}\}[ \t]*$", re.MULTILINE
)
_LINE = re.compile(r"\S[^\n]*")


class _OpenCondition(NamedTuple):
    """A condition: its place among the units, ``start`` of its latest branch, and what the things in it stood under."""

    place: int
    branch: int
    outer: int


def without_templates(text: str) -> str:
    """A text in which templates are comments and plain values of the same length."""
    return _TEMPLATE.sub(_plain, text) if "{{" in text else text


def with_conditions(text: str, units: Sequence[Unit]) -> list[Unit]:
    """Units of which those between ``{{ if }}``, ``{{ else }}`` and ``{{ end }}`` stand under the lines that say so."""
    if _CONTROL.search(text) is None:
        return list(units)
    lines = [line for unit in units for line in _lines(text, unit)]
    words = [match["word"] if (match := _CONTROL.match(text, line.start)) else "" for line in lines]
    following = list(itertools.accumulate(reversed(list(zip(words, lines, strict=True))), _next, initial=-1))[::-1]
    made: list[Unit] = []
    opened: list[_OpenCondition] = []
    for line, word, outer in zip(lines, words, following, strict=False):
        top = opened[-1] if opened else None
        inside = top is not None and (outer if word not in ("", "else", "end") else line.parent) == top.outer
        if word == "end" and top is not None:
            made[top.place] = made[top.place]._replace(close=line.start, close_end=line.end)
            opened.pop()
        elif word == "else" and top is not None:
            made.append(line._replace(parent=made[top.place].start))
            opened[-1] = top._replace(branch=line.start)
        elif word in ("", "else", "end"):
            made.append(line._replace(parent=top.branch) if inside and top else line)
        else:
            above = outer if outer < line.start else -1
            opened.append(_OpenCondition(len(made), line.start, above))
            made.append(line._replace(parent=top.branch if inside and top else above))
    return made


def _next(below: int, line: tuple[str, Unit]) -> int:
    """What the next line that is no condition stands under."""
    word, unit = line
    return below if word else unit.parent


def _lines(text: str, unit: Unit) -> list[Unit]:
    """The lines of a unit of conditions; any other as it is."""
    if _CONTROL.match(text, unit.start) is None or "\n" not in text[unit.start : unit.end]:
        return [unit]
    return [
        unit._replace(start=unit.start if index == 0 else text.rfind("\n", 0, match.start()) + 1, end=match.end())
        for index, match in enumerate(_LINE.finditer(text, unit.start, unit.end))
    ]


def _plain(match: re.Match[str]) -> str:
    indent = match["line"] or ""
    length = len(match[0]) - len(indent)
    return indent + ("#" * length if match["alone"] is not None else "x" * length)
