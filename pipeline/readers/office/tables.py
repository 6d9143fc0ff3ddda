"""Merged cells of tables in Word files and presentations, repeated in every row that they cover."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from ctxpipe.pipeline.readers.office.word import W as _W
from ctxpipe.pipeline.readers.office.word import make_paragraph, words_of
from ctxpipe.pipeline.readers.tables.header import MOST_HEAD, title_rows, titled, titles
from ctxpipe.pipeline.readers.tables.merged import FilledRow

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

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
        head: list[FilledRow] = []
        for row in table.findall(f"{_W}tr"):
            column = 0
            repeated: dict[int, Element] = {}
            down: set[int] = set()
            for cell in row.findall(f"{_W}tc"):
                span = _span(cell)
                merge = cell.find(f"{_W}tcPr/{_W}vMerge")
                if merge is not None and merge.get(f"{_W}val") != "restart" and column in above:
                    room -= sum(1 + len(part.text or "") for part in above[column].iter())
                    if room > 0:
                        _fill(cell, above[column])
                    merge.getparent().remove(merge)
                    down.update(range(column, column + span))
                elif merge is not None:
                    above[column] = cell
                    merge.getparent().remove(merge)
                else:
                    above.pop(column, None)
                for _ in range(span - 1):
                    cell.addnext(_empty(cell))
                repeated.update(dict.fromkeys(range(column + 1, column + span), cell))
                column += span
            if len(head) < MOST_HEAD:
                head.append(_line(row, repeated, down))
        _join_titles(table, head)


def _line(row: Element, repeated: dict[int, Element], down: set[int]) -> FilledRow:
    cells = [repeated.get(column, cell) for column, cell in enumerate(row.findall(f"{_W}tc"))]
    words = [" ".join(" ".join(map(words_of, cell.iter(f"{_W}p"))).split()) for cell in cells]
    return FilledRow(words, frozenset(repeated), frozenset(down))


def _join_titles(table: Element, head: list[FilledRow]) -> None:
    """Put the title of a table above it, and the titles of its columns into one row."""
    rows = table.findall(f"{_W}tr")
    above = titled(head)
    named = 0
    while named < len(rows) and rows[named].find(f"{_W}trPr/{_W}tblHeader") is not None:
        named += 1
    count = title_rows(head[above:], max(0, named - above)) if head[above:] else 1
    for row, line in zip(rows[:above], head[:above], strict=True):
        table.addprevious(make_paragraph(line.cells[0]))
        table.remove(row)
    if count > 1:
        first, *others = rows[above : above + count]
        for cell, words in zip(first.findall(f"{_W}tc"), titles(head[above : above + count]), strict=False):
            for paragraph in cell.findall(f"{_W}p"):
                cell.remove(paragraph)
            cell.append(make_paragraph(words))
        for row in others:
            table.remove(row)


def open_layout_tables(root: Element) -> None:
    """Take apart the rows of tables that hold tables: their cells follow one another, so that inner rows stay rows."""
    for table in list(root.iter(f"{_W}tbl")):
        if next(table.iterdescendants(f"{_W}tbl"), None) is None:
            continue
        rest: Element | None = None
        for row in table.findall(f"{_W}tr"):
            if next(row.iterdescendants(f"{_W}tbl"), None) is None:
                if rest is None:
                    rest = table.makeelement(f"{_W}tbl")
                    table.addprevious(rest)
                rest.append(row)
                continue
            rest = None
            for cell in row.findall(f"{_W}tc"):
                for block in cell.findall("*"):
                    if block.tag != f"{_W}tcPr":
                        table.addprevious(block)
        table.getparent().remove(table)


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
    has_merged, room = False, _MOST_REPEATED
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
                            has_merged = True
    return has_merged
