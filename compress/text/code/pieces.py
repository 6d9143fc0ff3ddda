"""The pieces of a statement: its header, what goes on with it, and what closes it."""

from __future__ import annotations

from dataclasses import dataclass

from ctxpipe.compress.text.code.frames import Statement
from ctxpipe.compress.text.code.grammars import LoadedGrammar
from ctxpipe.compress.text.code.indent import cut_line, mark_indented
from ctxpipe.compress.text.code.marks import Marks
from ctxpipe.compress.text.code.paragraphs import LONG
from ctxpipe.compress.text.code.shapes import WIDE
from ctxpipe.compress.text.code.titles import key, title

_LONGEST = 2_000
"""Characters from which a statement that nothing stands under is cut by line."""
_CLOSING_LINES = 3
_BRACKETS = tuple(")]}")


@dataclass(frozen=True, slots=True)
class PieceMarker:
    """Marks the pieces of the statements of one tree."""

    marks: Marks
    grammar: LoadedGrammar
    language: str

    def body(self, statement: Statement, start: int) -> None:
        """Say that a body of a statement begins."""
        if statement.bodies:
            self.marks.head(statement.piece)
        else:
            if statement.has_error and start - statement.start > LONG:
                self._cut_header(statement, start)
            self.marks.head(statement.header, self._title(statement, start))
        statement.bodies += 1
        statement.after = statement.fresh = False

    def begin(self, statement: Statement, start: int) -> None:
        """Begin a new piece of a statement where a body has just ended; else do nothing."""
        if not statement.after:
            return
        statement.after = False
        before = self.marks.last()
        unit = self.marks.unit(start, statement.header, exact=True)
        if unit != before:
            statement.piece = unit
            statement.fresh = True

    def finish(self, statement: Statement) -> None:
        """Say that a statement ends; its last piece closes it, and what is very long without a body is cut by line."""
        if statement.fresh and self._is_close(statement):
            self.marks.as_close(statement.piece, statement.header)
            return
        unit = statement.piece if statement.fresh else statement.header
        if (statement.fresh or not statement.bodies) and self.marks.last() == unit:
            begin = self.marks.start(unit)
            if statement.end - begin > (LONG if statement.fresh or statement.has_error else _LONGEST):
                self._cut_lines(begin, statement.end, unit)

    def _cut_lines(self, start: int, end: int, parent: int) -> None:
        at = self.marks.text.find("\n", start, end)
        if at >= 0:
            mark_indented(self.marks, at + 1, end, parent, self.language)
        else:
            cut_line(self.marks, start, end, parent)

    def _cut_header(self, statement: Statement, start: int) -> None:
        """Cut a header that swallowed what stands above it, as after a macro; its last line is what the body is of."""
        if self.marks.last() == statement.header:
            self._cut_lines(statement.start, start, statement.header)
            statement.piece = self.marks.last()

    def _is_close(self, statement: Statement) -> bool:
        text = self.marks.text[self.marks.start(statement.piece) : statement.end].strip()
        if len(text) > WIDE or text.count("\n") > _CLOSING_LINES:
            return False
        return self.grammar.closes or text.startswith(_BRACKETS)

    def _title(self, statement: Statement, body: int) -> str:
        text = self.marks.text
        if self.language != "yaml":
            return title(text[statement.start : body])
        stop = text.find("\n", statement.start, statement.end)
        return key(text[statement.start : stop if stop >= 0 else statement.end])
