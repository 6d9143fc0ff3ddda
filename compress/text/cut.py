"""Cuts a token sequence into pieces that end where text may end."""

from __future__ import annotations

import numpy as np

from ctxpipe.arrays import BoolArray, IntArray


def cut(length: int, ends: BoolArray, limit: int) -> IntArray:
    """Cut a sequence into pieces of at most ``limit``, each after the last end that fits, or else at the limit.

    The rule of LLMLingua-2 (Pan et al., 2024), whose own pieces may be one token longer.

    Args:
        length: Tokens in all.
        ends: bool of shape (length,): a piece may end after these.
        limit: Most tokens of a piece.

    Returns:
        int64 of shape (pieces + 1,), from 0 to ``length``.
    """
    places = np.flatnonzero(ends) + 1
    cuts = [0]
    while length - cuts[-1] > limit:
        last = int(np.searchsorted(places, cuts[-1] + limit, side="right")) - 1
        fits = last >= 0 and places[last] > cuts[-1]
        cuts.append(int(places[last]) if fits else cuts[-1] + limit)
    if length:
        cuts.append(length)
    return np.array(cuts, dtype=np.int64)
