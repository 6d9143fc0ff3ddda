"""Made pages of several columns, whose lines have a known order.

Each layout is filled with words many times, and each time written column by column, line by line over all columns, and
in no order at all.
"""

from __future__ import annotations

import bisect
import itertools
import random
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from boxes import plain

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from pdf_support import Text, place_pdf

TOP, BOTTOM, LEFT, RIGHT = 730.0, 60.0, 54.0, 558.0
PITCH = 1.2
WIDTH = 0.5
"""Width of a usual letter of Helvetica, in sizes of the font."""
SEEDS = 20
FEWEST = 12
"""Letters of a line that can be told from any other."""
SYLLABLES = ("ba", "ko", "ri", "mu", "te", "lan", "dor", "vis", "pel", "qua", "no", "shi", "gra", "fe", "zu", "mon")


class Made(NamedTuple):
    """A page and what must stand in order in its text: each chain's lines, from first to last."""

    data: bytes
    chains: list[list[Text]]


class Writer:
    """Places lines of words that occur once, with a full stop after some."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._used: set[str] = set()

    def line(self, width: float, size: float = 10, *, last: bool = False) -> str:
        """A line of words that fills a width in points; the last of a paragraph fills a part of it."""
        most = int(width / (WIDTH * size))
        count = self._random.randint(most // 3, most * 3 // 4) if last else most
        words: list[str] = []
        while sum(map(len, words)) + len(words) < count - 4:
            word = self._word()
            if sum(map(len, words)) + len(words) + len(word) > count:
                break
            words.append(word)
        return " ".join(words) + ("." if last else "")

    def _word(self) -> str:
        while True:
            word = "".join(self._random.choices(SYLLABLES, k=self._random.randint(1, 4)))
            if len(word) < 6 or word not in self._used:
                self._used.add(word)
                return word

    def block(self, x: float, y: float, width: float, rows: int, size: float = 10) -> list[Text]:
        """Paragraphs of lines from a place downwards; the first line begins with a capital."""
        found, begins = [], True
        for row in range(rows):
            last = row == rows - 1 or self._random.random() < 0.15
            words = self.line(width, size, last=last)
            found.append(Text(x, y - PITCH * size * row, words.capitalize() if begins else words, size))
            begins = last
        return found

    def shuffled(self, texts: Sequence[Text]) -> list[Text]:
        """The same in no order."""
        return self._random.sample(texts, len(texts))


Plan = tuple[list[list[Text]], list[list[Text]]]
"""The chains that must be in order, and what else stands on the page."""


def columns(writer: Writer, count: int, rows: int, top: float = TOP, gutter: float = 24) -> list[list[Text]]:
    """Columns of equal width."""
    width = (RIGHT - LEFT - gutter * (count - 1)) / count
    return [writer.block(LEFT + at * (width + gutter), top, width, rows) for at in range(count)]


def flat(groups: Sequence[list[Text]]) -> list[Text]:
    """The texts of all groups."""
    return [text for group in groups for text in group]


def two(writer: Writer) -> Plan:
    return [flat(columns(writer, 2, 50))], []


def three(writer: Writer) -> Plan:
    return [flat(columns(writer, 3, 50, gutter=16))], []


def narrow_gutter(writer: Writer) -> Plan:
    return [flat(columns(writer, 2, 50, gutter=11))], []


def short_second(writer: Writer) -> Plan:
    a, b = columns(writer, 2, 50)
    return [[*a, *b[:14]]], []


def abstract_across(writer: Writer) -> Plan:
    title = Text(150, TOP, writer.line(300, 17).title(), 17)
    abstract = writer.block(LEFT + 40, TOP - 50, RIGHT - LEFT - 80, 8, 9)
    return [[title, *abstract, *flat(columns(writer, 2, 38, TOP - 170))]], []


def heading_between(writer: Writer) -> Plan:
    first, second = columns(writer, 2, 20), columns(writer, 2, 22, TOP - 310)
    heading = Text(LEFT, TOP - 275, writer.line(420, 14).title(), 14, bold=True)
    return [[*flat(first), heading, *flat(second)]], []


def short_heading_between(writer: Writer) -> Plan:
    first, second = columns(writer, 2, 20), columns(writer, 2, 22, TOP - 310)
    heading = Text(230, TOP - 275, writer.line(150, 14).title(), 14, bold=True)
    return [[*flat(first), heading, *flat(second)]], []


def headings_in_columns(writer: Writer) -> Plan:
    found = []
    for column in columns(writer, 2, 50):
        at = 18 if not found else 31
        row = column[at]
        found += [*column[: at - 1], Text(row.x, row.y, writer.line(120, 11).title(), 11, bold=True), *column[at + 2 :]]
    return [found], []


def unequal(writer: Writer) -> Plan:
    return [writer.block(LEFT, TOP, 150, 40) + writer.block(LEFT + 175, TOP, 329, 50)], []


def other_baselines(writer: Writer) -> Plan:
    a, b = columns(writer, 2, 48)
    return [[*a, *(text._replace(y=text.y - 5.3) for text in b)]], []


def notes_below(writer: Writer) -> Plan:
    a, b = columns(writer, 2, 44)
    notes = [writer.block(column[0].x, TOP - 560, 240, 4, 8) for column in (a, b)]
    return [[*a, *b], flat(notes), [a[0], notes[0][0]], [b[0], notes[1][0]]], []


def note_across(writer: Writer) -> Plan:
    body = flat(columns(writer, 2, 46))
    notes = writer.block(LEFT, TOP - 580, RIGHT - LEFT, 3, 8)
    return [[*body, *notes]], []


def figure(writer: Writer) -> Plan:
    a, b = columns(writer, 2, 50)
    caption = writer.block(b[0].x, TOP - 190, 240, 2, 9)
    caption[0] = caption[0]._replace(words=f"Figure 3: {caption[0].words[:30]}")
    labels = [Text(b[0].x + 20 + 50 * (at % 4), TOP - 30 * (at // 4) - 3, f"L{at}", 7) for at in range(20)]
    return [[*a, *b[20:]], caption], [labels]


def figure_across(writer: Writer) -> Plan:
    body = columns(writer, 2, 34, TOP - 220)
    caption = writer.block(LEFT, TOP - 175, RIGHT - LEFT, 2, 9)
    caption[0] = caption[0]._replace(words=f"Figure 3: {caption[0].words[:80]}")
    labels = [Text(LEFT + 60 * (at % 8), TOP - 40 * (at // 8) - 3, f"L{at}", 7) for at in range(32)]
    return [flat(body), [caption[0], body[0][0]]], [labels]


def table_across(writer: Writer) -> Plan:
    first, second = columns(writer, 2, 18), columns(writer, 2, 22, TOP - 370)
    cells = [
        [
            Text(LEFT + 100 * column, TOP - 240 - 13 * row, f"{writer.line(60).split()[0]} {row}{column}", 9)
            for column in range(5)
        ]
        for row in range(8)
    ]
    return [[*flat(first), *flat(second)], [first[0][0], cells[0][0], second[0][0]], flat(cells)], []


LAYOUT_PLANS: tuple[Callable[[Writer], Plan], ...] = (
    two, three, narrow_gutter, short_second, abstract_across, heading_between, short_heading_between,
    headings_in_columns, unequal, other_baselines, notes_below, note_across, figure, figure_across, table_across,
)  # fmt: skip


def pages(plan: Callable[[Writer], Plan]) -> list[Made]:
    """A layout as files that are written in three orders."""
    found = []
    for seed in range(SEEDS):
        writer = Writer(seed)
        chains, others = plan(writer)
        texts = list(dict.fromkeys(text for group in (*chains, *others) for text in group))
        for written in (texts, sorted(texts, key=lambda text: (-text.y, text.x)), writer.shuffled(texts)):
            found.append(Made(place_pdf(written), chains))
    return found


LAYOUTS = {plan.__name__: plan for plan in LAYOUT_PLANS}


def out_of_order(page: Made, text: str) -> int:
    """Neighbours of a chain that do not follow each other in a text, or are not in it."""
    letters = plain(text)
    keys = {line: plain(line.words) for chain in page.chains for line in chain}
    places = {line: letters.find(key) for line, key in keys.items() if len(key) >= FEWEST}
    taken = sorted(places.values())
    wrong = 0
    for chain in page.chains:
        for a, b in itertools.pairwise(line for line in chain if line in places):
            between = bisect.bisect_left(taken, places[b]) - bisect.bisect_right(taken, places[a])
            one_below = a.x == b.x and 0 < a.y - b.y < 1.5 * PITCH * a.size
            wrong += places[a] < 0 or places[b] < places[a] or (one_below and between > 0)
    return wrong
