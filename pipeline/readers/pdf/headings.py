"""Headings: the bookmarks of a file, else rows that are larger or bolder than the body."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import regex

from ctxpipe.pipeline.readers.pdf.flow import Measure
from ctxpipe.pipeline.readers.pdf.rows import Row

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument

_NUMBER = re.compile(
    r"^(?:chapter|section|part|appendix|annex|kapitel|chapitre)?\s*(?:\d+|[A-Z]|[ivxlcIVXLC]+)(?:[.-]\w{1,3})*[.:)]?\s+",
    re.I,
)
_FIRST_WORD = regex.compile(r"[\p{L}\p{N}]+")
_STOPPED = re.compile(r"[.,;:!?]$")
_WORDS = regex.compile(r"\p{L}{2}")
_MOST_BOOKMARKS = 50_000
_LONGEST = 120
_MOST_ROWS = 4
"""Rows of one heading."""
_LARGER = 1.1
"""Size of a heading, in sizes of the body."""
_MOST_SHARE = 0.2
"""Share of rows from which on what is large or bold is no heading."""
_MOST_OF_SHORT = 0.5
"""The same where text follows them."""
_FOLLOWED = 0.9
"""Share of such headings that text follows, or a smaller heading."""
_DEEPEST = 6


class Bookmark(NamedTuple):
    """An entry of a file's outline: page from 0, level from 1, words."""

    page: int
    level: int
    title: str


def bookmarks(document: PdfDocument) -> list[Bookmark]:
    """The outline of a file, without what points nowhere; a circle ends it."""
    # pypdfium2 warns about a circle; where no logging is set up, Python would print that.
    logging.getLogger("pypdfium2").addHandler(logging.NullHandler())
    bookmarks: list[Bookmark] = []
    for mark in document.get_toc():
        if len(bookmarks) >= _MOST_BOOKMARKS:
            break
        try:
            title, target = mark.get_title(), mark.get_dest()
        except UnicodeDecodeError:
            continue
        page = target.get_index() if target is not None else None
        if page is not None and title.strip():
            bookmarks.append(Bookmark(page, mark.level + 1, title))
    return bookmarks


def mark_headings(pages: Sequence[Sequence[Sequence[Row]]], marks: Sequence[Bookmark], measure: Measure) -> None:
    """Give the rows that are headings their level.

    Args:
        pages: For each page its columns.
        marks: The outline.
        measure: What is usual in the document.
    """
    lowered: dict[int, list[list[str]]] = {}
    placed = 0
    for mark in marks:
        if mark.page < len(pages):
            if mark.page not in lowered:
                lowered[mark.page] = [[row.text.lower() for row in rows] for rows in pages[mark.page]]
            placed += _mark(pages[mark.page], lowered[mark.page], mark)
    if placed < 3 or placed * 2 < len(marks):
        for rows in (rows for page in lowered for rows in pages[page]):
            for row in rows:
                row.level = 0
        _mark_by_type(pages, measure)


def _mark(columns: Sequence[Sequence[Row]], lowered: Sequence[Sequence[str]], mark: Bookmark) -> bool:
    """Find a bookmark's words on its page, in the largest type: the same, or the same after a number."""
    title, short = _words(mark.title)
    first = _FIRST_WORD.search(_NUMBER.sub("", mark.title.lower()) or mark.title.lower())
    stopped = mark.title.rstrip().endswith(".")
    best: Sequence[Row] = ()
    for rows, texts in zip(columns, lowered, strict=True):
        for at, text in enumerate(texts):
            if first is None or first[0] not in text or rows[at].level or rows[at].listed:
                continue
            heading = rows[at : at + _spanned(texts, at, title, short)]
            plainly = heading and (not heading[-1].text.endswith(".") or stopped)
            if plainly and (not best or (heading[0].size, heading[0].bold) > (best[0].size, best[0].bold)):
                best = heading
    for part in best:
        part.level = min(mark.level, 9)
    return bool(best)


def _spanned(texts: Sequence[str], at: int, title: str, short: str) -> int:
    """Number of rows from one on that have the words and, before them, at most a number."""
    whole = bare = ""
    for count, text in enumerate(texts[at : at + _MOST_ROWS], start=1):
        plain, unnumbered = _words(text)
        whole, bare = whole + plain, bare + (unnumbered if count == 1 else plain)
        if whole == title or bare in (title, short):
            return count
        if not title.startswith((whole, bare)) and not short.startswith(bare):
            return 0
    return 0


def _words(text: str) -> tuple[str, str]:
    """Letters and digits of a title, with its number and without."""
    return _plain(text), _plain(_NUMBER.sub("", text))


def _plain(text: str) -> str:
    return "".join(filter(str.isalnum, text.lower()))


def _mark_by_type(pages: Sequence[Sequence[Sequence[Row]]], measure: Measure) -> None:
    """Take rows in larger or bolder type for headings; the larger, the higher."""
    body = measure.body
    large: list[Row] = []
    bold: list[Row] = []
    total = 0
    for columns in pages:
        for rows in columns:
            total += len(rows)
            for at, row in enumerate(rows):
                goes_on = bool(at and large and large[-1] is rows[at - 1] and abs(large[-1].size - row.size) < 0.5)
                if not _may_be_heading(row, goes_on=goes_on):
                    continue
                if row.size >= _LARGER * body:
                    large.append(row)
                elif row.bold and row.size > 0.95 * body and _stands_alone(rows, at, measure):
                    bold.append(row)
    for group in (large, bold):
        # Of what is larger than the notes of a slide, its text is no heading; its title, which is larger still, is one.
        while len(group) > max(3, _MOST_SHARE * total) and not _has_bodies(pages, group, total):
            smallest = min(round(2 * row.size) for row in group)
            group[:] = [row for row in group if round(2 * row.size) > smallest]
    sizes = Counter(round(2 * row.size) for row in large)
    levels = {size: min(level, _DEEPEST) for level, size in enumerate(sorted(sizes, reverse=True), start=1)}
    for row in large:
        row.level = levels[round(2 * row.size)]
    for row in bold:
        row.level = min(len(levels), _DEEPEST) + 1


def _has_bodies(pages: Sequence[Sequence[Sequence[Row]]], group: Sequence[Row], total: int) -> bool:
    """Whether many headings are headings of short sections: text follows nearly each, or a smaller one does."""
    marked = {id(row) for row in group}
    followed = 0
    for rows in (rows for columns in pages for rows in columns):
        for at, row in enumerate(rows):
            below = rows[at + 1] if at + 1 < len(rows) else None
            if id(row) in marked and (below is None or id(below) not in marked or abs(below.size - row.size) > 0.5):
                followed += below is not None
    return len(group) <= _MOST_OF_SHORT * total and followed >= _FOLLOWED * len(group)


def _may_be_heading(row: Row, *, goes_on: bool) -> bool:
    text = row.text
    if len(text) > _LONGEST or not row.upright or row.listed or not _WORDS.search(text):
        return False
    if text[0].islower() and not goes_on:
        return False
    return not _STOPPED.search(text) or text.endswith(("?", "!"))


def _stands_alone(rows: Sequence[Row], at: int, measure: Measure) -> bool:
    """Whether a row keeps its distance from the one above, and ends before the edge or keeps it from the one below."""
    row, least = rows[at], 1.25 * measure.pitch_at(rows[at].size)
    if at and rows[at - 1].base - row.base <= least:
        return False
    left, right = row.margin
    return row.right < left + 0.8 * (right - left) or at + 1 == len(rows) or row.base - rows[at + 1].base > least
