"""Lists of contents in text: lines below a title for them, or items of a list, that are headings further down."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from ctxpipe.compress.text.prose.lines import LinePattern

_TITLES = (
    "contents",
    "in this document",
    "in this page",
    "inhalt",
    "sommaire",
    "table des mati",
    "índice",
    "indice",
    "sumário",
    "inhoud",
    "оглавление",
    "содержание",
    "目录",
    "目錄",
    "目次",
)
_FORMS = tuple(
    dict.fromkeys(form for words in _TITLES for form in (words, words.capitalize(), words.title(), words.upper()))
)
_TITLE = LinePattern(
    re.compile(
        r"^[ \t#=*]*(?:(?:table of )?contents|in this (?:document|page)|inhalt(?:sverzeichnis)?|sommaire"
        r"|table des mati[eè]res|[ií]ndice(?: general)?|sumário|inhoud(?:sopgave)?|оглавление|содержание|目[录錄次])"
        r"[ \t:=*#]*$",
        re.IGNORECASE | re.MULTILINE,
    ),
    rf"[ \t#=*]*+(?i:table of )?(?:{'|'.join(_FORMS)})",
)
_LIST = re.compile(r"(?:^[ \t]*(?:[-*+]|\d{1,3}[.)])[ \t]+\S[^\n]*(?:\n(?:[ \t]*\n)?|\Z)){4,}", re.MULTILINE)
_HEADING = re.compile(r"^#{1,6}[ \t]+(\S[^\n]*)", re.MULTILINE)
_LINE = re.compile(r"(?:(?<![^\S\n])[^\S\n]*+)?\S[^\n]*+")
_LINK = re.compile(r"\[([^\]\n]*)\]\([^)\n]*\)")
_NUMBER = re.compile(
    r"^(?:[-*+•][ \t]+)?(?:(?:chapter|section|part|appendix|kapitel|chapitre)[ \t]+)?"
    r"(?:\(?(?:\d{1,3}|[A-Z])(?:\.\d{1,3})*[.):]?[ \t]+)?",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"[^\w\n]*(?:[^\W\d_]{4,9}[ \t]+)?(\d{1,3}(?:\.\d{1,3})*)[.):]?[ \t]")
_PAGE = re.compile(r"(?:[ \t]*(?:\.[ ]?){2,}|[ \t]{2,})[\divxlc]{0,5}$")
_EDIT = re.compile(r"[ \t]*\[[ ]?edit(?: source)?[ ]?\]$")
"""What a wiki writes behind its headings."""
_FEWEST = 4
"""Entries from which on lines are a list of contents."""
_OTHERS = 6
"""Lines in a row that are no entries, after which a list of contents has ended; entries may be wrapped."""
_SHARE = 0.8
_DEEPEST = 6
"""The level of headings that ends the contents below a title that is no heading."""
_MOST = 50
"""Titles that are looked at."""
_LONGEST = 80
"""Characters of a line below which it may be a title."""
_LONGEST_ENTRY = 400


def contents(text: str, *, marked: bool) -> list[tuple[int, int]]:
    """The lists of contents of a text, in order and disjoint.

    Their lines say only what stands further down, and look like its headings.

    Args:
        text: The text.
        marked: Whether its headings are those of Markdown.
    """
    lists = [*_titled(text, marked=marked), *(_linked(text) if marked else ())]
    disjoint: list[tuple[int, int]] = []
    for start, end in sorted(lists):
        if not disjoint or start >= disjoint[-1][1]:
            disjoint.append((start, end))
    return disjoint


def _titled(text: str, *, marked: bool) -> Iterator[tuple[int, int]]:
    """What stands below a title for it."""
    titles = _titles(text)
    if not titles:
        return
    held = Counter(_words(match.group()) for match in _LINE.finditer(text, titles[0][1]))
    for start, below in titles:
        depth = _depth(text[start:below].strip()) or _DEEPEST
        entries, others, end = dict[tuple[str, str], None](), 0, below
        for match in _LINE.finditer(text, below):
            line = match.group()
            entry = _number(line), _words(line)
            if _begins_text(entry, entries) or (marked and 0 < _depth(line) <= depth):
                break
            number, words = entry
            if words and held[words] > 1:
                entries[entry] = None
                others, end = 0, match.end()
            elif number:
                others = 0
            elif words and (others := others + 1) >= _OTHERS:
                break
        if len(entries) >= _FEWEST:
            yield start, end


def _begins_text(entry: tuple[str, str], entries: dict[tuple[str, str], None]) -> bool:
    """Whether a number and words are those of an entry above; of what has no number, the first entry alone tells."""
    number, words = entry
    return entry in entries if number else bool(words and entries) and words == next(iter(entries))[1]


def _depth(line: str) -> int:
    """The level of a heading of Markdown; 0 for any other line."""
    match = _HEADING.match(line)
    return len(match[0]) - len(match[0].lstrip("#")) if match else 0


def _titles(text: str) -> list[tuple[int, int]]:
    """Lines that are a title for contents; of more than are looked at, those whose words come first."""
    titles: list[tuple[int, int, int]] = []
    for match in _TITLE.finditer(text):
        form = next((index for index, words in enumerate(_FORMS) if words in match[0]), None)
        if form is not None and len(match[0]) < _LONGEST:
            titles.append((form, *match.span()))
    return sorted((start, end) for _, start, end in sorted(titles)[:_MOST])


def _linked(text: str) -> Iterator[tuple[int, int]]:
    """Lists of which most items are headings of Markdown further down."""
    headings = {words: match.start() for match in _HEADING.finditer(text) if (words := _words(match[1]))}
    if len(headings) < _FEWEST:
        return
    for match in _LIST.finditer(text):
        lines = match.group().split("\n")
        if text[max(0, match.start() - 80) : match.start()].rstrip().endswith(":"):
            continue
        items = [words for line in lines if line.strip() and (words := _words(line))]
        entries = [words for words in items if headings.get(words, -1) >= match.end()]
        if len(entries) >= max(_FEWEST, _SHARE * len(items)):
            yield match.start(), match.start() + len(match.group().rstrip())


def _number(line: str) -> str:
    """The number that a line begins with; empty for none."""
    match = _NUMBERED.match(line.replace("\u00a0", " "))
    return match[1] if match else ""


def _words(line: str) -> str:
    """What a line says, without its number, page and markup."""
    if len(line) > _LONGEST_ENTRY:
        return " ".join(line.split()).casefold()
    words = _LINK.sub(r"\1", line.replace("\u00a0", " ")).strip(" \t#*=_").replace("`", "")
    if words.endswith("]"):
        words = _EDIT.sub("", words)
    words = _PAGE.sub("", _NUMBER.sub("", words, count=1))
    return " ".join(words.split()).casefold() if any(map(str.isalpha, words)) else ""
