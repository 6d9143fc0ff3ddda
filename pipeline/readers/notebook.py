"""Notebooks (``.ipynb``, formats 3 and 4) as Markdown: cells in order, with the text of their outputs."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ctxpipe.compress.types import Document
from ctxpipe.errors import ReadError
from ctxpipe.pipeline.readers.builder import DocumentBuilder, fenced
from ctxpipe.pipeline.readers.reader import Errors
from ctxpipe.pipeline.readers.text.decode import decode_noted
from ctxpipe.pipeline.readers.titles import markdown_title

CELL_LEVEL, OUTPUT_LEVEL = 30, 31
"""Levels of a cell's number and of what it printed, below every heading of Markdown."""
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_EMBEDDED = re.compile(r"!\[([^\[\]\n]*)\]\((?:data|attachment):[^)\n]*\)")
_EMBEDDED_TAG = re.compile(r"<img\b[^<>]*?\bsrc\s*=\s*[\"']?data:[^<>]*>", re.IGNORECASE)
# What stands for an object that shows itself by another type.
_OBJECT = re.compile(r"<IPython\.core\.display\.\w+(?: object)?>")
_OVERWRITTEN = re.compile(r"(?<![^\n\r])[^\n\r]*+\r(?!\n)")
# In format 3, the type of an output's text is its name.
_OLD_TYPES = {"text": "text/plain", "html": "text/html", "latex": "text/latex", "markdown": "text/markdown"}
_OLD_TYPES |= {"json": "application/json", "png": "image/png", "jpeg": "image/jpeg", "svg": "image/svg+xml"}


class NotebookReader:
    """Reads a notebook; each cell is headed by its number, unless it begins with a heading of its own."""

    def read(self, data: bytes, *, source: str, errors: Errors = "strict") -> Document:
        """Read a notebook.

        Raises:
            ReadError: if the file is no JSON, or JSON that is no notebook.
        """
        text, note = decode_noted(data, source=source, errors=errors)
        try:
            book = json.loads(text)
        except (ValueError, RecursionError) as exc:
            raise ReadError(source, f"not a notebook, or damaged ({type(exc).__name__})") from exc
        cells = _cells(book)
        if cells is None:
            raise ReadError(source, "not a notebook: no cells in it")
        language = _language(book)
        builder = DocumentBuilder()
        for number, cell in enumerate(cells, start=1):
            if isinstance(cell, dict):
                _write(cell, number, language, builder)
        document = builder.document(source=source, kind="markdown", notes=(note,) if note else ())
        return dataclasses.replace(document, title=markdown_title(document.text))


def _cells(book: object) -> list[Any] | None:
    if not isinstance(book, dict):
        return None
    if isinstance(book.get("cells"), list):
        return list(book["cells"])
    sheets = book.get("worksheets")
    if not isinstance(sheets, list):
        return None
    return [
        cell
        for sheet in sheets
        if isinstance(sheet, dict) and isinstance(sheet.get("cells"), list)
        for cell in sheet["cells"]
    ]


def _language(book: Mapping[str, Any]) -> str:
    metadata = book.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    for place, key in (("language_info", "name"), ("kernelspec", "language")):
        info = metadata.get(place)
        if isinstance(info, dict) and isinstance(info.get(key), str) and re.fullmatch(r"[\w+#.-]{1,30}", info[key]):
            return str(info[key]).lower()
    return "python"


def _write(cell: Mapping[str, Any], number: int, language: str, builder: DocumentBuilder) -> None:
    kind = cell.get("cell_type")
    text = _joined(cell.get("source", cell.get("input")))
    if kind == "markdown":
        if text.strip() and not re.match(r"\s{0,3}(#|[^\n]+\n(=+|-+)\s*$)", text, re.MULTILINE):
            builder.heading(f"[cell {number}]", CELL_LEVEL)
        builder.add(_without_images(text))
    elif kind == "heading":
        level = cell.get("level")
        builder.add(f"{'#' * (level if isinstance(level, int) and 1 <= level <= 6 else 1)} {' '.join(text.split())}")
    elif kind == "code":
        outputs = [output for output in _outputs(cell) if output.strip()]
        if not text.strip() and not outputs:
            return
        builder.heading(f"[cell {number}]", CELL_LEVEL)
        magic = re.match(r"%%(bash|sh|html|javascript|js|latex|perl|ruby|sql|R)\b", text)
        builder.add(fenced(text, magic[1].lower() if magic else language) if text.strip() else "")
        if outputs:
            builder.heading("Output:", OUTPUT_LEVEL)
            for output in outputs:
                builder.add(output)
    else:
        builder.add(fenced(text) if text.strip() else "")


def _outputs(cell: Mapping[str, Any]) -> Iterator[str]:
    """The outputs of a cell, each as a fence or a line; consecutive pieces of one stream are one."""
    outputs = cell.get("outputs")
    streams: list[str] = []
    for output in outputs if isinstance(outputs, list) else []:
        if not isinstance(output, dict):
            continue
        if output.get("output_type") == "stream":
            streams.append(_joined(output.get("text")))
            continue
        if streams:
            yield _printed("".join(streams))
            streams = []
        yield _error(output) if output.get("output_type") in ("error", "pyerr") else _shown(output)
    if streams:
        yield _printed("".join(streams))


def _error(output: Mapping[str, Any]) -> str:
    trace = output.get("traceback")
    lines = [line for line in trace if isinstance(line, str)] if isinstance(trace, list) else []
    last = f"{output.get('ename', '')}: {output.get('evalue', '')}"
    return _printed("\n".join(lines) or last)


def _shown(output: Mapping[str, Any]) -> str:
    """What a cell displays, by the richest type that is text; an image is named and left out."""
    data = output.get("data")
    if not isinstance(data, dict):
        data = {_OLD_TYPES.get(name, name): value for name, value in output.items()}
    if "text/markdown" in data:
        return _without_images(_joined(data["text/markdown"]))
    if any(name.startswith("image/") for name in data):
        # The text beside an image is mostly the name of its type: ``<Figure size 640x480 with 1 Axes>``.
        said = _joined(data.get("text/plain"))
        shown = "" if said.lstrip().startswith("<") else _printed(said)
        return "\n\n".join(filter(None, (shown, "[image left out]")))
    plain = _joined(data.get("text/plain"))
    if plain and not _OBJECT.fullmatch(plain.strip()):
        return _printed(plain)
    if "text/html" in data:
        from ctxpipe.pipeline.readers.html.html import html_page

        if text := html_page(_joined(data["text/html"])).text:
            return text
    for name in ("text/latex", "application/json"):
        if name in data:
            value = data[name]
            return _printed(_joined(value) if isinstance(value, str | list) else json.dumps(value, ensure_ascii=False))
    return _printed(plain)


def _printed(text: str) -> str:
    """Printed text in a fence, without colours; of a line written over itself, what was last on it."""
    text = _OVERWRITTEN.sub("", _ANSI.sub("", text.replace("\r\n", "\n")))
    return fenced(text, "text") if text.strip() else ""


def _without_images(text: str) -> str:
    text = _EMBEDDED.sub(lambda match: f"[image left out{': ' + match[1] if match[1] else ''}]", text)
    return _EMBEDDED_TAG.sub("[image left out]", text)


def _joined(source: object) -> str:
    if isinstance(source, list):
        return "".join(line for line in source if isinstance(line, str))
    return source if isinstance(source, str) else ""
