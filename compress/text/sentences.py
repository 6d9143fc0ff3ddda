"""Where sentences begin and end, as offsets, for any script."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

import regex

from ctxpipe.compress.text.abbreviations import is_abbreviated

LONGEST = 2000
"""Most characters of a sentence; a longer one is cut at its last clause, word or grapheme before that."""
LONGEST_UNSTOPPED = 400
"""The same for scripts that are written without stops, where a space is the only end there is."""
_LONGEST_GRAPHEME = 32
_LONGEST_ASIDE = 120
"""Characters up to which what stands in brackets is looked for its other end."""
_LONGEST_LEADER = 120

TABLES = r"Table|Tab\.|Tabelle|Tableau|Tabla|Tabella"
"""What captions of tables begin with, before their number."""
_MARKS = r"(?:>[ \t]?)*+"
"""Marks of a quotation, behind which a line has its number or bullet."""
_NUMBER = re.compile(
    rf"\s*{_MARKS}\(?(?:[*_]{{0,2}}(?:{TABLES}|Figure|Fig\.|Listing|Abbildung|Abb\.|Figura)[ ])?"
    r"(?:[A-Z]\.?)?\d{1,3}(?:\.\d{1,3}){0,5}[.)][*_]{0,2}"
)
_BOUNDARY = regex.compile(
    r"""
      \n[ \t\r]*\n\s*                                      # a blank line
    | \r?\n(?=[ \t]*(?:>[ \t]?)*+(?:[-*+•‣◦]\s|\(?\d{1,3}[.)]\s|\|))  # a list item or table row
    | (?<=[|.!?…。！？]|(?<!\t)\t)[ \t]*+\r?\n[ \t]*        # the line ends in a stop
    | (?<=[.!?…؟।॥۔።]["'”’)\]]{0,2}(?:[ ]?\[\^?\d{1,3}\]){0,2})(?![ ]\[\^?\d{1,3}\](?:\s|$))\s+  # the call of a note
      (?=["'“‘(\[¿¡«„]?[\p{Lu}\p{Lt}\p{Lo}\p{N}])
    | (?<=[。！？｡]["”’」』）]{0,2})(?=[^\s"”’」』）])(?!(?<=[」』])(?:と|って|など|という|、|，|は|が|を|に|で|も|の))
    | (?<=…["”’」』）]{0,2})(?=[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}])
    """,
    regex.VERBOSE,
)
_SCRIPT_STOP = re.compile("[…؟।॥۔。！？｡]")
_CANDIDATE = re.compile(r"\t[ \t]*+|[|.!?][\"'”’)\]]{0,2}(?: ?\[\^?\d{1,3}\]){0,2}(?=\s)|\r(?=\n)|\n")
"""Where alone `_BOUNDARY` may match in a text without stops of other scripts; it is slow to try it everywhere."""
_UNSTOPPED = regex.compile(r"(?:[^\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]{0,40}[\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]){20}")
_LINE_NUMBER = re.compile(rf"[ \t]*{_MARKS}(\d{{1,3}})\.[ \t]+(?=\S)")
_NEAR = 1000
"""Characters in which the item before one is."""
_FILLED = re.compile(r"\S")
_CLAUSE = regex.compile(r"[;,:，；、—–]\s*|\s+")
_OPEN_ESCAPE = re.compile(r"(?<!\\)(?:\\\\)*\\(?:u[0-9a-fA-F]{0,3})?$")
_GRAPHEME_INSIDE = regex.compile(r"[\p{M}\p{Emoji_Modifier}\u200d\ufe0e\ufe0f]")


def sentences(text: str, start: int = 0, end: int | None = None, joins: Collection[int] = ()) -> list[tuple[int, int]]:
    """Split ``text[start:end]`` into sentences.

    A blank line, a stop followed by a capital, a CJK stop, a list item and a table row begin a new sentence;
    a single newline in running text does not, so hard-wrapped text stays whole.

    Args:
        text: The text.
        start, end: Range of it.
        joins: Offsets at which text goes on over a blank line, at a page break.

    Returns:
        Offsets ``(start, end)`` in ``text``, ascending and disjoint, without surrounding whitespace. Together they hold
        every non-whitespace character, and none is longer than ``LONGEST``.
    """
    end = len(text) if end is None else end
    spans: list[tuple[int, int]] = []
    begin = start
    for match in _boundaries(text, start, end):
        if match.start() <= begin or match.start() in joins:
            continue
        blank = match.group().count("\n") > 1
        if not blank and is_wrapped_number(text, start, match.start(), match.end()):
            continue  # "The default is" above "90. A value of 0 means no limit."
        if not blank and text[match.start() - 1] == "." and _goes_on(text, match.end()):
            continue  # a line that ends in a stop, and the next one does not begin a sentence
        if not blank and is_abbreviated(text, begin, match.start(), match.end()):
            continue
        if not blank and _is_aside(text, begin, match.start()):
            continue  # a stop between brackets that a sentence opened
        if not blank and text.endswith("]...", begin, match.start()):
            continue  # what may be repeated on a command line
        if "\n" not in match.group() and _is_leader(text, begin, match.start()):
            continue  # dots that lead to a value
        if not blank and _NUMBER.fullmatch(text, begin, match.start()):
            continue  # the number of what follows
        _append(spans, text, begin, match.start())
        begin = match.end()
    _append(spans, text, begin, end)
    return spans


def is_wrapped_number(text: str, start: int, at: int, after: int) -> bool:
    """Whether a line begins with a number and a stop because the sentence of the line above it ends with the number.

    The line above ends in a small letter, and no line near it has the number before.

    Args:
        text: The text.
        start: Where to look back to.
        at, after: Where the line above ends, and where the line begins.
    """
    number = _LINE_NUMBER.match(text, after)
    if number is None or not text[at - 1].islower():
        return False
    value = int(number[1])
    low = max(start, at - _NEAR)
    return value > 1 and re.search(rf"(?:^|\n)[ \t]*{_MARKS}\(?{value - 1}[.)][ \t]", text[low:at]) is None


def _boundaries(text: str, start: int, end: int) -> Iterator[regex.Match[str]]:
    if _SCRIPT_STOP.search(text, start, end):
        yield from _BOUNDARY.finditer(text, start, end)
        return
    at = start
    for candidate in _CANDIDATE.finditer(text, max(0, start - 3), end):
        place = candidate.start() if candidate.group() in "\r\n" else candidate.end()
        if text[candidate.start()] == "\t":
            place = candidate.start() + 1  # of many tabs in a row the first alone is tried
        if place >= at and (match := _BOUNDARY.match(text, place, end)):
            yield match
            at = match.end()


def _is_aside(text: str, begin: int, at: int) -> bool:
    """Whether a place is between brackets that open inside a sentence and close soon, in the same paragraph."""
    return any(_is_between(text, begin, at, opening, closing) for opening, closing in ("()", "[]", "{}"))


def _is_between(text: str, begin: int, at: int, opening: str, closing: str) -> bool:
    opened = text.rfind(opening, max(begin + 1, at - _LONGEST_ASIDE), at)
    if opened < 0 or text.rfind(closing, opened, at) >= 0:
        return False
    closed = text.find(closing, at, at + _LONGEST_ASIDE)
    return closed >= 0 and "\n\n" not in text[at:closed] and text.find(opening, at, closed) < 0


def _is_leader(text: str, begin: int, at: int) -> bool:
    """Whether what ends at a place ends in two or more dots apart from its words."""
    if text[at - 2 : at] not in ("..", " ."):
        return False
    before = text[max(begin, at - _LONGEST_LEADER) : at]
    dots = before[len(before.rstrip(". ")) :]
    return dots[:1] == " " and dots.count(".") > 1


def _goes_on(text: str, at: int) -> bool:
    return text[at : at + 1].islower()


def trim(text: str, start: int, end: int) -> tuple[int, int]:
    """Narrow a range so that it neither begins nor ends with whitespace."""
    if start < end and (text[start].isspace() or text[end - 1].isspace()):
        start = end - len(text[start:end].lstrip())
        end = start + len(text[start:end].rstrip())
    return start, end


def is_blank(text: str, start: int, end: int) -> bool:
    """Whether a range holds nothing but whitespace. It is not copied: between two excerpts may be megabytes."""
    return _FILLED.search(text, start, end) is None


def safe_cut(text: str, at: int, floor: int) -> int:
    """The offset nearest to ``at``, above ``floor``, that cuts no grapheme and no backslash escape.

    One before ``at`` is preferred; none is further behind it than such a thing is long.
    """
    for cut in range(at, floor, -1):
        if _is_safe(text, cut, floor):
            return cut
    return next(
        (cut for cut in range(at + 1, min(at + _LONGEST_GRAPHEME, len(text))) if _is_safe(text, cut, floor)), at
    )


def _is_safe(text: str, cut: int, floor: int) -> bool:
    return not (
        _GRAPHEME_INSIDE.match(text, cut)
        or text[cut - 1] == "\u200d"
        or _OPEN_ESCAPE.search(text, max(floor, cut - 12), cut)
    )


def _append(spans: list[tuple[int, int]], text: str, start: int, end: int) -> None:
    start, end = trim(text, start, end)
    longest = LONGEST_UNSTOPPED if end - start > LONGEST_UNSTOPPED and _UNSTOPPED.match(text, start, end) else LONGEST
    while end - start > longest:
        cut = _last_clause(text, start + longest // 3, start + longest)
        if cut is None:
            cut = safe_cut(text, start + longest, start)
        left, right = trim(text, start, cut)
        if right > left:
            spans.append((left, right))
        start, end = trim(text, cut, end)
    if end > start:
        spans.append((start, end))


def _last_clause(text: str, low: int, high: int) -> int | None:
    last = space = None
    for match in _CLAUSE.finditer(text, low, high):
        if match.group().isspace():
            space = match.end()
        else:
            last = match.end()
    return last if last is not None else space
