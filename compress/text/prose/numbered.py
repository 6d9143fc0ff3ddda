"""Texts with the number of each line in front: listings of code, and transcripts of courts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ctxpipe.compress.text.prose.records import GAP
from ctxpipe.compress.text.shortened import Shortened

_LINE = re.compile(
    r"^(?P<pad>[ ]{0,16})(?P<number>\d{1,6})(?:(?P<mark>\t|→|[ ]?[|│](?:[ ]|(?=\n|\Z))|:[ ]?)|(?P<apart>[ ]{2}|[ ]?$))"
    r"(?P<words>[^\n]*)(?:\n|\Z)",
    re.MULTILINE,
)
_TURN = re.compile(r"[ ]*(?:[QA]\.?[ ]|[A-Z][A-Z .'-]{2,30}:)")
"""Who speaks, in a transcript."""
_POINTS = re.compile(r"[ ]*[|│]")
_FEWEST = 5
"""Numbered lines from which on they are a listing."""
_PAGE = 20
"""Lines that a page of a transcript has at least."""
_SPEAKS = 3
_STATEMENT = re.compile(r"(?:[{}:;()\[\]=\\>,]|\b(?:do|else|then|end|fi|done))[ \t\r]*\Z")
_CODE = 0.3
"""Share of the lines of code that end so, at least."""


class _Numbered(NamedTuple):
    """A line with a number: the stretch that holds it, the number, what follows it, and the words of the line."""

    start: int
    end: int
    stop: int
    number: int
    mark: str
    padded: bool
    words: str


def line_numbers(text: str) -> list[tuple[int, int]]:
    """Start and end of the number before each line, in order; none where lines are not numbered one after the other.

    A listing of code has a mark behind its numbers. In a transcript they count the lines of each page.
    """
    found: list[tuple[int, int]] = []
    for run in _runs(text):
        if len(run) < _FEWEST or not any(line.words.strip() for line in run):
            continue
        if _is_listing(text, run) if run[0].mark else _is_transcript(run):
            found.extend((line.start, line.end) for line in run)
    return found


def _runs(text: str) -> Iterator[list[_Numbered]]:
    """Lines of one kind that are numbered one after the other; in transcripts, also over pages."""
    run: list[_Numbered] = []
    for match in _LINE.finditer(text):
        line = _numbered(match)
        last = run[-1] if run else None
        if last is not None and not _follows(last, line):
            yield run
            run = []
        run.append(line)
    if run:
        yield run


def _numbered(match: re.Match[str]) -> _Numbered:
    mark = (match["mark"] or "").strip(" ")
    start, end = match.start(), match.start("words")
    return _Numbered(start, end, match.end(), int(match["number"]), mark, bool(match["pad"]), match["words"])


def _follows(last: _Numbered, line: _Numbered) -> bool:
    if line.mark != last.mark:
        return False
    if line.mark:
        return line.start == last.stop and line.number == last.number + 1
    return line.number == last.number + 1 or (line.number == 1 and last.number >= _PAGE)


def _is_listing(text: str, run: Sequence[_Numbered]) -> bool:
    """Whether numbered lines are no rows, no list and no source lines of an error.

    Some are indented or empty, few have the mark again, and no line below goes on with the mark alone.
    """
    mark = run[0].mark
    if _POINTS.match(text, run[-1].stop):
        return False
    filled = [line.words for line in run if line.words.strip()]
    if mark != ":" and sum(mark in words.lstrip(mark) for words in filled) * 2 > len(filled):
        return False
    shaped = len(filled) < len(run) or any(words[0] in " \t" for words in filled)
    return shaped or mark == "→" or (mark == "\t" and run[0].padded)


def _is_transcript(run: Sequence[_Numbered]) -> bool:
    """Whether numbered lines are said by somebody, or begin anew on another page, and are no rows of a table."""
    rows = sum(len(GAP.findall(line.words.strip())) > 1 for line in run)
    if rows * 2 > len(run):
        return False
    turns = sum(_TURN.match(line.words) is not None for line in run)
    return turns >= _SPEAKS or any(line.number == 1 for line in run[1:])


def is_listing_of_code(text: str) -> bool:
    """Whether lines are code: some are indented, and many end as statements do and sentences do not."""
    lines = [line for line in text.split("\n") if line.strip()]
    ends = sum(_STATEMENT.search(line) is not None for line in lines)
    return ends >= _CODE * len(lines) and any(line[0] in " \t" for line in lines)


class NumberedText(Shortened):
    """A text without the numbers of its lines.

    Args:
        text: The text.
        numbers: Start and end of the numbers.
    """

    def __init__(self, text: str, numbers: Sequence[tuple[int, int]]) -> None:
        super().__init__(text, numbers)
        self._filled = len(self.text.rstrip())
        self._end = len(text.rstrip())

    def at(self, place: int) -> int:
        """Where something that begins at ``place`` without numbers begins: with its number and those of empty lines."""
        filled = place
        while filled > 0 and self.text[filled - 1] in " \t\r\n":
            filled -= 1
        line = self.text.find("\n", filled, place) + 1 if filled > 0 else 0
        return super().at(line if line or filled == 0 <= place else place)

    def after(self, place: int) -> int:
        """Where something that ends at ``place`` without numbers ends; the last with the numbers of empty lines."""
        return self._end if place >= self._filled else super().after(place)
