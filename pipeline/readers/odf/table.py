"""A table of an OpenDocument file while it is read."""

from __future__ import annotations

from ctxpipe.pipeline.readers.sheets.sheet import sheet_markdown
from ctxpipe.pipeline.readers.tables.header import headed, titled
from ctxpipe.pipeline.readers.tables.merged import Merge, fill
from ctxpipe.pipeline.readers.tables.rows import table_lines

_MOST_COLUMNS = 16_384
_MOST_ROWS = 1_048_576
_MOST_REPEATED = 20_000_000
"""Characters that repetition may make; a few bytes can claim a million copies."""


class Table:
    """Rows of cells, some of which are repeated or merged.

    Args:
        name: Name of the table or sheet.
        hidden: Whether it is hidden.
    """

    def __init__(self, name: str, *, hidden: bool = False) -> None:
        self.name = name
        self.hidden = hidden
        self._rows: list[list[str]] = []
        self._row: list[str] = []
        self._merges: list[Merge] = []
        self._times = 1
        self._named = 0
        self._room = _MOST_REPEATED
        self._cell: tuple[int, int, int, str] = (1, 1, 1, "")
        self._words: list[str] = []

    def begin_row(self, given: dict[str, str]) -> None:
        """Begin a row."""
        self._row, self._times = [], _count(given, "number-rows-repeated")

    def begin_cell(self, given: dict[str, str]) -> None:
        """Begin a cell."""
        computed = given.get("value") or given.get("date-value") or given.get("string-value") or ""
        formula = given.get("formula", "").removeprefix("of:")
        self._cell = (
            _count(given, "number-columns-repeated"),
            _count(given, "number-columns-spanned"),
            _count(given, "number-rows-spanned"),
            computed or (f"{formula} (not computed)" if formula else ""),
        )
        self._words = []

    def add(self, text: str) -> None:
        """Add a paragraph to the cell."""
        self._words.append(text)

    def end_cell(self) -> None:
        """End a cell."""
        times, columns, rows, otherwise = self._cell
        text = " ".join(" ".join(self._words).split()) or otherwise
        if columns > 1 or rows > 1:
            top, left = len(self._rows), len(self._row)
            self._merges.append(Merge(top, left, top + rows, left + columns))
        times = min(times, _MOST_COLUMNS - len(self._row))
        if text:
            times = min(times, max(1, self._room // (len(text) + 1)))
            self._room -= (times - 1) * (len(text) + 1)
        self._row.extend([text] * times)

    def end_row(self) -> None:
        """End a row."""
        while self._row and not self._row[-1]:
            self._row.pop()
        times = min(self._times, _MOST_ROWS - len(self._rows))
        if self._row:
            size = sum(map(len, self._row)) + len(self._row)
            times = min(times, max(1, self._room // size))
            self._room -= (times - 1) * size
        self._rows.extend([self._row] * times)

    def sheet(self) -> str:
        """The table as a sheet."""
        self._trim()
        return sheet_markdown(self.name, self._rows, self._merges, hidden=self.hidden)

    def markdown(self) -> str:
        """The table as Markdown: its title, if it has one, and its rows below the titles of the columns."""
        self._trim()
        lines = [line for line in fill(self._rows, self._merges) if any(line.cells)]
        above = titled(lines)
        rows = table_lines(headed(lines[above:], self._named - above)) if lines[above:] else []
        return "\n".join([*(f"{line.cells[0]}\n" for line in lines[:above]), *rows])

    def end_head(self) -> None:
        """End the rows that hold the titles of columns."""
        self._named = len(self._rows)

    def _trim(self) -> None:
        while self._rows and not self._rows[-1]:
            self._rows.pop()


def _count(given: dict[str, str], name: str) -> int:
    value = given.get(name, "1")
    return min(max(1, int(value)), _MOST_ROWS) if value.isdecimal() and len(value) < 8 else 1
