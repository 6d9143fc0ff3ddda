"""Which segments and units of some documents must come first, and what to say when there is no room for them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ctxpipe.arrays import BoolArray, IntArray
from ctxpipe.compress.prepare.collection import Columns
from ctxpipe.compress.select.keep import Keep
from ctxpipe.compress.select.pieces import Pieces
from ctxpipe.compress.select.pool import Candidates
from ctxpipe.compress.types import Document

Spans = Sequence[tuple[int, int]]


class Protection:
    """What the patterns of a ``Keep`` match in some documents.

    Args:
        documents: The documents.
        keep: Patterns and forced strings.

    Raises:
        UsageError: when a pattern takes too long.
    """

    def __init__(self, documents: Sequence[Document], keep: Keep) -> None:
        self._documents = documents
        self._keep = keep
        self.spans: tuple[Spans, ...] = tuple(keep.matches(d.text, d.source) for d in documents)

    def of_passages(self, passages: Columns) -> BoolArray | None:
        """True for passages that hold a match; None when nothing matches."""
        return self._touched(passages.document, passages.start, passages.end)

    def of_candidates(self, candidates: Candidates) -> BoolArray | None:
        """True for units that hold a match; None when nothing matches."""
        units = candidates.units
        return self._touched(candidates.document, [u.start for u in units], [u.end for u in units])

    def matched(self, pieces: Pieces) -> BoolArray:
        """True for pieces that share a character with a match: bool of shape (n,)."""
        found = self._touched(pieces.owner, pieces.start, pieces.end)
        return np.zeros(len(pieces), dtype=np.bool_) if found is None else found

    def forced(self, pieces: Pieces, candidates: Candidates) -> BoolArray:
        """True for pieces that hold a forced string."""
        if not self._keep.force_tokens:
            return np.zeros(len(pieces), dtype=np.bool_)
        spans: list[list[tuple[int, int]]] = [[] for _ in self._documents]
        for unit, document in zip(candidates.units, candidates.document, strict=True):
            spans[document].extend(self._keep.forced(self._documents[document].text, unit.start, unit.end))
        return _touched(pieces.owner, pieces.start, pieces.end, spans) & (pieces.candidate >= 0)

    def note(self, pieces: Pieces, kept: BoolArray, budget: int) -> str:
        """What to say of matches that are not kept whole; empty when all are."""
        lost = total = 0
        for document, spans in enumerate(self.spans):
            mine = np.flatnonzero(pieces.owner == document)
            before = np.concatenate([[0], np.cumsum(~kept[mine])])
            first, last = _ranges(pieces.start[mine], pieces.end[mine], spans)
            lost += int(np.count_nonzero(before[last] > before[first]))
            total += len(spans)
        if not lost:
            return ""
        return (
            f"the budget of {budget:,} tokens has no room for {lost:,} of {total:,} protected matches; "
            "those of the highest score were kept"
        )

    def _touched(
        self, document: Sequence[int] | IntArray, starts: Sequence[int] | IntArray, ends: Sequence[int] | IntArray
    ) -> BoolArray | None:
        if not any(self.spans):
            return None
        return _touched(np.asarray(document), np.asarray(starts), np.asarray(ends), self.spans)


def _touched(document: IntArray, starts: IntArray, ends: IntArray, spans: Sequence[Spans]) -> BoolArray:
    """True for pieces, in order within each document, that share a character with a stretch of it."""
    hit = np.zeros(len(starts), dtype=np.bool_)
    bounds = np.searchsorted(document, np.arange(len(spans) + 1))
    for index, mine in enumerate(spans):
        low, high = int(bounds[index]), int(bounds[index + 1])
        first, last = _ranges(starts[low:high], ends[low:high], mine)
        change = np.zeros(high - low + 1, dtype=np.int64)
        np.add.at(change, first, 1)
        np.add.at(change, last, -1)
        hit[low:high] = np.cumsum(change[:-1]) > 0
    return hit


def _ranges(starts: IntArray, ends: IntArray, spans: Spans) -> tuple[IntArray, IntArray]:
    """For each stretch the first piece that shares a character with it and the one after the last."""
    places = np.array(spans, dtype=np.int64).reshape(-1, 2)
    first = np.searchsorted(ends, places[:, 0], side="right")
    last = np.maximum(first, np.searchsorted(starts, places[:, 1], side="left"))
    return first, last
