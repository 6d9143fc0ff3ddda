"""Which segments and units of some documents must come first, and what to say when there is no room for them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ctxpipe.arrays import BoolArray, IntArray
from ctxpipe.compress.select.keep import Keep
from ctxpipe.compress.select.pool import Sentences
from ctxpipe.compress.select.render import Pool
from ctxpipe.compress.types import Chunk, Document

MATCHED, AROUND = 2, 1
"""Tiers of what matches a pattern, and of the rest of its sentence where sentences stay whole."""

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

    def of_passages(self, found: Sequence[Chunk]) -> BoolArray | None:
        """True for passages that hold a match; None when nothing matches."""
        return self._touched([c.document for c in found], [c.start for c in found], [c.end for c in found])

    def of_segments(self, found: Sentences) -> BoolArray | None:
        """True for segments that hold a match; None when nothing matches."""
        return self._touched(found.document, [s.start for s in found.segments], [s.end for s in found.segments])

    def tiers(self, pool: Pool, *, whole: bool) -> IntArray:
        """Tier of each unit.

        Args:
            pool: The units.
            whole: Whether sentences stay whole, so that the rest of a match's sentence comes next.
        """
        units = pool.units
        matched = self._touched(pool.owner, units.start, units.end)
        if matched is None:
            return np.zeros(len(units), dtype=np.int64)
        around = np.zeros(len(units), dtype=np.bool_)
        if whole:
            around = (units.segment >= 0) & np.isin(units.segment, units.segment[matched])
        return np.where(matched, MATCHED, np.where(around, AROUND, 0))

    def forced(self, pool: Pool, found: Sentences) -> BoolArray:
        """True for units that hold a forced string."""
        hit = np.zeros(len(pool.units), dtype=np.bool_)
        if not self._keep.force_tokens:
            return hit
        spans: list[list[tuple[int, int]]] = [[] for _ in self._documents]
        for segment, document in zip(found.segments, found.document, strict=True):
            text = self._documents[document].text
            spans[document].extend(self._keep.forced(text, segment.start, segment.end))
        touched = _touched(pool.owner, pool.units.start, pool.units.end, spans)
        return touched & (pool.units.segment >= 0)

    def note(self, pool: Pool, kept: BoolArray, budget: int) -> str:
        """What to say of matches that are not kept whole; empty when all are."""
        lost = total = 0
        for document, spans in enumerate(self.spans):
            mine = np.flatnonzero(pool.owner == document)
            before = np.concatenate([[0], np.cumsum(~kept[mine])])
            first, last = _ranges(pool.units.start[mine], pool.units.end[mine], spans)
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
