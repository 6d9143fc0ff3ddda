"""The numbered excerpts of a context: which stretches of the documents each number names."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from ctxpipe.compress.types import CompressedContext, Span

_NUMBER = re.compile(r"^(?:\[(\d+)\](?=[ \n]|$)|<excerpt id=\"(\d+)\")", re.MULTILINE)
_RUN = re.compile(r"\S+")


class _NumberedRun(NamedTuple):
    start: int
    end: int
    number: int


def is_numbered(context: CompressedContext) -> bool:
    """Whether the excerpts of a context have numbers."""
    return next(_edges(context), None) is not None


def parts(context: CompressedContext) -> list[list[Span]]:
    """The stretches under each number of a context, those of number 1 first; nothing if it has no numbers.

    Without frames and whitespace, a context's text equals that of its spans. So the count of characters before a number
    gives the place in the spans where its stretches begin.
    """
    edges = list(_edges(context))
    spans: list[list[Span]] = [[] for _ in edges]
    seen = 0
    for span in context.spans if edges else ():
        runs = list(_runs(context.documents[span.document].text, span, edges, seen))
        seen += sum(run.end - run.start for run in runs)
        for number, group in groupby(runs, key=lambda run: run.number):
            held = list(group)
            if number:
                spans[number - 1].append(Span(document=span.document, start=held[0].start, end=held[-1].end))
    return spans


def _runs(text: str, span: Span, edges: Sequence[int], seen: int) -> Iterator[_NumberedRun]:
    """A span's words with their numbers; a page can end inside a word."""
    for match in _RUN.finditer(text, span.start, span.end):
        at = match.start()
        while at < match.end():
            number = bisect_right(edges, seen)
            left = edges[number] - seen if number < len(edges) else len(text)
            end = min(match.end(), at + left)
            yield _NumberedRun(at, end, number)
            at, seen = end, seen + end - at


def _edges(context: CompressedContext) -> Iterator[int]:
    """Characters of source before each number, whitespace not counted. Numbers stand in frames, and count from 1."""
    counted = at = 0
    wanted = 1
    for start, end in context.frames:
        counted += sum(map(len, _RUN.findall(context.text, at, start)))
        at = end
        for match in _NUMBER.finditer(context.text, start, end):
            if int(match[1] or match[2]) == wanted:
                yield counted
                wanted += 1
