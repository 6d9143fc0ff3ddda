"""The stretches of each segment of the walk, by text, and the share of each to keep."""

from __future__ import annotations

from collections.abc import Sequence

Segment = list[tuple[int, float]]

_GAP = 2
"""Tokens that the original allows for the separator of two texts."""


def schedule(lengths: Sequence[int], target: float, size: int) -> list[Segment]:
    """The segments of LLMLingua's walk (Jiang et al., 2023, algorithm 2, as llmlingua 0.2.2 cuts them).

    Args:
        lengths: Tokens of each text.
        target: Tokens to keep in total.
        size: Tokens of a segment. The first is one shorter, because nothing precedes the first token.

    Returns:
        For each segment its stretches: their tokens, and the share to keep.
    """
    allowed = [length + _GAP for length in lengths]
    share = max(0.0, min(1.0, target / (sum(allowed) + 1)))
    segments: list[Segment] = []
    current: Segment = []
    filled = 1
    for length in allowed:
        if filled + length < size:
            filled += length
            current.append((length, share))
            continue
        segments.append([*current, (size - filled, share)])
        filled += length - size
        if filled > size:
            segments.extend([[(size, share)]] * (filled // size))
            filled %= size
        current = [(filled, share)] if filled else []
    return [*segments, current] if current else segments
