"""Where the units of a text begin, set down in order; what lies between two marks belongs to the first of them."""

from __future__ import annotations

import re

from ctxpipe.compress.text.unit import Unit, UnitKind

LONG_LINE = 400
"""Characters from which something on a single line is looked into and cut inside its line."""
_NEAR = 160
"""Fewest characters between the beginnings of two statements that share a line for them to be two units."""
_WIDEST_INDENT = 400
"""Most characters of indentation; bounds the look back for a line's beginning in a text without newlines."""
_WORD = re.compile(r"\S")


class Marks:
    """Units in the making.

    Marks must be set from left to right. Since every unit reaches to the next mark, the units are disjoint and hold
    all text whatever the marks are. A line belongs to one unit as far as it can: a statement that begins where another
    one's line goes on joins it.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._at: list[int] = []
        self._parent: list[int] = []
        self._owner: list[int] = []
        self._title: list[str] = []
        self._kind: list[UnitKind] = []
        self._header: list[bool] = []

    def unit(self, at: int, parent: int = -1, *, kind: UnitKind = "line", title: str = "", exact: bool = False) -> int:
        """Begin a unit at the first non-whitespace character at or after ``at``.

        Args:
            at: Offset; the unit takes in the indentation before it when nothing else is on its line.
            parent: Index of the unit that it stands under, as returned from here, or -1.
            kind: Its kind.
            title: Its title.
            exact: Begin a new unit even where the line belongs to another one.

        Returns:
            The unit's index; that of the unit before where the two are one.
        """
        begin = self._begin(at, exact)
        if begin < 0 or (self.in_close() and self._owner[-1] == parent and self.line_start(begin) < 0):
            # What follows the close of its own parent on the same line (``} break;``) is part of the close.
            return self.last()
        self._add(begin, parent, -1, kind, title)
        return len(self._at) - 1

    def close(self, at: int, owner: int) -> None:
        """Begin at ``at`` what closes the unit ``owner``, after all that stands under it."""
        begin = self._begin(at, True)
        if begin >= 0 and owner >= 0:
            self._add(begin, -1, owner, "line", "")

    def as_close(self, index: int, owner: int) -> None:
        """Make the last unit, under which nothing stands, the close of ``owner``."""
        if index > owner >= 0 and index == len(self._at) - 1 and self._owner[index] < 0:
            self._owner[index] = owner
            self._parent[index] = -1

    def last(self) -> int:
        """The unit that the text is at: the last one, or the one that was just closed; -1 before the first."""
        if not self._at:
            return -1
        return self._owner[-1] if self._owner[-1] >= 0 else len(self._at) - 1

    def start(self, index: int) -> int:
        """Where a unit begins."""
        return self._at[index]

    def head(self, index: int, title: str = "") -> None:
        """Say that other units stand under a unit, and what it is called."""
        if index >= 0:
            self._header[index] = True
            self._title[index] = self._title[index] or title

    def in_close(self) -> bool:
        """Whether the last mark is a close."""
        return bool(self._at) and self._owner[-1] >= 0

    def after_header(self) -> bool:
        """Whether the last mark is a unit that others stand under."""
        return bool(self._at) and self._header[-1] and self._owner[-1] < 0

    def line_start(self, at: int) -> int:
        """Where the line of ``at`` begins when only whitespace stands before it there, else -1."""
        low = max(0, at - _WIDEST_INDENT)
        begin = self.text.rfind("\n", low, at) + 1
        if begin == 0 and low > 0:
            return -1
        return begin if begin == at or self.text[begin:at].isspace() else -1

    def _begin(self, at: int, exact: bool) -> int:
        found = _WORD.search(self.text, at)
        if found is None:
            return -1
        at = found.start()
        line = self.line_start(at)
        if not self._at:
            return max(line, 0) if line >= 0 else at
        last = self._at[-1]
        if line > last:
            return line
        if at <= last or (line >= 0 and not self.text[last:at].strip()):
            return -1
        if not exact and self._owner[-1] < 0 and at - last < _NEAR:
            return -1
        return at

    def _add(self, at: int, parent: int, owner: int, kind: UnitKind, title: str) -> None:
        self._at.append(at)
        self._parent.append(parent)
        self._owner.append(owner)
        self._kind.append(kind)
        self._title.append(title)
        self._header.append(False)

    def units(self) -> list[Unit]:
        """The units, in order; a text without marks is one, whitespace aside."""
        first = _WORD.search(self.text)
        if first is None:
            return []
        before = [] if self._at and self._at[0] <= first.start() else [self._whole(first.start())]
        closes = self._closes()
        starts = self._at
        units = before
        for index, at in enumerate(starts):
            owner = self._owner[index]
            if owner >= 0 and closes.get(owner, (-1, -1))[0] == at:
                continue
            close, close_end = closes.get(index, (-1, -1))
            parent = self._parent[index] if owner < 0 else owner
            above = starts[parent] if 0 <= parent < index else -1
            units.append(
                Unit(
                    at,
                    self._end(index),
                    self._kind[index],
                    above,
                    close,
                    close_end,
                    title=self._title[index],
                )
            )
        return units

    def _closes(self) -> dict[int, tuple[int, int]]:
        """Offsets of each unit's close; a close that does not come after all that stands under its unit is none."""
        last = list(range(len(self._at)))
        closes: dict[int, int] = {}
        for index in range(len(last) - 1, -1, -1):
            owner = self._owner[index]
            above = self._parent[index] if owner < 0 else owner
            if owner >= 0 and owner not in closes and last[owner] == owner:
                closes[owner] = index
            if 0 <= above < index:
                last[above] = max(last[above], last[index])
        return {owner: (self._at[index], self._end(index)) for owner, index in closes.items()}

    def _end(self, index: int) -> int:
        stop = self._at[index + 1] if index + 1 < len(self._at) else len(self.text)
        return self._at[index] + len(self.text[self._at[index] : stop].rstrip())

    def _whole(self, at: int) -> Unit:
        stop = self._at[0] if self._at else len(self.text)
        begin = max(self.line_start(at), 0) if self.line_start(at) >= 0 else at
        return Unit(begin, begin + len(self.text[begin:stop].rstrip()), "line")
