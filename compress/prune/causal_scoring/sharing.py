"""Groups of rows with a common prefix, which is run once."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

_OVERHEAD = 96
"""Cost in tokens of a separate pass over a prefix and of batches that are not full, beside the prefix itself."""


class PrefixGroup(NamedTuple):
    """Rows, by index, whose first ``shared`` tokens are the same and are read once for all of them."""

    shared: int
    rows: list[int]


def groups(rows: Sequence[Sequence[int]], contexts: Sequence[int]) -> list[PrefixGroup]:
    """Divide rows into groups so that about the fewest tokens are read.

    In sorted order, rows with a common prefix are neighbours. For each stretch of rows the choice is to share the
    common prefix of all, to split where the least is shared, or to share nothing.

    Args:
        rows: Token ids.
        contexts: Number of context tokens of each row. The last of them is never shared, because the loss of the next
            token is computed from it.

    Returns:
        Groups that contain every row once; at most one of them shares nothing.
    """
    order = sorted(range(len(rows)), key=lambda index: tuple(rows[index][: contexts[index]]))
    common = [_common(rows[a], rows[b], min(contexts[a], contexts[b]) - 1) for a, b in itertools.pairwise(order)]
    alone: list[int] = []
    sharing: list[PrefixGroup] = []
    pending = [(0, len(order))] if order else []
    while pending:
        first, last = pending.pop()
        shared = min(common[first : last - 1], default=0)
        apart = _cuts(common, first, last, shared)
        inside = sum((max(common[a : b - 1], default=0) * (b - a - 1) for a, b in apart))
        saved = shared * (last - first - 1) - _OVERHEAD
        if len(apart) > 1 and inside - _OVERHEAD > max(saved, 0):
            pending.extend(apart)
        elif saved > 0:
            sharing.append(PrefixGroup(shared, order[first:last]))
        else:
            alone.extend(order[first:last])
    return [*sharing, *([PrefixGroup(0, alone)] if alone else [])]


def _cuts(common: Sequence[int], first: int, last: int, shared: int) -> list[tuple[int, int]]:
    places = [first, *(i + 1 for i in range(first, last - 1) if common[i] == shared), last]
    return list(itertools.pairwise(places))


def _common(one: Sequence[int], other: Sequence[int], most: int) -> int:
    size = 0
    while size < most and one[size] == other[size]:
        size += 1
    return size
