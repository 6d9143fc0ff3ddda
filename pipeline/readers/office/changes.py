"""Tracked changes of a Word file: what was moved stands where it was moved to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctxpipe.pipeline.readers.office.word import W

if TYPE_CHECKING:
    from lxml.etree import _Element as Element


def settle_moves(root: Element) -> None:
    """Leave out what was moved away, and let what was moved here be text like any other.

    Insertions and deletions are settled by the library that writes the text; it knows no moves.
    """
    for moved in list(root.iter(f"{W}moveFrom")):
        parent = moved.getparent()
        # In the properties of a paragraph it says that the end of the paragraph was moved.
        if parent is not None and parent.tag != f"{W}rPr":
            parent.remove(moved)
        elif parent is not None:
            moved.tag = f"{W}del"
    for moved in list(root.iter(f"{W}moveTo")):
        parent = moved.getparent()
        if parent is not None and parent.tag != f"{W}rPr":
            moved.tag = f"{W}ins"
