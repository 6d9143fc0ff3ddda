"""What is shown of an element of a page, looked at no further than tells a line from a text."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ctxpipe.pipeline.readers.html.roles import ROLES

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

_LONGEST_LINE = 120
_MOST_NODES, _MOST_CHILDREN, _DEEPEST = 60, 12, 8


class ShownWords:
    """The words that a page shows.

    The number of nodes that are looked at is bound, so that elements in elements take linear time.
    """

    def __init__(self, hidden: set[int]) -> None:
        self._hidden = hidden

    def is_line(self, node: LexborNode) -> bool:
        """Whether an element holds one line."""
        for _ in range(_DEEPEST):
            children = self.children(node)
            if len(children) != 1:
                return not any(map(is_block, children))
            node = children[0]
        return False

    def children(self, node: LexborNode) -> list[LexborNode]:
        """The first nodes right in an element that are shown and have words."""
        return list(itertools.islice(filter(self.has_words, _nodes_in(node)), _MOST_CHILDREN))

    def has_words(self, node: LexborNode) -> bool:
        """Whether words are shown in a node."""
        return any(map(str.strip, self._texts(node)))

    def words(self, nodes: list[LexborNode]) -> str:
        """The words of some elements; empty if they are too many for a title."""
        words = " ".join(" ".join(text for node in nodes for text in self._texts(node)).split())
        return words if len(words) <= _LONGEST_LINE else ""

    def _texts(self, top: LexborNode) -> Iterator[str]:
        """The first texts in a node."""
        waiting = [top]
        for _ in range(_MOST_NODES):
            if not waiting:
                return
            node = waiting.pop()
            if node is not top and node.next is not None:
                waiting.append(node.next)
            if node.tag == "-text":
                yield node.text_content or ""
            elif self._is_shown(node) and node.first_child is not None:
                waiting.append(node.first_child)

    def _is_shown(self, node: LexborNode) -> bool:
        return ROLES.get(node.tag or "") != "dropped" and node.mem_id not in self._hidden


def is_block(node: LexborNode) -> bool:
    """Whether an element stands on lines of its own."""
    return bool(ROLES.get(node.tag or ""))


def _nodes_in(element: LexborNode) -> Iterator[LexborNode]:
    child = element.first_child
    while child is not None:
        yield child
        child = child.next
