"""Windows over blocks: each as full as possible, and beginning with the last blocks of the one before."""

from __future__ import annotations

from collections.abc import Sequence

Window = tuple[int, int]
"""First block and the one after the last."""


def windows_of(
    costs: Sequence[int], size: int, *, overlap: int = 0, leads: Sequence[int] = (), owner: Sequence[int] = ()
) -> list[Window]:
    """Lay windows over blocks, so that every block is in one, and neighbours share whole blocks.

    The last block of a window is also the first of the next, if both it and the next block fit there. More blocks are
    shared while together they have at most ``overlap`` tokens. Windows of different documents share nothing.

    Args:
        costs: Tokens of each block, at most ``size`` each.
        size: Most tokens of a window.
        overlap: Tokens that neighbours may share beyond one block; 0 shares nothing.
        leads: Further tokens of a block that is the first of a window. They are left out if they do not fit.
        owner: The document of each block; one for all by default.

    Returns:
        Windows in order; both ends ascend.
    """
    count = len(costs)
    first_cost = [
        cost + lead if cost + lead <= size else cost for cost, lead in zip(costs, leads or [0] * count, strict=True)
    ]
    owners = owner or [0] * count
    windows: list[Window] = []
    first = 0
    while first < count:
        used, last = first_cost[first], first + 1
        while last < count and used + costs[last] <= size:
            used += costs[last]
            last += 1
        windows.append((first, last))
        if last == count:
            break
        at, shared = last, 0
        while overlap and at - 1 > first and owners[at - 1] == owners[last]:
            fits = first_cost[at - 1] + shared + costs[last] <= size
            if not fits or (at < last and shared + costs[at - 1] > overlap):
                break
            at -= 1
            shared += costs[at]
        first = at
    return windows
