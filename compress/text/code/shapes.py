"""What a node is: by its role, its length and its lines."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tree_sitter import Node

from ctxpipe.compress.text.code.grammars import LoadedGrammar, Role
from ctxpipe.compress.text.code.marks import LONG_LINE, Marks
from ctxpipe.compress.text.code.paragraphs import LONG

_WORD = re.compile(r"\S")
WIDE = 300
"""Characters from which a literal over several lines is cut by its members."""
_GUARDED = 0.7
"""Least share of a header file that its include guard holds."""


@dataclass(frozen=True, slots=True)
class Shapes:
    """Answers about the nodes of one tree.

    Attributes:
        marks: The text's marks.
        grammar: The grammar of the tree.
        base: Offset of the tree's first byte.
    """

    marks: Marks
    grammar: LoadedGrammar
    base: int

    def span(self, node: Node) -> tuple[int, int]:
        """A node's offsets in the text."""
        return node.start_byte + self.base, node.end_byte + self.base

    def words(self, start: int, end: int) -> int:
        """Where the first word of a node is that begins with whitespace; 0 where it has none."""
        found = _WORD.search(self.marks.text, start, end)
        return found.start() if found else 0

    def role(self, node: Node) -> Role:
        """A node's role."""
        kind = node.kind_id
        return self.grammar.roles[kind] if kind < len(self.grammar.roles) else Role.ERROR

    def is_long(self, start: int, end: int) -> bool:
        """Whether something has more than one line, or a very long one."""
        return self.marks.text.find("\n", start, end) >= 0 or end - start > LONG_LINE

    def is_apart(self, start: int, end: int) -> bool:
        """Whether a body has lines of its own."""
        return self.is_long(start, end) or self.marks.line_start(start) > 0

    def is_bare(self, node: Node) -> bool:
        """Whether a body has no token that begins it, so that it is but a list of statements."""
        first = node.child(0) if node.child_count else None
        return first is None or self.role(first) is not Role.OPENER

    def is_cut(self, node: Node, role: Role, start: int, end: int) -> bool:
        """Whether a literal, a list of arguments or a string is looked into."""
        if role is Role.DATA:
            return end - start > WIDE or (self.is_long(start, end) and self._holds_body(node))
        if role is Role.ARGUMENTS:
            if end - start <= LONG or not node.named_child_count:
                return False
            return self.marks.line_start(node.named_children[-1].start_byte + self.base) >= 0
        return role is Role.STRING and end - start > LONG and self.marks.text.find("\n", start, end) >= 0

    def is_guard(self, node: Node, start: int, end: int) -> bool:
        """Whether a node is the include guard around a whole header file."""
        text = self.marks.text
        whole = end - start > _GUARDED * (len(text) - self.base)
        return node.kind_id == self.grammar.guard and whole and text.startswith("#ifndef", start)

    def _holds_body(self, node: Node) -> bool:
        """Whether a body with lines of its own is somewhere in a short node."""
        nodes = node.children
        while nodes:
            inner = nodes.pop()
            start, end = self.span(inner)
            if self.role(inner) is Role.BODY and self.is_apart(start, end):
                return True
            if self.is_long(start, end):
                nodes.extend(inner.children)
        return False
