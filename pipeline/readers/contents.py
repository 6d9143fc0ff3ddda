"""Tables of contents of e-books: their entries, and the headings that chapters get from them."""

from __future__ import annotations

import bisect
import html
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ctxpipe.pipeline.readers.titles import one_line
from ctxpipe.pipeline.readers.xml import local

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_HEADED = re.compile(r"\A(?:\S[^\n]{0,80}\n+){0,2}#{1,6} ")
_HEADING = re.compile(r"(#{1,6}) (.*)")
_FENCE = re.compile(r"`{3,}")
_ANCHOR = re.compile(r"<\w[^<>]*?\s(?:id|name)\s*=\s*([\"'])([^\"'<>]+)\1[^<>]*>")
_OPENED = re.compile(r"<(?:a|p|div|section|article|span)\b[^<>]*>\s*\Z", re.IGNORECASE)
_HEADING_TAG = re.compile(r"<(/?)h[1-6]\b", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")
_NEAR, _NEAR_WORDS = 600, 80
"""Characters of markup and of words between an anchor and the heading that it is of."""
_DEEPEST = 6


class ContentsEntry(NamedTuple):
    """A title, its level from 1, and the anchor that it leads to, which is empty for a whole part."""

    title: str
    level: int
    anchor: str


def links(root: Element) -> Iterator[tuple[str, ContentsEntry]]:
    """Addresses and entries of the navigation of EPUB 3; an entry without an address leads where its first one does."""
    lists = [
        e for e in root.iter() if local(e) == "nav" and any(k.endswith("type") and v == "toc" for k, v in e.items())
    ]
    waiting: list[ContentsEntry] = []
    for element, level in _walk(lists[0] if lists else root, "li"):
        title = one_line("".join(element.itertext()))
        if local(element) == "span" and level and title:
            waiting.append(ContentsEntry(title, level, ""))
        elif local(element) == "a" and (href := element.get("href")):
            anchor = href.partition("#")[2]
            yield from ((href, entry._replace(anchor=anchor)) for entry in waiting if entry.level < level)
            waiting = []
            yield href, ContentsEntry(title, max(level, 1), anchor)


def points(root: Element) -> Iterator[tuple[str, ContentsEntry]]:
    """Addresses and entries of an NCX file of EPUB 2."""
    for point, level in _walk(root, "navPoint"):
        if local(point) != "navPoint":
            continue
        label = next((e for e in point if local(e) == "navLabel"), None)
        content = next((e for e in point if local(e) == "content"), None)
        if label is not None and content is not None:
            href = content.get("src") or ""
            yield href, ContentsEntry(one_line("".join(label.itertext())), level, href.partition("#")[2])


def _walk(root: Element, name: str) -> Iterator[tuple[Element, int]]:
    """Elements in their order, each with how many of a name it stands in, itself counted."""
    pending = [(root, 0)]
    while pending:
        element, level = pending.pop()
        level += local(element) == name
        yield element, level
        pending.extend((child, level) for child in reversed(element))


def with_headings(markup: str, entries: Iterable[ContentsEntry]) -> str:
    """The markup of a part, with a heading before each place that an entry leads to and that has none."""
    places: dict[str, tuple[int, int]] = {}
    for tag in _ANCHOR.finditer(markup):
        places.setdefault(tag[2], tag.span())
    named_here = [(*places[e.anchor], e) for e in entries if e.title and e.anchor in places]
    starts = sorted({start for start, _, _ in named_here})
    missing: list[tuple[int, ContentsEntry]] = []
    for start, end, entry in named_here:
        following = bisect.bisect_right(starts, start)
        until = starts[following] if following < len(starts) else len(markup)
        if not _is_headed(markup, start, end, until):
            missing.append((_before(markup, start), entry))
    pieces, done = [], 0
    for at, entry in sorted(missing, key=lambda place: place[0]):
        level = min(entry.level, _DEEPEST)
        pieces += [markup[done:at], f"<h{level}>{html.escape(entry.title)}</h{level}>"]
        done = at
    return "".join([*pieces, markup[done:]])


def _is_headed(markup: str, start: int, end: int, until: int) -> bool:
    """Whether an anchor stands in a heading, or right before one that comes before the next anchor."""
    if re.match(r"<h[1-6]\b", markup[start:end], re.IGNORECASE):
        return True
    before = list(_HEADING_TAG.finditer(markup, max(0, start - _NEAR), start))
    if before and not before[-1][1]:
        return True
    following = _HEADING_TAG.search(markup, end, min(until, end + _NEAR))
    return following is not None and len(_TAG.sub("", markup[end : following.start()]).strip()) <= _NEAR_WORDS


def _before(markup: str, at: int) -> int:
    """Where the elements begin that begin with an anchor."""
    for _ in range(_DEEPEST):
        if not (opened := _OPENED.search(markup, max(0, at - _NEAR), at)):
            break
        at = opened.start()
    return at


def named(text: str, entries: Sequence[ContentsEntry]) -> str:
    """The text of a part under its titles by the table of contents, and its headings as deep as those say."""
    lead = _leading(entries)
    if not lead or not text.strip():
        return text
    found = [(len(heading[1]), one_line(heading[2])) for _, heading in _headings(text)]
    shown = {title for _, title in found}
    own, headed = lead[-1], bool(_HEADED.match(text))
    if headed and found:
        level, title = found[0]
        text = _deeper(text, next((e for e in lead if e.title == title), own).level - level)
    elif own.title not in shown:
        text = _deeper(text, own.level + 1 - min((level for level, _ in found), default=_DEEPEST + 1))
    above = [entry for entry in lead if entry.title not in shown and not (headed and entry is own)]
    return "\n\n".join([*(f"{'#' * min(entry.level, _DEEPEST)} {entry.title}" for entry in above), text])


def _leading(entries: Sequence[ContentsEntry]) -> list[ContentsEntry]:
    """The entries that lead to the beginning of a part, each below the one before: a part of the book, its chapter."""
    lead: list[ContentsEntry] = []
    for entry in entries:
        if lead and (entry.level <= lead[-1].level or entry.anchor != lead[0].anchor):
            break
        lead.append(entry)
    return [entry for entry in lead if entry.title]


def _headings(text: str) -> Iterator[tuple[int, re.Match[str]]]:
    """Numbers of the lines of a text in Markdown that are headings, outside its code."""
    fence = ""
    for number, line in enumerate(text.split("\n")):
        if mark := _FENCE.match(line):
            fence = ("" if line == fence else fence) if fence else mark[0]
        elif not fence and (heading := _HEADING.fullmatch(line)):
            yield number, heading


def _deeper(text: str, levels: int) -> str:
    """A text in Markdown whose headings stand so many levels lower, if any."""
    if levels <= 0:
        return text
    lines = text.split("\n")
    for number, heading in _headings(text):
        lines[number] = f"{'#' * min(len(heading[1]) + levels, _DEEPEST)} {heading[2]}"
    return "\n".join(lines)
