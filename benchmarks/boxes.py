"""Columns of a PDF's page by the boxes of its characters, and whether a text has them one after the other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pypdfium2 import PdfPage
from pypdfium2 import raw as pdfium

STRIP = 7.0
"""Width in points of what must be free between two columns."""
STEP = 2.0
HEIGHT = 0.3
"""Share of the height of a page's text over which it must be free."""
FEWEST = 10
"""Lines on either side."""
LETTERS = 20
"""Letters of a usual line of a column."""
FULL = 0.6
"""Share of its side's width that a usual line fills."""
_OTHER = re.compile(r"[\W\d_]+")


class Word(NamedTuple):
    """Characters that touch, and their box in points from the lower left of the page."""

    text: str
    left: float
    bottom: float
    right: float
    top: float


def words(page: PdfPage) -> list[Word]:
    """The words of a page by the boxes of their characters."""
    found: list[Word] = []
    text = page.get_textpage()
    try:
        beside = False
        for index in range(text.count_chars()):
            shown = chr(pdfium.FPDFText_GetUnicode(text.raw, index))
            box = text.get_charbox(index)
            if not shown.strip() or box[2] <= box[0] or box[3] <= box[1]:
                beside = False
                continue
            last = found[-1] if found else None
            height = max(box[3] - box[1], 3.0)
            if (
                last
                and beside
                and -0.5 * height < box[0] - last.right < 0.5 * height
                and last.bottom < box[3]
                and box[1] < last.top
            ):
                found[-1] = Word(last.text + shown, last.left, min(last.bottom, box[1]), box[2], max(last.top, box[3]))
            else:
                found.append(Word(shown, *box))
            beside = True
    finally:
        text.close()
    return found


def lines(found: Sequence[Word]) -> list[list[Word]]:
    """Words from top to bottom, those whose boxes overlap by half their height on one line."""
    made: list[list[Word]] = []
    for word in sorted(found, key=lambda word: -(word.top + word.bottom)):
        middle = (word.top + word.bottom) / 2
        line = made[-1] if made else None
        if line and line[0].bottom <= middle <= line[0].top:
            line.append(word)
        else:
            made.append([word])
    return [sorted(line, key=lambda word: word.left) for line in made]


class Gutter(NamedTuple):
    """A strip between two columns: its middle, and the lines on both sides."""

    middle: float
    left: list[str]
    right: list[str]


def gutters(found: Sequence[Word]) -> Iterator[Gutter]:
    """The strips between the columns of a page."""
    if len(found) < 4 * FEWEST:
        return
    low, high = min(word.left for word in found), max(word.right for word in found)
    height = max(word.top for word in found) - min(word.bottom for word in found)
    run: list[Gutter] = []
    at = low + 0.15 * (high - low)
    while at < high - 0.15 * (high - low):
        gutter = _gutter(found, at, height)
        if gutter is not None:
            run.append(gutter)
        elif run:
            yield run[len(run) // 2]
            run = []
        at += STEP
    if run:
        yield run[len(run) // 2]


def _gutter(found: Sequence[Word], middle: float, height: float) -> Gutter | None:
    """The strip around a place, if it is free between two columns of prose."""
    crossing = sorted(
        (
            (word.bottom, word.top)
            for word in found
            if word.left < middle + STRIP / 2 and word.right > middle - STRIP / 2
        ),
    )
    edges = [
        min(word.bottom for word in found) - 1,
        *(edge for pair in crossing for edge in pair),
        max(word.top for word in found) + 1,
    ]
    reached, bands = edges[0], []
    for bottom, top in [*crossing, (edges[-1], edges[-1])]:
        if bottom > reached:
            bands.append((bottom - reached, reached, bottom))
        reached = max(reached, top)
    if not bands or max(bands)[0] < HEIGHT * height:
        return None
    _, bottom, top = max(bands)
    inside = [word for word in found if bottom <= word.bottom and word.top <= top]
    sides = [
        lines([word for word in inside if word.right <= middle]),
        lines([word for word in inside if word.left >= middle]),
    ]
    if not all(_is_prose(side) for side in sides):
        return None
    left, right = ([" ".join(word.text for word in line) for line in side] for side in sides)
    return Gutter(middle, left, right)


def _is_prose(side: Sequence[Sequence[Word]]) -> bool:
    if len(side) < FEWEST:
        return False
    letters = sorted(len(plain("".join(word.text for word in line))) for line in side)
    widths = sorted(line[-1].right - line[0].left for line in side)
    width = max(line[-1].right for line in side) - min(line[0].left for line in side)
    return letters[len(letters) // 2] >= LETTERS and widths[len(widths) // 2] >= FULL * width


def plain(text: str) -> str:
    """The letters of a text."""
    return _OTHER.sub("", text.lower())


def misplaced(gutter: Gutter, text: str) -> tuple[list[str], int]:
    """Lines that stand on the wrong side of the best place between two columns in a text, and lines that were found."""
    letters = plain(text)
    places = sorted(
        (letters.index(key), side, key)
        for side, column in enumerate((gutter.left, gutter.right))
        for key in map(plain, column)
        if len(key) >= LETTERS // 2 and letters.count(key) == 1
    )
    sides = [side for _, side, _ in places]
    at = min(range(len(sides) + 1), key=lambda at: sum(sides[:at]) + sides[at:].count(0))
    return [key for place, (_, side, key) in enumerate(places) if side == (place < at)], len(places)
