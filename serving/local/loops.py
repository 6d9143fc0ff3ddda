"""Small models decoded greedily fall into saying one thing for ever; this ends an answer that has."""

from __future__ import annotations

from collections.abc import Sequence

SHORTEST, LONGEST = 6, 96
"""Tokens of a stretch that counts when it repeats."""
TIMES = 3


def repeats(ids: Sequence[int]) -> bool:
    """Whether the last tokens are one stretch of ``SHORTEST`` to ``LONGEST`` tokens, ``TIMES`` times over."""
    for size in range(SHORTEST, min(LONGEST, len(ids) // TIMES) + 1):
        tail = ids[-size:]
        if all(ids[-size * (n + 1) : -size * n] == tail for n in range(1, TIMES)):
            return True
    return False
