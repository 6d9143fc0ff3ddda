"""Financial statements, price lists and the like: rows of amounts under the titles of their columns and groups."""

from __future__ import annotations

import abc
import itertools
from collections.abc import Sequence
from typing import NamedTuple

from ctxpipe.compress.text.prose.amounts import AmountLine, Cell, Group, amounts, fitting, parents, titles
from ctxpipe.compress.text.prose.cards import Cards
from ctxpipe.compress.text.prose.continued import continued_table
from ctxpipe.compress.text.prose.expanded import STATEMENT
from ctxpipe.compress.text.prose.indented import indent_of
from ctxpipe.compress.text.prose.region import Lines, Region
from ctxpipe.compress.text.sentences import trim
from ctxpipe.compress.text.unit import Unit

_APART = 8
"""Columns that titles are indented by at least, which stand over values and not over what these are of."""
_FIRST = 3
"""Lines above the titles, and lines of titles, at most."""


class _Columns(NamedTuple):
    """The titles of a table: their columns and offset, and where the table ends so far."""

    columns: Sequence[Cell]
    start: int
    end: int


class Statements(Cards, abc.ABC):
    """Writes tables of amounts."""

    columns = _Columns((), -1, -1)
    """The last such table, which may go on after blank lines."""

    def statement(self, lines: Lines) -> bool:
        """Rows of amounts, under titles in the same block, right above it, or above the block that it goes on with."""
        if "  " not in lines.words[-1] and "  " not in lines.words[0]:
            return False
        return self._titled_here(lines) or self._titled_above(lines) or self._goes_on_with(lines)

    def typed(self, lines: Lines) -> bool:
        """What was typed at the prompt of a database, each above what it gave, without blank lines between them."""
        found = [STATEMENT.match(self.text, *span) for span in lines.spans]
        at = [index for index, match in enumerate(found) if match]
        if not at or len(lines.spans) < 2:
            return False
        above = self.parent
        if at[0]:
            self.block(lines.start, self.line_of(lines.spans[at[0]][0]))
        for first, stop in itertools.pairwise([*at, len(lines.spans)]):
            self.introduction, self.base = -1, above
            start, last = lines.spans[first][0], lines.spans[stop - 1][1]
            whole = STATEMENT.match(self.text, start, last)
            end = trim(self.text, *whole.span())[1] if whole else last
            if end == last:
                self.running(start, end, lines.spans[first:stop])
                continue
            self.add(start, end, [Unit(start, end, "item", above, title=" ".join(self.text[start:end].split()))])
            self.introduction = start
            self.block(self.text.find("\n", end) + 1, last)
        return True

    def continued(self, lines: Lines) -> bool:
        """Rows that go on in further lines, under the titles of their columns."""
        at, spans = 0, lines.spans
        while (table := continued_table(lines.words, lines.indents, at)) is not None:
            if table.titles > at:
                self.running(spans[at][0], spans[table.titles - 1][1], spans[at : table.titles])
            self.entitle(spans[table.titles][0])
            bounds = itertools.pairwise([table.titles, *table.rows, table.stop])
            self.records([(spans[a][0], spans[b - 1][1]) for a, b in bounds], titles=1)
            at = table.stop
        if 0 < at < len(spans):
            self.block(self.line_of(spans[at][0]), lines.end)
        return at > 0

    def _titled_here(self, lines: Lines) -> bool:
        first = next((index for index, indent in enumerate(lines.indents[: _FIRST + 1]) if indent >= _APART), -1)
        if first < 0:
            return False
        for stop in range(first + 1, min(first + 1 + _FIRST, len(lines.words))):
            columns = titles(lines.words[first:stop], lines.indents[first:stop])
            made = amounts(lines.words[stop:], lines.indents[stop:], columns) if columns else []
            if made:
                if first:
                    self.running(lines.spans[0][0], lines.spans[first - 1][1], lines.spans[:first])
                    self.entitle(lines.spans[first][0])
                start, end = lines.spans[first][0], lines.spans[stop - 1][1]
                self._write(lines, stop, made, _Columns(columns, start, end), [Unit(start, end, "row", self.parent)])
                return True
        return False

    def _titled_above(self, lines: Lines) -> bool:
        group = self._group_above(lines)
        at = len(self.regions) - 1 - (group is not None)
        last = self.regions[at] if at >= 0 else None
        if (
            last is None
            or last.units is not None
            or (group is None and last.start <= self.heading and self.heading >= 0)
        ):
            return False
        start, end = trim(self.text, last.start, last.end)
        if self._behind(end, group, lines) or indent_of(self.text, start) < _APART:
            return False
        words = self.text[self.text.rfind("\n", 0, start) + 1 : end].expandtabs().split("\n")
        indents = [len(line) - len(line.lstrip()) for line in words]
        columns = titles([line.strip() for line in words], indents) if min(indents) >= _APART else []
        made = amounts(lines.words, lines.indents, columns) if columns else []
        if not made:
            return False
        self.introduction = -1
        self.regions[at] = Region(start, end, last.parent, (Unit(start, end, "row", last.parent),))
        self._write(lines, 0, made, _Columns(columns, start, end), [], group)
        return True

    def _goes_on_with(self, lines: Lines) -> bool:
        columns, start, end = self.columns
        group = self._group_above(lines)
        if not columns or (group is None and start < self.heading) or self._behind(end, group, lines):
            return False
        stop = fitting(lines.words, lines.indents, columns)
        made = amounts(lines.words[:stop], lines.indents[:stop], columns) if stop else []
        if not made:
            return False
        self._write(lines, 0, made, self.columns, [], group)
        if stop < len(lines.words):
            self.block(self.line_of(lines.spans[stop][0]), lines.end)
        return True

    def _group_above(self, lines: Lines) -> Region | None:
        """The line of capitals right above a block, which may be the title of a group of rows (``LIABILITIES``)."""
        last = self.regions[-1] if self.regions else None
        if last is None or last.start != self.heading or self.text[last.end : lines.spans[0][0]].strip():
            return None
        return last if self.text[last.start : last.end].isupper() else None

    def _behind(self, end: int, group: Region | None, lines: Lines) -> str:
        """What stands between the end of a table and a block, the title of a group aside."""
        return self.text[end : group.start if group else lines.spans[0][0]].strip()

    def _write(
        self,
        lines: Lines,
        at: int,
        made: Sequence[AmountLine],
        columns: _Columns,
        units: list[Unit],
        group: Region | None = None,
    ) -> None:
        """Set down the lines from ``at`` on, of which the units before hold the titles.

        A heading that is the title of a group stands under the titles of the columns.
        """
        spans = lines.spans[at : at + len(made)]
        groups: list[Group] = []
        top = columns.start
        if group is not None and group.units:
            top = group.start
            self.regions[-1] = group._replace(
                parent=columns.start, units=(group.units[0]._replace(kind="row", parent=columns.start),)
            )
        above = parents(made, [start for start, _ in spans], groups, top)
        for line, (start, end), parent in zip(made, spans, above, strict=True):
            words = self.text[start:end]
            title = " ".join(words.split()) if line.is_group else ""
            units.append(Unit(start, end, "row", parent, title=title, noise=not any(map(str.isalnum, words))))
        self.add(units[0].start, spans[-1][1], units)
        self.columns = columns._replace(end=spans[-1][1])
