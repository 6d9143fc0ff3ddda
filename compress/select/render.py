"""From kept units back to text, and the spans it came from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import regex

from ctxpipe.arrays import BoolArray, IntArray
from ctxpipe.compress.text.words import UNSPACED
from ctxpipe.compress.types import Document, Span, Units

_UNSPACED = regex.compile(rf"[{UNSPACED}]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """The units of all documents in one sequence.

    Attributes:
        documents: What the units point into.
        owner: int64 of shape (n,): the document of each unit, ascending.
        units: Their arrays; ``parent`` and ``segment`` count over the whole pool.
    """

    documents: Sequence[Document]
    owner: IntArray
    units: Units


class Rendered(NamedTuple):
    """Kept text and the stretches of the source that make it up, in order."""

    text: str
    spans: tuple[Span, ...]


def merge(documents: Sequence[Document], parts: Sequence[tuple[int, Units, int]]) -> Pool:
    """Join the units of several documents.

    Args:
        documents: All documents.
        parts: For each document with units: its index, its units, and the number of segments pooled before it.
    """
    owner = [np.full(len(units), index, dtype=np.int64) for index, units, _ in parts]
    sizes = np.cumsum([0, *(len(units) for _, units, _ in parts)])

    def column(name: str, shift: Sequence[int] | None = None) -> IntArray:
        arrays = [getattr(units, name) for _, units, _ in parts]
        if shift is not None:
            arrays = [np.where(a >= 0, a + by, a) for a, by in zip(arrays, shift, strict=True)]
        return np.concatenate(arrays) if arrays else np.zeros(0, dtype=np.int64)

    units = Units(
        start=column("start"),
        end=column("end"),
        lead=column("lead"),
        close=column("close"),
        close_end=column("close_end"),
        parent=column("parent", [int(s) for s in sizes[:-1]]),
        segment=column("segment", [before for _, _, before in parts]),
        cost=column("cost"),
        protected=column("protected").astype(np.bool_),
        joined=column("joined").astype(np.bool_),
    )
    return Pool(documents=documents, owner=concatenate(owner), units=units)


def concatenate(arrays: Sequence[IntArray]) -> IntArray:
    """Concatenate, of no arrays too."""
    return np.concatenate(arrays) if arrays else np.zeros(0, dtype=np.int64)


def render(pool: Pool, kept: BoolArray) -> Rendered:
    """Put the kept units together in source order.

    Neighbours keep the whitespace between them; where text was dropped there is one space, or a newline and the
    indentation of what follows, or nothing between characters of scripts without spaces.
    """
    documents, starts, ends = _pieces(pool, kept)
    parts: list[str] = []
    spans: list[Span] = []
    current, span_start, at, text = -1, 0, 0, ""
    for document, start, end in zip(documents, starts, ends, strict=True):
        if document != current:
            if current >= 0:
                spans.append(Span(document=current, start=span_start, end=at))
                parts.append("\n\n")
            current, span_start, text = document, start, pool.documents[document].text
        else:
            gap = text[at:start]
            if gap and not gap.isspace():
                spans.append(Span(document=current, start=span_start, end=at))
                span_start = start
                gap = _marker(gap, text[at - 1], text[start])
            parts.append(gap)
        parts.append(text[start:end])
        at = end
    if current >= 0:
        spans.append(Span(document=current, start=span_start, end=at))
    return Rendered("".join(parts), tuple(spans))


def _marker(gap: str, before: str, after: str) -> str:
    if "\n" in gap:
        indentation = gap[gap.rindex("\n") + 1 :]
        return "\n" + indentation if indentation.isspace() else "\n"
    if _UNSPACED.match(before) and _UNSPACED.match(after):
        return ""
    return " "


def _pieces(pool: Pool, kept: BoolArray) -> tuple[list[int], list[int], list[int]]:
    units = pool.units
    index = np.flatnonzero(kept)
    start = units.start[index].copy()
    follows = np.ones(len(index), dtype=np.bool_)
    follows[np.unique(units.parent[index], return_index=True)[1]] = False
    start[follows] = units.lead[index][follows]
    closing = index[units.close[index] >= 0]
    documents = np.concatenate([pool.owner[index], pool.owner[closing]])
    starts = np.concatenate([start, units.close[closing]])
    ends = np.concatenate([units.end[index], units.close_end[closing]])
    order = np.lexsort((starts, documents))
    return documents[order].tolist(), starts[order].tolist(), ends[order].tolist()
