"""Comments of workbooks and presentations, by the cell or slide that they are about."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ctxpipe.errors import ReadError
from ctxpipe.pipeline.readers.archive import Archive
from ctxpipe.pipeline.readers.xml import local, parse

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_CELL = re.compile(r"([A-Z]{1,3})(\d{1,7})")
# Excel writes this above a comment that can be answered, for older versions of itself.
_THREADED = re.compile(r"\[Threaded comment\].*?Comment:", re.DOTALL)


def cell_comments(archive: Archive, sheet: str, source: str) -> Iterator[tuple[str, str]]:
    """The comments of a sheet.

    Args:
        archive: The workbook.
        sheet: Name of the sheet's part.
        source: Name of the document.

    Yields:
        The cell, such as ``B3``, and the comment with its author.
    """
    for part in _related(archive, sheet, "comments", source):
        root = _parsed(archive, part, source)
        authors = ["".join(e.itertext()).strip() for e in root.iter() if local(e) == "author"]
        for comment in root.iter():
            if local(comment) != "comment" or not _CELL.fullmatch(comment.get("ref") or ""):
                continue
            number = comment.get("authorId") or ""
            author = authors[int(number)] if number.isdecimal() and int(number) < len(authors) else ""
            words = _THREADED.sub("", "".join(e.text or "" for e in comment.iter() if local(e) == "t"))
            # Excel begins a note with its author's name.
            words = words.strip().removeprefix(f"{author}:")
            if words.strip():
                yield comment.get("ref") or "", _said("" if author.startswith("tc=") else author, words)


def slide_comments(archive: Archive, slide: str, source: str) -> Iterator[str]:
    """The comments of a slide, each with its author.

    Args:
        archive: The presentation.
        slide: Name of the slide's part.
        source: Name of the document.
    """
    parts = list(_related(archive, slide, "comments", source))
    if not parts:
        return
    authors = {
        element.get("id"): element.get("name") or ""
        for name in ("ppt/commentAuthors.xml", "ppt/authors.xml")
        if name in archive
        for element in _parsed(archive, name, source).iter()
        if local(element) in ("cmAuthor", "author")
    }
    for part in parts:
        for comment in _parsed(archive, part, source).iter():
            if local(comment) not in ("cm", "reply"):
                continue
            words = "".join(_own_words(comment))
            if words.strip():
                yield _said(authors.get(comment.get("authorId"), ""), words)


def _own_words(comment: Element) -> Iterator[str]:
    """The words of a comment without those of its replies."""
    for child in comment:
        if local(child) == "text":
            yield "".join(child.itertext())
        elif local(child) == "txBody":
            yield " ".join(element.text or "" for element in child.iter() if local(element) == "t")


def _related(archive: Archive, part: str, kind: str, source: str) -> Iterator[str]:
    """Parts that a part relates to, by the last word of the relation's type."""
    folder, name = posixpath.split(part.lstrip("/"))
    relations = f"{folder}/_rels/{name}.rels"
    if relations not in archive:
        return
    for relation in _parsed(archive, relations, source).iter():
        target = relation.get("Target") or ""
        if (relation.get("Type") or "").lower().endswith(f"/{kind}") and relation.get("TargetMode") != "External":
            place = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
            if place in archive:
                yield place


def _parsed(archive: Archive, name: str, source: str) -> Element:
    from xml.etree.ElementTree import Element

    try:
        return parse(archive.read(name), source=source, ending="comment")
    except ReadError:  # the file can be read without its comments
        return Element("none")


def _said(author: str, words: str) -> str:
    return f"Comment{f' by {author}' if author else ''}: {' '.join(words.split())}"
