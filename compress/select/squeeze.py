"""What is said under a budget in which no unit fits with its whole chain."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
import regex

from ctxpipe.arrays import IntArray
from ctxpipe.compress.rank.bm25 import Vocabulary
from ctxpipe.compress.select.columns import Narrow
from ctxpipe.compress.select.formats import MARK, Fragment, Written
from ctxpipe.compress.select.pieces import CUT, Pieces
from ctxpipe.compress.select.render import fragments_of
from ctxpipe.compress.text.sentences import trim
from ctxpipe.compress.text.unit import Unit
from ctxpipe.compress.text.words import words

_TRIES = 12
"""How many of the best units are tried."""
_CLAUSE = regex.compile(r"[^;,:，；、：—–]+[;,:，；、：—–]*\s*")

Fits = Callable[[Written], bool]


class Squeezed(NamedTuple):
    """An excerpt that fits, and the piece that it shows, whole or not."""

    written: Written
    piece: int


def squeeze(pieces: Pieces, order: IntArray, labels: Sequence[str], question: str, fits: Fits) -> Squeezed | None:
    """The best unit with as much of its chain as fits, else the clause of it that matches best.

    The chain is shortened from the outside in; where something of it is missing stands a mark. Of a head of several
    lines that is nearest above a unit the first line may do. A unit that does not fit under it is cut at clauses, then
    at words, around the place that shares most words with the question, and both cuts are marked. Only then is the
    nearest left out too.

    Args:
        pieces: Whole units.
        order: The pieces that may be shown, best first.
        labels: Name of each document.
        question: The question, or an empty string.
        fits: Whether an excerpt is within the budget.

    Returns:
        None when not even a marked clause fits.
    """
    tried = [index for index in order[:_TRIES].tolist() if pieces.units[index].kind != "member"]
    if tried and (row := narrowed(pieces, tried[0], labels, question, fits)):
        return row
    for nearest in (1, 0):
        for index in tried:
            for chain in _shortened(pieces.ancestors(index), nearest):
                written = _written(pieces, index, chain, labels, None)
                if fits(written):
                    return Squeezed(written, index)
            head = _first_line(pieces, pieces.ancestors(index)[:nearest])
            if head and fits(written := _written(pieces, index, pieces.ancestors(index)[:1], labels, None, head)):
                return Squeezed(written, index)
        for index in tried:
            part = _cut(pieces, index, pieces.ancestors(index)[:nearest], labels, question, fits)
            if part is not None:
                return Squeezed(part, index)
    return None


def narrowed(pieces: Pieces, index: int, labels: Sequence[str], question: str, fits: Fits) -> Squeezed | None:
    """A row of a wide table that does not fit with its header, in the columns that the question is about.

    Returns:
        None for what is no such row, or fits with its header.
    """
    narrow = Narrow(pieces, index, question)
    if narrow.header < 0:
        return None
    chain = pieces.ancestors(index)
    near = chain[: chain.index(narrow.header) + 1]
    if fits(_written(pieces, index, near, labels, None)):
        return None
    for above in (chain, near):
        whole = _written(pieces, index, above, labels, None)

        def shown(count: int, whole: Written = whole) -> Written:
            return _with_columns(pieces, index, narrow, whole, count)

        count = narrow.most(lambda n: fits(shown(n)))
        if count:
            return Squeezed(shown(count), index)
    return None


def _with_columns(pieces: Pieces, index: int, narrow: Narrow, whole: Written, count: int) -> Written:
    """An excerpt whose header and row show some columns alone."""
    shown = dict(zip((pieces.units[i].start for i in (narrow.header, index)), narrow.fragments(count), strict=True))
    fragments = (shown.get(f.start, [f]) if f.document >= 0 else [f] for f in whole.fragments)
    return whole._replace(fragments=tuple(itertools.chain.from_iterable(fragments)))


def _first_line(pieces: Pieces, chain: Sequence[int]) -> tuple[int, int] | None:
    """The first line of a heading of several lines, such as who wrote a message; None for another."""
    unit = pieces.units[chain[0]] if chain else None
    if unit is None or unit.kind not in ("heading", "speaker"):
        return None
    text = pieces.documents[int(pieces.owner[chain[0]])].text
    end = text.find("\n", unit.start, unit.end)
    return (unit.start, end) if end >= 0 else None


def _shortened(chain: list[int], least: int) -> Iterator[list[int]]:
    """A chain, nearest first, and what is left of it without its outer parts."""
    for size in range(len(chain), min(least, len(chain)) - 1, -1):
        yield chain[:size]


def _cut(
    pieces: Pieces, index: int, chain: Sequence[int], labels: Sequence[str], question: str, fits: Fits
) -> Written | None:
    """The longest part of a unit that fits around its best match; None where nothing does, or it may not be cut."""
    unit = pieces.units[index]
    if unit.kind not in CUT:
        return None
    show = partial(_written, pieces, index, chain, labels)
    text = pieces.documents[int(pieces.owner[index])].text
    window = _window(text, unit, question, lambda part: fits(show(part)))
    return None if window is None else show(window)


def _written(
    pieces: Pieces,
    index: int,
    chain: Sequence[int],
    labels: Sequence[str],
    part: tuple[int, int] | None,
    head: tuple[int, int] | None = None,
) -> Written:
    document = int(pieces.owner[index])
    source = pieces.documents[document]
    kept = np.zeros(len(pieces), dtype=np.bool_)
    kept[[index, *chain]] = True
    fragments = list(fragments_of(pieces, np.flatnonzero(kept).tolist(), document))
    if len(chain) < len(pieces.ancestors(index)):
        fragments.insert(0, Fragment(f"{MARK}\n"))
    if part is not None:
        unit = pieces.units[index]
        place = next(i for i, f in enumerate(fragments) if f.document >= 0 and f.start == unit.start)
        left = [Fragment(f"{MARK} ")] if part[0] > unit.start else []
        right = [Fragment(f" {MARK}")] if part[1] < unit.end else []
        fragments[place : place + 1] = [*left, Fragment(source.text[part[0] : part[1]], document, part[0]), *right]
    if head is not None:
        place = next(i for i, f in enumerate(fragments) if f.document >= 0 and f.start == head[0])
        fragments[place] = Fragment(source.text[slice(*head)], document, head[0])
        fragments.insert(place + 1, Fragment(f"\n{MARK}"))
    page = source.page(int(pieces.start[index]))
    titles = tuple(pieces.units[i].title for i in reversed(chain) if pieces.units[i].title)
    return Written(labels[document], document, (page, page) if page else (), titles, tuple(fragments))


def _window(text: str, unit: Unit, question: str, fits: Callable[[tuple[int, int]], bool]) -> tuple[int, int] | None:
    """The longest stretch of clauses, else of words, that fits around the best match; None for signs without words."""
    vocabulary = Vocabulary()
    asked = frozenset(vocabulary.ids(question))
    start, end = unit.start, unit.end
    # Signs inside a record part no clauses.
    for cut in (_words,) if unit.kind == "record" else (_clauses, _words):
        spans = cut(text, start, end)
        if not spans:
            continue
        shared = [len(asked & set(vocabulary.ids(text[a:b]))) for a, b in spans]
        best = max(range(len(spans)), key=lambda i: (shared[i], -i))
        if fits(spans[best]):
            first, last = _grown(spans, best, fits)
            said = any(map(str.isalnum, text[first:last])) or not any(map(str.isalnum, text[unit.start : unit.end]))
            return (first, last) if said else None
        start, end = spans[best]
    return None


def _clauses(text: str, start: int, end: int) -> list[tuple[int, int]]:
    spans = [trim(text, *match.span()) for match in _CLAUSE.finditer(text, start, end)]
    return [(a, b) for a, b in spans if b > a]


def _words(text: str, start: int, end: int) -> list[tuple[int, int]]:
    return [(word.start, word.end) for word in words(text, start, end)]


def _grown(spans: Sequence[tuple[int, int]], best: int, fits: Callable[[tuple[int, int]], bool]) -> tuple[int, int]:
    """As many neighbours after a span, then before it, as fit; found by halving."""
    last = _most(len(spans) - 1 - best, lambda n: fits((spans[best][0], spans[best + n][1]))) + best
    first = best - _most(best, lambda n: fits((spans[best - n][0], spans[last][1])))
    return spans[first][0], spans[last][1]


def _most(size: int, fits: Callable[[int], bool]) -> int:
    low, high = 0, size + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low
