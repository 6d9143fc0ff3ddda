"""Steps of an algorithm in TeX (``algorithmic``), each under the condition or loop that it is in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from ctxpipe.compress.text.unit import Unit

_BEGIN, _END = "\\begin{algorithmic}", "\\end{algorithmic}"
_LINE = re.compile(r"[^\n]*\S[^\n]*")
_COMMAND = re.compile(r"[ \t]*\\(?P<name>[A-Za-z]+)")
_OPENING = frozenset("if for forall while repeat loop procedure function".split())
_BESIDE = frozenset(("elsif", "elseif", "else"))
"""What stands below a condition, and is another one for the steps below it."""
_CLOSING = frozenset("endif endfor endwhile until endloop endprocedure endfunction".split())
_STEPS = frozenset("state statex require ensure return print input output globals".split())
_CLOSED_IN_LINE = re.compile(r"\\(?:end(?:if|for|while|loop|procedure|function)|until)\b", re.IGNORECASE)


class Steps(NamedTuple):
    """The steps of an algorithm: what is between the beginning and the end of its environment."""

    start: int
    end: int

    def units(self, text: str, parent: int) -> list[Unit]:
        """Its steps as units."""
        units: list[Unit] = []
        opened: list[tuple[str, int]] = []
        for start, end in _pieces(text, self.start, self.end):
            name = _name(text, start, end)
            if name in _BESIDE:
                while len(opened) > 1 and opened[-1][0] in _BESIDE:
                    opened.pop()
            above = opened[-1][1] if opened else -1
            if name in _CLOSING and above >= 0:
                while opened[-1][0] in _BESIDE and len(opened) > 1:
                    opened.pop()
                _, above = opened.pop()
                if name != "until":  # which says something
                    units[above] = units[above]._replace(close=start, close_end=end)
                    continue
            units.append(Unit(start, end, "item", units[above].start if above >= 0 else parent))
            if name in _BESIDE or (name in _OPENING and not _CLOSED_IN_LINE.search(text, start, end)):
                opened.append((name, len(units) - 1))
        return units


def algorithms(text: str) -> Iterator[Steps]:
    """The steps of each algorithm of a text of TeX, in order."""
    at = text.find(_BEGIN)
    while at >= 0:
        start, end = text.find("\n", at), text.find(_END, at)
        if start < 0 or end < 0:
            return
        pieces = list(_pieces(text, start, end))
        if pieces:
            yield Steps(pieces[0][0], pieces[-1][1])
        at = text.find(_BEGIN, max(start, end))


def _name(text: str, start: int, end: int) -> str:
    command = _COMMAND.match(text, start, end)
    return command["name"].lower() if command else ""


def _pieces(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Lines of steps, with those that go on with the one above."""
    begin = stop = -1
    for line in _LINE.finditer(text, start, end):
        words = line[0].strip()
        first = line.start() + line[0].index(words)
        name = _name(text, first, line.end())
        if begin < 0 or name in _OPENING or name in _BESIDE or name in _CLOSING or name in _STEPS:
            if begin >= 0:
                yield begin, stop
            begin = first
        stop = first + len(words)
    if begin >= 0:
        yield begin, stop
