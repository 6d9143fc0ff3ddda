"""Running heads and feet and page numbers, found by their place and by what repeats."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from ctxpipe.pipeline.readers.pdf.rows import CELL, Page, Row

_DEPTH = 5
"""Pieces of text from the edge of a page inwards that are looked at."""
_BAND = 0.2
"""Share of the page's height, at the top and at the bottom, where they stand."""
_NEAR = 4
"""Pages between two occurrences of a running head, and before and behind one that are looked at."""
_SHARE = 0.6
"""Share of the rows in one place that must repeat for them to be furniture."""
_LARGEST = 1.12
"""Size of a running head, in sizes of the body; what is larger is a title."""
_PART = 5
"""Characters of a part of a running head that repeats alone."""
_DIGITS = re.compile(r"\d+")
_ROMAN = re.compile(r"(?=[ivxlc])(?:x[cl]|l?x{0,3})(?:i[xv]|v?i{0,3})")
_PAGE = r"(?:[A-Z]{1,3}[-.–])?(?:\d{1,2}[-–.])?(\d{1,5}|[ivxlc]{1,7})"
_NUMBERS = (
    re.compile(rf"\W*(?:page\s+|seite\s+|p\.\s*)?{_PAGE}(?:\s*(?:of|/)\s*\d+)?(?:\W*$|\s{{2}}|\s*[|•])", re.IGNORECASE),
    re.compile(rf"(?:\s{{2}}|[|•]\s*|\bpage\s|[-–]\s){_PAGE}(?:\s*(?:of|/)\s*\d+)?\W*$", re.IGNORECASE),
)
"""A page number, perhaps with that of its chapter: alone, or at the beginning or end of a line and apart."""
_LOOSE = re.compile(rf"^{_PAGE}\s|\s{_PAGE}$")
"""A number at the beginning or end of a line, which may be no page number."""
_ELLIPSIS = re.compile(r"\s*(?:…|(?<!\.)\.{3}(?!\.))\s*")
"""What stands for the rest of a long title, of which as much is shown as there is room."""


class _EdgeRow(NamedTuple):
    """A row near the edge of a page: page and row by index."""

    page: int
    at: int
    row: Row


def without_furniture(pages: Sequence[Page]) -> None:
    """Take running heads, feet and page numbers off the pages.

    They stand in the same place on several pages, keep their distance from the text, and have the same words up to
    numbers, or a number that goes up with the pages. Where this would leave most pages empty nothing is taken off.
    """
    body, pitch = _usual(pages)
    taken: list[set[int]] = [set() for _ in pages]
    for top in (True, False):
        stacks = [_stack(number, page, body, top=top) for number, page in enumerate(pages)]
        for number, furniture in enumerate(_furniture(pages, stacks, top=top)):
            taken[number] |= _standing_off(stacks[number], furniture, pitch)
    emptied = sum(0 < len(page.rows) == len(drop) for page, drop in zip(pages, taken, strict=True))
    if emptied * 2 > sum(bool(page.rows) for page in pages):
        return
    for page, drop in zip(pages, taken, strict=True):
        if drop:
            page.rows[:] = [row for index, row in enumerate(page.rows) if index not in drop]


def _usual(pages: Sequence[Page]) -> tuple[float, float]:
    """Size of most characters and distance of most lines, from a sample of the pages."""
    sizes: Counter[float] = Counter()
    gaps: Counter[float] = Counter()
    for page in pages[:: max(1, len(pages) // 20)]:
        for row in page.rows:
            sizes[round(2 * row.size) / 2] += len(row.text)
        for above, below in pairwise(page.rows):
            if 0 < above.base - below.base < 4 * above.size:
                gaps[round(2 * (above.base - below.base)) / 2] += 1
    body = sizes.most_common(1)[0][0] if sizes else 10.0
    return body, gaps.most_common(1)[0][0] if gaps else 1.2 * body


def _stack(number: int, page: Page, body: float, *, top: bool) -> list[_EdgeRow]:
    """The rows nearest to an edge, from the edge inwards."""
    low, high = page.box[1], page.box[3]
    band = _BAND * (high - low)
    near = [
        _EdgeRow(number, index, row)
        for index, row in enumerate(page.rows)
        if (row.base > high - band if top else row.base < low + band)
    ]
    near.sort(key=lambda piece: -piece.row.base if top else piece.row.base)
    large = next((at for at, piece in enumerate(near) if piece.row.size > _LARGEST * body), len(near))
    return near[: min(large, _DEPTH)] + near[min(large, _DEPTH) :][:2]


def _furniture(pages: Sequence[Page], stacks: Sequence[Sequence[_EdgeRow]], *, top: bool) -> list[dict[int, bool]]:
    """For each page, the furniture at one edge by index, and whether it counts the pages."""
    furniture: list[dict[int, bool]] = [{} for _ in pages]
    going = {number for number, stack in enumerate(stacks) if stack}
    for depth in range(_DEPTH):
        places: dict[int, list[_EdgeRow]] = defaultdict(list)
        for number in going:
            if depth < len(stacks[number]):
                piece = stacks[number][depth]
                edge = pages[number].box[3] if top else pages[number].box[1]
                places[round(abs(edge - piece.row.base) / 3)].append(piece)
        going = set()
        for place in sorted(places):
            group = sorted([*places[place], *(places.get(place + 1) or ())], key=lambda piece: piece.page)
            for piece, counts in _repeated(group, stacks, furniture):
                furniture[piece.page].setdefault(piece.at, counts)
                going.add(piece.page)
        if not going:
            break
    return furniture


def _repeated(
    group: Sequence[_EdgeRow], stacks: Sequence[Sequence[_EdgeRow]], furniture: Sequence[dict[int, bool]]
) -> list[tuple[_EdgeRow, bool]]:
    """The pieces of one place that are furniture, and whether each counts the pages.

    A stretch of pages has furniture in this place when most of what stands there repeats or counts; single words that
    come again, such as a heading that is used often, are none. What stands on one line with furniture is furniture.
    """
    keys = [_keys(piece.row.text) for piece in group]
    last: dict[str, int] = {}
    sure = _counts(group)
    counts = list(sure)
    for at, (piece, words) in enumerate(zip(group, keys, strict=True)):
        for key in words:
            before = last.get(key)
            if before is not None and piece.page - group[before].page <= _NEAR:
                sure[at] = sure[before] = True
            last[key] = at
    chosen = []
    first = end = 0
    for at, piece in enumerate(group):
        while group[first].page < piece.page - _NEAR:
            first += 1
        while end < len(group) and group[end].page <= piece.page + _NEAR:
            end += 1
        usual = end - first > 1 and sum(sure[first:end]) >= _SHARE * (end - first)
        if usual or counts[at] or _beside(piece, stacks[piece.page], furniture[piece.page]):
            chosen.append((piece, counts[at]))
    return chosen


def _beside(piece: _EdgeRow, stack: Sequence[_EdgeRow], furniture: dict[int, bool]) -> bool:
    """Whether a piece stands on one line with furniture."""
    return any(
        abs(other.row.base - piece.row.base) < 0.3 * piece.row.size
        for other in stack
        if other.at in furniture and other.at != piece.at
    )


def _standing_off(stack: Sequence[_EdgeRow], furniture: dict[int, bool], pitch: float) -> set[int]:
    """What of the furniture at one edge remains furniture: all when it keeps its distance, else what counts pages."""
    inner = next((at for at, piece in enumerate(stack) if piece.at not in furniture), len(stack))
    gaps = [abs(b.row.base - a.row.base) for a, b in pairwise(stack[: inner + 1])]
    if not gaps:
        return set(furniture)
    least = max(1.2 * pitch, 1.3 * stack[0].row.size)
    if inner == len(stack) or gaps[-1] <= least:  # what repeats reaches into the text
        widest = max(range(len(gaps)), key=gaps.__getitem__)
        inner = widest + 1 if gaps[widest] > least else 0
    outer = {piece.at for piece in stack[:inner]}
    return {at for at, counts in furniture.items() if counts or at in outer}


def _keys(text: str) -> list[str]:
    """The words of a row, and those of each of its parts, with numbers made equal."""
    parts = [part for part in _ELLIPSIS.sub(CELL, text).strip().split(CELL) if len(part) >= _PART]
    return [_evened(part) for part in {text, *parts}]


def _evened(text: str) -> str:
    words = _DIGITS.sub("#", text.lower()).split()
    for at in (0, -1):
        if words and _ROMAN.fullmatch(words[at]):
            words[at] = "#"
    return " ".join(words)


def _counts(group: Sequence[_EdgeRow]) -> list[bool]:
    """For each piece, whether it is or ends in a number that goes up by one with each page, or has it apart.

    Beside such a piece, a number that fits need not stand apart: a long title leaves it no room.
    """
    shifts = [{value - piece.page for value in _values(piece.row.text)} for piece in group]
    counts = [False] * len(group)
    for at, (a, b) in enumerate(pairwise(shifts)):
        if a & b and group[at + 1].page - group[at].page <= _NEAR:
            counts[at] = counts[at + 1] = True
    sure = {at: shifts[at] for at, counted in enumerate(counts) if counted}
    for at, piece in enumerate(group) if sure else ():
        if not counts[at] and (match := _LOOSE.search(piece.row.text)):
            shift = _value(match[1] or match[2]) - piece.page
            near = range(max(0, at - _NEAR), min(len(group), at + _NEAR + 1))
            counts[at] = any(shift in sure.get(other, ()) for other in near)
    return counts


def _values(text: str) -> list[int]:
    first, last = _NUMBERS[0].match(text), _NUMBERS[1].search(text)
    return [_value(word) for word in {match[1] for match in (first, last) if match}]


def _value(word: str) -> int:
    return int(word) if word.isdigit() else _roman(word.lower())


def _roman(word: str) -> int:
    digits = [{"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}[letter] for letter in word]
    return sum(-a if a < b else a for a, b in zip(digits, [*digits[1:], 0], strict=True))
