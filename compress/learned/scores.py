"""From what the model says of tokens to one score per sentence, together with the fusion's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ctxpipe.arrays import BoolArray, IntArray
from ctxpipe.compress.learned.files import ScoreWeights
from ctxpipe.compress.learned.links import Link
from ctxpipe.compress.learned.model import Reading
from ctxpipe.compress.learned.passages import Gathered

Floats = NDArray[np.float64]
RANK_OFFSET = 0.03
"""Added to a rank before its reciprocal is taken: the best 3% of the tokens are told apart little."""
LINK_FROM, LINK_MOST = 0.5, 3.0
"""Deviations above the mean from which on a sentence lifts what it names, and by how many at the most."""


def sentence_logits(
    passages: Sequence[Gathered], readings: Sequence[Reading], size: int, weights: Sequence[float]
) -> Floats:
    """Logit of each sentence's being wanted: mean and highest keep logit of its tokens, and its passage's logit.

    Args:
        passages: Those that were read.
        readings: What was said of them.
        size: Number of sentences in all.
        weights: Of the three, and the constant.

    Returns:
        Of shape (size,); NaN for a sentence of which no token was read.
    """
    if not passages:
        return np.full(size, np.nan)
    owner = np.concatenate([passage.owner for passage in passages])
    inside = owner >= 0
    owner = owner[inside]
    keep = np.concatenate([reading.keep for reading in readings]).astype(np.float64)[inside]
    relevance = np.concatenate([reading.relevance for reading in readings]).astype(np.float64)[inside]
    count = np.bincount(owner, minlength=size)
    known = count > 0
    means = [np.bincount(owner, weights=values, minlength=size)[known] / count[known] for values in (keep, relevance)]
    top = np.full(size, -np.inf)
    np.maximum.at(top, owner, keep)
    logits = np.full(size, np.nan)
    logits[known] = weights[0] * means[0] + weights[1] * top[known] + weights[2] * means[1] + weights[3]
    return logits


def added(
    fusion: Floats,
    first: Floats,
    second: Floats | None,
    weights: ScoreWeights,
    size: IntArray,
    named: Sequence[Link] = (),
) -> Floats:
    """The fusion's score and the model's logits, each evened out over the sentences read, weighted and summed.

    Args:
        fusion: Of shape (sentences,).
        first: Logits of the first pass; NaN where it read nothing.
        second: Logits of the second pass; NaN where it did not read, which counts as its lowest. None before it.
        weights: Of the parts.
        size: Tokens of each sentence.
        named: Passages that other passages name; their sentences gain by how good the best of those that name them is.

    Returns:
        Of shape (sentences,); NaN where the first pass read nothing.
    """
    read = ~np.isnan(first)
    total = weights.fusion * evened(fusion, read, size) + weights.first * evened(first, read, size)
    if second is not None and not np.isnan(second).all():
        filled = np.where(np.isnan(second), np.nanmin(second), second)
        total = total + weights.second * evened(filled, read, size)
    return np.where(read, total + weights.link * linked(total, read, named), np.nan)


def evened(values: Floats, chosen: BoolArray, size: IntArray) -> Floats:
    """Mean of two views of a score, both standardised: the value itself, and the reciprocal of its rank.

    The value tells how far a sentence stands above the rest, the reciprocal that the first few matter most. The rank is
    the share of the tokens that are at least as good, so that it means the same in a short and in a long document
    (after reciprocal rank fusion, Cormack et al., 2009).

    Args:
        values: Of shape (sentences,).
        chosen: Over which of them to standardise.
        size: Tokens of each sentence.

    Returns:
        Of shape (sentences,), 0 for what is not chosen.
    """
    result = np.zeros(len(values))
    _, place = np.unique(-values[chosen], return_inverse=True)
    if len(place):
        tokens = np.cumsum(np.bincount(place, weights=size[chosen]))
        ranks = 1.0 / (RANK_OFFSET + tokens / tokens[-1])
        result[chosen] = (_standard(values[chosen]) + _standard(ranks[place])) / 2
    return result


def linked(total: Floats, read: BoolArray, named: Sequence[Link]) -> Floats:
    """What sentences gain by standing in a passage that a good sentence of another one names.

    Args:
        total: Scores so far.
        read: Which of them count.
        named: Passages that are named, by sentences that were read.

    Returns:
        Of shape (sentences,), in units of the scores: 0 to ``LINK_MOST`` deviations.
    """
    gain = np.zeros(len(total))
    if not named:
        return gain
    inside = total[read]
    middle, spread = float(inside.mean()), float(inside.std())
    for link in named:
        best = float(total[link.named_by].max())
        gain[link.members] = np.clip(best - middle - LINK_FROM * spread, 0.0, LINK_MOST * spread)
    return gain


def placed(total: Floats, fusion: Floats, below: BoolArray) -> Floats:
    """Give sentences that were not read their place among those that were.

    One that could not be read gets the score that the sentence of its place by the fusion has: of the read ones, as
    many stand below it as have a lower score by the fusion. One that was not worth reading stands below all others, in
    the order of the fusion.

    Args:
        total: Scores, NaN where nothing was read.
        fusion: The fusion's scores.
        below: Which sentences were not worth reading.

    Returns:
        Of shape (sentences,), finite.
    """
    read = ~np.isnan(total)
    if not read.any():
        return fusion.astype(np.float64)
    known = np.sort(fusion[read])
    result = np.where(read, total, 0.0)
    apart = ~read & ~below
    clipped = np.clip(fusion[apart], known[0], known[-1])
    result[apart] = np.interp(clipped, known, np.sort(total[read])) + 1e-3 * (fusion[apart] - clipped)
    if below.any():
        floor = result[~below].min() if (~below).any() else 0.0
        result[below] = floor - 1 - (fusion[below].max() - fusion[below])
    return result


def shortlist(passages: Sequence[Gathered], scores: Floats, tokens: int) -> list[int]:
    """The readable passages that hold the best sentences, up to so many tokens and at least one, in their order.

    Args:
        passages: All passages.
        scores: One score per sentence; NaN counts as none.
        tokens: Most tokens in all.
    """
    fit = [index for index, passage in enumerate(passages) if passage.readable]
    values = np.where(np.isnan(scores), -np.inf, scores)
    best = [max(values[list(passages[index].members)]) for index in fit]
    order = np.argsort(-np.array(best), kind="stable").tolist()
    sizes = np.cumsum([len(passages[fit[place]].body) for place in order])
    kept = max(1, int(np.searchsorted(sizes, tokens, side="right")))
    return sorted(fit[place] for place in order[:kept])


def _standard(values: Floats) -> Floats:
    """Of mean 0 and deviation 1; 0 where all are equal."""
    # Of equal values the mean may differ from them by a rounding, and the deviation from 0.
    if not np.ptp(values):
        return np.zeros(len(values))
    made: Floats = (values - values.mean()) / values.std()
    return made
