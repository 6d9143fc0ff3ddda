"""Rows of wide tables in few columns: those that the question is about, where a whole row has no room."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from ctxpipe.compress.rank.bm25 import Vocabulary
from ctxpipe.compress.select.formats import MARK, Fragment
from ctxpipe.compress.select.pieces import Pieces

_DELIMITERS = "|\t;,"
_FEWEST = 4
"""Columns from which on a table is wide."""
_FEWEST_KEPT = 2


class _Row(NamedTuple):
    """A row of a table: offsets, and those of its cells without surrounding blanks."""

    start: int
    end: int
    cells: list[tuple[int, int]]


class Narrow:
    """A row and its header in some of their columns, which are marked where others are left out.

    Args:
        pieces: Whole units.
        index: The row.
        question: The question, or an empty string.

    Attributes:
        header: The piece that is its header; -1 where the row is not one of a wide table.
        columns: Columns in the order in which they are worth most: the first, those with words of the question in their
            titles, those with such words in the row, and the others from the shortest on.
    """

    def __init__(self, pieces: Pieces, index: int, question: str) -> None:
        rows = [one for one in pieces.ancestors(index) if pieces.units[one].kind == "row"]
        self._document = int(pieces.owner[index])
        self._text = pieces.documents[self._document].text
        self.header = -1
        self.columns: list[int] = []
        if pieces.units[index].kind != "row" or not rows:
            return
        head, unit = pieces.units[rows[-1]], pieces.units[index]
        titles = self._text[head.start : head.end]
        bare = _unquoted(titles)
        self._delimiter = max(_DELIMITERS, key=bare.count)
        self._rows = [self._row(one.start, one.end) for one in (head, unit)]
        above, own = self._rows
        if "\n" in titles or not _FEWEST <= len(own.cells) <= len(above.cells):
            return
        self.header = rows[-1]
        self.columns = self._by_worth(question)

    def fragments(self, count: int) -> tuple[list[Fragment], list[Fragment]]:
        """Header and row in the ``count`` best columns."""
        columns = sorted(self.columns[:count])
        return self._shown(self._rows[0], columns), self._shown(self._rows[1], columns)

    def most(self, fits: Callable[[int], bool]) -> int:
        """The most columns that fit; 0 where fewer than two do, or none that holds a word of the question."""
        low, high = 0, len(self.columns)
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if fits(middle) else (low, middle - 1)
        return low if low >= _FEWEST_KEPT else 0

    def _row(self, start: int, end: int) -> _Row:
        edges = [start, *(at for at in self._parts(start, end)), end]
        spans = [(a + (a > start), b) for a, b in itertools.pairwise(edges)]
        if self._delimiter == "|":  # outer bars
            spans = [(a, b) for i, (a, b) in enumerate(spans) if 0 < i < len(spans) - 1 or self._text[a:b].strip()]
        return _Row(start, end, [_trimmed(self._text, a, b) for a, b in spans])

    def _parts(self, start: int, end: int) -> list[int]:
        pattern = re.compile(rf'"(?:[^"]|"")*"|\\.|{re.escape(self._delimiter)}')
        return [m.start() for m in pattern.finditer(self._text, start, end) if m[0] == self._delimiter]

    def _by_worth(self, question: str) -> list[int]:
        vocabulary = Vocabulary()
        asked = frozenset(vocabulary.ids(question))
        above, own = self._rows

        def worth(column: int) -> tuple[int, float, int, int]:
            titles, cell = (set(vocabulary.ids(self._text[slice(*row.cells[column])])) for row in (above, own))
            shared = len(asked & titles) / max(1, len(titles))
            length = sum(row.cells[column][1] - row.cells[column][0] for row in (above, own))
            return (int(column > 0), -shared, -len(asked & cell), length)

        return sorted(range(len(own.cells)), key=worth)

    def _shown(self, row: _Row, columns: Sequence[int]) -> list[Fragment]:
        joint = " | " if self._delimiter == "|" else self._delimiter
        last = len(row.cells) - 1
        shown: list[Fragment] = []
        before = -1
        for column in columns:
            if column > before + 1:
                shown.append(Fragment(f"{joint}{MARK}{joint}"))
            elif before >= 0:
                shown.append(Fragment(joint))
            start = row.start if column == 0 else row.cells[column][0]
            end = row.end if column == last else row.cells[column][1]
            shown.append(Fragment(self._text[start:end], self._document, start))
            before = column
        if before < last:
            close = " |" if self._delimiter == "|" and self._text[row.end - 1] == "|" else ""
            shown.append(Fragment(f"{joint}{MARK}{close}"))
        return [fragment for fragment in shown if fragment.text]


def _unquoted(titles: str) -> str:
    return re.sub(r'"(?:[^"]|"")*"', "", titles)


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    left = end - len(text[start:end].lstrip())
    return left, left + len(text[left:end].rstrip())
