"""XLSX to Markdown through openpyxl."""

from __future__ import annotations

import datetime
import io
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ctxpipe.compress.types import Document
from ctxpipe.pipeline.readers.archive import Archive
from ctxpipe.pipeline.readers.office.comments import cell_comments
from ctxpipe.pipeline.readers.office.package import guarded, open_package
from ctxpipe.pipeline.readers.reader import Errors
from ctxpipe.pipeline.readers.sheets.formats import number_format
from ctxpipe.pipeline.readers.sheets.sheet import sheet_markdown
from ctxpipe.pipeline.readers.tables.merged import merge_of

if TYPE_CHECKING:
    from openpyxl.cell.read_only import EmptyCell, ReadOnlyCell
    from openpyxl.worksheet._read_only import ReadOnlyWorksheet

_MERGE = re.compile(rb"<(?:\w+:)?mergeCell\s[^>]*?ref=\"([^\"]{3,40})\"")
_FORMULA = re.compile(rb"<(?:\w+:)?f[ >/]")
_MOST_CELLS = 20_000_000
"""Cells of a sheet, empty ones included, after which the rest is left out."""


class XlsxReader:
    """Reads a workbook; each sheet is a heading, and its rows stand under their column titles."""

    def read(self, data: bytes, *, source: str, errors: Errors = "strict") -> Document:
        """Read a workbook.

        Raises:
            ReadError: if the extra is missing, or the file is damaged, encrypted or too large.
        """
        archive = open_package(data, source=source, ending="xlsx", main="xl/workbook.xml", modules=("openpyxl",))
        book = _Workbook(data, archive)
        text = guarded(book.text, source=source, ending="xlsx")
        return Document(text=text, source=source, kind="markdown", notes=tuple(book.notes))


class _Workbook:
    def __init__(self, data: bytes, archive: Archive) -> None:
        self.notes: list[str] = []
        self._data = data
        self._archive = archive
        self._formulas: Any = None
        self._open = 0

    def text(self) -> str:
        from openpyxl import load_workbook

        # markitdown uses a data frame, which turns 3 into 3.0, true into 1.0 and an empty cell into NaN.
        book = load_workbook(io.BytesIO(self._data), read_only=True, data_only=True)
        try:
            sheets = [self._sheet(sheet) for sheet in book.worksheets]
        finally:
            book.close()
            if self._formulas is not None:
                self._formulas.close()
        if self._open:
            self.notes.append(f"formulas without a stored value, shown as they are written: {self._open:,}")
        return "\n\n".join(filter(None, sheets))

    def _sheet(self, sheet: ReadOnlyWorksheet) -> str:
        # openpyxl does not say in which part a sheet is, and leaves merged ranges out where it reads row by row.
        merged: dict[bytes, None] = {}
        has_formulas = False
        for block in self._archive.blocks(sheet._worksheet_path):
            merged.update(dict.fromkeys(_MERGE.findall(block)))
            has_formulas = has_formulas or _FORMULA.search(block) is not None
        merges = [merge for name in merged if (merge := merge_of(name.decode("ascii", "replace")))]
        # Some programs store a size that is smaller than the sheet.
        sheet.reset_dimensions()
        rows = list(self._rows(sheet, has_formulas))
        for cell, comment in cell_comments(self._archive, sheet._worksheet_path, sheet.title):
            place = merge_of(f"{cell}:{cell}")
            if place is not None and place.top < len(rows):
                row = rows[place.top]
                row.extend([""] * (place.right - len(row)))
                row[place.left] = f"{row[place.left]} [{comment}]".strip()
        return sheet_markdown(sheet.title, rows, merges, hidden=sheet.sheet_state != "visible")

    def _rows(self, sheet: ReadOnlyWorksheet, has_formulas: bool) -> Iterator[list[str]]:
        formulas = self._formula_rows(sheet.title) if has_formulas else None
        cells = 0
        for read_row in sheet.iter_rows():
            asked = next(formulas, ()) if formulas is not None else ()
            row = [_cell(cell) for cell in read_row]
            for column, formula in enumerate(asked):
                if (
                    column < len(row)
                    and not row[column]
                    and read_row[column].value is None
                    and (text := _formula(formula))
                ):
                    row[column] = f"{text} (not computed)"
                    self._open += 1
            while row and not row[-1]:
                row.pop()
            cells += len(row) + 1
            if cells > _MOST_CELLS:
                self.notes.append(f"sheet {sheet.title}: rows after the first {_MOST_CELLS:,} cells left out")
                return
            yield row

    def _formula_rows(self, title: str) -> Iterator[tuple[object, ...]]:
        from openpyxl import load_workbook

        if self._formulas is None:
            self._formulas = load_workbook(io.BytesIO(self._data), read_only=True, data_only=False)
        sheet = self._formulas[title]
        sheet.reset_dimensions()
        return iter(sheet.iter_rows(values_only=True))


def _formula(value: object) -> str:
    """The formula of a cell, also of one that fills a range; empty for anything else."""
    text = getattr(value, "text", value)
    return " ".join(text.split()) if isinstance(text, str) and text.startswith("=") and len(text) > 1 else ""


def _cell(cell: ReadOnlyCell | EmptyCell) -> str:
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        return value.date().isoformat()
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, (int, float)):
        return number_format(cell.number_format).written(value)
    return str(value)
