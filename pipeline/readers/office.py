"""DOCX and PPTX to Markdown through markitdown, XLSX through openpyxl; all of them come with the ``office`` extra."""

from __future__ import annotations

import datetime
import io
import re
import warnings
from collections.abc import Callable, Iterator
from typing import Literal

from ctxpipe.compress.types import Document
from ctxpipe.errors import MissingExtraError, ReadError
from ctxpipe.extras import require
from ctxpipe.pipeline.readers.archive import zip_parts
from ctxpipe.pipeline.readers.html.layout import table_lines
from ctxpipe.pipeline.readers.reader import Errors
from ctxpipe.pipeline.readers.titles import markdown_title

_MOST_UNPACKED = 1 << 30
_OLD_OFFICE = b"\xd0\xcf\x11\xe0"
# Escapes would put backslashes into identifiers; with an empty header a table's rows could not be understood.
_MARKDOWN = {"escape_asterisks": False, "escape_underscores": False, "table_infer_header": True}
_SLIDE = re.compile(r"<!-- Slide number: \d+ -->\n?")
_EMBEDDED_IMAGE = re.compile(r"!\[([^\]\n]*)\]\(data:[^)\n]*\)")


class OfficeReader:
    """Reads an office file as Markdown; slides are pages.

    Args:
        ending: The extension.
    """

    def __init__(self, ending: Literal["docx", "pptx", "xlsx"]) -> None:
        self._ending = ending

    def read(self, data: bytes, *, source: str, errors: Errors = "strict") -> Document:
        """Read an office file.

        Raises:
            ReadError: if the extra is missing, or the file is damaged, encrypted, or unpacks to more than 1 GiB.
        """
        ending = self._ending
        _check_package(data, ending, source)
        try:
            require("office", f"reading .{ending} files", *_NEEDED[ending])
        except MissingExtraError as exc:
            raise ReadError(source, str(exc)) from exc
        try:
            with warnings.catch_warnings():
                # openpyxl warns about unknown parts, none of which has text.
                warnings.simplefilter("ignore")
                text = _READERS[ending](data)
        except Exception as exc:  # damage makes the parsers raise anything: KeyError, XML and struct errors
            raise ReadError(source, f"not a .{ending} file, or damaged ({type(exc).__name__})") from exc
        text, starts = _cut_slides(text) if ending == "pptx" else (text, ())
        title = "" if ending == "xlsx" else markdown_title(text)
        return Document(text=text, source=source, kind="markdown", title=title, page_starts=starts)


def _check_package(data: bytes, ending: str, source: str) -> None:
    if data.startswith(_OLD_OFFICE):
        raise ReadError(source, f"protected by a password, or in an old Office format; save a plain .{ending} copy")
    parts = zip_parts(data)
    if not parts:
        raise ReadError(source, f"not a .{ending} file, or damaged")
    unpacked = sum(parts.values())
    if unpacked > _MOST_UNPACKED:
        raise ReadError(source, f"unpacks to {unpacked >> 20:,} MiB, more than the {_MOST_UNPACKED >> 20:,} allowed")


def _docx(data: bytes) -> str:
    from markitdown import StreamInfo
    from markitdown.converters import DocxConverter

    result = DocxConverter().convert(io.BytesIO(data), StreamInfo(extension=".docx"), **_MARKDOWN)
    return _EMBEDDED_IMAGE.sub(r"\1", result.markdown)


def _pptx(data: bytes) -> str:
    from markitdown import StreamInfo
    from markitdown.converters import PptxConverter

    return PptxConverter().convert(io.BytesIO(data), StreamInfo(extension=".pptx"), **_MARKDOWN).markdown


def _xlsx(data: bytes) -> str:
    # markitdown uses a data frame, which turns 3 into 3.0, true into 1.0 and an empty cell into NaN.
    from openpyxl import load_workbook

    book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    sheets: list[tuple[str, list[list[str]]]] = []
    try:
        for sheet in book.worksheets:
            # Some programs store a size that is smaller than the sheet.
            sheet.reset_dimensions()
            sheets.append((sheet.title, list(_rows(sheet.iter_rows(values_only=True)))))
    finally:
        book.close()
    return "\n\n".join("\n".join([f"## {title}", "", *table_lines(rows)]) for title, rows in sheets if rows)


def _rows(rows: Iterator[tuple[object, ...]]) -> Iterator[list[str]]:
    for row in rows:
        cells = [_cell(value) for value in row]
        while cells and not cells[-1]:
            cells.pop()
        if cells:
            yield cells


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        return value.date().isoformat()
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def _cut_slides(text: str) -> tuple[str, tuple[int, ...]]:
    """Turn the comment that begins each slide into an offset."""
    slides = [slide.strip() for slide in _SLIDE.split(text)[1:]]
    starts, offset = [], 0
    for slide in slides:
        starts.append(offset)
        offset += len(slide) + 2
    return "\n\n".join(slides), tuple(starts)


_NEEDED = {"docx": ("markitdown", "mammoth"), "pptx": ("markitdown", "pptx"), "xlsx": ("openpyxl",)}
_READERS: dict[str, Callable[[bytes], str]] = {"docx": _docx, "pptx": _pptx, "xlsx": _xlsx}
