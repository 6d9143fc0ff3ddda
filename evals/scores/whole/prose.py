"""The units of running text: sentences across wrapped lines and pages, items, rows, lines of records."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from ctxpipe.evals.scores.whole.lines import (
    Line,
    are_records,
    breaks_of,
    goes_on_over_page,
    lines_of,
    runs_of,
    width_of,
)
from ctxpipe.evals.scores.whole.sentences import sentence_ends

Unit = tuple[tuple[int, int], ...]
"""Offsets of a whole unit's ranges, end exclusive; more than one where a page ends inside it."""

_HEADS = 2
"""Lines at either end of a page that may be running heads or feet."""
_OFTEN = 3
"""Pages on which such a line must stand."""


def prose_units(text: str, *, markdown: bool = False) -> list[Unit]:
    """The units of a text without pages."""
    lines = lines_of(text, 0, len(text), markdown=markdown)
    return [((start, end),) for start, end in _of_lines(text, lines, width_of(lines))]


def paged_units(text: str, page_starts: Sequence[int]) -> list[Unit]:
    """The units of a text with pages; a sentence may go on over the running heads and feet between two pages."""
    ends = [*page_starts[1:], len(text)]
    pages = [lines_of(text, start, end) for start, end in zip(page_starts, ends, strict=True)]
    width = width_of([line for page in pages for line in page])
    heads = _running(text, pages)
    units: list[Unit] = []
    before: tuple[int, Line] | None = None
    for page in pages:
        body = [line for line in page if line not in heads]
        inside: list[Unit] = [((start, end),) for start, end in _of_lines(text, body, width)]
        if before and inside and goes_on_over_page(_said(text, before[1]), _said(text, body[0]), width):
            units[before[0]] = (*units[before[0]], *inside.pop(0))
        units += inside
        if body:
            at = len(units) - 1 if inside or before is None else before[0]
            before = (at, body[-1])
        units += [((line.start, line.end),) for line in page if line in heads]
    return units


def _running(text: str, pages: Sequence[Sequence[Line]]) -> set[Line]:
    """Lines at the ends of pages that repeat on several of them, numbers aside."""
    edges = [{*page[:_HEADS], *page[-_HEADS:]} for page in pages]
    often = Counter(key for page in edges for key in {_key(text, line) for line in page})
    return {line for page in edges for line in page if often[_key(text, line)] >= _OFTEN}


def _key(text: str, line: Line) -> str:
    return re.sub(r"\d+|\b[ivxl]+\b", "0", _said(text, line).casefold())


def _said(text: str, line: Line) -> str:
    return text[line.start : line.end]


def _of_lines(text: str, lines: Sequence[Line], width: int) -> Iterator[tuple[int, int]]:
    for run in runs_of(lines):
        said = [_said(text, line) for line in run]
        if run[0].alone or are_records(said):
            yield from ((line.start, line.end) for line in run)
            continue
        ends = [*breaks_of(run, said, width), True]
        start = run[0].start
        for i, (line, over) in enumerate(zip(run, ends, strict=True)):
            if over:
                yield from _sentences(text, start, line.end)
                start = run[i + 1].start if i + 1 < len(run) else start


def _sentences(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    cuts = [start, *(start + cut for cut in sentence_ends(text[start:end])), end]
    for left, right in pairwise(cuts):
        while left < right and text[left].isspace():
            left += 1
        if right > left:
            yield left, right
