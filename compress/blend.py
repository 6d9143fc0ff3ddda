"""One score per unit out of what ranking said of its sentence and what the scorer said of itself."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ctxpipe.compress.pool import Sentences
from ctxpipe.compress.render import Pool
from ctxpipe.compress.types import FloatArray, IntArray, ScoringText

RANK_WEIGHT = 1.0
"""Weight of the sentence's rank against the unit's own score, both as percentiles of the pool."""
_PROTECTED_PERCENTILE = 75


def scoring_texts(pool: Pool, found: Sentences) -> tuple[list[ScoringText], list[IntArray]]:
    """What the scorer sees: the units of each run of neighbouring segments of one passage, with the text they are in.

    Returns:
        The texts, and for each the indices of its units in the pool. Units that are there for others alone (segment
        -1) are in none.
    """
    runs: list[list[int]] = []
    for index, segment in enumerate(found.segments):
        last = runs[-1][-1] if runs else -1
        if last >= 0 and found.chunk[last] == found.chunk[index]:
            gap = pool.documents[found.document[index]].text[found.segments[last].end : segment.start]
            if not gap.strip(" \t\r\n,"):
                runs[-1].append(index)
                continue
        runs.append([index])
    owner = pool.units.segment
    order = np.argsort(owner, kind="stable")
    bounds = np.searchsorted(owner[order], np.arange(len(found.segments) + 1))
    texts: list[ScoringText] = []
    members: list[IntArray] = []
    for run in runs:
        units = np.sort(order[bounds[run[0]] : bounds[run[-1] + 1]])
        if len(units) == 0:
            continue
        start = found.segments[run[0]].start
        text = pool.documents[found.document[run[0]]].text[start : found.segments[run[-1]].end]
        headings = found.chunks[found.chunk[run[0]]].headings
        inside = {"start": pool.units.start[units] - start, "end": pool.units.end[units] - start}
        texts.append(ScoringText(text=text, headings=headings, **inside))
        members.append(units)
    return texts, members


def unit_scores(
    pool: Pool,
    found: Sentences,
    members: Sequence[IntArray],
    own: Sequence[FloatArray],
    fine: frozenset[int] = frozenset(),
) -> FloatArray:
    """Blend the scorer's values with the ranks of their sentences.

    Args:
        members: For each text the scorer saw, the indices of its units in the pool.
        own: The scorer's values, one array per text.
        fine: Segments that are cut finely: their pieces say nothing alone, and share the best score among them.

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
    for segment in fine:
        mine = pool.units.segment == segment
        if mine.any():
            blended[mine] = blended[mine].max()
    return blended


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
