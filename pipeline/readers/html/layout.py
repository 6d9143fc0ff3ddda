"""Builds lines of text from blocks: empty lines, indents, table rows and verbatim text."""

from __future__ import annotations


class PageLayout:
    """Collects words into lines.

    Attributes:
        flat: While above 0, a block inside is set off by a space instead of a line (headings, table cells).
    """

    def __init__(self) -> None:
        self.flat = 0
        self._out: list[str] = []
        self._gap = 0
        self._fresh = True
        self._space = False
        # Per level: what begins its next line, and what begins the lines after that.
        self._indents: list[list[str]] = []
        self._tables: list[_Table] = []

    def text(self) -> str:
        """Everything written, without empty lines at either end."""
        return "".join(self._out).strip("\n")

    def size(self) -> int:
        """Characters written so far."""
        return sum(map(len, self._out))

    def write(self, words: str) -> None:
        """Add running text whose whitespace is single spaces already."""
        core = words.strip(" ")
        if not core:
            self._space = self._space or bool(words)
            return
        if self._gap or self._fresh:
            self._new_line()
        elif self._space or words[0] == " ":
            self._out.append(" ")
        self._out.append(core)
        self._space = words[-1] == " "

    def block(self, gap: int) -> None:
        """Begin or end a block: the following text is ``gap`` line breaks below."""
        if self.flat:
            self._space = True
        else:
            self._gap = max(self._gap, gap)

    def line_break(self) -> None:
        """A ``<br>``; two of them make an empty line."""
        if self.flat:
            self._space = True
        else:
            self._gap = min(self._gap + 1, 2)

    def indent(self, first: str, rest: str) -> None:
        """Put ``first`` before the next line, and ``rest`` before those after it, until :meth:`dedent`."""
        self._indents.append([first, rest])

    def dedent(self) -> None:
        """End the innermost indent."""
        self._indents.pop()

    def verbatim(self, text: str) -> None:
        """Add a piece as it is, in a Markdown fence longer than any inside it."""
        if not text.strip():
            return
        if self.flat:
            self.write(" ".join(text.split()))
            return
        fence = "```"
        while fence in text:
            fence += "`"
        self._gap = 2
        self._new_line()
        self._out.append(f"{fence}\n{text.strip(chr(10))}\n{fence}")
        self._gap = 2

    def begin_table(self) -> None:
        """Begin a table of data."""
        self._tables.append(_Table())

    def begin_cell(self, columns: int, rows: int) -> None:
        """Begin a cell that spans so many columns and rows; what is written goes into it until :meth:`end_cell`."""
        self._tables[-1].outside = (self._out, self._gap, self._fresh)
        self._tables[-1].span = (columns, rows)
        self._out, self._gap, self._fresh, self._space = [], 0, False, False
        self.flat += 1

    def end_cell(self) -> None:
        """End a cell."""
        table = self._tables[-1]
        table.add("".join(self._out).strip())
        self._out, self._gap, self._fresh = table.outside
        self._space = False
        self.flat -= 1

    def end_row(self) -> None:
        """End a row."""
        self._tables[-1].end_row()

    def end_table(self) -> None:
        """Write the table as Markdown rows."""
        lines = self._tables.pop().lines()
        for i, line in enumerate(lines):
            self._gap = 2 if i == 0 else 1
            self._new_line()
            self._out.append(line)

    def _new_line(self) -> None:
        if not self._fresh:
            self._out.append("\n" * self._gap)
        for indent in self._indents:
            self._out.append(indent[0])
            indent[0] = indent[1]
        self._gap, self._fresh, self._space = 0, False, False


class _Table:
    """Rows of a table; a cell that spans rows is repeated in each, so that every row can be read alone."""

    def __init__(self) -> None:
        self.outside: tuple[list[str], int, bool] = ([], 0, False)
        self.span = (1, 1)
        self._rows: list[list[str]] = []
        self._row: list[str] = []
        self._below: dict[int, tuple[int, str]] = {}

    def add(self, text: str) -> None:
        self._carry()
        columns, rows = self.span
        for cell in [text] + [""] * (columns - 1):
            if rows > 1:
                self._below[len(self._row)] = (rows - 1, cell)
            self._row.append(cell)

    def end_row(self) -> None:
        self._carry()
        while any(column >= len(self._row) for column in self._below):
            self._row.append("")
            self._carry()
        if any(self._row):
            self._rows.append(self._row)
        self._row = []

    def lines(self) -> list[str]:
        return table_lines(self._rows)

    def _carry(self) -> None:
        while (column := len(self._row)) in self._below:
            left, text = self._below.pop(column)
            if left > 1:
                self._below[column] = (left - 1, text)
            self._row.append(text)


def table_lines(rows: list[list[str]]) -> list[str]:
    """Markdown rows, the first of them as the header; nothing for no rows."""
    if not rows:
        return []
    header = rows[0] + [""] * (max(map(len, rows)) - len(rows[0]))
    return [_row(header), _row(["---"] * len(header)), *map(_row, rows[1:])]


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(' '.join(cell.replace('|', chr(92) + '|').split()) for cell in cells)} |"
