"""A shape of a slide as text: paragraphs with their levels, tables, charts, descriptions of pictures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ctxpipe.pipeline.readers.office.numbering import written
from ctxpipe.pipeline.readers.office.order import Box, columns_of
from ctxpipe.pipeline.readers.tables.header import MOST_HEAD, title_rows, titled, titles
from ctxpipe.pipeline.readers.tables.merged import FilledRow
from ctxpipe.pipeline.readers.tables.rows import table_lines

_DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_NUMBERED = re.compile(r"(arabic|alphaLc|alphaUc|romanLc|romanUc)(ParenBoth|ParenR|Period|Plain)")
_FORMATS = {
    "arabic": "decimal", "alphaLc": "lowerLetter", "alphaUc": "upperLetter", "romanLc": "lowerRoman",
    "romanUc": "upperRoman",
}  # fmt: skip
_AROUND = {"ParenBoth": "({})", "ParenR": "{})", "Period": "{}.", "Plain": "{}."}
_DEEPEST_GROUP = 20


def shape_text(shape: Any, depth: int = 0) -> str:
    """What a shape says; empty for one without words."""
    if getattr(shape, "has_table", False):
        return _table(shape.table)
    if getattr(shape, "has_chart", False):
        return _chart(shape.chart)
    if hasattr(shape, "shapes") and depth < _DEEPEST_GROUP:
        return _group(shape, depth)
    if getattr(shape, "has_text_frame", False):
        return "" if _is_slide_number(shape) else _paragraphs(shape.text_frame)
    described = next((e.get("descr") for e in shape.element.iter() if str(e.tag).endswith("}cNvPr")), "")
    return " ".join((described or "").split())


def _group(group: Any, depth: int) -> str:
    inner = list(group.shapes)
    texts = [shape_text(shape, depth + 1) for shape in inner]
    boxes = [
        Box(left, top, left + max(1, shape.width or 0), top + max(1, shape.height or 0), number)
        for number, shape in enumerate(inner)
        if texts[number]
        for left, top in [(shape.left or 0, shape.top or 0)]
    ]
    columns = ["\n".join(texts[number] for number in column) for column in columns_of(boxes)]
    # A number and what it is of, one above the other, are set off from the next ones.
    return ("\n\n" if any("\n" in column for column in columns) else "\n").join(columns)


def _is_slide_number(shape: Any) -> bool:
    if not shape.is_placeholder:
        return False
    from pptx.enum.shapes import PP_PLACEHOLDER

    return bool(shape.placeholder_format.type == PP_PLACEHOLDER.SLIDE_NUMBER)


def _paragraphs(frame: Any) -> str:
    """The paragraphs of a text frame; a list with its levels if there are several, or numbers."""
    said = [(paragraph, _words(paragraph)) for paragraph in frame.paragraphs]
    said = [(paragraph, words) for paragraph, words in said if words]
    if not any(paragraph.level or _number_format(paragraph) for paragraph, _ in said):
        return "\n".join(words for _, words in said)
    counts: dict[int, int] = {}
    lines = []
    for paragraph, words in said:
        level, form = paragraph.level, _number_format(paragraph)
        counts = {deep: count for deep, count in counts.items() if deep <= level}
        mark = "-"
        if form is None:
            counts.pop(level, None)
        else:
            counts[level] = counts.get(level, form[2] - 1) + 1
            mark = _AROUND[form[1]].format(written(counts[level], _FORMATS[form[0]]))
        lines.append(f"{'  ' * level}{mark} {words}")
    return "\n".join(lines)


def _number_format(paragraph: Any) -> tuple[str, str, int] | None:
    """Kind of numbers, what stands around them, and the first of them."""
    numbering = paragraph._p.find(f"{_DRAWING}pPr/{_DRAWING}buAutoNum")
    form = _NUMBERED.fullmatch(numbering.get("type") or "") if numbering is not None else None
    if form is None:
        return None
    start = numbering.get("startAt") or "1"
    return form[1], form[2], int(start) if start.isdecimal() and len(start) < 6 else 1


def _words(paragraph: Any) -> str:
    return " ".join("".join(_runs(paragraph)).split())


def _runs(paragraph: Any) -> Iterator[str]:
    links = {run._r: run.hyperlink.address for run in paragraph.runs if run._r.find(f"{_DRAWING}rPr/*") is not None}
    for part in paragraph._p:
        if part.tag == f"{_DRAWING}br":
            yield " "
            continue
        words = "".join(text.text or "" for text in part.iter(f"{_DRAWING}t"))
        properties = part.find(f"{_DRAWING}rPr")
        struck = properties is not None and properties.get("strike") in ("sngStrike", "dblStrike")
        # What no longer holds would read like what does.
        yield f"~~{words.strip()}~~ " if struck and words.strip() else words
        address = links.get(part) or ""
        if address.startswith("http") and words and address not in words:
            yield f" ({address})"


def _table(table: Any) -> str:
    rows: list[list[str]] = []
    head: list[FilledRow] = []
    for row in table.rows:
        cells = [" ".join(cell.text_frame.text.split()) for cell in row.cells]
        rows.append(cells)
        if len(head) < MOST_HEAD:
            head.append(_line(list(row.cells), cells))
    above = titled(head)
    if not rows[above:]:
        return ""
    count = title_rows(head[above:])
    lines = table_lines([titles(head[above : above + count]), *rows[above + count :]])
    return "\n".join([*(f"{line.cells[0]}\n" for line in head[:above]), *lines])


def _line(row: list[Any], cells: list[str]) -> FilledRow:
    """A row whose cells are repeated over all columns that they cover."""
    filled = list(cells)
    repeated: set[int] = set()
    down: set[int] = set()
    left = end = 0
    for column, cell in enumerate(row):
        if not cell.is_spanned:
            left, end = column, column + (cell.span_width if cell.is_merge_origin else 1)
        elif column < end:
            filled[column] = cells[left]
            repeated.add(column)
        else:
            down.add(column)
    return FilledRow(filled, frozenset(repeated), frozenset(down))


def _chart(chart: Any) -> str:
    title = " ".join(chart.chart_title.text_frame.text.split()) if _has_title(chart) else ""
    try:
        categories = [" ".join(str(category.label).split()) for category in chart.plots[0].categories]
        series = [(one.name or "", list(one.values)) for plot in chart.plots for one in plot.series]
    except Exception:  # charts of a kind that the library does not know raise anything
        return title
    head = ["", *(name for name, _ in series)]
    rows = [
        [category, *(_shown(values[at]) if at < len(values) else "" for _, values in series)]
        for at, category in enumerate(categories)
    ]
    return "\n".join([*([f"{title}\n"] if title else []), *(table_lines([head, *rows]) if rows else [])])


def _has_title(chart: Any) -> bool:
    return bool(chart.has_title and chart.chart_title.has_text_frame)


def _shown(number: float | None) -> str:
    return "" if number is None else f"{number:.15g}"
