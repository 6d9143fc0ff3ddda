"""Rows of aligned tables that go on in further lines, below the column titles that say where the columns are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from ctxpipe.compress.text.prose.headed import is_title
from ctxpipe.compress.text.prose.records import title_lines
from ctxpipe.compress.text.tables import is_total

_CELL = re.compile(r"\S+(?: \S+)*")
_RULE = re.compile(r"([-=─━])\1*(?: +\1+)*")
_DASHES = re.compile(r"[-=─━]+")
_SHORTEST_RULE = 3
_FIRST = 3
"""Lines above the titles, and lines of titles, at most."""
_FEWEST_ROWS, _FEWEST_CELLS, _MOST_CELLS = 3, 3, 40
"""Rows, and titles, of a table without a rule."""
_NEAR = 3
"""Columns by which a cell may stand beside its title."""

_Cell = tuple[int, int]


class ContinuedTable(NamedTuple):
    """A table by lines.

    Attributes:
        titles: The first line of its titles.
        rows: Where its rows begin, the lines that go on with each not counted, and the rules between them.
        stop: Its end, exclusive.
    """

    titles: int
    rows: list[int]
    stop: int


def continued_table(lines: Sequence[str], indents: Sequence[int], at: int = 0) -> ContinuedTable | None:
    """The table that lines begin with, a title above it aside, if rows of it go on in further lines or are summed up.

    A line goes on with the row above it if it has nothing in the first column and begins in another one. A sum stands
    below a rule in other columns than the first.

    Args:
        lines: Lines of a block without blank lines, stripped.
        indents: Their indentation in columns.
        at: The line from which on to look.
    """
    first = next((i for i in range(at, min(at + 1 + _FIRST, len(lines))) if "  " in lines[i]), -1)
    if first < 0 or not all(map(is_title, lines[at:first])):
        return None
    below = range(first + 1, min(first + 1 + _FIRST, len(lines)))
    rule = next((index for index in below if _columns(lines[index], indents[index])), -1)
    return _titled(lines, indents, first) if rule < 0 else _ruled(lines, indents, first, rule)


def _columns(line: str, indent: int) -> list[_Cell]:
    """The columns that a rule below titles draws; empty for other lines."""
    if not _is_rule(line):
        return []
    found = [(match.start() + indent, match.end() + indent) for match in _DASHES.finditer(line)]
    return found if len(found) > 1 else []


def _is_rule(line: str) -> bool:
    return len(line) >= _SHORTEST_RULE and _RULE.fullmatch(line) is not None


def _ruled(lines: Sequence[str], indents: Sequence[int], first: int, rule: int) -> ContinuedTable | None:
    second = _columns(lines[rule], indents[rule])[1][0]
    rows: list[int] = []
    stop = rule + 1
    for index in range(rule + 1, len(lines)):
        line, indent = lines[index], indents[index]
        is_sentence = indent < second and "  " not in line and indent + len(line) > second
        if is_sentence or line == lines[first]:
            break
        if indent < second or _is_rule(line) or is_total(line) or (rows and _is_rule(lines[rows[-1]])):
            rows.append(index)
        elif not rows:
            return None
        stop = index + 1
    summed = any(_is_rule(lines[index]) and indents[index] >= second for index in rows[1:-1])
    return ContinuedTable(first, rows, stop) if summed or stop - rule - 1 > len(rows) else None


def _titled(lines: Sequence[str], indents: Sequence[int], first: int) -> ContinuedTable | None:
    """A table without a rule: every cell stands below a title."""
    titles = _cells(lines[first], indents[first])
    if not _FEWEST_CELLS <= len(titles) <= _MOST_CELLS:
        return None
    rows: list[int] = []
    stop = first + 1
    row: list[_Cell] = []
    for index in range(first + 1, len(lines)):
        cells = _cells(lines[index], indents[index])
        if lines[index] == lines[first]:
            break
        if _is_row(cells, titles):
            rows.append(index)
            row = cells
        elif is_total(lines[index]) or not _goes_on(cells, row, titles):
            break
        stop = index + 1
    goes_on = stop - first - 1 > len(rows) >= _FEWEST_ROWS
    return (
        ContinuedTable(first, rows, stop) if goes_on and _are_titles(lines[first], [lines[i] for i in rows]) else None
    )


def _cells(line: str, indent: int) -> list[_Cell]:
    return [(match.start() + indent, match.end() + indent) for match in _CELL.finditer(line)]


def _is_row(cells: Sequence[_Cell], titles: Sequence[_Cell]) -> bool:
    """Whether cells begin in the first column, and the others stand below titles."""
    return 1 < len(cells) <= len(titles) and cells[0][0] < titles[1][0] - _NEAR and _are_below(cells[1:], titles)


def _goes_on(cells: Sequence[_Cell], row: Sequence[_Cell], titles: Sequence[_Cell]) -> bool:
    """Whether a line goes on with a row: it begins where a cell of the row does, or its cells stand below titles."""
    if len(cells) == 1 or not row:
        return any(cells[0][0] == start for start, _ in row[1:])
    return len(cells) < len(titles) and cells[0][0] >= titles[1][0] - _NEAR and _are_below(cells, titles)


def _are_below(cells: Sequence[_Cell], titles: Sequence[_Cell]) -> bool:
    """Whether each cell stands below a title, that of the first column aside."""
    return all(any(start < end + _NEAR and left < stop + _NEAR for left, end in titles[1:]) for start, stop in cells)


def _are_titles(line: str, rows: Sequence[str]) -> bool:
    """Whether a line names the columns of rows: it has titles where all rows have numbers."""
    if title_lines([line, *rows]):
        return True
    titles, *cells = [_CELL.findall(words) for words in (line, *rows)]
    return not any(title[0].isdigit() for title in titles) and all(row[-1][0].isdigit() for row in cells)
