"""Puts a document together from blocks, with its headings and pages."""

from __future__ import annotations

import re

from ctxpipe.compress.types import Document, Kind

_BETWEEN = "\n\n"
_ATX = re.compile(r"^(#{1,6}) \S.*$", re.MULTILINE)
_FENCED = re.compile(r"^(`{3,}).*?^\1", re.MULTILINE | re.DOTALL)


class DocumentBuilder:
    """Collects blocks of text, which an empty line separates, and remembers what is a heading or begins a page."""

    def __init__(self) -> None:
        self._blocks: list[str] = []
        self._length = 0
        self._headings: list[tuple[int, int, int]] = []
        self._pages: list[int] = []

    def add(self, text: str) -> None:
        """Add a block, without its surrounding empty lines; a blank one is left out."""
        text = text.strip("\n").rstrip()
        if not text.strip():
            return
        self._blocks.append(text)
        self._length += len(text) + len(_BETWEEN)

    def heading(self, text: str, level: int) -> None:
        """Add a block that is a heading; a lower level stands above a higher one."""
        start = self._length
        self.add(text)
        if self._length > start:
            self._headings.append((start, self._length - len(_BETWEEN), level))

    def add_markdown(self, text: str) -> None:
        """Add a block of Markdown to a document of another kind: its headings are remembered."""
        text = text.strip("\n").rstrip()
        fenced = [match.span() for match in _FENCED.finditer(text)]
        for match in _ATX.finditer(text):
            if not any(start <= match.start() < end for start, end in fenced):
                self._headings.append((self._length + match.start(), self._length + match.end(), len(match[1])))
        self.add(text)

    def page(self) -> None:
        """Begin a page with the next block."""
        self._pages.append(self._length)

    def document(self, *, source: str, kind: Kind, title: str = "", notes: tuple[str, ...] = ()) -> Document:
        """The document of everything added."""
        return Document(
            text=_BETWEEN.join(self._blocks),
            source=source,
            kind=kind,
            title=title,
            page_starts=tuple(self._pages),
            headings=tuple(self._headings),
            notes=notes,
        )


def fenced(text: str, language: str = "") -> str:
    """A text in a Markdown fence longer than any inside it."""
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}{language}\n{text.strip(chr(10))}\n{fence}"
