"""One score per unit out of what ranking said of its sentence and what the scorer said of itself."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ctxpipe.arrays import BoolArray, FloatArray, IntArray
from ctxpipe.compress.select.pieces import Pieces
from ctxpipe.compress.select.pool import Candidates
from ctxpipe.compress.types import ScoringText

RANK_WEIGHT = 1.0
"""Weight of the sentence's rank against the unit's own score, both as percentiles of the pool."""
_PROTECTED_PERCENTILE = 75


def scoring_texts(pieces: Pieces, candidates: Candidates) -> tuple[list[ScoringText], list[IntArray]]:
    """What the scorer sees: every passage of which something is pooled, whole, with the pieces that are pooled.

    A passage does not depend on a budget, so what a scorer says of its text can be kept and serves any other budget.

    Returns:
        The texts, and for each the indices of its pieces. Pieces that are there for others alone (candidate -1) are in
        none.
    """
    owner = pieces.candidate
    scored = np.flatnonzero(owner >= 0)
    place = np.asarray(candidates.passage, dtype=np.int64)[owner[scored]]
    order = np.argsort(place, kind="stable")
    texts: list[ScoringText] = []
    members: list[IntArray] = []
    for inside in np.split(scored[order], np.flatnonzero(np.diff(place[order])) + 1):
        if len(inside) == 0:
            continue
        passage = candidates.passages[candidates.passage[int(owner[inside[0]])]]
        text = pieces.documents[passage.document].text[passage.start : passage.end]
        offsets = {"start": pieces.start[inside] - passage.start, "end": pieces.end[inside] - passage.start}
        texts.append(ScoringText(text=text, headings=passage.headings, **offsets))
        members.append(inside)
    return texts, members


def piece_scores(
    pieces: Pieces, candidates: Candidates, members: Sequence[IntArray], own: Sequence[FloatArray]
) -> FloatArray:
    """Blend the scorer's values with the ranks of their sentences.

    Args:
        pieces: The pieces.
        candidates: The units that they are of.
        members: For each text the scorer saw, the indices of its pieces.
        own: The scorer's values, one array per text.

    Returns:
        float32 of shape (n,); minus infinity for pieces that are there for others alone.
    """
    size = len(pieces)
    blended = np.full(size, -np.inf, dtype=np.float32)
    if not members:
        return blended
    index = np.concatenate(members)
    values = np.concatenate(own).astype(np.float64)
    flat = bool(len(values) == 0 or np.all(values == values[0]))
    unit = np.zeros(len(values)) if flat else _lift_protected(pieces, index, _percentile(values))
    if candidates.score is not None:
        sentence = candidates.score.astype(np.float64)
        rank = sentence if flat else RANK_WEIGHT * _percentile(sentence)
        unit = unit + rank[pieces.candidate[index]]
    blended[index] = unit
    return blended


def tiered(scores: FloatArray, pieces: Pieces, tier: IntArray, forced: BoolArray) -> FloatArray:
    """Order pieces by tier, then by score.

    Args:
        scores: float32 of shape (n,).
        pieces: The pieces.
        tier: int64 of shape (n,), higher comes first.
        forced: True where a piece comes before everything else of its unit.

    Returns:
        float32 of shape (n,), whole numbers that say the order; minus infinity where it was before.
    """
    distinct, place = np.unique(np.nan_to_num(scores, nan=-np.inf), return_inverse=True)
    place = 2 * place
    if forced.any():
        best = np.zeros(int(pieces.candidate.max(initial=-1)) + 2, dtype=place.dtype)
        np.maximum.at(best, pieces.candidate, place)
        place[forced] = best[pieces.candidate[forced]] + 1
    order = (place + 2 * (len(distinct) + 1) * tier).astype(np.float32)
    return np.where(np.isneginf(scores), np.float32(-np.inf), order)


def _percentile(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rank of each value among all, 0 to 1; equal values share one."""
    distinct, place = np.unique(np.nan_to_num(values, nan=-np.inf), return_inverse=True)
    return np.asarray(place / max(1, len(distinct) - 1), dtype=np.float64)


def _lift_protected(pieces: Pieces, index: IntArray, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Raise protected units to the upper quartile of their sentence, so that they go with what surrounds them."""
    lifted = values.copy()
    segment = pieces.candidate[index]
    protected = pieces.protected[index]
    order = np.argsort(segment, kind="stable")
    for part in np.split(order, np.flatnonzero(np.diff(segment[order])) + 1):
        shielded = part[protected[part]]
        if len(shielded):
            lifted[shielded] = np.maximum(values[shielded], np.percentile(values[part], _PROTECTED_PERCENTILE))
    return lifted
