"""Chat messages and tools in a pool: their frames stay, all of them or those that fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ctxpipe.arrays import BoolArray, FloatArray, IntArray
from ctxpipe.compress.select.pool import Structure
from ctxpipe.compress.select.render import Pool
from ctxpipe.compress.text.json_tree import Node
from ctxpipe.compress.types import Units

FRAME = 3
"""Tier of what must stay."""


class Frames:
    """Which units of a pool are frames, and of which message or tool.

    Args:
        pool: The units.
        structures: Structure of each document.
    """

    def __init__(self, pool: Pool, structures: Sequence[Structure]) -> None:
        size = len(pool.units)
        self.pool = pool
        self.fixed: BoolArray = np.zeros(size, dtype=np.bool_)
        self.record: IntArray = np.full(size, -1, dtype=np.int64)
        before = 0
        for index, nodes in enumerate(structures):
            if isinstance(nodes, list):
                mine = np.flatnonzero(pool.owner == index)
                if any(node.fixed for node in nodes):
                    self._mark(mine, nodes, before)
                before += len(nodes)

    def _mark(self, mine: IntArray, nodes: list[Node], before: int) -> None:
        starts = np.array([node.start for node in nodes], dtype=np.int64)
        record = np.array([before + n.record if n.record >= 0 else -1 for n in nodes], dtype=np.int64)
        # A word lies in the string that begins last before it.
        place = np.searchsorted(starts, self.pool.units.start[mine], side="right") - 1
        self.fixed[mine] = starts[place] == self.pool.units.start[mine]
        self.record[mine] = record[place]

    def fitting(self, scores: FloatArray, budget: int, count: Callable[[BoolArray], int]) -> BoolArray | None:
        """The units that may be kept: all of them, or those of the messages whose frames fit together.

        The best messages are taken by their best unit, later ones before earlier ones of the same score.

        Returns:
            bool of shape (n,); None when not even what is around the messages fits.
        """
        records = np.unique(self.record[self.record >= 0])
        best = np.full(len(records), -np.inf)
        inside = self.record >= 0
        np.maximum.at(best, np.searchsorted(records, self.record[inside]), scores[inside])
        order = records[np.lexsort((-records, -best))]

        def allowed(size: int) -> BoolArray:
            return (self.record < 0) | np.isin(self.record, order[:size])

        if count(self.fixed) <= budget:
            return np.ones(len(self.record), dtype=np.bool_)
        low, high = -1, len(order)
        while high - low > 1:
            middle = (low + high) // 2
            if count(self.fixed & allowed(middle)) <= budget:
                low = middle
            else:
                high = middle
        return allowed(low) if low >= 0 else None

    def note(self, allowed: BoolArray | None, budget: int) -> str:
        """What to say of messages that were left out; empty when none was."""
        if allowed is None:
            return f"the budget of {budget:,} tokens has no room for the frame of chat messages or tools"
        left = len(np.unique(self.record[~allowed]))
        every = len(np.unique(self.record[self.record >= 0]))
        if not left:
            return ""
        return (
            f"the budget of {budget:,} tokens has no room for the frames of {every:,} messages or tools; "
            f"{left:,} of them were left out"
        )


def has_frames(structure: Structure) -> bool:
    """Whether a document has units that stay whatever was pooled of it."""
    return isinstance(structure, list) and any(node.fixed for node in structure)


def only(pool: Pool, allowed: BoolArray) -> Pool:
    """The units at ``allowed``, which is closed under ``parent``."""
    place = np.cumsum(allowed) - 1
    units = pool.units
    columns = {
        name: getattr(units, name)[allowed]
        for name in ("start", "end", "lead", "close", "close_end", "segment", "cost", "protected", "joined")
    }
    parent = units.parent[allowed]
    return Pool(
        documents=pool.documents,
        owner=pool.owner[allowed],
        units=Units(parent=np.where(parent >= 0, place[parent], -1), **columns),
    )
