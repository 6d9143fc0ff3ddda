"""What stands on a page beside its text: values of form fields, comments, text boxes."""

from __future__ import annotations

import ctypes
import statistics
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from ctxpipe.pipeline.readers.pdf.calls import PdfiumCalls, address
from ctxpipe.pipeline.readers.pdf.rows import Row

if TYPE_CHECKING:
    from pypdfium2 import PdfPage

Box = tuple[float, float, float, float]

_MOST = 5_000
"""Annotations of a page that are looked at."""
_LONGEST = 20_000
"""Characters of a value that are read."""
_BESIDE = 0.6
"""Share of a field's height up to which the baseline of its label may be away from its own."""
_ABOVE = 1.2
"""How far the baseline of a label above a field may be from the field, in sizes of its letters."""
_USUAL = 10.0
"""Size of letters, in points, where a page has none."""
_DESCENT = 0.25
"""How far above the lower edge of a field its text stands, in sizes of its letters."""


class PlacedWords(NamedTuple):
    """Words with their box, left, bottom, right and top; a note has no place in the text."""

    words: str
    box: Box
    name: str = ""
    is_note: bool = False


def with_annotations(
    page: PdfPage, calls: PdfiumCalls, rows: list[Row], turn: Callable[[Box], Box], bottom: float
) -> list[Row]:
    """The rows of a page with values of form fields beside their labels, and comments after all.

    Args:
        page: The page.
        calls: Asks for the kinds of annotations.
        rows: Its rows, in the order of the file.
        turn: Makes a box on the page one on the page as it is shown.
        bottom: Lower edge of the page as it is shown.
    """
    annotations = list(_placed(page, calls))
    if not annotations:
        return rows
    size = statistics.median(row.size for row in rows) if rows else _USUAL
    rows = list(rows)
    for placed in annotations:
        if not placed.is_note:
            _insert(rows, placed, turn(placed.box), size)
    base = min((row.base for row in rows), default=bottom + size)
    left = min((row.left for row in rows), default=0.0)
    for note in (placed for placed in annotations if placed.is_note):
        base -= 3 * size
        rows.append(Row(note.words, left, left + 0.5 * size * len(note.words), base, size))
    return rows


def _insert(rows: list[Row], placed: PlacedWords, box: Box, size: float) -> None:
    """Put a value after its label on the same line, else, with its name, above the first row below it."""
    left, bottom, right, top = box
    size = min(size, max(4.0, top - bottom))
    lines = placed.words.split("\n")
    base = bottom + _DESCENT * size + (len(lines) - 1) * 1.2 * size
    label = _label(rows, left, base, max(size, _BESIDE * (top - bottom) if len(lines) == 1 else size))
    if label < 0 and (label := _label_above(rows, left, top, size)) >= 0:
        right += rows[label].right + 1.5 * size - left
        left = rows[label].right + 1.5 * size
    if label >= 0:
        base = rows[label].base
        at = label + 1
    else:
        lines[0] = f"{placed.name}: {lines[0]}" if placed.name else lines[0]
        at = next((index for index, row in enumerate(rows) if row.base < base), len(rows))
    for number, line in enumerate(lines):
        width = min(right - left, 0.5 * size * len(line))
        rows.insert(at + number, Row(line, left, left + max(width, 1.0), base - number * 1.2 * size, size))


def _label(rows: list[Row], left: float, base: float, reach: float) -> int:
    """Index of the row that ends nearest before a field on its line; -1 for none."""
    beside = [
        (row.right, index)
        for index, row in enumerate(rows)
        if abs(row.base - base) <= reach and row.right <= left + reach and row.left < left
    ]
    return max(beside)[1] if beside else -1


def _label_above(rows: list[Row], left: float, top: float, size: float) -> int:
    """Index of the row right above a field that begins where the field does; -1 for none."""
    above = (
        index
        for index, row in enumerate(rows)
        if -0.2 * size <= row.base - top <= _ABOVE * size and abs(row.left - left) <= size
    )
    return next(above, -1)


def _placed(page: PdfPage, calls: PdfiumCalls) -> Iterator[PlacedWords]:
    import pypdfium2.raw as pdfium

    notes = {
        pdfium.FPDF_ANNOT_TEXT,
        pdfium.FPDF_ANNOT_HIGHLIGHT,
        pdfium.FPDF_ANNOT_UNDERLINE,
        pdfium.FPDF_ANNOT_SQUIGGLY,
        pdfium.FPDF_ANNOT_STRIKEOUT,
        pdfium.FPDF_ANNOT_CARET,
        pdfium.FPDF_ANNOT_INK,
        pdfium.FPDF_ANNOT_SQUARE,
        pdfium.FPDF_ANNOT_CIRCLE,
        pdfium.FPDF_ANNOT_STAMP,
    }
    shown = notes | {pdfium.FPDF_ANNOT_WIDGET, pdfium.FPDF_ANNOT_FREETEXT}
    for index, subtype in enumerate(calls.annotation_kinds(address(page.raw), _MOST)):
        if subtype not in shown:  # links, of which a page may have hundreds
            continue
        annotation = pdfium.FPDFPage_GetAnnot(page.raw, index)
        if not annotation:
            continue
        try:
            kind = pdfium.FPDFAnnot_GetSubtype(annotation)
            if kind == pdfium.FPDF_ANNOT_WIDGET:
                words = _value(pdfium, page, annotation)
                name = _string(pdfium, annotation, b"TU") or _string(pdfium, annotation, b"T")
                placed = PlacedWords(words, _box(pdfium, annotation), name)
            elif kind == pdfium.FPDF_ANNOT_FREETEXT:
                placed = PlacedWords(_string(pdfium, annotation, b"Contents"), _box(pdfium, annotation))
            elif kind in notes and (said := " ".join(_string(pdfium, annotation, b"Contents").split())):
                author = _string(pdfium, annotation, b"T")
                words = f"[comment by {author}: {said}]" if author else f"[comment: {said}]"
                placed = PlacedWords(words, _box(pdfium, annotation), is_note=True)
            else:
                continue
        finally:
            pdfium.FPDFPage_CloseAnnot(annotation)
        if placed.words.strip():
            yield placed


def _value(pdfium: Any, page: PdfPage, annotation: Any) -> str:
    """What is written in a field, or whether its box is ticked."""
    if page.formenv is None:
        return _string(pdfium, annotation, b"V")
    form = page.formenv.raw
    kind = pdfium.FPDFAnnot_GetFormFieldType(form, annotation)
    if kind in (pdfium.FPDF_FORMFIELD_CHECKBOX, pdfium.FPDF_FORMFIELD_RADIOBUTTON):
        return "[x]" if pdfium.FPDFAnnot_IsChecked(form, annotation) else "[ ]"
    if kind in (pdfium.FPDF_FORMFIELD_PUSHBUTTON, pdfium.FPDF_FORMFIELD_SIGNATURE):
        return ""
    return _read(lambda buffer, size: pdfium.FPDFAnnot_GetFormFieldValue(form, annotation, buffer, size))


def _string(pdfium: Any, annotation: Any, key: bytes) -> str:
    return _read(lambda buffer, size: pdfium.FPDFAnnot_GetStringValue(annotation, key, buffer, size))


def _read(call: Callable[[Any, int], int]) -> str:
    """A string of PDFium's, which is asked for its bytes first."""
    size = int(call(None, 0))
    if size <= 2 or size > 2 * _LONGEST:
        return ""
    buffer = (ctypes.c_ushort * (size // 2))()
    call(buffer, size)
    text = bytes(buffer).decode("utf-16-le", "replace").rstrip("\0")
    return "\n".join("".join(c if c.isprintable() else " " for c in line).strip() for line in text.splitlines())


def _box(pdfium: Any, annotation: Any) -> Box:
    box = pdfium.FS_RECTF()
    pdfium.FPDFAnnot_GetRect(annotation, ctypes.byref(box))
    low, high = sorted((box.bottom, box.top))
    return box.left, low, box.right, high
