"""One score per unit out of what ranking said of its sentence and what the scorer said of itself."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ctxpipe.arrays import BoolArray, FloatArray, IntArray
from ctxpipe.compress.select.pool import Sentences
from ctxpipe.compress.select.render import Pool
from ctxpipe.compress.types import ScoringText, Units

RANK_WEIGHT = 1.0
"""Weight of the sentence's rank against the unit's own score, both as percentiles of the pool."""
_PROTECTED_PERCENTILE = 75


def scoring_texts(pool: Pool, found: Sentences) -> tuple[list[ScoringText], list[IntArray]]:
    """What the scorer sees: every passage of which something is pooled, whole, with the units that are pooled.

    A passage does not depend on a budget, so what a scorer says of its text can be kept and serves any other budget.

    Returns:
        The texts, and for each the indices of its units in the pool. Units that are there for others alone (segment
        -1) are in none.
    """
    owner = pool.units.segment
    scored = np.flatnonzero(owner >= 0)
    chunk = np.asarray(found.chunk, dtype=np.int64)[owner[scored]]
    order = np.argsort(chunk, kind="stable")
    texts: list[ScoringText] = []
    members: list[IntArray] = []
    for units in np.split(scored[order], np.flatnonzero(np.diff(chunk[order])) + 1):
        if len(units) == 0:
            continue
        passage = found.chunks[found.chunk[int(owner[units[0]])]]
        text = pool.documents[passage.document].text[passage.start : passage.end]
        inside = {"start": pool.units.start[units] - passage.start, "end": pool.units.end[units] - passage.start}
        texts.append(ScoringText(text=text, headings=passage.headings, **inside))
        members.append(units)
    return texts, members


def unit_scores(pool: Pool, found: Sentences, members: Sequence[IntArray], own: Sequence[FloatArray]) -> FloatArray:
    """Blend the scorer's values with the ranks of their sentences.

    Args:
        pool: The units.
        found: Their sentences.
        members: For each text the scorer saw, the indices of its units in the pool.
        own: The scorer's values, one array per text.

    Returns:
        float32 of shape (units,); minus infinity for units that are there for others alone.
    """
    size = len(pool.units)
    blended = np.full(size, -np.inf, dtype=np.float32)
    if not members:
        return blended
    index = np.concatenate(members)
    values = np.concatenate(own).astype(np.float64)
    flat = bool(len(values) == 0 or np.all(values == values[0]))
    unit = np.zeros(len(values)) if flat else _lift_protected(pool, index, _percentile(values))
    if found.score is not None:
        sentence = found.score.astype(np.float64)
        rank = sentence if flat else RANK_WEIGHT * _percentile(sentence)
        unit = unit + rank[pool.units.segment[index]]
    blended[index] = unit
    return blended


def carried(pool: Pool, scores: FloatArray, finer: Pool, fine: frozenset[int]) -> FloatArray:
    """Scores of the same segments when some are cut finely: those pieces share the best score of their segment.

    Args:
        pool, scores: Units and their scores as they were.
        finer: The units now.
        fine: Segments that are cut otherwise than in ``pool``.
    """
    longest = 1 + max((len(document.text) for document in pool.documents), default=0)
    before, now = (p.owner * longest + p.units.start for p in (pool, finer))
    place = np.minimum(np.searchsorted(before, now), len(before) - 1)
    found = np.where(before[place] == now, scores[place], np.float32(-np.inf)).astype(np.float32)
    for segment in fine:
        best = scores[pool.units.segment == segment].max(initial=-np.inf)
        found[finer.units.segment == segment] = best
    return found


def tiered(scores: FloatArray, units: Units, tier: IntArray, forced: BoolArray) -> FloatArray:
    """Order units by tier, then by score.

    Args:
        scores: float32 of shape (n,).
        units: Their units.
        tier: int64 of shape (n,), higher comes first.
        forced: True where a unit comes before everything else of its segment.

    Returns:
        float32 of shape (n,), whole numbers that say the order.
    """
    distinct, place = np.unique(np.nan_to_num(scores, nan=-np.inf), return_inverse=True)
    place = 2 * place
    if forced.any():
        best = np.zeros(int(units.segment.max(initial=-1)) + 2, dtype=place.dtype)
        np.maximum.at(best, units.segment, place)
        place[forced] = best[units.segment[forced]] + 1
    return np.asarray(place + 2 * (len(distinct) + 1) * tier, dtype=np.float32)


def _percentile(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rank of each value among all, 0 to 1; equal values share one."""
    distinct, place = np.unique(np.nan_to_num(values, nan=-np.inf), return_inverse=True)
    return np.asarray(place / max(1, len(distinct) - 1), dtype=np.float64)


def _lift_protected(pool: Pool, index: IntArray, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Raise protected units to the upper quartile of their sentence, so that they go with what surrounds them."""
    lifted = values.copy()
    segment = pool.units.segment[index]
    protected = pool.units.protected[index]
    order = np.argsort(segment, kind="stable")
    for part in np.split(order, np.flatnonzero(np.diff(segment[order])) + 1):
        shielded = part[protected[part]]
        if len(shielded):
            lifted[shielded] = np.maximum(values[shielded], np.percentile(values[part], _PROTECTED_PERCENTILE))
    return lifted
