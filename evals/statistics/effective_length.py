"""Up to what length of source an arm still works, and by what factor compression extends it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.optimize import isotonic_regression
from scipy.stats import beta

from ctxpipe.errors import UsageError
from ctxpipe.evals.statistics.bootstrap import DRAWS, bootstrap_means, expanded_interval
from ctxpipe.evals.statistics.design import Design, Floats
from ctxpipe.evals.statistics.effective_counts import effective_items

SHARE = 0.85
"""Share of the score at the shortest length that still counts as working: Modarressi et al. (2025), NoLiMa."""

Censored = Literal["", "at least", "below", "at most"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectiveLength:
    """A length in source tokens; ``at least`` the longest measured, or ``below`` the shortest, when it is censored."""

    length: float
    censored: Censored = ""

    def __str__(self) -> str:
        sign = {"at least": ">= ", "below": "< "}.get(self.censored, "")
        return f"{sign}{self.length:,.0f}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LengthGain:
    """Effective lengths of two arms and their ratio.

    Attributes:
        threshold: Score at or above which a length works.
        raw, compressed: Effective lengths.
        raw_interval, compressed_interval: Two-sided 95% intervals of the lengths, those outside the measured ones set to
            the nearest of them.
        raw_lower, compressed_lower: One-sided 95% lower bounds of the scores at each length, as fitted.
        gain: compressed / raw; None when both are censored on the same side, where nothing is known of the ratio.
        censored: ``at least`` or ``at most`` where one of the lengths is only bounded.
        interval: Two-sided interval of the ratio, with lengths outside the measured ones set to the nearest of them.
        censored_share: Share of the draws in which a length was outside.
    """

    threshold: float
    raw: EffectiveLength
    compressed: EffectiveLength
    raw_interval: tuple[float, float]
    compressed_interval: tuple[float, float]
    raw_lower: tuple[float, ...]
    compressed_lower: tuple[float, ...]
    gain: float | None
    censored: Censored
    interval: tuple[float, float] | None
    censored_share: float


def crossing(lengths: Floats, scores: Floats, threshold: float) -> EffectiveLength:
    """The length at which a falling curve goes below a threshold.

    The scores are first made non-increasing by isotonic regression (Barlow, Bartholomew, Bremner & Brunk 1972), so
    being above the threshold at a length includes being above it at every shorter one. Between the last length above
    and the first below, the fit is interpolated linearly in log length.

    Args:
        lengths: Ascending, shape (K,), in tokens.
        scores: Shape (K,).
        threshold: What a score must reach.
    """
    fit = falling(scores)
    below = np.flatnonzero(fit < threshold)
    if not len(below):
        return EffectiveLength(length=float(lengths[-1]), censored="at least")
    first = int(below[0])
    if first == 0:
        return EffectiveLength(length=float(lengths[0]), censored="below")
    part = (fit[first - 1] - threshold) / (fit[first - 1] - fit[first])
    low, high = math.log(lengths[first - 1]), math.log(lengths[first])
    return EffectiveLength(length=math.exp(low + float(part) * (high - low)))


def falling(scores: Floats) -> Floats:
    """Closest non-increasing sequence to the scores, by least squares."""
    return np.asarray(isotonic_regression(scores, increasing=False).x, dtype=np.float64)


def lower_bounds(scores: Floats, means: Floats, design: Design, *, level: float = 0.95) -> Floats:
    """One-sided lower bounds of the macro mean of each column.

    Right-or-wrong columns get the exact binomial bound at the effective number of items (Korn & Graubard 1998, Survey
    Methodology 24:193-201), which knows that 20 of 20 right is not certainty; others the bootstrap's.

    Args:
        scores: Shape (n, K).
        means: Bootstrap means, shape (draws, K).
        design: Clusters and strata of the n items.
        level: One-sided coverage.
    """
    bounds = np.empty(scores.shape[1])
    for k, column in enumerate(scores.T):
        if np.isin(column, (0.0, 1.0)).all():
            n = effective_items(column, design)
            right = design.mean(column) * n
            bounds[k] = beta.ppf(1 - level, right, n - right + 1) if right > 0 else 0.0
        else:
            bounds[k] = expanded_interval(means[:, k], design, level=2 * level - 1)[0]
    return bounds


def length_gain(
    lengths: Sequence[int],
    raw: Floats,
    compressed: Floats,
    design: Design,
    *,
    share: float = SHARE,
    closed: float | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> LengthGain:
    """Effective lengths of the raw and the compressed arm on the same questions, and their ratio.

    The effective length is where the one-sided 95% lower bound of the score falls below the threshold. In each draw of
    the joint bootstrap both curves and the threshold move, and the bounds keep their distance from the means.

    Args:
        lengths: Source tokens, ascending, K of them, at least two.
        raw: Scores of the raw arm, shape (n, K): one row a question, the same at every length.
        compressed: Scores of the compressed arm, shape (n, K).
        design: Clusters and strata of the n questions.
        share: Threshold as a share of the raw score at the shortest length.
        closed: Score without any context, which the threshold must exceed.
        draws: Bootstrap resamples.
        seed: Of the resamples.

    Raises:
        UsageError: if lengths do not ascend, shapes do not match, or the threshold is not above the closed-book score.
    """
    sizes = _checked(lengths, raw, compressed, design)
    k = len(sizes)
    scores = np.concatenate([raw, compressed], axis=1)
    points = np.asarray([design.mean(column) for column in scores.T])
    threshold = share * float(points[0])
    if closed is not None and threshold <= closed:
        raise UsageError(
            f"{share:.0%} of the raw score at {lengths[0]:,} tokens is {threshold:.3f}, not above the {closed:.3f} "
            "that the model scores without any context; these questions cannot tell lengths apart"
        )
    means = bootstrap_means(scores, design, draws=draws, seed=seed)
    bounds = lower_bounds(scores, means, design)
    before, after = crossing(sizes, bounds[:k], threshold), crossing(sizes, bounds[k:], threshold)
    gain, censored = _ratio(before, after)
    moved, thresholds = means - (points - bounds), share * means[:, 0]
    pairs = [
        (crossing(sizes, row[:k], limit), crossing(sizes, row[k:], limit))
        for row, limit in zip(moved, thresholds, strict=True)
    ]
    drawn = np.asarray([(a.length, b.length) for a, b in pairs])
    ratios = drawn[:, 1] / drawn[:, 0]
    return LengthGain(
        threshold=threshold,
        raw=before,
        compressed=after,
        raw_interval=expanded_interval(drawn[:, 0], design),
        compressed_interval=expanded_interval(drawn[:, 1], design),
        raw_lower=tuple(falling(bounds[:k]).tolist()),
        compressed_lower=tuple(falling(bounds[k:]).tolist()),
        gain=gain,
        censored=censored,
        interval=None if gain is None else expanded_interval(ratios, design),
        censored_share=float(np.mean([bool(a.censored or b.censored) for a, b in pairs])),
    )


def _checked(lengths: Sequence[int], raw: Floats, compressed: Floats, design: Design) -> Floats:
    sizes = np.asarray(lengths, dtype=np.float64)
    if len(sizes) < 2 or sizes[0] <= 0 or (np.diff(sizes) <= 0).any():
        raise UsageError("effective length needs two or more ascending lengths")
    shape = (design.items, len(sizes))
    if raw.shape != shape or compressed.shape != shape:
        raise UsageError(f"scores must have the shape {shape}: one row a question, one column a length")
    return sizes


def _ratio(raw: EffectiveLength, compressed: EffectiveLength) -> tuple[float | None, Censored]:
    ratio = compressed.length / raw.length
    match raw.censored, compressed.censored:
        case ("", ""):
            return ratio, ""
        case ("below", "") | ("", "at least") | ("below", "at least"):
            return ratio, "at least"
        case ("at least", "") | ("", "below") | ("at least", "below"):
            return ratio, "at most"
    return None, ""
