"""What a walk through a tree remembers."""

from __future__ import annotations

from dataclasses import dataclass

from tree_sitter import Node


@dataclass(slots=True)
class Statement:
    """A statement that is looked into.

    Its text is a header, a body, and perhaps further pieces with their bodies (``else``), which stand under the header.
    What is left after the last body closes the header.

    Attributes:
        start, end: Offsets.
        header: Index of its unit.
        piece: The unit that its next body stands under: the header or a later piece.
        has_error: Whether the parser could not read all of it.
        bodies: How many bodies were found.
        after: Whether a body has just ended.
        fresh: Whether a piece has begun that has no body yet.
    """

    start: int
    end: int
    header: int
    piece: int
    has_error: bool
    bodies: int = 0
    after: bool = False
    fresh: bool = False


@dataclass(slots=True)
class Frame:
    """Nodes side by side that are gone through: the statements of a body, or the parts of a statement.

    Attributes:
        nodes: The nodes.
        statement: The statement whose body or parts they are; None for the text itself.
        parent: Index of the unit that the statements stand under; -1 among parts.
        is_body: Whether they are statements.
        separators: Numbers of the nodes after which the parts are statements; None where they never are.
        row: Offset of the first newline, after which parts without separators are statements.
        last: Whether the statement ends with them.
        at: The next one.
        prefix: Index of the unit begun by an attribute or decorator, or -1.
        is_loose: Whether a token at a line's beginning begins a unit, since the parser did not see what it is part of.
    """

    nodes: list[Node]
    statement: Statement | None = None
    parent: int = -1
    is_body: bool = False
    separators: frozenset[int] | None = None
    row: int = -1
    last: bool = False
    at: int = 0
    prefix: int = -1
    is_loose: bool = False
