"""Builds lines of text from blocks: empty lines, indents, table rows and verbatim text."""

from __future__ import annotations

from ctxpipe.pipeline.readers.tables.header import MOST_HEAD, title_rows, titled, titles
from ctxpipe.pipeline.readers.tables.merged import FilledRow
from ctxpipe.pipeline.readers.tables.rows import table_lines


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
        self._tables: list[_TableRows] = []

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

    def depth(self) -> int:
        """How many indents are open."""
        return len(self._indents)

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
        self._tables.append(_TableRows())

    def begin_cell(self, columns: int, rows: int, *, names: bool) -> None:
        """Begin a cell; what is written goes into it until :meth:`end_cell`.

        Args:
            columns: Columns that it spans.
            rows: Rows that it spans.
            names: Whether it is the title of a row or a column.
        """
        self._tables[-1].outside = (self._out, self._gap, self._fresh)
        self._tables[-1].span = (columns, rows)
        self._tables[-1].names = self._tables[-1].names and names
        self._out, self._gap, self._fresh, self._space = [], 0, False, False
        self.flat += 1

    def has_words(self) -> bool:
        """Whether the open cell has words."""
        return any(map(str.strip, self._out))

    def end_cell(self, sign: str = "") -> None:
        """End a cell; ``sign`` is what it shows if it has no words."""
        table = self._tables[-1]
        table.add("".join(self._out).strip() or sign)
        self._out, self._gap, self._fresh = table.outside
        self._space = False
        self.flat -= 1

    def end_row(self) -> None:
        """End a row."""
        self._tables[-1].end_row()

    def end_head(self) -> None:
        """End the rows of a table that hold the titles of its columns."""
        self._tables[-1].end_head()

    def end_table(self) -> None:
        """Write the table as Markdown rows."""
        title, lines = self._tables.pop().lines()
        if title:
            self._gap = 2
            self.write(title)
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


class _TableRows:
    """Rows of a table; a cell that spans rows is repeated in each, so that every row can be read alone."""

    def __init__(self) -> None:
        self.outside: tuple[list[str], int, bool] = ([], 0, False)
        self.span = (1, 1)
        self.names = True
        self._named, self._headed = 0, False
        self._head: list[FilledRow] = []
        self._repeated: dict[int, str] = {}
        self._down: set[int] = set()
        self._rows: list[list[str]] = []
        self._row: list[str] = []
        self._below: dict[int, tuple[int, str]] = {}

    def add(self, text: str) -> None:
        self._carry()
        columns, rows = self.span
        for index in range(columns):
            cell = "" if index else text
            if rows > 1:
                self._below[len(self._row)] = (rows - 1, cell)
            if index:
                self._repeated[len(self._row)] = text
            self._row.append(cell)

    def end_row(self) -> None:
        self._carry()
        while any(column >= len(self._row) for column in self._below):
            self._row.append("")
            self._carry()
        if any(self._row):
            self._end_filled_row()
        self._row, self._repeated, self._down, self.names = [], {}, set(), True

    def _end_filled_row(self) -> None:
        self._rows.append(self._row)
        if len(self._head) < MOST_HEAD:
            filled = [self._repeated.get(column, cell) for column, cell in enumerate(self._row)]
            self._head.append(FilledRow(filled, frozenset(self._repeated), frozenset(self._down)))
            is_over_all = len(self._row) == len(self._repeated) + 1
            if self.names and not self._headed and self._named == len(self._rows) - 1 and not is_over_all:
                self._named += 1

    def end_head(self) -> None:
        self._named, self._headed = len(self._rows), True

    def lines(self) -> tuple[str, list[str]]:
        """The title above the table, which may be missing, and its rows."""
        above = titled(self._head)
        head, rows = self._head[above:], self._rows[above:]
        if not rows:
            return "", []
        count = title_rows(head, self._named - above)
        title = " ".join(line.cells[0] for line in self._head[:above])
        return title, table_lines([titles(head[:count]), *rows[count:]])

    def _carry(self) -> None:
        while (column := len(self._row)) in self._below:
            left, text = self._below.pop(column)
            if left > 1:
                self._below[column] = (left - 1, text)
            self._down.add(column)
            self._row.append(text)
