"""Tables in XML (JATS, DocBook, DITA) and drawings: rows, what heads them, and groups of words of a picture."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from ctxpipe.compress.text.code.markup_tokens import MarkupElement, Scan

_CELLS = {
    "tr": frozenset(("td", "th")),
    "row": frozenset(("entry", "entrytbl")),
    "strow": frozenset(("stentry",)),
    "sthead": frozenset(("stentry",)),
    "chrow": frozenset(("choption", "chdesc")),
    "chhead": frozenset(("choptionhd", "chdeschd")),
}
"""The cells of each kind of row."""
_HEADS = frozenset(("sthead", "chhead"))
_TABLES = frozenset(("table", "table-wrap", "informaltable", "simpletable", "choicetable"))
_CAPTIONS = frozenset(("caption", "label", "title"))
_PARTS = _CAPTIONS | _CELLS.keys() | {"thead", "g"}
_SHAPES = frozenset("text rect circle ellipse line polyline polygon path image use title desc".split())
_LONGEST_ROW = 1_500
_LONGEST_GROUP = 600
_FEWEST_WORDS = 2
"""Elements with words of a picture, from which on they are read together."""


def whole_part(scan: Scan, index: int) -> Literal["caption", "head", "row", "group", ""]:
    """What part of a table or a picture an element is that is kept or left out whole.

    Args:
        scan: The document.
        index: The element.

    Returns:
        A caption of the table that it stands right in; a head with the titles of columns; another row; a group of
        shapes with words, such as a bar with its name and number; empty for anything else.
    """
    name = _local_name(scan.elements[index])
    if name not in _PARTS:
        return ""
    length = _length(scan.elements[index])
    if name in _CAPTIONS:
        return "caption" if length <= _LONGEST_GROUP and _is_in_table(scan, index) else ""
    if name == "g":
        return "group" if length <= _LONGEST_GROUP and _is_drawn(scan, index) else ""
    if length > _LONGEST_ROW:
        return ""
    if name == "thead":
        rows = list(_children(scan, index))
        return "head" if rows and all(_is_of_cells(scan, row) for row in rows) else ""
    if not _is_of_cells(scan, index):
        return ""
    is_titles = name == "tr" and all(_local_name(scan.elements[cell]) == "th" for cell in _children(scan, index))
    return "head" if name in _HEADS or is_titles else "row"


def _is_in_table(scan: Scan, index: int) -> bool:
    parent = scan.elements[index].parent
    return parent >= 0 and _local_name(scan.elements[parent]) in _TABLES


def _is_drawn(scan: Scan, index: int) -> bool:
    names = [_local_name(scan.elements[child]) for child in _children(scan, index)]
    return sum(name in ("text", "title") for name in names) >= _FEWEST_WORDS and _SHAPES.issuperset(names)


def _local_name(element: MarkupElement) -> str:
    """The name of an element's tag without its prefix."""
    return element.name.rpartition(":")[2].lower()


def _is_of_cells(scan: Scan, index: int) -> bool:
    cells = _CELLS.get(_local_name(scan.elements[index]))
    if cells is None:
        return False
    names = {_local_name(scan.elements[child]) for child in _children(scan, index)}
    return bool(names) and cells.issuperset(names)


def _length(element: MarkupElement) -> float:
    """Characters of an element; without end for one that is never closed."""
    return element.close_end - element.start if element.close >= 0 else float("inf")


def _children(scan: Scan, index: int) -> Iterator[int]:
    """The elements right inside a closed one."""
    end = scan.elements[index].close
    for child in range(index + 1, len(scan.elements)):
        if scan.elements[child].start >= end:
            return
        if scan.elements[child].parent == index:
            yield child
