"""Conditions in lines of their own (templates, conditional compilation): what they hold for stands under them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ctxpipe.compress.text.code.page_templates import PAGE_CONDITIONS
from ctxpipe.compress.text.unit import Unit

_HELM = re.compile(
    r"[ \t]*\{\{-?[ \t]*(?:(?P<opens>if|range|with|define|block)|(?P<turns>else)|(?P<ends>end))\b[^\n]*\}\}[ \t]*$",
    re.MULTILINE,
)
_SWIFT = re.compile(r"[ \t]*#(?:(?P<opens>if)|(?P<turns>else|elseif)|(?P<ends>endif))\b[^\n]*$", re.MULTILINE)
_C = re.compile(
    r"[ \t]*#[ \t]*(?:(?P<opens>if(?:n?def)?)|(?P<turns>else|elif(?:n?def)?)|(?P<ends>endif))\b[^\n]*$", re.MULTILINE
)
_CONDITIONS = {"c": (_C,), "cpp": (_C,), "yaml": (_HELM,), "swift": (_SWIFT,), "html": PAGE_CONDITIONS}
"""By language, what matches a line that begins, changes (``else``) or ends a condition, with one of the groups
``opens``, ``turns`` and ``ends``; ``of`` is what an end names."""
_GUARDED = frozenset(("c", "cpp"))
_LINE = re.compile(r"\S[^\n]*")


class _Line(NamedTuple):
    """A unit, and the match of the condition that it is."""

    unit: Unit
    control: re.Match[str] | None


@dataclass(slots=True)
class _OpenCondition:
    """A condition.

    Attributes:
        place: Its place among the units.
        branch: ``start`` of its latest branch.
        outer: What the things in it stood under.
        reach: Where the last of what stands under them begins.
    """

    place: int
    branch: int
    outer: int
    reach: int = -1


@dataclass(slots=True)
class _Branches:
    """A walk over the lines, with the conditions that are open."""

    reaches: Mapping[int, int]
    made: list[Unit] = field(default_factory=list)
    opened: list[_OpenCondition] = field(default_factory=list)

    def add(self, line: _Line, outer: int) -> None:
        """Add a line, given what the next one that is no condition stands under."""
        unit, control = line
        top = self.opened[-1] if self.opened else None
        if control is None:
            self._plain(unit)
        elif top is None or control["opens"]:
            self._open(unit, outer)
        elif control["turns"]:
            top.branch = unit.start
            self.made.append(unit._replace(parent=self.made[top.place].start))
        else:
            self._end(unit, top)

    def _plain(self, unit: Unit) -> None:
        self.made.append(unit._replace(parent=self._above(unit.parent)))
        if self.opened:
            self.opened[-1].reach = max(self.opened[-1].reach, self.reaches.get(unit.start, -1))

    def _open(self, unit: Unit, outer: int) -> None:
        above = outer if outer < unit.start else -1
        self.made.append(unit._replace(parent=self._above(above)))
        self.opened.append(_OpenCondition(len(self.made) - 1, unit.start, above))

    def _end(self, unit: Unit, condition: _OpenCondition) -> None:
        """What ends a condition closes it, unless something in it goes on behind that."""
        self.opened.pop()
        begun = self.made[condition.place]
        if condition.reach > unit.start:
            self.made.append(unit._replace(parent=begun.start))
        else:
            self.made[condition.place] = begun._replace(close=unit.start, close_end=unit.end)
        if self.opened:
            self.opened[-1].reach = max(self.opened[-1].reach, condition.reach)

    def _above(self, parent: int) -> int:
        top = self.opened[-1] if self.opened else None
        return top.branch if top is not None and parent == top.outer else parent


def with_conditions(text: str, units: Sequence[Unit], language: str) -> list[Unit]:
    """Units of which those between the lines that begin, change and end a condition stand under the lines that say so.

    Args:
        text: The text.
        units: Its units, in order.
        language: As in ``Document.language``.
    """
    made = list(units)
    for control in _CONDITIONS.get(language, ()):
        made = _with_condition(text, made, control, language)
    return made


def _with_condition(text: str, units: list[Unit], control: re.Pattern[str], language: str) -> list[Unit]:
    lines = [
        line
        for unit in units
        for line in ([_Line(unit, None)] if _is_read(unit, language) else _lines(text, unit, control))
    ]
    if all(line.control is None for line in lines):
        return units
    lines = list(_paired(lines))
    branches = _Branches(_reaches(units))
    for line, outer in zip(lines, _following(lines), strict=True):
        branches.add(line, outer)
    return branches.made


def _is_read(unit: Unit, language: str) -> bool:
    """Whether a parser found what a condition of C holds for, or it may be the guard around a header file."""
    return language in _GUARDED and (unit.close >= 0 or unit.parent < 0)


def _reaches(units: Sequence[Unit]) -> dict[int, int]:
    """Where the last of what stands under each unit begins, or what closes it, by its ``start``."""
    reaches: dict[int, int] = {}
    for unit in reversed(units):
        reach = max(unit.start, unit.close, reaches.get(unit.start, -1))
        reaches[unit.start] = reach
        reaches[unit.parent] = max(reach, reaches.get(unit.parent, -1))
    return reaches


def _paired(lines: Sequence[_Line]) -> Iterator[_Line]:
    """Lines of which a condition that is not ended, and what ends or changes none, is taken for any other line."""
    ends = _ends(lines)
    paired = {*ends, *ends.values()}
    depth = 0
    for index, line in enumerate(lines):
        if index in paired:
            depth += 1 if index in ends else -1
            yield line
        else:
            turns = line.control is not None and line.control["turns"] and depth
            yield line if turns else line._replace(control=None)


def _ends(lines: Sequence[_Line]) -> dict[int, int]:
    """The place of the end of each condition that has one, by the place of its beginning."""
    opened: list[tuple[int, str]] = []
    counts: Counter[str] = Counter()
    ends: dict[int, int] = {}
    for index, (_, control) in enumerate(lines):
        if control is None or control["turns"]:
            continue
        if control["opens"]:
            opened.append((index, control["opens"]))
            counts[control["opens"]] += 1
            continue
        ended = control.groupdict().get("of") or (opened[-1][1] if opened else "")
        while counts[ended]:
            begun, word = opened.pop()
            counts[word] -= 1
            if word == ended:
                ends[begun] = index
                break
    return ends


def _following(lines: Sequence[_Line]) -> list[int]:
    """Of each line, what the next one that is no condition stands under."""
    following: list[int] = []
    below = -1
    for unit, control in reversed(lines):
        following.append(below)
        below = below if control is not None else unit.parent
    return following[::-1]


def _lines(text: str, unit: Unit, control: re.Pattern[str]) -> Iterator[_Line]:
    """The lines of a unit that begins with a condition; any other as it is."""
    if (
        control.fullmatch(text, unit.start, unit.end)
        or not control.match(text, unit.start, unit.end)
        or "\n" not in text[unit.start : unit.end]
    ):
        yield _Line(unit, control.match(text, unit.start, unit.end))
        return
    for index, match in enumerate(_LINE.finditer(text, unit.start, unit.end)):
        start = unit.start if index == 0 else text.rfind("\n", 0, match.start()) + 1
        yield _Line(unit._replace(start=start, end=match.end()), control.match(text, start, match.end()))
