"""Merged cells of tables in Word files and presentations, repeated in every row that they cover."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_MOST_REPEATED = 5_000_000
"""Characters and elements that merged cells may add."""
_MOST_COLUMNS = 100
"""Columns that one cell may cover; a hostile file claims more."""


def repeat_merged_cells(root: Element) -> None:
    """Give every row of a Word table its own cells: a merged one is repeated below, and empty to its right.

    Args:
        root: The main part, which is changed.
    """
    room = _MOST_REPEATED
    for table in root.iter(f"{_W}tbl"):
        above: dict[int, Element] = {}
        for row in table.findall(f"{_W}tr"):
            column = 0
            for cell in row.findall(f"{_W}tc"):
                span = _span(cell)
                merge = cell.find(f"{_W}tcPr/{_W}vMerge")
                if merge is not None and merge.get(f"{_W}val") != "restart" and column in above:
                    room -= sum(1 + len(part.text or "") for part in above[column].iter())
                    if room > 0:
                        _fill(cell, above[column])
                    merge.getparent().remove(merge)
                elif merge is not None:
                    above[column] = cell
                    merge.getparent().remove(merge)
                else:
                    above.pop(column, None)
                for _ in range(span - 1):
                    cell.addnext(_empty(cell))
                column += span


def _span(cell: Element) -> int:
    found = cell.find(f"{_W}tcPr/{_W}gridSpan")
    if found is None:
        return 1
    found.getparent().remove(found)
    value = found.get(f"{_W}val") or ""
    return min(int(value), _MOST_COLUMNS) if value.isdecimal() and len(value) < 5 and int(value) else 1


def _fill(cell: Element, above: Element) -> None:
    for paragraph in cell.findall(f"{_W}p"):
        cell.remove(paragraph)
    for paragraph in above.findall(f"{_W}p"):
        cell.append(copy.deepcopy(paragraph))


def _empty(cell: Element) -> Element:
    made = cell.makeelement(f"{_W}tc")
    made.append(cell.makeelement(f"{_W}p"))
    return made


def fill_merged_cells(slides: Any) -> bool:
    """Repeat the text of merged cells in the rows below of every table of a presentation.

    Args:
        slides: The presentation of python-pptx, which is changed.

    Returns:
        Whether there was one.
    """
    found, room = False, _MOST_REPEATED
    pending = [shape for slide in slides.slides for shape in slide.shapes]
    while pending:
        shape = pending.pop()
        pending.extend(getattr(shape, "shapes", ()))
        if not getattr(shape, "has_table", False):
            continue
        rows = [list(row.cells) for row in shape.table.rows]
        for top, row in enumerate(rows):
            for column, cell in enumerate(row):
                if cell.is_merge_origin and cell.span_height > 1:
                    for below in rows[top + 1 : top + cell.span_height]:
                        room -= 1 + len(cell.text)
                        if room > 0:
                            below[column].text = cell.text
                            found = True
    return found
