"""EPUB to Markdown: the chapters in reading order."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import unquote

from ctxpipe.compress.types import Document
from ctxpipe.errors import ReadError
from ctxpipe.pipeline.readers.archive import Archive
from ctxpipe.pipeline.readers.builder import DocumentBuilder
from ctxpipe.pipeline.readers.reader import Errors
from ctxpipe.pipeline.readers.text.decode import decode
from ctxpipe.pipeline.readers.titles import one_line
from ctxpipe.pipeline.readers.xml import local, parse

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_PAGES = (".xhtml", ".html", ".htm", ".xml")
_HEADED = re.compile(r"\A(?:\S[^\n]{0,80}\n+){0,2}#{1,6} ")
# In HTML, which chapters are read as, only void elements end like this; the others would stay open.
_SELF_CLOSED = re.compile(
    r"<((?:title|script|style|textarea|iframe|object|a|p|div|span|i|b|em|strong|td|th|li|h[1-6]|section|sup|sub|ul|ol"
    r"|table|svg|blockquote|aside|nav)\b)([^<>]*)/>",
    re.IGNORECASE,
)
# Fonts may be disguised in a book that is free to read.
_FONTS = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")


class EpubReader:
    """Reads an e-book; a chapter without a heading gets its title from the table of contents."""

    def read(self, data: bytes, *, source: str, errors: Errors = "strict") -> Document:
        """Read an e-book.

        Raises:
            ReadError: if the file is damaged, too large or protected against copying.
        """
        from ctxpipe.pipeline.readers.html.html import html_page

        book = _Book(Archive(data, source=source, ending=".epub"), source)
        builder = DocumentBuilder()
        for name in book.chapters():
            markup = decode(book.archive.read(name), source=f"{source}: {name}", errors=errors, declares=True)
            text = html_page(_SELF_CLOSED.sub(r"<\1\2></\1>", markup), addresses=True).text
            title = book.titles.get(name, "")
            if title and text.strip() and not _HEADED.match(text):
                builder.add(f"# {title}")
            builder.add(text)
        return builder.document(source=source, kind="markdown", title=book.title)


class _Book:
    """The package of a book: its chapters, and their titles by the table of contents."""

    def __init__(self, archive: Archive, source: str) -> None:
        self.archive = archive
        self._source = source
        path = self._package_path()
        self._folder = posixpath.dirname(path)
        package = parse(archive.read(path), source=source, ending=".epub")
        self.title = next((one_line(e.text or "") for e in package.iter() if local(e) == "title"), "")
        self._items: dict[str, Element] = {}
        self._by_path: dict[str, Element] = {}
        for item in package.iter():
            if local(item) == "item" and (path := self._path(item.get("href"))):
                self._items[item.get("id") or ""] = item
                self._by_path[path] = item
        self._spine = [e.get("idref") or "" for e in package.iter() if local(e) == "itemref"]
        self.titles = self._titles()
        self._refuse_protected()

    def chapters(self) -> Iterator[str]:
        """Names of the chapters' parts, in reading order, without the table of contents."""
        listed = [self._items[key] for key in dict.fromkeys(self._spine) if key in self._items]
        names = [self._path(item.get("href")) for item in listed if "nav" not in (item.get("properties") or "").split()]
        names = [name for name in names if name in self.archive]
        if not names:
            names = [name for name in self.archive.names() if name.endswith((".xhtml", ".html", ".htm"))]
        return iter(dict.fromkeys(name for name in names if name.lower().endswith(_PAGES)))

    def _package_path(self) -> str:
        if "META-INF/container.xml" in self.archive:
            container = parse(self.archive.read("META-INF/container.xml"), source=self._source, ending=".epub")
            for element in container.iter():
                if local(element) == "rootfile" and (path := element.get("full-path") or "") in self.archive:
                    return path
        package = next((name for name in self.archive.names() if name.endswith(".opf")), "")
        if not package:
            raise self.archive.damaged("it has no package file")
        return package

    def _path(self, href: str | None, folder: str | None = None) -> str:
        folder = self._folder if folder is None else folder
        return posixpath.normpath(posixpath.join(folder, unquote((href or "").partition("#")[0])))

    def _titles(self) -> dict[str, str]:
        """Titles of chapters by part, from the navigation of EPUB 3, else the NCX file of EPUB 2."""
        titles: dict[str, str] = {}
        for path, item in self._by_path.items():
            nav = "nav" in (item.get("properties") or "").split()
            if path not in self.archive or not (nav or item.get("media-type") == "application/x-dtbncx+xml"):
                continue
            try:
                root = parse(self.archive.read(path), source=self._source, ending=".epub")
            except ReadError:  # a book can be read without its table of contents
                continue
            folder = posixpath.dirname(path)
            for href, title in _links(root) if nav else _points(root):
                titles.setdefault(self._path(href, folder), one_line(title))
        return titles

    def _refuse_protected(self) -> None:
        if "META-INF/encryption.xml" not in self.archive:
            return
        root = parse(self.archive.read("META-INF/encryption.xml"), source=self._source, ending=".epub")
        for element in root.iter():
            if local(element) != "EncryptedData":
                continue
            method = next((e.get("Algorithm") for e in element.iter() if local(e) == "EncryptionMethod"), "")
            if method not in _FONTS:
                raise ReadError(self._source, "the e-book is protected against copying (DRM) and cannot be read")


def _links(root: Element) -> Iterator[tuple[str, str]]:
    for element in root.iter():
        if local(element) == "a" and element.get("href"):
            yield element.get("href") or "", "".join(element.itertext())


def _points(root: Element) -> Iterator[tuple[str, str]]:
    for point in root.iter():
        if local(point) != "navPoint":
            continue
        label = next((e for e in point if local(e) == "navLabel"), None)
        content = next((e for e in point if local(e) == "content"), None)
        if label is not None and content is not None:
            yield content.get("src") or "", "".join(label.itertext())
