"""What is said under a budget in which no unit fits with its whole chain."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
import regex

from ctxpipe.arrays import IntArray
from ctxpipe.compress.rank.bm25 import Vocabulary
from ctxpipe.compress.select.formats import Fragment, Written
from ctxpipe.compress.select.pieces import CUT, Pieces
from ctxpipe.compress.select.render import MARK, fragments_of
from ctxpipe.compress.text.sentences import trim
from ctxpipe.compress.text.unit import Unit

_TRIES = 12
"""How many of the best units are tried."""
_CLAUSE = regex.compile(r"[^;,:，；、：—–]+[;,:，；、：—–]*\s*")
_WORD = regex.compile(r"\S+\s*")

Fits = Callable[[Written], bool]


class Squeezed(NamedTuple):
    """An excerpt that fits, and the piece that it shows, whole or not."""

    written: Written
    piece: int


def squeeze(pieces: Pieces, order: IntArray, labels: Sequence[str], question: str, fits: Fits) -> Squeezed | None:
    """The best unit with as much of its chain as fits, else the clause of it that matches best.

    The chain is shortened from the outside in; where something of it is missing stands a mark. What is nearest above a
    unit is never left out. A unit that does not fit under that is cut at clauses, then at words, around the place that
    shares most words with the question, and both cuts are marked.

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
    for index in tried:
        for chain in _shortened(pieces.ancestors(index)):
            written = _written(pieces, index, chain, labels, None)
            if fits(written):
                return Squeezed(written, index)
    for index in tried:
        if pieces.units[index].kind in CUT:
            chain = pieces.ancestors(index)[:1]
            show = partial(_written, pieces, index, chain, labels)
            text = pieces.documents[int(pieces.owner[index])].text
            window = _window(text, pieces.units[index], question, lambda part, show=show: fits(show(part)))  # type: ignore[misc]
            if window is not None:
                return Squeezed(show(window), index)
    return None


def _shortened(chain: list[int]) -> Iterator[list[int]]:
    """A chain, nearest first, and what is left of it without its outer parts; the nearest always stays."""
    for size in range(len(chain), min(1, len(chain)) - 1, -1):
        yield chain[:size]


def _written(
    pieces: Pieces, index: int, chain: Sequence[int], labels: Sequence[str], part: tuple[int, int] | None
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
    page = source.page(int(pieces.start[index]))
    titles = tuple(pieces.units[i].title for i in reversed(chain) if pieces.units[i].title)
    return Written(labels[document], document, (page, page) if page else (), titles, tuple(fragments))


def _window(text: str, unit: Unit, question: str, fits: Callable[[tuple[int, int]], bool]) -> tuple[int, int] | None:
    """The longest stretch of clauses, else of words, that fits around the best match."""
    vocabulary = Vocabulary()
    asked = frozenset(vocabulary.ids(question))
    start, end = unit.start, unit.end
    for pattern in (_CLAUSE, _WORD):
        spans = [trim(text, *match.span()) for match in pattern.finditer(text, start, end)]
        spans = [(a, b) for a, b in spans if b > a]
        if not spans:
            continue
        shared = [len(asked & set(vocabulary.ids(text[a:b]))) for a, b in spans]
        best = max(range(len(spans)), key=lambda i: (shared[i], -i))
        if fits(spans[best]):
            return _grown(spans, best, fits)
        start, end = spans[best]
    return None


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
