"""Numbers of lines in the margin, as drafts, bills and transcripts have them: they are no part of the text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from typing import NamedTuple

from ctxpipe.pipeline.readers.pdf.rows import CELL, Page, Row

_LEADING = re.compile(r"^(\d{1,5})(?:  (?=\S)|$)")
_TRAILING = re.compile(r"(?<=\S)  (\d{1,5})$")
FEWEST = 10
"""Numbers one after the other, from which on they count lines."""
_FEW = 3
"""Numbers of a page that go with those of other pages."""
_MOST = 1000
"""Numbers of a page from which on they count no lines; looking for runs takes time with the square of theirs."""
_USUAL = 0.3
"""Share of the runs in a margin that stand beside prose; others may stand beside formulas, and those of code do."""
_STEP = 12.0
"""Width of a margin in points in which numbers begin or end."""
_SHARE = 0.6
"""Numbers for each line of prose beside them."""
_ALIGNED = 1.3
"""How far two numbers may begin or end from each other, in sizes of the font: one may have a digit more."""
_WORD = re.compile(r"(?<!\S)[\"“‘(]?[^\W\d_][\w'’-]*[,.;:!?)\"”’]*(?!\S)")
_WORDS, _LINES, _PROSE = 5, 4, 0.5
"""Words of a line of prose, and number of such lines and their share of the text, which is less in tables and code."""


class _Number(NamedTuple):
    """A number at the edge of a row: the row by index, and where it stands."""

    at: int
    number: int
    edge: float
    trailing: bool


def without_line_numbers(pages: Sequence[Page]) -> None:
    """Take the numbers of lines off the pages.

    They count one line after the other down a page of prose, in one margin or both. What counts in the same margin of
    other pages goes with them, as beside formulas.
    """
    found: list[tuple[Page, list[_Number]]] = []
    for page in pages:
        ends = [at for at, row in enumerate(page.rows) if row.text[0].isdecimal() or row.text[-1].isdecimal()]
        numbers = [number for at in ends if (number := _number(at, page.rows[at]))] if len(ends) >= _FEW else []
        if _FEW <= len(numbers) <= _MOST:
            found += [(page, run) for run in _runs(page.rows, numbers)]
    prose = Counter(_margin(run[-1]) for page, run in found if len(run) >= FEWEST and _beside_prose(page.rows, run))
    runs = Counter(_margin(run[-1]) for _, run in found if len(run) >= FEWEST)
    margins = {margin for margin, count in prose.items() if count >= _USUAL * runs[margin]}
    wide = {(place + more, trailing) for place, trailing in margins for more in (-1, 0, 1)}
    counting: dict[int, set[_Number]] = {}
    for page, run in found if margins else ():
        if _margin(run[-1]) in wide:
            counting.setdefault(id(page), set()).update(run)
    for page in pages:
        if id(page) in counting:
            _take_off(page.rows, counting[id(page)])


def _margin(number: _Number) -> tuple[int, bool]:
    return round(number.edge / _STEP), number.trailing


def _number(at: int, row: Row) -> _Number | None:
    text = row.text
    if text[:1].isdecimal() and (match := _LEADING.match(text)):
        return _Number(at, int(match[1]), row.left, trailing=False)
    if text[-1:].isdecimal() and (match := _TRAILING.search(text)):
        return _Number(at, int(match[1]), row.right, trailing=True)
    return None


def _take_off(rows: list[Row], numbers: Collection[_Number]) -> None:
    """Take numbers off the rows of a page, and rows that are nothing else off the page."""
    emptied: set[int] = set()
    for number in numbers:
        row = rows[number.at]
        if number.trailing:
            row.text = _TRAILING.sub("", row.text)
        elif CELL in row.text:
            row.text = row.text.partition(CELL)[2]
            row.left, row.second = row.second or row.left, row.last if CELL in row.text else 0.0
        else:
            emptied.add(number.at)
    rows[:] = [row for at, row in enumerate(rows) if at not in emptied]


def _runs(rows: Sequence[Row], numbers: Sequence[_Number]) -> list[list[_Number]]:
    """Runs of numbers that go up by one from each to the next below it, in one margin."""
    runs: list[list[_Number]] = []
    for number in sorted(numbers, key=lambda one: -rows[one.at].base):
        row = rows[number.at]
        for run in runs:
            last = run[-1]
            above = rows[last.at]
            aligned = abs(number.edge - last.edge) <= _ALIGNED * row.size and number.trailing == last.trailing
            if number.number == last.number + 1 and aligned and row.base < above.base - 0.5 * row.size:
                run.append(number)
                break
        else:
            runs.append([number])
    return [run for run in runs if len(run) >= _FEW]


def _beside_prose(rows: Sequence[Row], run: Sequence[_Number]) -> bool:
    """Whether most lines beside a run of numbers have one, and many are prose."""
    high, low = rows[run[0].at].base, rows[run[-1].at].base
    size = max(rows[run[0].at].size, 1.0)
    beside = [row for row in rows if low - size <= row.base <= high + size and not row.text.isdecimal()]
    prose = [row for row in beside if _is_prose(row.text)]
    share = sum(len(row.text) for row in prose) / max(1, sum(len(row.text) for row in beside))
    lines = {round(row.base / size) for row in prose}
    return len(lines) >= _LINES and share >= _PROSE and len(run) >= _SHARE * len(lines)


def _is_prose(text: str) -> bool:
    """Whether a line, aside from its number, is one cell and mostly words."""
    bare = _TRAILING.sub("", _LEADING.sub("", text))
    return CELL not in bare and sum(1 for _ in _WORD.finditer(bare)) >= max(_WORDS, 0.7 * len(bare.split()))
