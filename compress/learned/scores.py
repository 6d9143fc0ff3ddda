"""Combines the model's logits of tokens and the fusion's score to one score per sentence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ctxpipe.arrays import BoolArray, IntArray
from ctxpipe.compress.learned.files import ScoreWeights
from ctxpipe.compress.learned.links import Link
from ctxpipe.compress.learned.model import PassageReading
from ctxpipe.compress.learned.passages import GatheredPassage

Floats = NDArray[np.float64]
RANK_OFFSET = 0.03
"""Added to a rank before its reciprocal is taken, so that ranks within the best 3% of the tokens differ little."""
LINK_FROM, LINK_MOST = 0.5, 3.0
"""Standard deviations above the mean from which a sentence raises the passages it names, and the largest raise."""

_SLOPES = 1e-3, 10.0
"""Least and most that a difference of the fusion's scores counts beyond those of the sentences read."""


def sentence_logits(
    passages: Sequence[GatheredPassage], readings: Sequence[PassageReading], size: int, weights: Sequence[float]
) -> Floats:
    """Logit of each sentence, from the mean and maximum keep logit of its tokens and its passage's logit.

    Args:
        passages: The passages that were read.
        readings: Their readings.
        size: Number of all sentences.
        weights: Weights of the three, and the intercept.

    Returns:
        Shape (size,); NaN for a sentence of which no token was read.
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
    """Weighted sum of the fusion's score and the model's logits, each normalised over the sentences read.

    Args:
        fusion: Shape (sentences,).
        first: Logits of the first pass; NaN if not read.
        second: Logits of the second pass; NaN if not read, which counts as its lowest. None before that pass.
        weights: Weights of the parts.
        size: Tokens of each sentence.
        named: Linked passages; their sentences gain by the score of the best sentence that names them.

    Returns:
        Shape (sentences,); NaN if the first pass did not read the sentence.
    """
    read = ~np.isnan(first)
    total = weights.fusion * evened(fusion, read, size) + weights.first * evened(first, read, size)
    if second is not None and not np.isnan(second).all():
        filled = np.where(np.isnan(second), np.nanmin(second), second)
        total = total + weights.second * evened(filled, read, size)
    return np.where(read, total + weights.link * linked(total, read, named), np.nan)


def evened(values: Floats, chosen: BoolArray, size: IntArray) -> Floats:
    """Normalise a score: the mean of its standardised value and of its standardised reciprocal rank.

    The value shows how far a sentence is above the rest; the reciprocal rank gives the first few the most weight. The
    rank is the share of tokens that score at least as well, so that it means the same in short and long documents
    (after reciprocal rank fusion, Cormack et al., 2009).

    Args:
        values: Shape (sentences,).
        chosen: The sentences to standardise over.
        size: Tokens of each sentence.

    Returns:
        Shape (sentences,); 0 for sentences that are not chosen.
    """
    result = np.zeros(len(values))
    _, place = np.unique(-values[chosen], return_inverse=True)
    if len(place):
        tokens = np.cumsum(np.bincount(place, weights=size[chosen]))
        ranks = 1.0 / (RANK_OFFSET + tokens / tokens[-1])
        result[chosen] = (_standard(values[chosen]) + _standard(ranks[place])) / 2
    return result


def linked(total: Floats, read: BoolArray, named: Sequence[Link]) -> Floats:
    """The gain of sentences in passages that a good sentence of another passage names.

    Args:
        total: Scores so far.
        read: The sentences that were read.
        named: Linked passages.

    Returns:
        Shape (sentences,), in units of the scores: 0 to ``LINK_MOST`` standard deviations.
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
    """Place sentences that were not read among those that were.

    An unreadable sentence keeps its quantile: as many of the read sentences are below it as have a lower fusion score.
    Beyond the best and the worst of them it keeps its distance, in the spread of the scores that were read, so that
    what is added to scores later weighs as much as elsewhere. A sentence that ranked too low to be read is below all
    others, in the order of the fusion.

    Args:
        total: Scores; NaN if not read.
        fusion: The fusion's scores.
        below: Sentences that ranked too low to be read.

    Returns:
        Shape (sentences,), finite.
    """
    read = ~np.isnan(total)
    if not read.any():
        return fusion.astype(np.float64)
    known = np.sort(fusion[read])
    result = np.where(read, total, 0.0)
    apart = ~read & ~below
    clipped = np.clip(fusion[apart], known[0], known[-1])
    spread = float(known.std())
    slope = float(np.clip(total[read].std() / spread, *_SLOPES)) if spread else 1.0
    result[apart] = np.interp(clipped, known, np.sort(total[read])) + slope * (fusion[apart] - clipped)
    if below.any():
        floor = result[~below].min() if (~below).any() else 0.0
        result[below] = floor - 1 - (fusion[below].max() - fusion[below])
    return result


def shortlist(passages: Sequence[GatheredPassage], scores: Floats, tokens: int) -> list[int]:
    """The readable passages with the best sentences, up to a number of tokens and at least one, in document order.

    Args:
        passages: All passages.
        scores: One score per sentence; NaN for none.
        tokens: Most tokens in total.
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
