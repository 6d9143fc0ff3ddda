"""Units of a tree-sitter tree, without recursion."""

from __future__ import annotations

from tree_sitter import Node

from ctxpipe.compress.text.code.frames import Frame, Statement
from ctxpipe.compress.text.code.grammars import LoadedGrammar, Role
from ctxpipe.compress.text.code.indent import mark_indented
from ctxpipe.compress.text.code.marks import Marks
from ctxpipe.compress.text.code.paragraphs import LONG, mark_paragraphs
from ctxpipe.compress.text.code.pieces import PieceMarker
from ctxpipe.compress.text.code.shapes import Shapes

_TOKENS = frozenset((Role.TOKEN, Role.OPENER, Role.CLOSER))
_SEEN_AHEAD = 64
"""Most comments in a row that are looked past for what follows them."""


def mark_tree(marks: Marks, root: Node, grammar: LoadedGrammar, base: int, parent: int, language: str) -> None:
    """Mark the units of a parsed text.

    Args:
        marks: Where to.
        root: Root of the tree, whose bytes are the text's characters from ``base`` on.
        grammar: The grammar that it was parsed by.
        base: Offset of what was parsed.
        parent: What everything stands under, or -1.
        language: For what the parser could not read.
    """
    _StatementWalk(marks, grammar, base, language).run(root, parent)


class _StatementWalk:
    def __init__(self, marks: Marks, grammar: LoadedGrammar, base: int, language: str) -> None:
        self.marks = marks
        self.grammar = grammar
        self.base = base
        self.language = language
        self.shapes = Shapes(marks, grammar, base)
        self.pieces = PieceMarker(marks, grammar, language)
        self.stack: list[Frame] = []

    def run(self, root: Node, parent: int) -> None:
        stack, text = self.stack, self.marks.text
        stack.append(Frame(root.children, parent=parent, is_body=True, is_loose=root.is_error))
        while stack:
            frame = stack[-1]
            if frame.at >= len(frame.nodes):
                stack.pop()
                self._leave(frame)
                continue
            node = frame.nodes[frame.at]
            frame.at += 1
            start, end = self.shapes.span(node)
            if start == end or (text[start].isspace() and not (start := self.shapes.words(start, end))):
                continue
            role = self.shapes.role(node)
            if not frame.is_body:
                self._part(frame, node, role, start, end)
            elif role is Role.PLAIN and not self.shapes.is_long(start, end):
                if frame.prefix < 0:
                    self.marks.unit(start, frame.parent)
                frame.prefix = -1
            else:
                self._in_body(frame, node, role, start, end)

    def _leave(self, frame: Frame) -> None:
        if frame.statement is None:
            return
        if frame.is_body and not frame.statement.fresh:
            frame.statement.after = True
        if frame.last:
            self.pieces.finish(frame.statement)

    def _push_body(self, nodes: list[Node], statement: Statement | None, parent: int) -> None:
        self.stack.append(Frame(nodes, statement, parent, is_body=True))

    # Statements of a body

    def _in_body(self, frame: Frame, node: Node, role: Role, start: int, end: int) -> None:
        statement = frame.statement
        if frame.is_loose and role in _TOKENS:
            if self.marks.line_start(start) >= 0:
                self.marks.unit(start, frame.parent)
            return
        if role is Role.TOKEN or role is Role.OPENER:
            return
        if role is Role.CLOSER:
            self._closer(statement, start, frame.parent)
        elif role is Role.COMMENT:
            self._comments(frame, start, end, frame.parent)
        elif role is Role.SKIPPED:
            if end - start > LONG:
                mark_paragraphs(self.marks, start, end, self.marks.last())
        elif role is Role.CLAUSE and statement is not None:
            statement.after = not statement.fresh
            self._parts(node, statement)
        elif role is Role.PREFIX:
            frame.prefix = self.marks.unit(start, frame.parent) if frame.prefix < 0 else frame.prefix
        elif role is Role.LABEL:
            frame.parent = self.marks.unit(start, statement.piece if statement is not None else frame.parent)
            self.marks.head(frame.parent)
        elif role is Role.LABELLED and statement is not None:
            frame.parent = self.marks.unit(start, statement.piece)
            self.marks.head(frame.parent)
            self._push_body(node.children[2:], statement, frame.parent)
        elif statement is None and self.shapes.is_guard(node, start, end):
            self.marks.unit(start, frame.parent)
            self._push_body(node.children[2:], None, frame.parent)
        elif role is Role.THROUGH or (role is Role.BODY and self.shapes.is_bare(node)):
            self._push_body(node.children, statement, frame.parent)
        elif role is Role.ERROR and self.shapes.is_long(start, end):
            mark_indented(self.marks, start, end, frame.parent, self.language)
        elif self.shapes.is_long(start, end):
            self._statement(frame, node, role, start, end)
        else:
            if frame.prefix < 0:
                self.marks.unit(start, frame.parent)
            frame.prefix = -1

    def _statement(self, frame: Frame, node: Node, role: Role, start: int, end: int) -> None:
        exact = self.grammar.closes and role is not Role.BODY and self.marks.after_header()
        unit = frame.prefix if frame.prefix >= 0 else self.marks.unit(start, frame.parent, exact=exact)
        frame.prefix = -1
        statement = Statement(self.marks.start(unit), end, unit, unit, node.has_error)
        if role is Role.BODY or self.shapes.is_cut(node, role, start, end):
            self.stack.append(Frame([], statement, last=True))
            self._cut(node, role, statement, start, end)
        else:
            self._parts(node, statement, last=True)

    def _closer(self, statement: Statement | None, start: int, parent: int) -> None:
        if statement is not None:
            statement.after = not statement.fresh
            self.pieces.begin(statement, start)
        elif self.marks.line_start(start) >= 0:
            self.marks.unit(start, parent)

    def _comments(self, frame: Frame, start: int, end: int, parent: int) -> None:
        """Mark a comment that stands on lines of its own, together with those right below it."""
        if self.marks.line_start(start) < 0:
            if not self.marks.in_close() and frame.prefix < 0:
                self.marks.unit(start, parent)
            return
        text = self.marks.text
        while frame.at < len(frame.nodes) and self.shapes.role(frame.nodes[frame.at]) is Role.COMMENT:
            follows, stop = self.shapes.span(frame.nodes[frame.at])
            between = text[end:follows]
            if not between.isspace() or between.count("\n") > (text[end - 1] != "\n"):
                break
            end = stop
            frame.at += 1
        if frame.prefix < 0:
            mark_paragraphs(self.marks, start, end, parent)

    # Parts of a statement

    def _part(self, frame: Frame, node: Node, role: Role, start: int, end: int) -> None:
        statement = frame.statement
        if statement is None:
            return
        separators = frame.separators
        if separators is not None and not separators and start > frame.row:
            frame.at -= 1
            self._rest(frame, statement)
        elif role is Role.COMMENT:
            self._comment_between(frame, statement, start, end)
        elif role in _TOKENS or role is Role.PLAIN:
            self.pieces.begin(statement, start)
            if role is Role.PLAIN and (statement.bodies or self.shapes.is_long(start, end)):
                self._parts(node, statement)
            if separators and node.kind_id in separators:
                self._rest(frame, statement)
        elif self._holds_units(statement, node, role, start, end):
            self._cut(node, role, statement, start, end)
        elif role is Role.ITEM and self.shapes.is_long(start, end):
            self.pieces.body(statement, start)
            frame.at -= 1
            self._items(frame, statement)
        else:
            self.pieces.begin(statement, start)
            if statement.bodies or self.shapes.is_long(start, end):
                self._parts(node, statement)
            if separators and node.kind_id in separators:
                self._rest(frame, statement)

    def _holds_units(self, statement: Statement, node: Node, role: Role, start: int, end: int) -> bool:
        if role is Role.BODY:
            return statement.bodies > 0 or self.shapes.is_apart(start, end)
        return self.shapes.is_cut(node, role, start, end)

    def _parts(self, node: Node, statement: Statement, *, last: bool = False) -> None:
        separators = self.grammar.separators.get(node.kind_id)
        row = -1
        if separators is not None and not separators:
            row = self.marks.text.find("\n", *self.shapes.span(node))
            separators = separators if row >= 0 else None
        self.stack.append(Frame(node.children, statement, separators=separators, row=row, last=last))

    def _cut(self, node: Node, role: Role, statement: Statement, start: int, end: int) -> None:
        self.pieces.body(statement, start)
        if role is Role.STRING:
            mark_paragraphs(self.marks, start, end, statement.piece)
            statement.after = True
        else:
            self._push_body(node.children, statement, statement.piece)

    def _rest(self, frame: Frame, statement: Statement) -> None:
        """Take what is left of the parts for a body."""
        rest = frame.nodes[frame.at :]
        if rest:
            self.pieces.body(statement, rest[0].start_byte + self.base)
            frame.at = len(frame.nodes)
            self._push_body(rest, statement, statement.piece)

    def _items(self, frame: Frame, statement: Statement) -> None:
        """Take the items at the frame's place for a body."""
        stop = frame.at + 1
        while stop < len(frame.nodes) and self.shapes.role(frame.nodes[stop]) in (Role.ITEM, Role.COMMENT):
            stop += 1
        self._push_body(frame.nodes[frame.at : stop], statement, statement.piece)
        frame.at = stop

    def _comment_between(self, frame: Frame, statement: Statement, start: int, end: int) -> None:
        """A comment between a header and its body, or a body and what follows it, stands with the body's statements."""
        ahead = frame.nodes[frame.at : frame.at + _SEEN_AHEAD]
        following = next((n for n in ahead if self.shapes.role(n) is not Role.COMMENT), None)
        if (
            following is not None
            and self.shapes.role(following) is Role.BODY
            and self.shapes.is_apart(*self.shapes.span(following))
        ):
            self.pieces.body(statement, start)
        elif statement.fresh and self.marks.line_start(start) >= 0:
            self.pieces.body(statement, start)
            statement.after = True
        elif not statement.after:
            return
        self._comments(frame, start, end, statement.piece)
