"""Headings with a line of signs below them, above and below them, or around them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ctxpipe.compress.text.prose.fences import is_underlined
from ctxpipe.compress.text.prose.heading import Heading, begins_paragraph
from ctxpipe.compress.text.prose.lines import LinePattern, matching
from ctxpipe.compress.text.sentences import trim

_UNDERLINED = re.compile(
    r"^(?:(?P<over>([=*~^\-\"+#`:.'_])\2{2,})[ \t]*\n)?[ \t]*(?=\S)(?P<title>[^\n|]{1,120})\r?\n"
    r"(?P<under>([=*~^\-\"+#`:.'_])\5{2,})[ \t]*$",
    re.MULTILINE,
)
_BOX = 10
"""Signs from which on two rules of one length may be shorter than the title between them."""
_CELLS = re.compile(r"\S[ ]{2,}\S")
_UNDERLINE = re.compile(r"\n([=*~^\-\"+#`:.'_])\1{2,}[ \t]*$", re.MULTILINE)
_BOXED = LinePattern(
    re.compile(
        r"^([*#])[ \t]+(?P<title>\w[^\n]{0,80}?)[ \t]+\1[ \t]*\n\1[ \t]+(?P<under>([=~-])\4{2,})[ \t]+\1[ \t]*$",
        re.MULTILINE,
    ),
    r"[*#][ \t]+\w",
)
"""A title and its underline between the sides of a box."""
# Markdown itself knows two; reStructuredText in files that are called Markdown has titles over as many tildes.
_MARKDOWN_UNDERLINES = {"=": 1, "-": 2, "~": 3}


def underlined(text: str, *, markdown: bool) -> Iterator[Heading]:
    """The underlined headings of a text, of Markdown or of reStructuredText and its like."""
    styles: dict[str, int] = {}
    for match in matching(_UNDERLINED, text, _above_underlines(text)):
        mark, over, title = match["under"][0], match["over"], match["title"].strip()
        if markdown and (over or mark not in _MARKDOWN_UNDERLINES):
            continue
        if markdown and mark == "~" and not is_underlined(title, match["under"]):
            continue
        if over and over[0] != mark:
            over = None
        boxed = over is not None and len(over) == len(match["under"]) >= _BOX
        if not markdown and (
            (len(match["under"]) < len(title) - 2 and not boxed) or not any(c.isalnum() for c in title)
        ):
            continue
        if not over and _heads_columns(text, title, match.end()):
            continue
        start = match.start() if over else match.start("title")
        if not over and not begins_paragraph(text, start):
            continue
        level = _MARKDOWN_UNDERLINES[mark] if markdown else 1 + styles.setdefault(mark + (over or "")[:1], len(styles))
        left, right = trim(text, start, match.end())
        yield Heading(left, right, level, title)
    if not markdown:
        yield from _boxed(text, styles)


def _heads_columns(text: str, title: str, end: int) -> bool:
    """Whether what is underlined are the titles of columns: wide gaps part them, and the cells of the row below."""
    if len(_CELLS.findall(title)) < 2:
        return False
    stop = text.find("\n", end + 1)
    return _CELLS.search(text, end + 1, stop if stop >= 0 else len(text)) is not None


def _above_underlines(text: str) -> Iterator[int]:
    """Where the two lines above each underline begin: a title, and what may be a line over it."""
    for match in _UNDERLINE.finditer(text):
        title = text.rfind("\n", 0, match.start()) + 1
        yield text.rfind("\n", 0, max(0, title - 1)) + 1
        yield title


def _boxed(text: str, styles: dict[str, int]) -> Iterator[Heading]:
    """Titles in boxes, of the level of those that are underlined by the same sign."""
    for match in _BOXED.finditer(text):
        level = 1 + styles.setdefault(match["under"][0], len(styles))
        yield Heading(*trim(text, *match.span()), level, match["title"])
