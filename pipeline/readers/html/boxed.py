"""Writes boxes: what stands below a title in one is indented, and ends with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from ctxpipe.pipeline.readers.html.boxes import TitledBox, boxes_below

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

    from ctxpipe.pipeline.readers.html.layout import PageLayout


class _OpenBox(NamedTuple):
    """A box that is being written: how deep its lines are indented, and the levels of the headings open in it."""

    depth: int
    levels: list[int]


class BoxWriter:
    """Sets off boxes in a layout.

    A heading in a box is a line of its own, above what is indented: one with a mark would go on below the box.
    """

    def __init__(self, layout: PageLayout, boxes: Mapping[int, TitledBox]) -> None:
        self._layout = layout
        self._boxes = boxes
        self._below = boxes_below(boxes)
        self._open: list[_OpenBox] = []
        self._titles: set[int] = set()

    def enter(self, node: LexborNode) -> None:
        """Begin a box, or what follows the title of one."""
        if node.mem_id in self._below:
            self._layout.block(2)
        if (box := self._boxes.get(node.mem_id)) is not None:
            if node.tag != "li":
                self._layout.block(2)
            if box.titled:
                self._layout.indent("", "  ")
            self._open.append(_OpenBox(self._layout.depth(), []))

    def leave(self, node: LexborNode) -> None:
        """End a box."""
        if (box := self._boxes.get(node.mem_id)) is None:
            return
        self._end_titles(0)
        self._open.pop()
        if box.titled:
            self._layout.dedent()
        if node.tag != "li":
            self._layout.block(2)

    def begin_title(self, heading: LexborNode) -> bool:
        """Begin a heading if it stands right in a box; returns whether it does."""
        if not self._open or self._layout.flat:
            return False
        depth, levels = self._open[-1]
        if self._layout.depth() != depth + len(levels):
            return False
        self._end_titles(_level(heading))
        self._layout.block(2)
        self._layout.flat += 1
        self._titles.add(heading.mem_id)
        return True

    def end_title(self, heading: LexborNode) -> bool:
        """End a heading if it was begun in a box; returns whether it was."""
        if heading.mem_id not in self._titles:
            return False
        self._layout.flat -= 1
        self._layout.block(2)
        self._layout.indent("  ", "  ")
        self._open[-1].levels.append(_level(heading))
        return True

    def _end_titles(self, level: int) -> None:
        """End the titles in the innermost box that are no higher than some level."""
        levels = self._open[-1].levels
        while levels and levels[-1] >= level:
            levels.pop()
            self._layout.dedent()


def _level(heading: LexborNode) -> int:
    return int((heading.tag or "h6")[1])
