"""Rows of aligned tables whose cells go on in further lines, below the column that they are in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from ctxpipe.compress.text.prose.records import GAP

_RULE = re.compile(r"[-=─━]{2,}(?:[ ]{1,}[-=─━]{2,})*")
_DIGIT = re.compile(r"\d")
_DEEPER = 3
"""Columns that a further line begins to the right of the rows, at least."""
_FEWEST = 2
_MOST_FURTHER = 8
_ROWS = 0.8
"""Share of the lines at the left edge that have several cells, at least."""


class WrappedRows(NamedTuple):
    """A table: how many lines its titles are, and the first line of each row, by index."""

    titles: int
    rows: list[int]


def wrapped_rows(words: Sequence[str], indents: Sequence[int]) -> WrappedRows | None:
    """The rows of a table in some lines, where at least one has further lines; None where that is not sure.

    The titles stand above a rule, or have three columns and no digit while most rows have some. A further line begins
    below a column behind the first one.

    Args:
        words: Lines without a blank line between them, stripped.
        indents: Their indentation.
    """
    rules = [index for index in range(1, min(4, len(words))) if _RULE.fullmatch(words[index])]
    titles = rules[0] + 1 if rules else 1
    if len(GAP.findall(words[0])) < _FEWEST or len(words) < titles + _FEWEST:
        return None
    edge = indents[titles]
    rows = [index for index in range(titles, len(words)) if indents[index] < edge + _DEEPER]
    further = [index for index in range(titles, len(words)) if indents[index] >= edge + _DEEPER]
    if len(rows) < _FEWEST or not further or any(words[index][0] in "-*•" for index in further):
        return None
    longest = max(b - a for a, b in zip(rows, [*rows[1:], len(words)], strict=True))
    behind = all(indents[index] - edge >= _first_cell(words[_row(rows, index)]) for index in further)
    celled = sum(GAP.search(words[index]) is not None for index in rows)
    sure = behind and celled >= _ROWS * len(rows) and longest <= _MOST_FURTHER
    return WrappedRows(titles, rows) if sure and (rules or _are_titles(words[0], [words[i] for i in rows])) else None


def _are_titles(line: str, rows: Sequence[str]) -> bool:
    """Whether a line is titles of columns: it has no digit where most rows have some, at least in the first column."""
    if not _DIGIT.search(line):
        return sum(_DIGIT.search(row) is not None for row in rows) >= _ROWS * len(rows)
    cells = [row[: _first_cell(row)] for row in rows]
    return not _DIGIT.search(line[: _first_cell(line)]) and all(map(_DIGIT.search, cells))


def _row(rows: Sequence[int], index: int) -> int:
    return max(row for row in rows if row < index)


def _first_cell(words: str) -> int:
    """Characters of the first cell of a row."""
    gap = GAP.search(words)
    return gap.start() if gap else len(words)
