"""Tables of amounts without rules, as financial statements and price lists print them: what their lines are."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import NamedTuple

import regex

_CELL = re.compile(r"\S+(?: \S+)*")
_SIGN = re.compile(r"[$€£¥%)]+")
_VALUE = regex.compile(
    r"(?![$€£¥]?\s?000\b)(?:[$€£¥]\s?)?[-+–−(]{0,2}(?:[$€£¥]\s?)?\d[\d.,'’]*\)?(?:\s?[%€$£¥]|[ ][A-Z]{3})?"
    r"|[-–—]{1,2}|n/?a|nil",
    regex.IGNORECASE,
)
_RULE = re.compile(r"[-=─━_]{2,}")
"""What is drawn below the numbers of a column, above their sum."""
_LABEL = regex.compile(r"\p{L}[^\n]{0,99}")
_NEAR = 3
"""Characters by which the ends of a value and of its title may differ."""
_FEWEST_TITLES, _MOST_TITLES = 2, 3
_MOST_COLUMNS = 40
_SHARE = 0.8
"""Share of the lines that are rows or groups, and of the values that stand below a title, at least."""

Cell = tuple[int, int]


class AmountLine(NamedTuple):
    """A line of such a table.

    Attributes:
        indent: Its indentation in columns.
        label: What it is of; whether it has any.
        values: Columns of its values.
    """

    indent: int
    label: bool
    values: tuple[Cell, ...]

    @property
    def is_group(self) -> bool:
        """Whether it is the title of the rows below it."""
        return self.label and not self.values


class Group(NamedTuple):
    """The title of some rows: its indentation, whether it stands in another one beside it, and its offset."""

    indent: int
    is_inner: bool
    start: int


def cells(line: str, indent: int) -> list[tuple[Cell, str]]:
    """The cells of a line, which two spaces part, with their columns; signs of currency alone are none."""
    found = [((m.start() + indent, m.end() + indent), m[0]) for m in _CELL.finditer(line)]
    return [cell for cell in found if not _SIGN.fullmatch(cell[1])]


def titles(lines: Sequence[str], indents: Sequence[int]) -> list[Cell]:
    """The columns of the titles in lines that hold nothing else; empty for other lines."""
    if not 0 < len(lines) <= _MOST_TITLES:
        return []
    last = cells(lines[-1], indents[-1])
    named = sum(any(map(str.isalnum, words)) and words[-1] not in ".,;:!?" for _, words in last)
    if not named == len(last) >= _FEWEST_TITLES:
        return []
    columns = [cell for cell, _ in last]
    above = [cell for line, indent in zip(lines[:-1], indents[:-1], strict=True) for cell, _ in cells(line, indent)]
    # A column may have no measure below its title.
    alone = [cell for cell in above[:_MOST_COLUMNS] if not any(_below(column, cell) for column in columns)]
    return sorted({*columns, *alone})


def amounts(lines: Sequence[str], indents: Sequence[int], columns: Sequence[Cell]) -> list[AmountLine]:
    """The lines of a table below the titles of its columns; empty for lines that are none.

    Args:
        lines: Lines without blank ones, stripped.
        indents: Their indentation in columns.
        columns: Columns of the titles.
    """
    made = [_line(line, indent, columns) for line, indent in zip(lines, indents, strict=True)]
    known = [line for line in made if line]
    values = [value for line in known for value in line.values]
    if len(known) < len(made) or not values:
        return []
    below = sum(any(_below(value, column) for column in columns) for value in values)
    rows = sum(bool(line.values) for line in known)
    fits = below >= _SHARE * len(values) and 3 * rows >= len(known)
    return known if fits and not known[-1].is_group else []


def fitting(lines: Sequence[str], indents: Sequence[int], columns: Sequence[Cell]) -> int:
    """How many lines, from the first to the last row among them, may belong to a table with such columns."""
    made = (_line(line, indent, columns) for line, indent in zip(lines, indents, strict=True))
    known = list(itertools.takewhile(bool, made))
    return max((index + 1 for index, line in enumerate(known) if line and line.values), default=0)


def _line(line: str, indent: int, columns: Sequence[Cell]) -> AmountLine | None:
    """What a line is; None for one of no such table. Words count as values where they stand below all titles."""
    first, *rest = cells(line, indent) or [((indent, indent), line)]
    label = _LABEL.fullmatch(first[1]) is not None and not _VALUE.fullmatch(first[1])
    if label and first[0][0] >= columns[0][0]:
        return None
    values = rest if label else [first, *rest]
    below_all = len(values) == len(columns) and all(
        _below(cell, column) for (cell, _), column in zip(values, columns, strict=True)
    )
    is_rule = not label and all(_RULE.fullmatch(words) for _, words in values)
    if not (below_all or is_rule or all(_VALUE.fullmatch(words) for _, words in values)):
        return None
    return AmountLine(indent, label, tuple(cell for cell, _ in values))


def _below(value: Cell, title: Cell) -> bool:
    return abs(value[1] - title[1]) <= _NEAR or (value[0] < title[1] and title[0] < value[1])


def parents(lines: Sequence[AmountLine], starts: Sequence[int], groups: list[Group], top: int) -> list[int]:
    """What each line stands under: the offset of a group, or of the titles of the columns.

    Rows that are indented further than a group stand under it. Where all are indented alike, all rows below a group
    do, and a group right above another is the outer one of the two.

    Args:
        lines: Lines of a table.
        starts: Their offsets.
        groups: The groups that are open, outermost first; they are changed.
        top: Offset of the titles.
    """
    inset = any(a.is_group and b.values and b.indent > a.indent for a, b in itertools.pairwise(lines))
    above: list[int] = []
    for line, start, following in zip(lines, starts, [*lines[1:], lines[-1]], strict=True):
        is_inner = not (following.is_group and following.indent == line.indent)
        while groups and groups[-1][:2] >= (line.indent, is_inner) and (line.is_group or inset):
            groups.pop()
        above.append(groups[-1].start if groups else top)
        if line.is_group:
            groups.append(Group(line.indent, is_inner, start))
    return above
