"""Ends answers that repeat themselves: small models with greedy decoding can loop for ever."""

from __future__ import annotations

from collections.abc import Sequence

SHORTEST, LONGEST = 6, 96
"""Length in tokens of a repeated stretch that counts as a loop."""
TIMES = 3


def repeats(ids: Sequence[int]) -> bool:
    """Whether the last tokens are one stretch of ``SHORTEST`` to ``LONGEST`` tokens, repeated ``TIMES`` times."""
    for size in range(SHORTEST, min(LONGEST, len(ids) // TIMES) + 1):
        tail = ids[-size:]
        if all(ids[-size * (n + 1) : -size * n] == tail for n in range(1, TIMES)):
            return True
    return False
