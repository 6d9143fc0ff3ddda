"""Blocks between two marks of Markdown, AsciiDoc, POD or Texinfo: the second ends what the first began."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from ctxpipe.compress.text.prose.heading import Heading
from ctxpipe.compress.text.prose.texinfo import BLOCK, OPENING, is_texinfo
from ctxpipe.compress.types import Document

_DETAILS = re.compile(r"^[ \t]{0,3}<details\b[^>\n]{0,200}>|</details>[ \t]*$", re.MULTILINE | re.IGNORECASE)
_SUMMARY = re.compile(r"\s{0,8}<summary\b[^>\n]*>[^\n]{1,160}?</summary>", re.IGNORECASE)
_OVER = re.compile(r"^=(?:over|back)\b[^\n]*", re.MULTILINE)
_DELIMITER = re.compile(r"^(?P<mark>={4,}|\*{4,}|_{4,}|--)[ \t]*$", re.MULTILINE)
_TITLE_LINE = re.compile(r"\.([^\s.][^\n]*)")
_STYLE = re.compile(r"\[((?:NOTE|TIP|IMPORTANT|WARNING|CAUTION)|(?:quote|verse)[ \t]*,[^\]\n]+)\]")
_ATTRIBUTES = re.compile(r"\[(?!source|listing|stem)[^\]\n]*\]\]?")
_MOST_ABOVE = 3
"""Lines of a title and attributes above a block of AsciiDoc."""


class Enclosed(NamedTuple):
    """A block between two marks.

    Attributes:
        start: Where its first mark begins, or what heads it.
        inner: Where the headings begin that end no heading before them.
        close, end: Its last mark.
        title: What it is called, if that is no heading by itself; empty for none.
    """

    start: int
    inner: int
    close: int
    end: int
    title: str = ""


def enclosures(document: Document) -> list[Enclosed]:
    """The blocks of a document of prose that are marked at both ends, by where they begin."""
    text = document.text
    if document.language == "asciidoc":
        found = _delimited(text)
    elif document.kind == "markdown":
        found = _folded(text)
    elif document.kind == "text" and not document.language:
        found = _paired(BLOCK, text, OPENING) if is_texinfo(text) else _paired(_OVER, text, ("=over",))
    else:
        return []
    return sorted(found)


def titled_blocks(text: str, level: int) -> list[Heading]:
    """The blocks of AsciiDoc that have a title, or say what they are (``[WARNING]``), as headings."""
    return [Heading(one.start, one.inner, level, one.title) for one in _delimited(text)]


def _paired(mark: re.Pattern[str], text: str, opening: tuple[str, ...]) -> Iterator[Enclosed]:
    opened: list[re.Match[str]] = []
    for match in mark.finditer(text):
        if match[0].lstrip().lower().startswith(opening):
            opened.append(match)
        elif opened:
            first = opened.pop()
            yield Enclosed(first.start(), first.end(), *match.span())


def _folded(text: str) -> Iterator[Enclosed]:
    for block in _paired(_DETAILS, text, ("<details",)):
        summary = _SUMMARY.match(text, block.inner)
        yield block._replace(inner=summary.end()) if summary else block


def _delimited(text: str) -> Iterator[Enclosed]:
    """Blocks of AsciiDoc with a title or a style above the line that opens them."""
    opened: list[tuple[str, int, int, str]] = []
    for match in _DELIMITER.finditer(text):
        mark = match["mark"]
        place = next((index for index, one in enumerate(opened) if one[0] == mark), -1)
        if place >= 0:
            _, start, inner, title = opened[place]
            del opened[place:]
            if title:
                yield Enclosed(start, inner, *match.span(), title)
        elif (head := _head(text, match.start())) is not None:
            opened.append((mark, head[0], match.end(), head[1]))


def _head(text: str, start: int) -> tuple[int, str] | None:
    """Where the lines above the first mark of a block begin, and its title; None below a line of text."""
    title = style = ""
    begin = start
    for _ in range(_MOST_ABOVE):
        line = text.rfind("\n", 0, max(0, begin - 1)) + 1
        words = text[line:begin].strip()
        if not words or begin == 0:
            break
        if words == "+":
            return start, ""  # a part of the item above
        if (named := _TITLE_LINE.fullmatch(words)) is not None:
            title = named[1]
        elif (styled := _STYLE.fullmatch(words)) is not None:
            style = styled[1]
        elif _ATTRIBUTES.fullmatch(words) is None:
            return None
        begin = line
    return begin, title or style
