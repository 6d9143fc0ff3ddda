"""Headings of text without markup that rules, stars or wide gaps set apart."""

from __future__ import annotations

import re
from collections.abc import Iterator

import regex

from ctxpipe.compress.text.prose.heading import Heading, begins_paragraph, is_stopped, matches
from ctxpipe.compress.text.prose.lines import LinePattern

_RULED = LinePattern(
    re.compile(r"^([=*#~_-])\1{2,}[ ]+(?P<title>\w[^\n]{0,90}?)[ ]+\1{3,}[ \t]*$", re.MULTILINE), r"[=*#~_-]{3}"
)
_DEPTHS = {"=": 0, "#": 0, "*": 0, "_": 1, "~": 1, "-": 2}
_LETTER = re.compile(r"message|nachricht|forwarded|weitergeleitet", re.IGNORECASE)
_STARRED = LinePattern(
    regex.compile(
        r"^[ ]{0,8}([=*#~-]{1,2})[ ]+(?P<title>\p{Lu}[\p{Lu}\p{N} ,'’&/()\-]{2,70}?)[ ]+\1[ \t]*$", regex.MULTILINE
    ),
    r" {0,8}[=*#~-]{1,2} +[^\sa-z]",
)
_GAP = re.compile(r"\n(?:[ \t]*+\n){2,}+")
_AFTER_GAP = LinePattern(
    regex.compile(r"(?<=\n[ \t]*\n[ \t]*\n|\A)([\p{Lu}\p{N}][^\n]{1,60})\n[ \t]*\n(?=\S)"), r"[\p{Lu}\p{N}]"
)
_FEWEST_GAPS = 3


def between_rules(text: str, level: int) -> Iterator[Heading]:
    """Titles between two rules in one line, as programs that run tests print them (``==== FAILURES ====``).

    Args:
        text: The text.
        level: Level of those between the heaviest rules.
    """
    for match in _RULED.finditer(text):
        if not _LETTER.search(match["title"]):
            yield Heading(*match.span(), level + _DEPTHS[match[1]], match["title"])


def between_stars(text: str, level: int) -> Iterator[Heading]:
    """Lines of capitals between one or two stars or the like, which are paragraphs."""
    for match in _STARRED.finditer(text):
        if begins_paragraph(text, match.start()):
            yield Heading(*match.span(), level, match["title"])


def after_gaps(text: str, level: int) -> Iterator[Heading]:
    """Short lines alone behind gaps of two lines, where most of the gaps of a text have one behind them."""
    gaps = sum(_is_between(text, *match.span()) for match in _GAP.finditer(text))
    if gaps < _FEWEST_GAPS:
        return
    titles = [h for h in matches(_AFTER_GAP, text, lambda m: (level, m[1])) if not is_stopped(h.title)]
    if len(titles) > gaps / 2:
        yield from titles


def _is_between(text: str, start: int, end: int) -> bool:
    """Whether there are words in the line above a gap, and the line below it begins with one."""
    above = text[text.rfind("\n", 0, start) + 1 : start].rstrip(" \t")
    return bool(above[-1:].strip() and text[end : end + 1].strip())
